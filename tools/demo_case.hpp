// One conversation of the demo with everything that is known of it.
#pragma once

#include "tools/demo_evidence.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::cli {

/// Views into an evidence, which outlives it.
struct demo_case {
  const demo_scenario* script = nullptr;  ///< Never null.
  const demo_observation* seen = nullptr; ///< Never null.
  /// What the server got of it, in order, each with its connection.
  struct exchange {
    const loopback::answer_entry* answer;
    const loopback::connection_entry* connection;
  };
  std::vector<exchange> requests;
  demo_reader reader; ///< Has taken all events.

  /// The events of one kind, with when they came.
  template <class Event>
  std::vector<std::pair<steady_time, const Event*>> all() const {
    std::vector<std::pair<steady_time, const Event*>> found;
    for (const auto& e : seen->events)
      if (const auto* body = std::get_if<Event>(e.what.body.get()))
        found.emplace_back(e.at, body);
    return found;
  }
  /// The last terminal event; null if there is none.
  const seen_event* terminal_event() const;
  /// Its usage, or nothing.
  const token_usage* usage() const;
};

/// In the order of the scenarios.
std::vector<demo_case> cases_of(const demo_evidence& evidence);

} // namespace penstock::cli
