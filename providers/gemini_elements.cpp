#include "providers/gemini_elements.hpp"

#include "providers/base64.hpp"
#include "providers/encoding.hpp"

#include <optional>
#include <utility>

namespace penstock::gemini {

namespace {

ordered_json object_with(const char* name, ordered_json value) {
  auto object = ordered_json::object();
  object[name] = std::move(value);
  return object;
}

ordered_json inline_part(std::string_view media_type, std::string data) {
  return object_with("inlineData",
                     {{"mimeType", media_type}, {"data", std::move(data)}});
}

// "data:image/png;base64,…"; empty if it is no such URL.
std::optional<ordered_json> part_of_data_url(std::string_view url) {
  constexpr std::string_view scheme = "data:", coding = ";base64,";
  const auto at = url.find(coding);
  if (!url.starts_with(scheme) || at == url.npos)
    return std::nullopt;
  const auto type = url.substr(scheme.size(), at - scheme.size());
  return inline_part(type, std::string{url.substr(at + coding.size())});
}

// A JSON object, or null.
ordered_json object_of(const std::string& text) {
  auto value = parse_ordered_json(text);
  return value && value->is_object() ? std::move(*value) : ordered_json();
}

} // namespace

ordered_json text_part(std::string_view text) {
  return object_with("text", text);
}

expected<ordered_json> file_part(const file_content& file) {
  if (file.url.empty() && file.bytes.empty())
    return fail(errc::invalid_request, "a file needs bytes or a URL");
  if (!file.url.empty()) {
    if (auto part = part_of_data_url(file.url))
      return std::move(*part);
    ordered_json data;
    if (!file.media_type.empty())
      data["mimeType"] = file.media_type;
    data["fileUri"] = file.url;
    return object_with("fileData", std::move(data));
  }
  if (file.media_type.empty())
    return fail(errc::invalid_request, "a file by its bytes needs a type");
  return inline_part(file.media_type, base64_encode(file.bytes));
}

ordered_json call_part(const tool_call_content& call, bool with_id) {
  ordered_json wire;
  if (with_id)
    wire["id"] = call.item_id;
  wire["name"] = call.name;
  wire["args"] = encoding::input_object(call.input_json);
  return object_with("functionCall", std::move(wire));
}

ordered_json response_part(const tool_result_content& result,
                           const std::string& name, const std::string& id) {
  auto value = parse_ordered_json(result.output_json);
  if (!value)
    value = ordered_json(result.output_json);
  ordered_json wire;
  if (!id.empty())
    wire["id"] = id;
  wire["name"] = name;
  if (value->is_object() && !result.is_error)
    wire["response"] = std::move(*value);
  else
    wire["response"][result.is_error ? "error" : "output"] = std::move(*value);
  return object_with("functionResponse", std::move(wire));
}

ordered_json provider_call_part(const tool_call_content& call) {
  auto wire = object_of(call.input_json);
  if (wire.is_null()
      || (call.kind != "executableCode" && call.kind != "toolCall"))
    return nullptr;
  return object_with(call.kind.c_str(), std::move(wire));
}

ordered_json provider_result_part(const tool_result_content& result,
                                  std::string_view call_kind,
                                  std::string& signature) {
  auto wire = object_of(result.output_json);
  if (wire.is_null())
    return nullptr;
  if (const auto s = wire.find("thoughtSignature"); s != wire.end()) {
    if (s->is_string())
      signature = *s;
    wire.erase("thoughtSignature");
  }
  return object_with(call_kind == "toolCall" ? "toolResponse"
                                             : "codeExecutionResult",
                     std::move(wire));
}

} // namespace penstock::gemini
