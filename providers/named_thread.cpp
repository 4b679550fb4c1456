#include "providers/named_thread.hpp"

#include <pthread.h>
#include <system_error>
#include <utility>

namespace penstock {

namespace {

// Not blocked: faults of the thread itself, which the host's crash handler (or
// a sanitizer) wants to see, and the profiler's clock.
constexpr int left_open[] = {SIGSEGV, SIGBUS, SIGFPE,  SIGILL,
                             SIGTRAP, SIGSYS, SIGABRT, SIGPROF};

} // namespace

no_signals::no_signals() {
  sigset_t blocked;
  sigfillset(&blocked);
  for (const auto signal : left_open)
    sigdelset(&blocked, signal);
  pthread_sigmask(SIG_SETMASK, &blocked, &before_);
}

no_signals::~no_signals() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

expected<std::thread> start_named_thread(const char* name,
                                         std::function<void()> body) {
  std::thread thread;
  std::error_code why;
  try {
    const no_signals inherited;
    thread = std::thread{std::move(body)};
  } catch (const std::system_error& e) {
    why = e.code();
  }
  if (!thread.joinable())
    return fail(errc::internal, "cannot start the thread " + std::string{name}
                                  + ": " + why.message());
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

} // namespace penstock
