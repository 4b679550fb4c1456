// Source: openai-openapi (OutputItem and its variants) and the types of the
//         official SDKs; for `x_search_call` and its like xAI's.
#include "providers/openai_responses_kinds.hpp"

#include <algorithm>

namespace penstock {

namespace {

using who = responses_runner;
using in = responses_input;

constexpr responses_call_kind kinds[] = {
  {"function_call", "", who::client, in::json_text, "arguments", false,
   "function_call_output"},
  {"custom_tool_call", "", who::client, in::plain_text, "input", false,
   "custom_tool_call_output"},
  {"computer_call", "computer", who::client, in::members,
   "action actions pending_safety_checks", false, "computer_call_output"},
  {"local_shell_call", "local_shell", who::client, in::members, "action", false,
   "local_shell_call_output"},
  {"shell_call", "shell", who::by_environment, in::members, "action", false,
   "shell_call_output"},
  {"apply_patch_call", "apply_patch", who::client, in::members, "operation",
   false, "apply_patch_call_output"},
  // A search that the client executes is answered with definitions of tools,
  // not with a result; and an approval with a word of the user's.
  {"tool_search_call", "tool_search", who::provider, in::members, "arguments",
   false, "tool_search_output"},
  {"mcp_approval_request", "", who::provider, in::json_text, "arguments", false,
   "mcp_approval_response"},
  {"program", "program", who::provider, in::members, "code"},
  {"web_search_call", "web_search", who::provider, in::members, "action", true},
  {"file_search_call", "file_search", who::provider, in::members, "queries",
   true},
  {"code_interpreter_call", "code_interpreter", who::provider, in::members,
   "code container_id", true},
  {"image_generation_call", "image_generation", who::provider, in::members, "",
   true},
  {"mcp_call", "", who::provider, in::json_text, "arguments", true},
};

constexpr responses_call_kind other{
  "", "", who::provider, in::members, "action arguments input", true};

// Calls `take` with each name of the row until it returns true.
template <class Take>
void each_member(const responses_call_kind& kind, Take take) {
  auto names = kind.members;
  while (!names.empty()) {
    const auto name = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (take(name))
      return;
  }
}

} // namespace

const responses_call_kind* responses_kind_of(std::string_view type) noexcept {
  for (const auto& kind : kinds)
    if (kind.type == type)
      return &kind;
  return type.ends_with("_call") ? &other : nullptr;
}

bool executed_by_provider(const responses_call_kind& kind, const json& item,
                          bool all_custom) {
  if (kind.type == "custom_tool_call" && all_custom)
    return true;
  if (kind.runner != responses_runner::by_environment)
    return kind.runner == responses_runner::provider;
  return bytes_of(member(item, "environment"), "type").starts_with("container");
}

std::string called_tool(const responses_call_kind& kind, const json& item) {
  if (!kind.tool.empty())
    return std::string{kind.tool};
  auto name = text_of(item, "name");
  const auto type = text_of(item, "type");
  if (name.empty() && kind.type.empty() && type.ends_with("_call"))
    name = type.substr(0, type.size() - std::string_view{"_call"}.size());
  return name;
}

std::string call_id_of(const json& item) {
  auto id = text_of(item, "call_id");
  return id.empty() ? text_of(item, "id") : id;
}

std::string input_of(const responses_call_kind& kind, const json& item) {
  if (kind.input != responses_input::members) {
    const auto& value = member(item, std::string{kind.members}.c_str());
    // Some servers send the object itself.
    return value.is_structured() ? to_text(value) : text_of(value);
  }
  auto input = json::object();
  each_member(kind, [&](std::string_view name) {
    if (const auto& value = member(item, std::string{name}.c_str());
        !value.is_null())
      input[std::string{name}] = value;
    return false;
  });
  return input.empty() ? std::string{} : to_text(input);
}

bool is_input_member(const responses_call_kind& kind, std::string_view name) {
  bool listed = false;
  each_member(kind, [&](std::string_view one) { return listed = one == name; });
  return listed;
}

std::string extras_of(const responses_call_kind& kind, const json& item) {
  auto extras = json::object();
  if (item.is_object())
    for (const auto& [name, value] : item.items())
      if (name != "type" && name != "call_id" && !value.is_null()
          && !is_input_member(kind, name)
          && (name != "name" || !kind.tool.empty()))
        extras[name] = value;
  return extras.empty() ? std::string{} : to_text(extras);
}

std::string_view shown_kind(std::string_view item_type) noexcept {
  if (item_type == "function_call")
    return {};
  return item_type == "custom_tool_call" ? "custom" : item_type;
}

std::string_view item_type_of(std::string_view shown) noexcept {
  if (shown.empty())
    return "function_call";
  return shown == "custom" ? "custom_tool_call" : shown;
}

} // namespace penstock
