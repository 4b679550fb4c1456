#include "providers/encoding.hpp"

#include "providers/ascii.hpp"
#include "providers/base64.hpp"
#include "providers/model_catalog.hpp"

#include <algorithm>
#include <utility>

namespace penstock::encoding {

namespace {

ordered_json object_with(const char* name, ordered_json value) {
  auto object = ordered_json::object();
  object[name] = std::move(value);
  return object;
}

} // namespace

expected<ordered_json> parse_object(std::string_view text,
                                    const std::string& what) {
  auto value = parse_ordered_json(text);
  if (!value)
    return fail(errc::invalid_request, what + ": " + value.error().message);
  if (!value->is_object())
    return fail(errc::invalid_request, what + " must be a JSON object");
  return value;
}

expected<ordered_json> input_schema(const tool_definition& tool) {
  return parse_object(tool.input_schema_json.empty()
                        ? R"({"type":"object","properties":{}})"
                        : std::string_view{tool.input_schema_json},
                      "the input schema of the tool \"" + tool.name + '"');
}

expected<void> add_function_tools(ordered_json& body,
                                  const std::vector<tool_definition>& all) {
  if (all.empty())
    return {};
  auto tools = ordered_json::array();
  for (const auto& tool : all) {
    auto schema = input_schema(tool);
    if (!schema)
      return fail(schema.error());
    ordered_json function{{"name", tool.name}};
    if (!tool.description.empty())
      function["description"] = tool.description;
    function["parameters"] = std::move(*schema);
    tools.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  body["tools"] = std::move(tools);
  return {};
}

expected<void> check_choice(const tool_choice& choice,
                            const std::vector<tool_definition>& tools) {
  using enum tool_choice::mode;
  if (choice.how != required && choice.how != one)
    return {};
  if (tools.empty())
    return fail(errc::invalid_request,
                "tool_choice asks for a tool, but there is none");
  if (choice.how == one
      && std::none_of(tools.begin(), tools.end(),
                      [&](const auto& t) { return t.name == choice.name; }))
    return fail(errc::invalid_request, "tool_choice names \"" + choice.name
                                         + "\", which is no tool here");
  return {};
}

void set_header(header_list& headers, const std::string& name,
                const std::string& value) {
  const auto it =
    std::find_if(headers.begin(), headers.end(), [&](const header& h) {
      return ascii::equal_ignoring_case(h.first, name);
    });
  if (it == headers.end())
    headers.emplace_back(name, value);
  else
    it->second = value;
}

expected<header_list> request_headers(const endpoint& at, const prompt& what,
                                      std::string_view key_header,
                                      std::string_view accept) {
  header_list headers{{"content-type", "application/json"},
                      {"accept", std::string{accept}}};
  if (!at.key.empty() && key_header.empty())
    headers.emplace_back("authorization", "Bearer " + at.key.reveal());
  else if (!at.key.empty())
    headers.emplace_back(key_header, at.key.reveal());
  for (const auto* more : {&at.headers, &what.headers})
    for (const auto& [name, value] : *more)
      set_header(headers, name, value);
  if (auto fault = fault_of(headers))
    return fail(std::move(*fault));
  return headers;
}

std::string url_of(const file_content& file) {
  return file.url.empty()
           ? "data:" + file.media_type + ";base64," + base64_encode(file.bytes)
           : file.url;
}

std::string name_of(const file_content& file) {
  if (!file.name.empty())
    return file.name;
  return file.media_type == "application/pdf" ? "file.pdf" : "file";
}

std::string_view sound_format(std::string_view media_type) noexcept {
  if (media_type == "audio/wav" || media_type == "audio/x-wav"
      || media_type == "audio/wave")
    return "wav";
  if (media_type == "audio/mpeg" || media_type == "audio/mp3")
    return "mp3";
  return {};
}

std::string output_text(const std::string& output_json) {
  const auto value = parse_json(output_json);
  return value && value->is_string() ? text_of(*value) : output_json;
}

ordered_json input_object(const std::string& input_json) {
  if (input_json.empty())
    return ordered_json::object();
  auto input = parse_ordered_json(input_json);
  if (!input)
    return object_with("invalid_json", input_json);
  return input->is_object() ? std::move(*input)
                            : object_with("value", std::move(*input));
}

} // namespace penstock::encoding
