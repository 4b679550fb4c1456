// Ctrl-C for a program whose other threads may be busy or blocked.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace penstock::cli {

/// Takes SIGINT, SIGTERM and, unless it was ignored, SIGHUP of the whole
/// process on a thread of its own.
///
/// Make it before any other thread: threads inherit that these signals are
/// blocked. SIGPIPE is ignored from then on. Both stay so.
class interrupts {
public:
  /// Called with the signal's number and how many there were, from 1, on this
  /// object's thread. Must not block.
  using handler = std::function<void(int signal, unsigned count)>;

  /// @param last_act called before `exit_after` ends the process.
  /// Errors: throws std::system_error if there is no thread or descriptor.
  explicit interrupts(handler handle, std::function<void()> last_act = {});
  /// Not in the handler.
  ~interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;

  /// Ends the process with `code` after `limit`, whatever its threads do.
  /// Output that nobody reads and destructors that hang do not count then.
  /// The earliest call counts. Only in the handler.
  void exit_after(std::chrono::milliseconds limit, int code);

private:
  void run();

  const handler handle_;
  const std::function<void()> last_act_;
  int signals_ = -1, over_ = -1;
  unsigned count_ = 0;                             // of the thread
  std::chrono::steady_clock::time_point latest_{}; // of the thread; 0: none
  int code_ = 0;                                   // of the thread
  std::thread thread_;
};

} // namespace penstock::cli
