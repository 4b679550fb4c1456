#include "tests/support/event_lines.hpp"

#include "tests/support/event_schema.hpp"
#include "tests/support/tool_process.hpp"

#include <algorithm>

namespace penstock::testing {

namespace {

bool is_terminal(const std::string& name) {
  return name == "stream_end" || name == "stream_abort"
         || name == "stream_error";
}

void retract(event_lines& from, std::uint64_t part, std::size_t offset) {
  from.parts.erase(from.parts.upper_bound(part), from.parts.end());
  if (const auto last = from.parts.find(part); last != from.parts.end())
    last->second.resize(std::min(offset, last->second.size()));
}

/// What is wrong with it after those before it, or "".
std::string take(event_lines& to, const ordered_json& e) {
  const auto name = e.at("event").get<std::string>();
  if (e.at("seq").get<std::size_t>() != to.events.size() + 1)
    return "a gap in seq";
  if (!to.events.empty()
      && is_terminal(to.events.back().at("event").get<std::string>()))
    return "an event after the last one";
  if ((to.events.size() == 0) != (name == "caught_up")
      || (to.events.size() == 1) != (name == "stream_start"))
    return "caught_up and stream_start come first, and once";
  if (to.events.size() > 1 && e.at("stream_id") != to.events[1].at("stream_id"))
    return "another stream";
  if (name == "retract")
    retract(to, e.at("part").get<std::uint64_t>(),
            e.at("offset").get<std::size_t>());
  if (!name.ends_with("_delta"))
    return {};
  auto& part = to.parts[e.at("part").get<std::uint64_t>()];
  if (e.at("offset").get<std::size_t>() != part.size())
    return "a gap in the offsets";
  part +=
    e.at(name == "tool_call_delta" ? "input_text" : "text").get<std::string>();
  return {};
}

} // namespace

std::string event_lines::text() const {
  std::string all;
  for (const auto& [number, part] : parts)
    all += part;
  return all;
}

std::size_t event_lines::count(const std::string& event) const {
  return static_cast<std::size_t>(
    std::count_if(events.begin(), events.end(), [&](const ordered_json& e) {
      return e.at("event").get<std::string>() == event;
    }));
}

event_lines read_event_lines(const std::string& out) {
  static const event_schema schema;
  event_lines read;
  for (const auto& line : lines_of(out)) {
    read.problem = schema.problem_of(line);
    if (read.problem.empty()) {
      auto event = parse_ordered_json(line).value();
      read.problem = take(read, event);
      read.events.push_back(std::move(event));
    }
    if (!read.problem.empty()) {
      read.problem += ": " + line;
      return read;
    }
  }
  if (!out.ends_with('\n'))
    read.problem = "no end of the last line";
  else if (!is_terminal(read.events.back().at("event").get<std::string>()))
    read.problem = "no terminal event";
  return read;
}

} // namespace penstock::testing
