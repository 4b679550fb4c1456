// Invariant checks that stay on in release builds.
#pragma once

namespace penstock {

/// Receives the text of a failed check, on the thread that failed. Must not
/// throw. If it returns, the process aborts.
using fatal_hook = void (*)(const char* message);

/// Replaces the hook for failed checks; null restores the default, which
/// writes the text to stderr. A failed check is a bug of this program, found
/// where no runtime is at hand: this hook is the one process-wide setting.
/// Threads: any.
void set_fatal_hook(fatal_hook hook) noexcept;

/// Calls the hook, then aborts. Use the macro below.
[[noreturn]] void check_failed(const char* file, int line,
                               const char* condition) noexcept;

} // namespace penstock

/// Aborts if `condition` is false. For bugs of ours only; what the world does
/// (network, provider, caller's input) is an `error`. No side effects inside.
#define PENSTOCK_CHECK(condition)                                              \
  ((condition) ? void(0)                                                       \
               : ::penstock::check_failed(__FILE__, __LINE__, #condition))
