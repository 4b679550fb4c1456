// Internal: the threads behind thread_tool_runner, and the calls on them.
#pragma once

#include "runtime/thread_tool_runner.hpp"

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

namespace penstock {

/// Shared by the runner and its threads: a thread that hangs keeps it, and the
/// runner does not wait for it for ever.
///
/// Threads:   every member from any thread. Nothing of a caller runs under the
///            lock: no function, no `done`, no stop callback, no destructor.
/// Invariant: a call is in `queue_`, or in `running_`, or it was given up, or
///            it is over; its `done` is set in the first two cases only.
class tool_pool : public std::enable_shared_from_this<tool_pool> {
public:
  tool_pool(clock& time, tool_thread_options options);

  void run(blocking_call call, tool_runner::done_function done);
  tool_thread_counts counts() const;

  bool is_own_thread() const;
  void excuse_caller();
  /// As the last call but for `counts` and itself; a second one does nothing.
  bool close();

private:
  struct entry;
  using entry_ptr = std::shared_ptr<entry>;
  using lock = std::unique_lock<std::mutex>;
  /// What is left to do without the lock.
  using errands = std::vector<std::function<void()>>;

  void work();
  void execute(const entry_ptr& one, lock& held);
  void cancel(const entry_ptr& one);
  void expire(const entry_ptr& one);

  // With the lock held. The errands are run after its release.
  void arm(const entry_ptr& one, std::chrono::milliseconds after);
  void settle(entry& one, error why, errands& later);
  void give_up(const entry_ptr& one, error why, errands& later);
  void staff(errands& later);

  static void run_errands(errands& what);

  const tool_thread_options options_;
  mutable std::mutex mutex_; // guards all below
  std::condition_variable work_changed_, thread_ended_;
  clock* clock_; // null once closed
  std::list<entry_ptr> queue_;
  std::set<entry_ptr> running_; // not given up
  std::size_t hung_ = 0, hung_total_ = 0;
  std::size_t idle_ = 0;
  std::map<std::thread::id, std::thread> threads_; // alive
  std::vector<std::thread> ended_;    // while closing: to be joined
  std::set<std::thread::id> excused_; // not waited for
  bool closing_ = false;
};

} // namespace penstock
