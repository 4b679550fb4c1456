// Who watches a process that streams until it is killed, and holds what its
// store has kept against what it had told.
#pragma once

#include "tests/support/store_calls.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace penstock::testing {

/// The descriptor on which the child tells.
inline constexpr int kill_pipe = 3;

/// When to kill; one of the three.
struct kill_plan {
  unsigned long hold = 0; ///< When it holds the answer to this terminal record.
  std::optional<std::chrono::milliseconds> after_spawn, after_ready;
};

/// What came through the pipe of one stream.
struct seen_stream {
  std::string workspace;
  bool known = false;        ///< More than that the store was given it.
  std::string text;          ///< Deltas, joined.
  std::size_t asked = 0;     ///< Bytes that the store was given,
  std::size_t kept = 0;      ///< and that it had acknowledged.
  std::size_t old_bytes = 0; ///< Shown so long ago that they had to be kept.
  std::string end;           ///< Name of its terminal event.
  std::uint64_t input = 0, output = 0; ///< Tokens, by that event.
  bool held = false;                   ///< Its terminal is durable, not told.
  std::set<std::string> started, answered; ///< Tool calls, by id.
};

struct seen_run {
  std::map<std::string, seen_stream> streams; ///< By stream id.
  std::vector<std::string> ran;    ///< Tool calls, by id: handlers called.
  std::vector<std::string> faults; ///< Of the child itself.
};

/// Runs the test case `the_child` of this program on the store at `path`, kills
/// it, and takes all that it has told. Threads: any.
seen_run watch_kill(const std::string& path, const kill_plan& plan);

/// What is wrong with what is kept of a stream; empty: nothing.
std::string fault_of(store_calls on, const std::string& id,
                     const seen_stream& s);
/// The same for what is booked of all of them.
std::string fault_of_usage(store_calls on, const seen_run& all);

} // namespace penstock::testing
