#include "providers/anthropic_codec_blocks.hpp"

#include "providers/base64.hpp"
#include "providers/encoding.hpp"
#include "providers/utf8.hpp"

#include <algorithm>
#include <cctype>

namespace penstock::anthropic {

namespace {

constexpr std::string_view mute_error = "The tool failed and did not say why.";

// "Image/JPG; q=1" -> "image/jpeg"
std::string plain_media_type(std::string_view type) {
  std::string plain{type.substr(0, type.find(';'))};
  while (!plain.empty() && plain.back() == ' ')
    plain.pop_back();
  for (auto& c : plain)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain == "image/jpg" ? "image/jpeg" : plain;
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type == "application/json"
         || type == "application/xml" || type.ends_with("+json")
         || type.ends_with("+xml");
}

ordered_json base64_source(std::string_view type, std::string_view bytes) {
  return {
    {"type", "base64"}, {"media_type", type}, {"data", base64_encode(bytes)}};
}

ordered_json document(ordered_json source, const std::string& name) {
  ordered_json block{{"type", "document"}, {"source", std::move(source)}};
  if (!is_blank(name))
    block["title"] = name;
  return block;
}

// Members that a block had on the wire and that have no field of their own.
// They cannot displace those that have one.
void add_extras(ordered_json& block, const std::string& extras_json) {
  const auto extras = parse_ordered_json(extras_json);
  if (!extras || !extras->is_object())
    return;
  for (const auto& [name, value] : extras->items())
    if (!block.contains(name))
      block[name] = value;
}

ordered_json call_block(std::string_view type, const tool_call_content& call) {
  ordered_json block{{"type", type},
                     {"id", call.id},
                     {"name", call.name},
                     {"input", encoding::input_object(call.input_json)}};
  add_extras(block, call.item_id);
  return block;
}

} // namespace

ordered_json text_block(std::string_view text) {
  return {{"type", "text"}, {"text", text}};
}

ordered_json cited_text_block(const text_content& what) {
  auto block = text_block(what.text);
  auto citations = parse_ordered_json(what.citations_json);
  if (!citations || !citations->is_array() || citations->empty())
    return block;
  for (auto& citation : *citations) {
    if (!citation.is_object())
      return block;
    citation.erase("file_id"); // The API tells it, and does not take it.
  }
  block["citations"] = std::move(*citations);
  return block;
}

expected<ordered_json> file_block(const file_content& what) {
  const auto type = plain_media_type(what.media_type);
  const bool by_url = !what.url.empty();
  const ordered_json url{{"type", "url"}, {"url", what.url}};
  if (by_url ? type.starts_with("image/")
             : type == "image/png" || type == "image/jpeg"
                 || type == "image/gif" || type == "image/webp")
    return ordered_json{
      {"type", "image"},
      {"source", by_url ? url : base64_source(type, what.bytes)}};
  if (type == "application/pdf")
    return document(by_url ? url : base64_source(type, what.bytes), what.name);
  if (is_text(type) && !by_url)
    return document({{"type", "text"},
                     {"media_type", "text/plain"},
                     {"data", clean_utf8(what.bytes)}},
                    what.name);
  return fail(errc::invalid_request,
              "a file of type \"" + what.media_type + "\""
                + (by_url ? " by URL" : "")
                + "; anthropic-messages takes images (JPEG, PNG, GIF, WebP) "
                  "and PDF, and text by bytes");
}

ordered_json tool_use_block(const tool_call_content& call) {
  return call_block("tool_use", call);
}

ordered_json result_content(const tool_result_content& result,
                            encoder_notes& left_out) {
  auto content = ordered_json::array();
  const auto text = encoding::output_text(result.output_json);
  if (!is_blank(text))
    content.push_back(text_block(text));
  for (const auto& f : result.files) {
    if (auto block = file_block(f)) {
      content.push_back(std::move(*block));
      continue;
    }
    content.push_back(text_block("[A file of type " + f.media_type
                                 + " that cannot be shown to this model.]"));
    left_out.push_back("a file of type " + f.media_type
                       + " in the result of a tool");
  }
  return content;
}

void leave_text_only(ordered_json& content, const tool_result_content& result,
                     std::vector<ordered_json>& behind) {
  auto texts = ordered_json::array();
  std::vector<ordered_json> files;
  for (auto& block : content)
    if (block.at("type") == "text")
      texts.push_back(std::move(block));
    else
      files.push_back(std::move(block));
  if (texts.empty())
    texts.push_back(text_block(mute_error));
  content = std::move(texts);
  if (files.empty())
    return;
  behind.push_back(text_block("Files that the tool " + result.tool_name
                              + " gave with its error:"));
  std::move(files.begin(), files.end(), std::back_inserter(behind));
}

ordered_json server_call_block(const tool_call_content& call) {
  return call_block(call.kind.empty() ? "server_tool_use" : call.kind, call);
}

ordered_json server_result_block(const tool_result_content& result) {
  auto block = parse_ordered_json(result.output_json);
  if (!block || !block->is_object())
    return nullptr;
  const auto type = block->find("type");
  const auto call = block->find("tool_use_id");
  if (type == block->end() || !type->is_string() || call == block->end()
      || *call != result.tool_call_id
      || !type->get_ref<const std::string&>().ends_with("_tool_result"))
    return nullptr;
  return std::move(*block);
}

ordered_json whole_block(const tool_result_content& result) {
  auto block = parse_ordered_json(result.output_json);
  if (!block || !block->is_object() || block->contains("tool_use_id"))
    return nullptr;
  const auto type = block->find("type");
  if (type == block->end() || *type != result.tool_name)
    return nullptr;
  return std::move(*block);
}

} // namespace penstock::anthropic
