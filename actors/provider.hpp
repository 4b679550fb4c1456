// The PROVIDER actor: one attempt, which is one HTTP exchange and its decoder.
#pragma once

#include "actors/attempt_clocks.hpp"
#include "actors/attempt_environment.hpp"
#include "actors/provider_listener.hpp"
#include "actors/provider_order.hpp"
#include "actors/provider_response.hpp"
#include "messages/type_ids.hpp"

#include <functional>
#include <memory>

namespace penstock {

/// State of a PROVIDER.
///
/// Ends only after the transfer has: then every byte that came was decoded or
/// dropped, and given back to the link by somebody; the socket is closed or
/// back in its pool; and nothing can be posted any more. So what SUPERVISOR
/// says after this actor's exit holds.
///
/// Once the API's end was seen the attempt is complete, but the transfer gets
/// `finish_linger_ms` to end by itself: some servers send the usage behind
/// it, and a connection that is cut off cannot be used again. Content behind
/// it renews that time: some servers have a finish reason in every chunk.
///
/// Invariant: one deadline is armed at most. It is moved when it fires, or
///            when something is due earlier; never because a token came.
/// Cost:      per read of the socket it is told once, and tells at most once.
class provider_state {
public:
  using shell = caf_compat::shell<provider_protocol, provider_state>;
  using called = body_seen;

  provider_state(shell& self, std::shared_ptr<const attempt_environment> env,
                 provider_order order);
  ~provider_state(); ///< After a crash too: reports, and closes the socket.
  provider_state(const provider_state&) = delete;
  provider_state& operator=(const provider_state&) = delete;

  void on(const abandon_attempt&);
  void on(const transfer_connected&);
  void on(const response_received&);
  void on(const body_seen&);
  void on(const body_received& m) { on(body_seen{m.bytes}); }
  void on(const transfer_ended&);
  void on(const deadline_due&);

private:
  void start();
  void stop();
  void fail(error why);
  void conclude();
  void close_transfer();
  void look_at_response();
  void pass_on(part_batch& batch, std::size_t bytes, bool token = false);
  void leave();
  void report_crash();
  attempt_report make_report();

  steady_time now() const { return env_->time->now(); }
  /// Time that stands still while we hold the socket.
  steady_time running(steady_time now) const {
    return now - order_.link->meter().paused_for(now);
  }
  /// In `running` time.
  std::optional<steady_time> next_due() const;
  void plan_deadline();
  void arm(steady_time when);
  void disarm();

  shell& self_; ///< Owns this.
  // First what each read needs.
  const std::shared_ptr<const attempt_environment> env_;
  const caf_compat::short_way<workspace_actor, parts_received> report_to_;
  std::size_t handled_bytes_ = 0; ///< Of those received.
  std::uint32_t batches_ = 0;
  bool closing_ = false; ///< We ended it; `transfer_ended` will come.
  bool stopped_ = false;
  bool left_ = false; ///< Its last word is out.
  bool told_answered_ = false;
  bool told_finished_ = false;
  // In `running` time.
  attempt_times times_;
  std::optional<steady_time> patience_; ///< Until then the body may go on.
  provider_response response_;
  provider_order order_;

  transfer_id transfer_{}; ///< 0 before and after.
  // In `running` time.
  deadline_id armed_{};
  steady_time armed_for_{};
  std::uint64_t generation_ = 0;
};

} // namespace penstock
