#include "messages/check.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace penstock {

namespace {

void write_to_stderr(const char* message) {
  std::fputs(message, stderr);
}

std::atomic<fatal_hook> current_hook{&write_to_stderr};

} // namespace

void set_fatal_hook(fatal_hook hook) noexcept {
  current_hook = hook ? hook : &write_to_stderr;
}

void check_failed(const char* file, int line, const char* condition) noexcept {
  char message[512];
  std::snprintf(message, sizeof message, "%s:%d: PENSTOCK_CHECK(%s) failed\n",
                file, line, condition);
  current_hook.load()(message);
  std::abort();
}

} // namespace penstock
