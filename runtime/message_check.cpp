#include "runtime/message_check.hpp"

#include "messages/limits.hpp"
#include "providers/json.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace penstock {

namespace {

tl::unexpected<error> wrong(std::string what) {
  return fail(errc::invalid_request, std::move(what));
}

std::string_view name_of(role r) {
  switch (r) {
  case role::system:
    return "system";
  case role::user:
    return "user";
  case role::assistant:
    return "assistant";
  case role::tool:
    return "tool";
  }
  return "unknown";
}

/// What is wrong with one part, or "". It knows in whose message it stands.
struct part_fault {
  role from;

  std::string only(std::string_view what, std::initializer_list<role> roles) {
    if (std::find(roles.begin(), roles.end(), from) != roles.end())
      return "";
    return std::string{what} + " does not belong into a "
           + std::string{name_of(from)} + " message";
  }

  std::string operator()(const text_content&) {
    return only("text", {role::system, role::user, role::assistant});
  }
  std::string operator()(const reasoning_content&) {
    return only("reasoning", {role::assistant});
  }
  std::string operator()(const refusal_content&) {
    return only("a refusal", {role::assistant});
  }
  std::string operator()(const file_content& f) {
    if (f.bytes.empty() == f.url.empty())
      return "a file has bytes or a URL, and not both";
    if (f.media_type.empty() && f.url.empty())
      return "a file's media type is missing";
    return only("a file", {role::user, role::assistant});
  }
  std::string operator()(const tool_call_content& c) {
    if (c.id.empty() || c.name.empty())
      return "a tool call has an id and a name";
    if (c.kind.empty() && !is_json_object(c.input_json))
      return "a tool call's input is a JSON object";
    return only("a tool call", {role::assistant});
  }
  std::string operator()(const tool_result_content& r) {
    if (r.tool_call_id.empty())
      return "a tool result names its call (tool_call_id)";
    if (!parse_json(r.output_json))
      return "a tool result's output is JSON";
    return r.provider_executed
             ? only("a provider's tool result", {role::assistant, role::tool})
             : only("a tool result", {role::tool});
  }
};

} // namespace

bool is_json_object(std::string_view text) {
  const auto value = parse_json(text);
  return value && value->is_object();
}

expected<void> check_label(const std::string& name, const std::string& label) {
  if (label.size() > limits::id_bytes_max)
    return wrong(name + ": more than " + std::to_string(limits::id_bytes_max)
                 + " bytes");
  const bool control =
    std::any_of(label.begin(), label.end(),
                [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control || valid_utf8_prefix(label) != label.size())
    return wrong(name + ": expected UTF-8 without control characters");
  return {};
}

expected<void> check_workspace_id(const std::string& id) {
  if (id.empty())
    return wrong("workspace_id is missing");
  return check_label("workspace_id", id);
}

expected<void> check_message(const message& m, const std::string& name) {
  if (m.from > role::tool)
    return wrong(name + ": there is no such role");
  if (m.parts.empty())
    return wrong(name + ": a message without parts");
  for (std::size_t i = 0; i < m.parts.size(); ++i)
    if (auto fault = std::visit(part_fault{m.from}, m.parts[i]); !fault.empty())
      return wrong(name + ".parts[" + std::to_string(i) + "]: " + fault);
  return {};
}

} // namespace penstock
