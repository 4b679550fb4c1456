// The tool calls of one step: which may start now, and when all are settled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace penstock {

enum class call_state : std::uint8_t {
  waiting,   ///< Its turn has not come.
  running,   ///< Given out by `start_next`.
  finished,  ///< It has a result.
  cancelled, ///< It will have none: never started, or given up.
};

/// Orders the calls of one step as the model made them. Knows no tool, thread
/// or record: it is told what happens and says what may happen next.
///
/// An exclusive call waits for all before it and holds all after it. Read-only
/// ones run together, up to limits::parallel_calls_max.
///
///     phase.add(part, read_only)…            // in the model's order
///     while (auto part = phase.start_next()) // and again after each finish
///       …                                    // record, then run it
///     if (phase.finish(part)) …              // false: late, drop the result
///     if (phase.settled()) …                 // look at the conditions
///
/// A call that cannot run (unknown tool, bad input) takes its turn as well and
/// is finished at once.
///
/// Threads:   one owner.
/// Cost:      every member O(1), but for `cancel`, `abandon` and `running`:
///            O(n).
/// Invariant: calls start in the order of their adding, so that those before
///            `next_` are not waiting and all from it on are.
class tool_phase {
public:
  /// @pre `part` is new and nothing was cancelled.
  void add(std::uint32_t part, bool read_only);

  /// The next call that may start now; it counts as running from here on.
  /// @returns the part of the call, or nothing for now.
  std::optional<std::uint32_t> start_next();

  /// @returns false if this call does not run (any more): a late result.
  [[nodiscard]] bool finish(std::uint32_t part);

  /// Nothing starts any more: what waits is cancelled. What runs goes on until
  /// it finishes or is abandoned.
  /// @returns the calls that still run, in order.
  std::vector<std::uint32_t> cancel();

  /// What still runs is given up: the phase is settled, results are late.
  /// @returns the calls given up, in order.
  std::vector<std::uint32_t> abandon();

  /// Empty for a part that is no call of this step.
  std::optional<call_state> state_of(std::uint32_t part) const;
  std::vector<std::uint32_t> running() const;

  /// No call waits and none runs. True of a step without calls.
  bool settled() const noexcept;
  bool cancelled() const noexcept { return cancelled_; }
  std::size_t size() const noexcept { return calls_.size(); }

private:
  struct call {
    std::uint32_t part;
    bool read_only;
    call_state state = call_state::waiting;
  };

  std::vector<call> calls_;
  std::unordered_map<std::uint32_t, std::size_t> index_of_; // part → calls_
  std::size_t next_ = 0;                                    // first that waits
  std::size_t running_ = 0;
  bool exclusive_runs_ = false; // then running_ == 1
  bool cancelled_ = false;
};

} // namespace penstock
