// What a benchmark measures with: clocks, CPU, memory, percentiles, a digest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::bench {

/// CLOCK_MONOTONIC, ns: the same clock in every process, the server's too.
std::uint64_t now_ns();
/// User and system time of all threads of this process, seconds.
double cpu_s();
/// Resident memory of this process, bytes.
std::size_t resident_bytes();
/// Lets others work for a while.
void wait(double seconds);
/// As many open files as the system allows.
void raise_file_limit();

/// Digest of bytes that come in pieces; how they are cut does not matter.
/// FNV-1a.
class digest {
public:
  void add(std::string_view bytes) noexcept {
    for (const unsigned char c : bytes)
      value_ = (value_ ^ c) * 0x100000001b3u;
  }
  std::uint64_t value() const noexcept { return value_; }

private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

/// @param at 0 to 1. 0 if there are no values. Sorts them.
double percentile(std::vector<std::uint64_t>& values, double at);

/// Finds the server's stamps (" t=<19 digits>", ns) in text that comes in
/// pieces, and notes how old each is.
class stamp_reader {
public:
  void take(std::string_view text, std::uint64_t now,
            std::vector<std::uint64_t>& ages_ns);
  /// The last stamp that was read, or 0.
  std::uint64_t last() const noexcept { return last_; }

private:
  std::uint64_t last_ = 0;
  std::uint64_t value_ = 0;
  std::size_t digits_ = 0; ///< Of the stamp that is being read.
  bool reading_ = false;
};

/// One line of JSON with members in the order of the calls.
class json_line {
public:
  json_line& add(std::string_view name, double value);
  json_line& add(std::string_view name, std::uint64_t value);
  json_line& add(std::string_view name, std::string_view value);
  std::string text() const { return "{" + members_ + "}"; }

private:
  void name(std::string_view name);
  std::string members_;
};

} // namespace penstock::bench
