#include "providers/openai_chat_executed_tools.hpp"

#include <utility>

namespace penstock {

void openai_chat_executed_tools::take(const json& list, part_writer& parts,
                                      part_batch& out) {
  for (std::size_t i = 0; list.is_array() && i < list.size(); ++i) {
    const auto& wire = list[i];
    const auto& kind = member(wire, "type");
    if (!kind.is_string() || parts.failure().code != errc::none)
      continue;
    const auto index = count_of(wire, "index").value_or(i);
    auto found = calls_.find(index);
    if (found == calls_.end()) {
      parts.close(out);
      auto name = text_of(wire, "name");
      if (name.empty())
        name = text_of(kind);
      found = calls_.emplace(index, call{parts.new_key(), name}).first;
      const auto key = found->second.key;
      const auto& arguments = member(wire, "arguments");
      auto input =
        arguments.is_structured() ? to_text(arguments) : text_of(arguments);
      out.add(part::tool_start{key, {}, std::move(name), text_of(kind), true});
      out.tool_input(key, input);
      out.add(part::tool_complete{
        key, input.empty() ? "{}" : std::move(input), {}, {}});
    }
    auto& c = found->second;
    const auto& output = member(wire, "output");
    if (output.is_null() || output == "" || std::exchange(c.answered, true))
      continue;
    auto whole = to_text(wire);
    if (parts.count(whole.size()))
      out.add(part::tool_result{c.key, {}, c.name, std::move(whole), false});
  }
}

} // namespace penstock
