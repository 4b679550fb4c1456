// A tool runner for virtual time: calls run on the test's thread, when the
// test says so.
#pragma once

#include "actors/tool_runner.hpp"
#include "messages/clock.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace penstock::testing {

/// A call waits until the test begins it; once begun, it takes its time until
/// the test ends it, and only then its function runs. Meanwhile it times out
/// on the clock or is given up after its cancellation, as on real threads.
///
/// Threads: one, which is the clock's as well.
class manual_tool_runner final : public tool_runner {
public:
  explicit manual_tool_runner(clock& time,
                              std::chrono::milliseconds cancel_grace_ms =
                                std::chrono::milliseconds{2'000});
  /// Ends all, as cancelled.
  ~manual_tool_runner() override;

  void run_blocking(blocking_call call, done_function done) override;

  /// Begins the oldest call that waits. @returns false if none does.
  bool begin_next();
  /// Ends the oldest call that was begun: its function runs, and returns.
  bool end_next();
  /// Both, for the oldest that waits.
  bool run_next();
  /// Runs calls until none waits. @returns how many there were.
  std::size_t run_all();

  /// Names of the calls, oldest first.
  std::vector<std::string> waiting() const;
  std::vector<std::string> begun() const;
  /// Calls that were given up. Their functions never ran.
  std::size_t hung_total() const noexcept { return hung_total_; }

private:
  struct entry;
  using entry_ptr = std::shared_ptr<entry>;

  void end(const entry_ptr& one);
  void cancel(const entry_ptr& one);
  void give_up_after(const entry_ptr& one, std::chrono::milliseconds after);
  void settle(const entry_ptr& one, error why);

  clock& clock_;
  const std::chrono::milliseconds cancel_grace_ms_;
  std::deque<entry_ptr> waiting_, begun_;
  std::size_t hung_total_ = 0;
};

} // namespace penstock::testing
