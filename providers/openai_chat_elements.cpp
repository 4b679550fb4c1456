#include "providers/openai_chat_elements.hpp"

#include "providers/base64.hpp"
#include "providers/encoding.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace penstock {

namespace {

using encoding::name_of;
using encoding::sound_format;
using encoding::url_of;

expected<ordered_json> document_element(const file_content& file,
                                        const openai_chat_quirks& quirks) {
  const bool by_url = !file.url.empty() && !file.url.starts_with("data:");
  switch (quirks.files) {
  case chat_files::document_url:
    return ordered_json{{"type", "document_url"},
                        {"document_url", url_of(file)},
                        {"document_name", name_of(file)}};
  case chat_files::by_bytes:
    if (by_url)
      return fail(errc::invalid_request,
                  "a file of type " + file.media_type
                    + " can be sent by its bytes only, not by a URL");
    [[fallthrough]];
  case chat_files::by_url_too:
    return ordered_json{
      {"type", "file"},
      {"file", {{"filename", name_of(file)}, {"file_data", url_of(file)}}}};
  case chat_files::none:
    break;
  }
  return fail(errc::invalid_request,
              "this server takes no files of type \"" + file.media_type + '"');
}

constexpr std::string_view summary_label = "summary"; // see reasoning_label

// `size` letters and digits that depend on all of `text`.
std::string short_name(std::string_view text, std::size_t size) {
  constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (const unsigned char c : text)
    hash = (hash ^ c) * 0x100000001b3;
  std::string name;
  while (name.size() < size) {
    name += alphabet[(hash >> 32) % alphabet.size()];
    hash = hash * 6364136223846793005 + 1442695040888963407; // Knuth
  }
  return name;
}

bool is_alphanumeric(std::string_view text) {
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789")
         == text.npos;
}

} // namespace

ordered_json text_element(std::string text) {
  return {{"type", "text"}, {"text", std::move(text)}};
}

ordered_json thinking_element(const std::string& text) {
  return {{"type", "thinking"},
          {"thinking", ordered_json::array({text_element(text)})}};
}

expected<ordered_json> file_element(const file_content& file,
                                    const openai_chat_quirks& quirks) {
  const std::string_view type = file.media_type;
  if (file.bytes.empty() && file.url.empty())
    return fail(errc::invalid_request, "a file needs bytes or a URL");
  if (type.starts_with("image/"))
    return ordered_json{{"type", "image_url"},
                        {"image_url", {{"url", url_of(file)}}}};
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
    return text_element(clean_utf8(file.bytes));
  return document_element(file, quirks);
}

ordered_json plain_if_text(ordered_json elements) {
  if (elements.size() == 1 && elements[0].at("type") == "text")
    return elements[0].at("text");
  return elements;
}

ordered_json call_element(const tool_call_content& call,
                          const openai_chat_quirks& quirks) {
  ordered_json one{{"id", call_id(call.id, quirks)}};
  if (call.kind == "custom") {
    one["type"] = "custom";
    one["custom"] = {{"name", call.name}, {"input", call.input_json}};
    return one;
  }
  one["type"] = "function";
  one["function"] = {
    {"name", call.name},
    {"arguments", call.input_json.empty() ? "{}" : call.input_json}};
  return one;
}

std::string call_id(const std::string& id, const openai_chat_quirks& quirks) {
  const auto exact = quirks.call_id_bytes, most = quirks.call_id_bytes_max;
  if (exact != 0)
    return id.size() == exact && is_alphanumeric(id) ? id
                                                     : short_name(id, exact);
  return most != 0 && id.size() > most ? short_name(id, 24) : id;
}

std::string reasoning_text(const message& m) {
  std::string text;
  for (const auto& part : m.parts)
    if (const auto* r = std::get_if<reasoning_content>(&part))
      text += r->text;
  return text;
}

void reasoning_label::complete(const reasoning_label& before) {
  id = id.empty() ? before.id : id;
  format = format.empty() ? before.format : format;
  index = index.empty() ? before.index : index;
  summary = summary || before.summary;
}

std::string reasoning_label::text() const {
  std::string all = id;
  for (const auto& field :
       {format, index, std::string{summary ? summary_label : ""}})
    all.append(" ").append(field);
  all.erase(all.find_last_not_of(' ') + 1);
  return all;
}

reasoning_label reasoning_label::of(std::string_view item_id) {
  std::array<std::string, 4> fields;
  for (auto& field : fields) {
    field = item_id.substr(0, item_id.find(' '));
    item_id.remove_prefix(std::min(field.size() + 1, item_id.size()));
  }
  return {std::move(fields[0]), std::move(fields[1]), std::move(fields[2]),
          fields[3] == summary_label};
}

ordered_json reasoning_details(const message& m) {
  auto details = ordered_json::array();
  for (const auto& part : m.parts) {
    const auto* r = std::get_if<reasoning_content>(&part);
    if (!r || (r->text.empty() && r->encrypted.empty() && r->signature.empty()))
      continue;
    const auto label = reasoning_label::of(r->item_id);
    ordered_json one;
    if (!r->encrypted.empty())
      one = {{"type", "reasoning.encrypted"}, {"data", r->encrypted}};
    else if (label.summary)
      one = {{"type", "reasoning.summary"}, {"summary", r->text}};
    else
      one = {{"type", "reasoning.text"}, {"text", r->text}};
    if (!r->signature.empty())
      one["signature"] = r->signature;
    if (!label.id.empty())
      one["id"] = label.id;
    if (!label.format.empty())
      one["format"] = label.format;
    const auto index = count_of(json(label.index));
    one["index"] = index ? *index : details.size();
    details.push_back(std::move(one));
  }
  return details;
}

ordered_json thinking_blocks(const message& m) {
  auto blocks = ordered_json::array();
  for (const auto& part : m.parts) {
    const auto* r = std::get_if<reasoning_content>(&part);
    if (r && !r->signature.empty())
      blocks.push_back({{"type", "thinking"},
                        {"thinking", r->text},
                        {"signature", r->signature}});
    else if (r && !r->encrypted.empty())
      blocks.push_back({{"type", "redacted_thinking"}, {"data", r->encrypted}});
  }
  return blocks;
}

} // namespace penstock
