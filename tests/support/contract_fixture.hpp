// A workspace with two tools in a world of cardboard, and what to count there.
#pragma once

#include "tests/support/workspace_fixture.hpp"

#include <algorithm>
#include <memory>

namespace penstock::testing {

/// Never looked into: only who gets it counts.
inline std::shared_ptr<scratch_dir> some_directory() {
  static int nowhere = 0;
  return {std::shared_ptr<void>{}, reinterpret_cast<scratch_dir*>(&nowhere)};
}

struct contract_fixture : workspace_fixture {
  contract_fixture() {
    for (const auto* name : {"look", "write"}) {
      auto made = std::make_shared<tool>();
      made->definition.name = name;
      made->definition.input_schema_json = R"({"type":"object"})";
      made->handler = [](const tool_invocation&) { return tool_outcome{}; };
      registered.emplace(name, *check_tool(made));
    }
  }
  start_request with_tools() const {
    auto request = ask();
    request.tools = {"look", "write"};
    return request;
  }
  std::size_t ends() const {
    return sink->all<event::stream_end>().size()
           + sink->all<event::stream_abort>().size()
           + sink->all<event::stream_error>().size();
  }
  std::vector<event::stream_abort> aborts() const {
    return sink->all<event::stream_abort>();
  }
  std::ptrdiff_t usage_records() const {
    return std::count_if(
      world.durable.begin(), world.durable.end(), [](const auto& r) {
        return std::holds_alternative<record::attempt_used>(r);
      });
  }
  void call_one() {
    call(0, "c1", "look", "{}");
    finishes(finish_reason::tool_calls);
  }
};

} // namespace penstock::testing
