#include "tools/interrupts.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace penstock::cli {

using std::chrono::steady_clock;

interrupts::interrupts(handler handle, std::function<void()> last_act)
  : handle_(std::move(handle)), last_act_(std::move(last_act)) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGINT);
  sigaddset(&taken, SIGTERM);
  // The terminal was closed; under nohup(1) that is to change nothing.
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN)
    sigaddset(&taken, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &taken, nullptr);
  // What a shell's `&` made of SIGINT: an ignored signal is not delivered.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  signals_ = signalfd(-1, &taken, SFD_CLOEXEC);
  over_ = eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || over_ < 0)
    throw std::system_error{errno, std::generic_category(), "signalfd"};
  thread_ = std::thread{[this] { run(); }};
}

interrupts::~interrupts() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(over_, &one, sizeof one);
  thread_.join();
  close(signals_);
  close(over_);
}

void interrupts::exit_after(std::chrono::milliseconds limit, int code) {
  const auto at = steady_clock::now() + limit;
  if (latest_ != steady_clock::time_point{} && latest_ <= at)
    return;
  latest_ = at;
  code_ = code;
}

void interrupts::run() {
  for (;;) {
    int timeout_ms = -1;
    if (latest_ != steady_clock::time_point{}) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        latest_ - steady_clock::now());
      timeout_ms = static_cast<int>(std::max<long>(left.count(), 0));
    }
    pollfd all[] = {{signals_, POLLIN, 0}, {over_, POLLIN, 0}};
    const auto ready = poll(all, 2, timeout_ms);
    if (ready == 0) {
      if (last_act_)
        last_act_();
      std::_Exit(code_);
    }
    if (all[1].revents != 0)
      return;
    signalfd_siginfo what;
    if (ready > 0 && read(signals_, &what, sizeof what) == sizeof what)
      handle_(static_cast<int>(what.ssi_signo), ++count_);
  }
}

} // namespace penstock::cli
