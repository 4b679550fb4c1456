#include "tools/demo_case.hpp"

#include <algorithm>

namespace penstock::cli {

const seen_event* demo_case::terminal_event() const {
  const auto last =
    std::find_if(seen->events.rbegin(), seen->events.rend(),
                 [](const auto& e) { return terminal(*e.what.body); });
  return last == seen->events.rend() ? nullptr : &*last;
}

const token_usage* demo_case::usage() const {
  const auto* last = terminal_event();
  if (!last)
    return nullptr;
  if (const auto* end = std::get_if<event::stream_end>(last->what.body.get()))
    return &end->usage;
  if (const auto* stop =
        std::get_if<event::stream_abort>(last->what.body.get()))
    return &stop->usage;
  return &std::get<event::stream_error>(*last->what.body).usage;
}

std::vector<demo_case> cases_of(const demo_evidence& evidence) {
  std::vector<demo_case> cases;
  const auto count = std::min(evidence.scenarios.size(), evidence.seen.size());
  for (std::size_t i = 0; i < count; ++i) {
    demo_case made;
    made.script = &evidence.scenarios[i];
    made.seen = &evidence.seen[i];
    for (const auto& answer : evidence.log.answers)
      if (workspace_of(answer.request) == made.script->workspace
          && answer.connection < evidence.log.connections.size())
        made.requests.push_back(
          {&answer, &evidence.log.connections[answer.connection]});
    for (const auto& e : made.seen->events)
      made.reader.take(e.what);
    cases.push_back(std::move(made));
  }
  return cases;
}

} // namespace penstock::cli
