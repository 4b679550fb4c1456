// Time and deadlines as the runtime sees them: injected, so that a test can
// move them by hand and days pass in milliseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace penstock {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;

/// Names an armed deadline. 0 is none; a number is never used twice.
enum class deadline_id : std::uint64_t {};

/// One source of time and one heap of deadlines for a whole runtime.
///
/// Threads: every member from any thread.
/// Cost:    `arm` and `cancel` O(log n); an idle clock costs nothing. Re-arm
///          lazily: let a deadline fire early, look at what happened since,
///          and arm the rest, rather than move it with every token.
class clock {
public:
  virtual ~clock() = default;

  /// For deadlines and durations.
  virtual steady_time now() const = 0;
  /// For display.
  virtual wall_time wall_now() const = 0;

  /// Calls `fire` once, at `when` or a little later, on the clock's thread.
  /// `fire` must be short and must not block: it posts a message.
  virtual deadline_id arm(steady_time when, std::function<void()> fire) = 0;

  /// Forgets a deadline. No effect if it has fired or is none. `fire` may be
  /// running on the clock's thread while this returns.
  virtual void cancel(deadline_id id) = 0;
};

} // namespace penstock
