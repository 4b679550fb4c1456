// A thread of the runtime's own inside a host program.
#pragma once

#include "messages/errc.hpp"

#include <csignal>
#include <functional>
#include <thread>

namespace penstock {

/// While it lives, the calling thread takes no signals, and neither do threads
/// that it starts meanwhile: they inherit that, without a gap. Faults of the
/// thread itself (SIGSEGV …) and the profiler's clock are let through.
class no_signals {
public:
  no_signals();
  ~no_signals();
  no_signals(const no_signals&) = delete;
  no_signals& operator=(const no_signals&) = delete;

private:
  sigset_t before_;
};

/// Starts a thread that shows as `name` (at most 15 bytes) in debuggers and
/// that takes no signals: the host's handlers run on the host's threads, and a
/// TLS library that writes into a closed socket must not end the process
/// (SIGPIPE; we install no handler, so the signal is blocked here).
///
/// Errors: `internal` when the system has no thread to give.
expected<std::thread> start_named_thread(const char* name,
                                         std::function<void()> body);

} // namespace penstock
