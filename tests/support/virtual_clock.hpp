// A clock that a test moves by hand: days pass in milliseconds, and what
// happens in them happens in the same order every time.
#pragma once

#include "messages/clock.hpp"
#include "providers/deadline_heap.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>

namespace penstock::testing {

/// Fires deadlines by due time, then in the order of their arming, on the
/// thread that calls `advance`. While one fires, `now` is its due time.
///
/// Threads: `arm`, `cancel` and `now` from any thread; the rest from one, and
///          not from inside a firing.
class virtual_clock final : public clock {
public:
  using settle_hook = std::function<void()>;

  /// @param settle lets the system under test run until it is at rest, e.g.
  /// delivers messages until none is left. Called before time moves and after
  /// each firing, so that nothing that follows from a firing is overtaken.
  explicit virtual_clock(settle_hook settle = {});

  void settle_with(settle_hook settle) { settle_ = std::move(settle); }

  /// Moves time by `by` and fires all that falls due on the way, also what is
  /// armed on the way. Zero fires what is due now.
  void advance(std::chrono::nanoseconds by);

  /// Moves time to the next deadline and fires that one alone.
  /// @returns false if none is armed.
  bool advance_to_next();

  /// Fires deadlines until none is armed or `at_most` of them have fired.
  /// @returns whether none is left.
  bool run_dry(std::size_t at_most = 1'000'000);

  std::optional<steady_time> next() const;
  std::size_t pending() const;

  steady_time now() const override;
  wall_time wall_now() const override;
  deadline_id arm(steady_time when, std::function<void()> fire) override;
  void cancel(deadline_id id) override;

private:
  bool fire_one(steady_time until);
  void settle();

  mutable std::mutex mutex_; ///< Guards `heap_` and `now_`.
  deadline_heap heap_;
  steady_time now_;
  settle_hook settle_;
  bool firing_ = false; ///< Of the advancing thread.
};

} // namespace penstock::testing
