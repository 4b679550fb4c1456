#include "providers/named_thread.hpp"

#include <csignal>
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

expected<std::thread> start_named_thread(const char* name,
                                         std::function<void()> body) {
  // A thread inherits the mask of its creator. Set there, it leaves no gap.
  sigset_t blocked;
  sigset_t before;
  sigfillset(&blocked);
  for (const auto signal : left_open)
    sigdelset(&blocked, signal);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  std::thread thread;
  std::error_code why;
  try {
    thread = std::thread{std::move(body)};
  } catch (const std::system_error& e) {
    why = e.code();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!thread.joinable())
    return fail(errc::internal, "cannot start the thread " + std::string{name}
                                  + ": " + why.message());
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

} // namespace penstock
