// What `--json` printed, read as a strict program reads it.
#pragma once

#include "providers/json.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace penstock::testing {

struct event_lines {
  std::vector<ordered_json> events;
  /// What stands at the end, retractions applied: text, refusal, reasoning, and
  /// the inputs of tool calls.
  std::map<std::uint64_t, std::string> parts;
  /// The first thing that is wrong, with its line, or "".
  std::string problem;

  /// All parts, in order.
  std::string text() const;
  std::size_t count(const std::string& event) const;
};

/// The lines of one stream, after the word that there was none before: each is
/// an event of docs/events.schema.json, `seq` has no gap, the offsets of each
/// part have none, and exactly one event is terminal, the last.
event_lines read_event_lines(const std::string& out);

} // namespace penstock::testing
