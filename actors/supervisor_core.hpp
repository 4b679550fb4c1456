// The rules of the supervisor: who may be asked when, and what follows an
// attempt. No CAF, no clock, no I/O: messages come in through `on`, and what is
// to be done goes out through the ports.
#pragma once

#include "actors/attempt_record.hpp"
#include "actors/endpoint_set.hpp"
#include "actors/supervisor_ports.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace penstock {

/// All attempts of a runtime. Sees control messages only: a few per attempt,
/// none per token.
///
/// The life of an attempt is attempt_machine.hpp. An endpoint that takes nobody
/// now has a line, which `serve` lets in when something has changed there. Two
/// that race are judged when only one of them is left (attempt_race.hpp).
///
/// Threads:   one owner.
/// Invariant: every `run_attempt` is answered by exactly one `attempt_settled`,
///            after its PROVIDER has exited or if there never was one. An
///            attempt is in a line if and only if it is `queued`; a deadline is
///            armed if it is `delayed`, may be if it is `queued`, else not.
/// Cost:      O(log n) per message, but for a circuit that opens or closes:
///            that concerns all who wait for it.
class supervisor_core {
public:
  /// @param ports outlive this.
  /// @param counts for tests; may be null, else outlives this.
  explicit supervisor_core(supervisor_ports& ports,
                           attempt_counts* counts = nullptr);
  /// After a crash too: what still runs is told to stop.
  ~supervisor_core();
  supervisor_core(const supervisor_core&) = delete;
  supervisor_core& operator=(const supervisor_core&) = delete;

  void on(const run_attempt&);
  void on(const cancel_attempt&);
  void on(const forget_stream&);
  void on(const attempt_answered&);
  void on(const attempt_ended&);
  void on(const view_health&);
  void on(const deadline_due&);
  /// @param why empty after a normal end.
  void provider_exited(attempt_id id, std::string_view workspace_id,
                       const std::string& why);

  /// How many streams it remembers.
  std::size_t streams() const noexcept { return streams_.size(); }

private:
  using in = attempt_input;

  // supervisor_admission.cpp: before the attempt runs.
  void seek_admission(attempt_record& a);
  void seek_elsewhere(attempt_record& a, endpoint_health::admission admission);
  std::optional<steady_time> blocked_until(const std::string& model);
  void wait(attempt_record& a, std::optional<steady_time> until);
  void leave_line(attempt_record& a);
  void launch(attempt_record& a);
  provider_order order_for(attempt_record& a);
  void serve(endpoint_record& at);
  void wake_front(endpoint_record& at, steady_time when);
  endpoint_record& endpoint_of(const resolved_model& model);

  // supervisor_core.cpp: its end. `settle` and `close` destroy the record.
  void conclude(attempt_record& a, bool silent);
  void over(attempt_record& a, bool silent = false);
  restart_decision judge(attempt_record& a);
  restart_decision yielded(attempt_record& a);
  attempt_record* rival(const attempt_record& a);
  void goes_on_alone(attempt_record& a);
  void settle(attempt_record& a, restart_decision decision);
  void close(attempt_record& a, restart_decision decision);
  void cancel(attempt_record& a);

  static void begin(stream_record& s, const run_attempt& m);
  restart_world world(const attempt_record& a);
  void arm(attempt_record& a, steady_time when);
  void disarm(attempt_record& a);
  attempt_record* find(attempt_id id, std::string_view workspace_id);
  stream_record* find(stream_key key);
  void drop(stream_id id, const stream_record& s);

  supervisor_ports& ports_;
  attempt_counts* counts_;
  /// Of one key, at most one is not forgotten.
  std::unordered_multimap<stream_key, stream_record, stream_key::hash> streams_;
  std::unordered_map<std::uint64_t, attempt_record*> deadlines_; ///< Armed.
  endpoint_set endpoints_;
  std::uint64_t last_generation_ = 0;
};

} // namespace penstock
