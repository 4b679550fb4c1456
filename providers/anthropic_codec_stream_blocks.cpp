// The content blocks of `event_reader`: what each kind yields as it begins,
// grows and ends.
#include "messages/limits.hpp"
#include "providers/anthropic_codec_stream.hpp"
#include "providers/decoding.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace penstock::anthropic {

namespace {

content_block::kind kind_of(std::string_view type) {
  using enum content_block::kind;
  if (type == "text")
    return text;
  if (type == "thinking")
    return thinking;
  if (type == "redacted_thinking")
    return redacted_thinking;
  if (type == "tool_use" || type == "server_tool_use" || type == "mcp_tool_use")
    return call;
  if (type.ends_with("_tool_result"))
    return result;
  if (type == "container_upload")
    return upload;
  if (type == "compaction")
    return compaction;
  return other;
}

std::string_view bytes_at(const ordered_json& object, const char* name) {
  if (!object.is_object())
    return {};
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    return {};
  return found->get_ref<const std::string&>();
}

std::string text_at(const ordered_json& object, const char* name) {
  return clean_utf8(bytes_at(object, name));
}

// What the block has beyond the fields of a tool call, or empty.
std::string extras_of(const ordered_json& block) {
  auto extras = ordered_json::object();
  for (const auto& [name, value] : block.items())
    if (name != "type" && name != "id" && name != "name" && name != "input")
      extras[name] = value;
  return extras.empty() ? std::string{} : to_text(extras);
}

std::string citations_of(const content_block& block) {
  return block.citations.empty() ? std::string{} : to_text(block.citations);
}

bool says_error(const ordered_json& result) {
  if (const auto flag = result.find("is_error");
      flag != result.end() && *flag == true)
    return true;
  const auto content = result.find("content");
  return content != result.end()
         && bytes_at(*content, "type").ends_with("_error");
}

} // namespace

void event_reader::begin(content_block& block, ordered_json start,
                         part_batch& out) {
  if (!start.is_object())
    return;
  block.what = kind_of(bytes_at(start, "type"));
  block.start = std::move(start);
  switch (block.what) {
  case kind::text:
    add_text(block, bytes_at(block.start, "text"), out);
    break;
  case kind::thinking:
    add_reasoning(block, bytes_at(block.start, "thinking"), out);
    block.signature = text_at(block.start, "signature");
    break;
  case kind::compaction:
    add_compaction(block, bytes_at(block.start, "content"), out);
    break;
  case kind::call:
    begin_call(block, out);
    break;
  case kind::redacted_thinking:
  case kind::result:
  case kind::upload:
  case kind::other:
    break;
  }
}

void event_reader::close(content_block& block, part_batch& out) {
  const auto rest = std::string{block.joiner.finish()};
  switch (block.what) {
  case kind::text:
    if (block.key) {
      out.text(*block.key, rest);
      out.add(part::text_end{*block.key, {}, citations_of(block)});
    }
    break;
  case kind::thinking:
    if (block.key)
      out.reasoning(*block.key, rest);
    close_thinking(block, out);
    break;
  case kind::redacted_thinking:
    close_thinking(block, out);
    break;
  case kind::call:
    block.input += rest;
    if (block.key)
      out.tool_input(*block.key, rest);
    close_call(block, out);
    break;
  case kind::result:
    close_result(block, out);
    break;
  case kind::upload:
    close_upload(block, out);
    break;
  case kind::compaction:
    block.input += rest;
    close_compaction(block, out);
    break;
  case kind::other:
    if (!block.partly_known)
      close_whole(block, out);
    break;
  }
}

void event_reader::add_text(content_block& block, std::string_view delta,
                            part_batch& out) {
  const auto text = block.joiner.join(delta);
  if (text.empty() || !count_text(text.size(), out))
    return;
  if (const auto key = key_of(block, out))
    out.text(*key, text);
}

void event_reader::add_reasoning(content_block& block, std::string_view delta,
                                 part_batch& out) {
  const auto text = block.joiner.join(delta);
  if (text.empty() || !count_text(text.size(), out))
    return;
  if (const auto key = key_of(block, out))
    out.reasoning(*key, text);
}

void event_reader::add_compaction(content_block& block, std::string_view delta,
                                  part_batch& out) {
  const auto text = block.joiner.join(delta);
  if (text.empty() || !count_text(text.size(), out))
    return;
  block.input += text;
  if (const auto key = key_of(block, out))
    out.add(part::compaction{*key, std::string{text}});
}

// One without content has failed; it does no harm where it goes back.
void event_reader::close_compaction(content_block& block, part_batch& out) {
  auto& content = block.start["content"];
  if (block.input.empty())
    content = nullptr;
  else
    content = std::move(block.input);
  block.key.reset(); // The text so far was for whoever watches.
  close_whole(block, out);
}

void event_reader::close_whole(content_block& block, part_batch& out) {
  auto type = text_at(block.start, "type");
  if (type.empty())
    return;
  if (const auto key = key_of(block, out))
    out.add(part::tool_result{*key, message_id_ + "_" + std::to_string(*key),
                              std::move(type), to_text(block.start), false});
}

void event_reader::add_input(content_block& block, std::string_view delta,
                             part_batch& out) {
  const auto text = block.joiner.join(delta);
  if (text.size() > limits::tool_input_bytes_max - block.input.size())
    return fail(decoding::over_limit("tool_input_bytes_max",
                                     limits::tool_input_bytes_max),
                out);
  block.input += text;
  if (block.key)
    out.tool_input(*block.key, text);
}

void event_reader::begin_call(content_block& block, part_batch& out) {
  const auto key = key_of(block, out);
  if (!key)
    return;
  part::tool_start call{*key, text_at(block.start, "id"),
                        text_at(block.start, "name"), "", false};
  if (const auto type = bytes_at(block.start, "type"); type != "tool_use") {
    call.kind = type;
    call.provider_executed = true;
    provider_calls_.insert_or_assign(call.id, provider_call{*key, call.name});
  }
  out.add(std::move(call));
}

// The input comes in deltas, or whole with the block's start, or not at all.
void event_reader::close_call(content_block& block, part_batch& out) {
  if (!block.key)
    return;
  const auto whole = block.start.find("input");
  if (block.input.empty() && whole != block.start.end()) {
    if (whole->is_object() && !whole->empty())
      add_input(block, to_text(*whole), out);
    else if (whole->is_string()) // Some compatible servers: its text.
      add_input(block, text_at(block.start, "input"), out);
  }
  if (failed_)
    return;
  if (block.input.empty())
    block.input = "{}";
  out.add(part::tool_complete{*block.key, std::move(block.input), "",
                              extras_of(block.start)});
}

void event_reader::close_thinking(content_block& block, part_batch& out) {
  auto data = text_at(block.start, "data");
  if (!block.key && block.signature.empty() && data.empty())
    return;
  if (const auto key = key_of(block, out))
    out.add(part::reasoning_end{*key, std::move(block.signature),
                                std::move(data), ""});
}

void event_reader::close_result(content_block& block, part_batch& out) {
  const auto id = text_at(block.start, "tool_use_id");
  auto name = text_at(block.start, "type");
  name.resize(name.size() - std::string_view{"_tool_result"}.size());
  if (const auto call = provider_calls_.find(id);
      call != provider_calls_.end()) {
    block.key = call->second.key;
    name = call->second.name;
  }
  if (const auto key = key_of(block, out))
    out.add(part::tool_result{*key, id, std::move(name), to_text(block.start),
                              says_error(block.start)});
}

void event_reader::close_upload(content_block& block, part_batch& out) {
  if (const auto key = key_of(block, out))
    out.add(part::source{
      *key, {"", "", text_at(block.start, "file_id"), to_text(block.start)}});
}

void event_reader::add_citation(std::uint64_t index, const json& citation,
                                part_batch& out) {
  const auto block = blocks_.find(index);
  if (block != blocks_.end() && citation.is_object()
      && block->second.what == kind::text)
    block->second.citations.push_back(citation);
  add_source(citation, out);
}

// Web results and search results have an address; a place in a document of the
// prompt has only its title.
void event_reader::add_source(const json& citation, part_batch& out) {
  if (!citation.is_object())
    return;
  source cited;
  cited.url = text_of(citation, "url");
  if (cited.url.empty())
    cited.url = text_of(citation, "source");
  cited.title = text_of(citation, "title");
  if (cited.title.empty())
    cited.title = text_of(citation, "document_title");
  cited.id = text_of(citation, "file_id");
  cited.detail_json = to_text(citation);
  if (!count_text(cited.detail_json.size(), out))
    return;
  if (const auto key = new_key(out))
    out.add(part::source{*key, std::move(cited)});
}

} // namespace penstock::anthropic
