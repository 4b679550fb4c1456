// The SUPERVISOR actor: a thin shell around supervisor_core. It spawns and
// watches a PROVIDER for each attempt.
#pragma once

#include "actors/attempt_environment.hpp"
#include "actors/supervisor_core.hpp"
#include "actors/supervisor_ports.hpp"
#include "messages/type_ids.hpp"

#include <memory>
#include <random>
#include <string>

namespace penstock {

/// State of the SUPERVISOR. One per runtime.
///
/// A fresh one may take over at any time: a record of a stream is made by the
/// first `run_attempt` that it hears of.
class supervisor_state final : private supervisor_ports {
public:
  using shell = caf_compat::shell<supervisor_protocol, supervisor_state>;

  supervisor_state(shell& self, std::shared_ptr<const attempt_environment> env);

  template <class Message>
  void on(const Message& m) {
    core_.on(m);
  }

private:
  steady_time now() const override;
  double dice() override;
  expected<resolved_model> resolve(const std::string& model) const override;
  const endpoint_options&
  options_of(const std::string& provider) const override;
  void tell(const workspace_actor& whom, attempt_started m) override;
  void tell(const workspace_actor& whom, attempt_settled m) override;
  provider_actor spawn(provider_order order) override;
  void abandon(const provider_actor& whom) override;
  void tell_later(attempt_ended m) override;
  deadline_id arm(steady_time when, deadline_due what) override;
  void disarm(deadline_id id) override;

  shell& self_; ///< Owns this.
  const std::shared_ptr<const attempt_environment> env_;
  std::mt19937_64 random_;
  supervisor_core core_;
};

} // namespace penstock
