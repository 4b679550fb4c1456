// A thread of the runtime's own inside a host program.
#pragma once

#include "messages/errc.hpp"

#include <functional>
#include <thread>

namespace penstock {

/// Starts a thread that shows as `name` (at most 15 bytes) in debuggers and
/// that takes no signals: the host's handlers run on the host's threads, and a
/// TLS library that writes into a closed socket must not end the process
/// (SIGPIPE; we install no handler, so the signal is blocked here).
///
/// Errors: `internal` when the system has no thread to give.
expected<std::thread> start_named_thread(const char* name,
                                         std::function<void()> body);

} // namespace penstock
