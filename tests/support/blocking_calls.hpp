// Calls that block until a test lets them go, and ears for their end.
#pragma once

#include <boost/test/unit_test.hpp>

#include "runtime/thread_tool_runner.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace penstock::testing {

inline constexpr auto patience =
  std::chrono::seconds{60}; // A test that waits longer has failed.

// Opens once. Functions wait at it, the test waits for them.
class gate {
public:
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    return changed_.wait_for(lock, patience, [this] { return open_; });
  }
  bool await_waiting(int count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return waiting_ >= count; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

// The end of one call, as it was told.
class ending {
public:
  tool_runner::done_function told() {
    return [this](error why) {
      const std::lock_guard lock{mutex_};
      ++count_;
      why_ = std::move(why);
      changed_.notify_all();
    };
  }
  error get() {
    std::unique_lock lock{mutex_};
    BOOST_REQUIRE(
      changed_.wait_for(lock, patience, [this] { return count_ > 0; }));
    BOOST_REQUIRE(count_ == 1);
    return why_;
  }
  int count() {
    const std::lock_guard lock{mutex_};
    return count_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  error why_;
};

inline blocking_call
call(std::function<void(std::stop_token)> what, std::stop_token cancelled = {},
     std::chrono::milliseconds timeout_ms = std::chrono::hours{1}) {
  return {"work", std::move(what), timeout_ms, std::move(cancelled)};
}

// A function that returns when it is asked to.
inline void obey(std::stop_token token) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock{mutex};
  changed.wait_for(lock, token, patience, [] { return false; });
}

inline bool await(const thread_tool_runner& runner,
                  std::function<bool(const tool_thread_counts&)> is) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!is(runner.counts())) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace penstock::testing
