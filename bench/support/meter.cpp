#include "bench/support/meter.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace penstock::bench {

std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u
         + static_cast<std::uint64_t>(t.tv_nsec);
}

double cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  if (auto* const file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%zu %zu", &total, &resident) != 2)
      resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void wait(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>{seconds});
}

void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

double percentile(std::vector<std::uint64_t>& values, double at) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return static_cast<double>(values[static_cast<std::size_t>(at * last)]);
}

void stamp_reader::take(std::string_view text, std::uint64_t now,
                        std::vector<std::uint64_t>& ages_ns) {
  constexpr std::size_t stamp_digits = 19;
  for (const char c : text) {
    if (c == '=') {
      reading_ = true;
      value_ = digits_ = 0;
    } else if (reading_ && c >= '0' && c <= '9') {
      value_ = value_ * 10 + static_cast<std::uint64_t>(c - '0');
      if (++digits_ < stamp_digits)
        continue;
      ages_ns.push_back(now > value_ ? now - value_ : 0);
      last_ = value_;
      reading_ = false;
    } else {
      reading_ = false;
    }
  }
}

void json_line::name(std::string_view name) {
  if (!members_.empty())
    members_ += ',';
  members_ += '"';
  members_ += name;
  members_ += "\":";
}

json_line& json_line::add(std::string_view what, double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  name(what);
  members_ += text;
  return *this;
}

json_line& json_line::add(std::string_view what, std::uint64_t value) {
  name(what);
  members_ += std::to_string(value);
  return *this;
}

// The texts are ours: nothing in them needs an escape.
json_line& json_line::add(std::string_view what, std::string_view value) {
  name(what);
  members_ += '"';
  members_ += value;
  members_ += '"';
  return *this;
}

} // namespace penstock::bench
