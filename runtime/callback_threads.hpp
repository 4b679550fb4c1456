// Internal: the threads on which a host's functions are called.
#pragma once

#include "messages/errc.hpp"
#include "messages/options.hpp"
#include "runtime/options.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace penstock {

/// Calls functions of the host, first come, first served, so that none of them
/// ever runs on a thread of the actors, slow as it may be.
///
/// Threads: every member from any thread, callbacks included.
/// Errors:  an exception from a call is reported to the log hook.
class callback_threads {
public:
  /// Errors: `internal` when the system has no thread to give.
  static expected<std::unique_ptr<callback_threads>> start(std::uint32_t count,
                                                           log_hook log);
  /// Detaches what `close` could not end.
  ~callback_threads();

  /// Calls `call` soon. @returns false after `close`, unless it comes from
  /// inside of a call: it is dropped.
  bool post(std::function<void()> call);
  /// The same, but wakes no thread for it: `announce` does.
  bool put_off(std::function<void()> call);
  /// Wakes who is to make the calls that were put off. Cheap if there are none.
  void announce();
  /// As `post`, and after `close` at once on this thread.
  void post_or_call(std::function<void()> call);

  /// Whether the calling thread is inside of a call.
  bool is_own_thread() const;

  /// Lets the calls that wait run, and ends the threads.
  /// @returns false if that took longer than `limit`: a call hangs. Called from
  /// inside a call, it does not wait for that one.
  bool close(milliseconds limit);

private:
  struct state;
  explicit callback_threads(std::shared_ptr<state> s);
  std::shared_ptr<state> state_; // shared with the threads
};

} // namespace penstock
