#include "providers/anthropic_codec_stream.hpp"

#include "messages/limits.hpp"
#include "providers/decoding.hpp"
#include "providers/error_classifier.hpp"

#include <array>
#include <utility>

namespace penstock::anthropic {

namespace {

finish_reason unified(std::string_view stop_reason) {
  constexpr std::pair<std::string_view, finish_reason> reasons[] = {
    {"end_turn", finish_reason::stop},
    {"stop_sequence", finish_reason::stop},
    {"pause_turn", finish_reason::stop},
    {"max_tokens", finish_reason::length},
    {"model_context_window_exceeded", finish_reason::length},
    {"tool_use", finish_reason::tool_calls},
    {"refusal", finish_reason::content_filter},
    // Of OpenAI, by compatible servers that do not translate it.
    {"stop", finish_reason::stop},
    {"length", finish_reason::length},
    {"tool_calls", finish_reason::tool_calls},
    {"content_filter", finish_reason::content_filter},
  };
  for (const auto& [name, reason] : reasons)
    if (name == stop_reason)
      return reason;
  return finish_reason::other;
}

// Why the model declined, and who else may answer.
std::string explanation_of(const json& details) {
  std::string all;
  for (const auto* name : {"category", "explanation"})
    if (const auto text = bytes_of(details, name); !text.empty())
      all.append(all.empty() ? "" : ": ").append(text);
  if (const auto model = bytes_of(details, "recommended_model"); !model.empty())
    all.append(all.empty() ? "" : " ")
      .append("(recommended instead: ")
      .append(model)
      .append(")");
  return decoding::explanation(all);
}

ordered_json* find_member(ordered_json& object, const char* name) {
  if (!object.is_object())
    return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

using rule = delta_rule;
using rules = delta_rule::kind;

// What the general way below does with a delta: it looks at the three names
// that say what and where, and at the one member that the type names. The
// first rows are in the order of plain_kinds.
constexpr std::array plain_delta{
  rule{"delta.text", rules::text},
  rule{"delta.thinking", rules::text},
  rule{"delta.partial_json", rules::text},
  rule{"delta.type", rules::same},
  rule{"delta.estimated_tokens", rules::unread}, // beside thinking
  rule{"type", rules::same, R"("content_block_delta")"},
  rule{"index", rules::same},
};

} // namespace

const std::array<event_reader::plain_kind, 3> event_reader::plain_kinds{{
  {"text_delta", "text", kind::text},
  {"thinking_delta", "thinking", kind::thinking},
  {"input_json_delta", "partial_json", kind::call},
}};

event_reader::event_reader(bool short_way)
  : plain_(short_way ? std::span<const delta_rule>{plain_delta}
                     : std::span<const delta_rule>{}) {}

bool event_reader::take_plain_delta(std::string_view type,
                                    std::string_view data, part_batch& out) {
  if (decoding::is_keep_alive(type))
    return false; // Its data is not looked at.
  const auto delta = plain_.scan(data);
  if (!delta)
    return false;
  last_index_ = plain_index_;
  add(plain_kinds[delta->rule], delta->text, out);
  return true;
}

// @pre the event was taken, as what it is.
void event_reader::learn(const json& event, std::string_view data,
                         const plain_kind& what) {
  const auto known = plain_.learn(data);
  plain_index_ = last_index_;
  if (known != delta_scanner::none
      && (&plain_kinds[known] != &what || !count_of(event, "index")))
    plain_.forget();
}

void event_reader::take(std::string_view type, std::string_view data,
                        part_batch& out) {
  if (done() || take_plain_delta(type, data, out))
    return;
  // The marker is of another API.
  if (decoding::is_keep_alive(type) || data == "[DONE]"
      || decoding::is_blank(data))
    return;
  const auto event = parse_json(data);
  const bool is_error = type == "error";
  if (!event)
    return fail(is_error ? classify_error_event("anthropic-messages", data)
                         : event.error(),
                out);
  if (const auto own = bytes_of(*event, "type"); !own.empty())
    type = own;
  if (type == "content_block_delta")
    block_delta(*event, data, out);
  else if (type == "content_block_start")
    block_start(*event, data, out);
  else if (type == "content_block_stop")
    block_stop(*event, out);
  else if (type == "message_start")
    message_start(*event, data, out);
  else if (type == "message_delta")
    message_delta(*event, out);
  else if (type == "message_stop")
    finish(out);
  else if (is_error || type == "error"
           || decoding::is_something(member(*event, "error")))
    fail(classify_error_event("anthropic-messages", data), out);
}

void event_reader::end(part_batch& out) {
  if (!done() && stop_reason_ && blocks_.empty())
    finish(out);
}

void event_reader::fail(error why, part_batch& out) {
  if (!done())
    out.add(part::failed{std::move(why), stop_reason_});
  failed_ = true;
}

void event_reader::message_start(const json& event, std::string_view data,
                                 part_batch& out) {
  const auto& message = member(event, "message");
  auto id = text_of(message, "id");
  if (std::exchange(started_, true)) {
    // A proxy that repeats the event does no harm; one that joins two answers
    // does.
    if (id != message_id_)
      fail({errc::protocol, "a second message began inside the first"}, out);
    return;
  }
  message_id_ = id;
  auto model = text_of(message, "model");
  if (!id.empty() || !model.empty())
    out.add(part::response_info{std::move(id), std::move(model)});
  read_end(message);
  if (const auto& usage = member(message, "usage"); usage.is_object()) {
    usage_.take(usage);
    out.add(
      part::usage{usage_.total(stop_reason_ ? token_usage::quality::exact
                                            : token_usage::quality::partial)});
  }
  // Calls that code of the provider's made may come whole, with the message.
  if (const auto& content = member(message, "content");
      content.is_array() && !content.empty())
    whole_blocks(data, out);
}

void event_reader::whole_blocks(std::string_view data, part_batch& out) {
  auto event = parse_ordered_json(data);
  if (!event || !count_text(data.size(), out))
    return;
  auto* const message = find_member(*event, "message");
  auto* const content = message ? find_member(*message, "content") : nullptr;
  if (!content || !content->is_array())
    return;
  for (auto& start : *content) {
    content_block block;
    begin(block, std::move(start), out);
    close(block, out);
  }
}

void event_reader::read_end(const json& of) {
  if (const auto& reason = member(of, "stop_reason"); reason.is_string())
    stop_reason_ = text_of(reason);
  if (const auto& details = member(of, "stop_details"); details.is_object())
    explanation_ = explanation_of(details);
  if (const auto& box = member(of, "container"); box.is_object())
    container_ = box;
}

// Code that awaits our results, or was paused, lives in it.
void event_reader::tell_container(part_batch& out) {
  if (stop_reason_ != "tool_use" && stop_reason_ != "pause_turn")
    return;
  if (bytes_of(container_, "id").empty())
    return;
  content_block block;
  block.start =
    ordered_json{{"type", "container"}, {"id", text_of(container_, "id")}};
  close_whole(block, out);
}

void event_reader::message_delta(const json& event, part_batch& out) {
  read_end(member(event, "delta"));
  const auto& usage = member(event, "usage");
  if (!usage.is_object())
    return;
  usage_.take(usage);
  out.add(
    part::usage{usage_.total(stop_reason_ ? token_usage::quality::exact
                                          : token_usage::quality::partial)});
}

// A call whose stop a server left out (Moonshot) ends with the message, if it
// was not cut with it.
void event_reader::close_open_calls(part_batch& out) {
  for (auto& [index, block] : blocks_)
    if (block.what == kind::call
        && (block.input.empty() ? stop_reason_ == "tool_use"
                                : parse_json(block.input).has_value()))
      close(block, out);
}

void event_reader::finish(part_batch& out) {
  close_stray(out);
  close_open_calls(out);
  tell_container(out);
  if (failed_)
    return;
  finished_ = true;
  out.add(part::finished{
    {stop_reason_ ? unified(*stop_reason_) : finish_reason::other,
     stop_reason_},
    explanation_});
}

void event_reader::close_stray(part_batch& out) {
  close(stray_, out);
  stray_ = {};
}

void event_reader::block_start(const json& event, std::string_view data,
                               part_batch& out) {
  close_stray(out);
  last_index_ = count_of(event, "index").value_or(last_index_ + 1);
  auto ordered = parse_ordered_json(data);
  auto* const start =
    ordered ? find_member(*ordered, "content_block") : nullptr;
  if (!start || !count_text(data.size(), out))
    return;
  if (blocks_.size() >= limits::stream_parts_max)
    return fail(
      decoding::over_limit("stream_parts_max", limits::stream_parts_max), out);
  // A block that never got its stop stays cut.
  auto& block = blocks_[last_index_] = content_block{};
  begin(block, std::move(*start), out);
}

// The block that a delta belongs to. A server that leaves the start out is
// understood where the delta says enough.
content_block* event_reader::last_block(kind if_missing) {
  if (const auto found = blocks_.find(last_index_); found != blocks_.end()) {
    auto& block = found->second;
    if (block.what == if_missing)
      return &block;
    block.partly_known = true;
    if (if_missing != kind::text
        || (block.what != kind::thinking && block.what != kind::call))
      return nullptr;
    // SGLang and LiteLLM have put the answer's text where these are.
    stray_.what = kind::text;
    return &stray_;
  }
  if (if_missing != kind::text && if_missing != kind::thinking)
    return nullptr;
  auto& block = blocks_[last_index_];
  block.what = if_missing;
  return &block;
}

void event_reader::add(const plain_kind& what, std::string_view delta,
                       part_batch& out) {
  auto* const block = last_block(what.block);
  if (!block)
    return;
  if (what.block == kind::text)
    add_text(*block, delta, out);
  else if (what.block == kind::thinking)
    add_reasoning(*block, delta, out);
  else
    add_input(*block, delta, out);
}

void event_reader::block_delta(const json& event, std::string_view data,
                               part_batch& out) {
  const auto& delta = member(event, "delta");
  const auto type = bytes_of(delta, "type");
  const auto index = count_of(event, "index").value_or(last_index_);
  if (type == "citations_delta")
    return add_citation(index, member(delta, "citation"), out);
  for (const auto& what : plain_kinds) {
    if (type != what.delta_type)
      continue;
    last_index_ = index;
    add(what, bytes_of(delta, what.member), out);
    return learn(event, data, what);
  }
  if (type == "signature_delta") {
    last_index_ = index;
    if (auto* b = last_block(kind::thinking))
      b->signature = text_of(delta, "signature");
  } else if (type == "compaction_delta") {
    last_index_ = index;
    if (auto* b = last_block(kind::compaction)) {
      add_compaction(*b, bytes_of(delta, "content"), out);
      if (const auto& opaque = member(delta, "encrypted_content");
          opaque.is_string())
        b->start["encrypted_content"] = text_of(opaque);
    }
  } else if (const auto b = blocks_.find(index); b != blocks_.end()) {
    b->second.partly_known = true;
  }
}

void event_reader::block_stop(const json& event, part_batch& out) {
  close_stray(out);
  const auto index = count_of(event, "index").value_or(last_index_);
  if (auto found = blocks_.extract(index))
    close(found.mapped(), out);
}

std::optional<part_key> event_reader::new_key(part_batch& out) {
  if (next_key_ >= limits::stream_parts_max) {
    fail(decoding::over_limit("stream_parts_max", limits::stream_parts_max),
         out);
    return std::nullopt;
  }
  return next_key_++;
}

std::optional<part_key> event_reader::key_of(content_block& block,
                                             part_batch& out) {
  if (!block.key)
    block.key = new_key(out);
  return block.key;
}

bool event_reader::count_text(std::size_t bytes, part_batch& out) {
  text_bytes_ += bytes;
  if (text_bytes_ > limits::stream_text_bytes_max)
    fail(decoding::over_limit("stream_text_bytes_max",
                              limits::stream_text_bytes_max),
         out);
  return !failed_;
}

} // namespace penstock::anthropic
