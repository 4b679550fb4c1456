#include "providers/system_clock.hpp"

#include "messages/check.hpp"
#include "providers/deadline_heap.hpp"
#include "providers/named_thread.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <sys/prctl.h>
#include <thread>
#include <utility>

namespace penstock {

namespace {

class system_clock final : public clock {
public:
  ~system_clock() override {
    PENSTOCK_CHECK(thread_.get_id() != std::this_thread::get_id());
    {
      const std::lock_guard lock{mutex_};
      closing_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable())
      thread_.join();
  }

  expected<void> run() {
    auto thread = start_named_thread("penstock-clock", [this] { loop(); });
    if (!thread)
      return fail(std::move(thread.error()));
    thread_ = std::move(*thread);
    return {};
  }

  steady_time now() const override { return std::chrono::steady_clock::now(); }
  wall_time wall_now() const override {
    return std::chrono::system_clock::now();
  }

  deadline_id arm(steady_time when, std::function<void()> fire) override {
    deadline_id id;
    bool too_late = false;
    {
      const std::lock_guard lock{mutex_};
      too_late = when < sleeps_until_;
      if (too_late)
        sleeps_until_ = when; // It is told once.
      id = heap_.arm(when, std::move(fire));
    }
    if (too_late)
      changed_.notify_one();
    return id;
  }

  void cancel(deadline_id id) override {
    deadline_heap::function forgotten; // Destroyed without the lock.
    const std::lock_guard lock{mutex_};
    forgotten = heap_.cancel(id);
  }

private:
  void loop() {
    // Deadlines are in milliseconds, and thousands of streams have some each
    // second: one wake-up serves all that are due within this slack.
    constexpr unsigned long slack_ns = 1'000'000;
    prctl(PR_SET_TIMERSLACK, slack_ns);
    std::unique_lock lock{mutex_};
    auto until = steady_time::min(); // As it was told last.
    while (!closing_) {
      const auto present = now();
      if (auto fire = heap_.take_due(present)) {
        lock.unlock();
        fire();
        fire = nullptr; // What it holds may call the clock as it goes.
        lock.lock();
        continue;
      }
      const auto next = heap_.next().value_or(steady_time::max());
      until = until > present ? std::min(until, next) : next;
      sleeps_until_ = until;
      if (until == steady_time::max())
        changed_.wait(lock);
      else
        changed_.wait_until(lock, until);
      until = std::exchange(sleeps_until_, steady_time::min());
    }
  }

  std::mutex mutex_; ///< Guards what follows.
  /// A deadline that was cancelled may let the thread wake for nothing, once:
  /// that is cheaper than to wake it for each that is armed and cancelled
  /// before, as it would be if it then slept until a later one.
  steady_time sleeps_until_ = steady_time::min();
  std::condition_variable changed_;
  deadline_heap heap_;
  bool closing_ = false;
  std::thread thread_;
};

} // namespace

expected<std::unique_ptr<clock>> make_system_clock() {
  auto made = std::make_unique<system_clock>();
  if (auto running = made->run(); !running)
    return fail(std::move(running.error()));
  return made;
}

} // namespace penstock
