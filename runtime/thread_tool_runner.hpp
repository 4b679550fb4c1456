// Internal: the tool runner on real threads.
#pragma once

#include "actors/tool_runner.hpp"
#include "messages/clock.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace penstock {

struct tool_thread_options {
  /// > 0. Handlers that run at the same time, and as many other calls. The
  /// default is that of runtime_options::tool_threads.
  std::size_t threads = 64;
  /// Hung threads that are replaced; one more is not, and the pool shrinks.
  std::size_t hung_threads_max = 16;
  /// How long a call may go on after it was asked to stop, before its thread
  /// counts as hung.
  std::chrono::milliseconds cancel_grace_ms{2'000};
  /// How long the destructor waits for handlers that it has asked to stop, and
  /// then for other calls.
  std::chrono::milliseconds close_deadline_ms{2'000};
};

/// A pool of threads for handlers and one for all else, started as they are
/// needed. In each, calls begin in the order of their coming.
///
/// A call that exceeds its `timeout_ms`, or does not return within
/// `cancel_grace_ms` of its cancellation, is given up: `done` is called, and
/// its thread, which hangs, is replaced. When the call returns after all,
/// there is one thread too many and it ends.
///
/// Limits:  threads + hung_threads_max threads a pool. If all of them hang, its
///          calls fail at once.
/// Threads: as `tool_runner`. A stop callback that a call has registered runs
///          on the thread that cancels it, an actor's perhaps, or on the
///          clock's: it must be short and must not block.
///
/// The destructor asks every call to stop and waits `close_deadline_ms` of
/// real time. Then `done` has been called for each, and threads that still
/// hang are detached: they own what they touch, the clock not included, and
/// end with their call.
class thread_tool_runner final : public tool_runner {
public:
  /// @param time times the calls out; must outlive the runner.
  explicit thread_tool_runner(clock& time, tool_thread_options options = {});
  ~thread_tool_runner() override;

  void run_blocking(blocking_call call, done_function done) override;

  /// Whether the calling thread is inside of a call.
  bool is_own_thread() const;
  /// If it is, `close` will not wait for it. For who is about to wait for
  /// `close` himself.
  void excuse_caller();
  /// What the destructor does, if nobody has done it before; the last call but
  /// for `counts`. @returns whether no thread was left behind, but for those
  /// that were excused.
  bool close();

  tool_thread_counts counts() const;

private:
  std::shared_ptr<class tool_pool> handlers_, others_; // shared with threads
};

} // namespace penstock
