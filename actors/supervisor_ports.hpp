// What the supervisor does to the world, and asks of it. The logic calls, the
// shell acts; a test records.
#pragma once

#include "actors/provider_order.hpp"
#include "messages/clock.hpp"
#include "messages/options.hpp"

#include <string>

namespace penstock {

/// None blocks and none calls back before it returns.
class supervisor_ports {
public:
  virtual ~supervisor_ports() = default;

  virtual steady_time now() const = 0;
  /// Uniform in [0, 1).
  virtual double dice() = 0;
  /// "provider:model" to endpoint and codec. May call the host, for a key.
  virtual expected<resolved_model> resolve(const std::string& model) const = 0;
  /// Of all endpoints of a provider.
  virtual const endpoint_options&
  options_of(const std::string& provider) const = 0;

  // WORKSPACE.
  virtual void tell(const workspace_actor& whom, attempt_started m) = 0;
  virtual void tell(const workspace_actor& whom, attempt_settled m) = 0;

  // PROVIDER.
  /// Answers `attempt_answered` perhaps, `attempt_ended` perhaps, and
  /// `provider_exited`, which may overtake the two. The shell fills in
  /// `supervisor`. The core looks at nothing in what is returned.
  virtual provider_actor spawn(provider_order order) = 0;
  virtual void abandon(const provider_actor& whom) = 0;
  /// Comes back as it is, behind all that was told to the supervisor before.
  virtual void tell_later(attempt_ended m) = 0;

  /// Answers `deadline_due` as given, once, at `when`.
  virtual deadline_id arm(steady_time when, deadline_due what) = 0;
  virtual void disarm(deadline_id id) = 0;
};

} // namespace penstock
