#include "tests/support/virtual_clock.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock::testing {

namespace {

// Not zero, so that a forgotten time point is no plausible one.
constexpr steady_time first_now{std::chrono::hours{1'000}};
// 2024-01-01T00:00:00Z
constexpr wall_time first_wall_now{std::chrono::seconds{1'704'067'200}};

} // namespace

virtual_clock::virtual_clock(settle_hook settle)
  : now_(first_now), settle_(std::move(settle)) {}

void virtual_clock::advance(std::chrono::nanoseconds by) {
  PENSTOCK_CHECK(by.count() >= 0);
  PENSTOCK_CHECK(!firing_);
  const auto until = now() + by;
  settle();
  while (fire_one(until))
    settle();
  const std::lock_guard lock{mutex_};
  now_ = until;
}

bool virtual_clock::advance_to_next() {
  PENSTOCK_CHECK(!firing_);
  settle();
  const auto fired = fire_one(steady_time::max());
  settle();
  return fired;
}

bool virtual_clock::run_dry(std::size_t at_most) {
  while (pending() > 0 && at_most-- > 0)
    advance_to_next();
  return pending() == 0;
}

std::optional<steady_time> virtual_clock::next() const {
  const std::lock_guard lock{mutex_};
  return heap_.next();
}

std::size_t virtual_clock::pending() const {
  const std::lock_guard lock{mutex_};
  return heap_.size();
}

steady_time virtual_clock::now() const {
  const std::lock_guard lock{mutex_};
  return now_;
}

wall_time virtual_clock::wall_now() const {
  return first_wall_now
         + std::chrono::duration_cast<wall_time::duration>(now() - first_now);
}

deadline_id virtual_clock::arm(steady_time when, std::function<void()> fire) {
  const std::lock_guard lock{mutex_};
  return heap_.arm(when, std::move(fire));
}

void virtual_clock::cancel(deadline_id id) {
  deadline_heap::function forgotten; // Destroyed without the lock.
  const std::lock_guard lock{mutex_};
  forgotten = heap_.cancel(id);
}

bool virtual_clock::fire_one(steady_time until) {
  deadline_heap::function fire;
  {
    const std::lock_guard lock{mutex_};
    const auto due = heap_.next();
    if (!due || *due > until)
      return false;
    now_ = std::max(now_, *due);
    fire = heap_.take_due(*due);
  }
  firing_ = true;
  fire();
  firing_ = false;
  return true;
}

void virtual_clock::settle() {
  if (settle_)
    settle_();
}

} // namespace penstock::testing
