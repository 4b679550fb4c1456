#include "actors/tool_set.hpp"

#include "messages/limits.hpp"
#include "providers/scrub.hpp"

#include <utility>

namespace penstock {

namespace {

tl::unexpected<error> refused(std::string_view name, const std::string& why) {
  constexpr std::size_t shown_bytes_max = 80;
  return fail(errc::invalid_request,
              "tool \"" + one_line(name, shown_bytes_max) + "\": " + why);
}

expected<checked_tool> resolve(const tool_set& registered,
                               const tool_ref& wanted) {
  if (const auto* inline_tool = std::get_if<1>(&wanted))
    return check_tool(*inline_tool);
  const auto& name = std::get<0>(wanted);
  const auto it = registered.find(name);
  if (it == registered.end())
    return refused(name, "is not registered");
  return it->second;
}

} // namespace

expected<checked_tool> check_tool(std::shared_ptr<const tool> what) {
  if (!what)
    return fail(errc::invalid_request, "a tool is a null pointer");
  auto input = tool_input_check::compile(what->definition);
  if (!input)
    return fail(std::move(input.error()));
  if (!what->handler)
    return refused(what->definition.name, "it has no handler");
  if (what->timeout_ms.count() <= 0)
    return refused(what->definition.name, "timeout_ms must be above 0");
  return checked_tool{std::move(what), std::move(*input)};
}

expected<tool_set> resolve_tools(const tool_set& registered,
                                 std::span<const tool_ref> wanted) {
  if (wanted.size() > limits::tools_max)
    return fail(errc::invalid_request,
                "tools: more than " + std::to_string(limits::tools_max));
  tool_set all;
  for (const auto& ref : wanted) {
    auto found = resolve(registered, ref);
    if (!found)
      return fail(std::move(found.error()));
    const auto name = found->tool->definition.name;
    if (!all.emplace(name, std::move(*found)).second)
      return refused(name, "is there twice");
  }
  return all;
}

} // namespace penstock
