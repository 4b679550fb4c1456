#include "providers/openai_responses_elements.hpp"

#include "providers/base64.hpp"
#include "providers/encoding.hpp"
#include "providers/openai_responses_kinds.hpp"
#include "providers/utf8.hpp"

#include <utility>

namespace penstock::responses {

namespace {

using encoding::name_of;
using encoding::sound_format;
using encoding::url_of;

bool is_image(const file_content& file) {
  return file.media_type.starts_with("image/");
}

// Members that have no field of their own. They cannot displace those that do.
void add_extras(ordered_json& item, const std::string& extras_json,
                bool with_id) {
  const auto extras = parse_ordered_json(extras_json);
  if (!extras || !extras->is_object())
    return;
  for (const auto& [name, value] : extras->items())
    if (!item.contains(name) && (with_id || (name != "id" && name != "status")))
      item[name] = value;
}

expected<ordered_json> text_and_files(const tool_result_content& result,
                                      const openai_responses_server& server) {
  auto text = encoding::output_text(result.output_json);
  if (result.files.empty())
    return ordered_json(std::move(text));
  auto elements = ordered_json::array();
  if (!text.empty())
    elements.push_back(input_text(std::move(text)));
  for (const auto& file : result.files) {
    auto element = input_file(file, server);
    if (!element)
      return fail(element.error());
    elements.push_back(std::move(*element));
  }
  return elements;
}

// What a computer shows: a file beside the value, or the value itself.
ordered_json screenshot(const tool_result_content& result,
                        const ordered_json& value) {
  for (const auto& file : result.files)
    if (is_image(file))
      return {{"type", "computer_screenshot"}, {"image_url", url_of(file)}};
  return value;
}

// The API wants what each command printed. A value of another shape is what
// one of them did.
ordered_json shell_output(const tool_result_content& result,
                          ordered_json value) {
  if (value.is_object() && value.contains("output"))
    value = value.at("output");
  if (value.is_array())
    return value;
  auto list = ordered_json::array();
  ordered_json outcome{{"type", "exit"},
                       {"exit_code", result.is_error ? 1 : 0}};
  list.push_back({{"stdout", encoding::output_text(result.output_json)},
                  {"stderr", ""},
                  {"outcome", std::move(outcome)}});
  return list;
}

bool approves(const ordered_json& value) {
  if (!value.is_object())
    return value == true;
  return value.contains("approve") && value.at("approve") == true;
}

} // namespace

ordered_json input_text(std::string text) {
  return {{"type", "input_text"}, {"text", std::move(text)}};
}

ordered_json output_text(std::string text) {
  return {{"type", "output_text"}, {"text", std::move(text)}};
}

ordered_json refusal(std::string text) {
  return {{"type", "refusal"}, {"refusal", std::move(text)}};
}

expected<ordered_json> input_file(const file_content& file,
                                  const openai_responses_server& server) {
  const std::string_view type = file.media_type;
  if (file.bytes.empty() && file.url.empty())
    return fail(errc::invalid_request, "a file needs bytes or a URL");
  if (is_image(file))
    return ordered_json{{"type", "input_image"}, {"image_url", url_of(file)}};
  if (type.starts_with("audio/")) {
    const auto format = sound_format(type);
    if (format.empty() || file.bytes.empty())
      return fail(errc::invalid_request,
                  "sound can be sent as the bytes of a WAV or MP3 file only");
    return ordered_json{
      {"type", "input_audio"},
      {"input_audio",
       {{"data", base64_encode(file.bytes)}, {"format", format}}}};
  }
  if (type.starts_with("text/") && file.url.empty())
    return input_text(clean_utf8(file.bytes));
  if (!server.files)
    return fail(errc::invalid_request, "this server takes no files of type \""
                                         + file.media_type + '"');
  if (!file.url.empty() && !file.url.starts_with("data:"))
    return ordered_json{{"type", "input_file"}, {"file_url", file.url}};
  return ordered_json{{"type", "input_file"},
                      {"filename", name_of(file)},
                      {"file_data", url_of(file)}};
}

ordered_json plain_if_text(ordered_json elements) {
  if (elements.size() == 1 && elements.at(0).at("type") == "input_text")
    return elements.at(0).at("text");
  return elements;
}

ordered_json call_item(const tool_call_content& call, bool with_id) {
  const auto type = item_type_of(call.kind);
  const auto* kind = responses_kind_of(type);
  // Another API's kind of call: this one knows functions.
  const bool known = kind && !kind->type.empty();
  ordered_json item{{"type", known ? type : "function_call"}};
  if (!known || kind->input != responses_input::members) {
    const bool custom = known && kind->input == responses_input::plain_text;
    item["call_id"] = call.id;
    item["name"] = call.name;
    item[custom ? "input" : "arguments"] =
      call.input_json.empty() && !custom ? "{}" : call.input_json;
  } else if (const auto input = parse_ordered_json(call.input_json);
             input && input->is_object()) {
    item["call_id"] = call.id;
    for (const auto& [name, value] : input->items())
      item[name] = value;
  }
  add_extras(item, call.item_id, with_id);
  // Of what the provider executed, some have an id only.
  if (call.provider_executed && item.contains("id") && item.at("id") == call.id)
    item.erase("call_id");
  return item;
}

expected<ordered_json> result_item(const tool_result_content& result,
                                   const tool_call_content* call,
                                   const openai_responses_server& server) {
  const auto* kind = responses_kind_of(item_type_of(call ? call->kind : ""));
  const std::string_view type = kind && !kind->output_type.empty()
                                  ? kind->output_type
                                  : "function_call_output";
  auto parsed = parse_ordered_json(result.output_json);
  auto value = parsed ? std::move(*parsed) : ordered_json(result.output_json);
  ordered_json item{{"type", type}};
  if (type == "mcp_approval_response") {
    item["approval_request_id"] = result.tool_call_id;
    item["approve"] = approves(value);
    return item;
  }
  item["call_id"] = result.tool_call_id;
  if (type == "computer_call_output") {
    item["output"] = screenshot(result, value);
  } else if (type == "local_shell_call_output") {
    item["output"] = encoding::output_text(result.output_json);
  } else if (type == "shell_call_output") {
    item["output"] = shell_output(result, std::move(value));
  } else if (type == "apply_patch_call_output") {
    item["status"] = result.is_error ? "failed" : "completed";
    item["output"] = encoding::output_text(result.output_json);
  } else if (type == "tool_search_output") {
    item["execution"] = "client";
    item["status"] = "completed";
    item["tools"] =
      value.is_object() && value.contains("tools") ? value.at("tools") : value;
  } else {
    auto output = text_and_files(result, server);
    if (!output)
      return fail(output.error());
    item["output"] = std::move(*output);
  }
  // Who called answers: a program of the provider's, that waits.
  if (const auto extras = parse_ordered_json(call ? call->item_id : "");
      extras && extras->is_object() && extras->contains("caller"))
    item["caller"] = extras->at("caller");
  return item;
}

ordered_json provider_item(const tool_result_content& result) {
  auto item = parse_ordered_json(result.output_json);
  if (!item || !item->is_object() || !item->contains("type")
      || !item->contains("id") || !item->at("type").is_string())
    return nullptr;
  return std::move(*item);
}

} // namespace penstock::responses
