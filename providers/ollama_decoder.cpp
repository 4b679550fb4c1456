#include "providers/ollama_decoder.hpp"

#include "messages/limits.hpp"
#include "providers/ascii.hpp"
#include "providers/base64.hpp"
#include "providers/decoding.hpp"
#include "providers/error_classifier.hpp"

#include <array>
#include <span>
#include <utility>

namespace penstock {

namespace {

using ascii::trimmed;
using decoding::over_limit;

constexpr std::string_view api = "ollama";

using rule = delta_rule;
using rules = delta_rule::kind;

// What a line may hold that gives text and nothing else. Each row is a claim
// about the general way below.
constexpr std::array plain_line{
  rule{"message.content", rules::text},
  rule{"message.thinking", rules::text},
  rule{"message.role", rules::unread},
  rule{"message.images", rules::nothing},
  rule{"message.tool_calls", rules::nothing},
  rule{"model", rules::same},
  rule{"done", rules::same, "false"},
  rule{"error", rules::nothing},
  rule{"created_at", rules::unread},
  rule{"remote_model", rules::unread},
  rule{"remote_host", rules::unread},
};

finish_reason unified(std::string_view raw, bool has_calls) {
  // Absent in answers of old servers, and always "stop" after calls.
  // A proxy may have a word of its own for that.
  if (raw.empty() || raw == "stop" || raw == "tool_calls")
    return has_calls ? finish_reason::tool_calls : finish_reason::stop;
  if (raw == "length")
    return finish_reason::length;
  return finish_reason::other; // "load", "unload": nothing was generated.
}

// The wire does not say what an image is; its first bytes do.
std::string image_type(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG"))
    return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF"))
    return "image/jpeg";
  if (bytes.starts_with("GIF8"))
    return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP"))
    return "image/webp";
  return "application/octet-stream";
}

// Whether more bytes could make a JSON object of it.
bool begins_object(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with('{'))
    return false;
  text = trimmed(text.substr(1));
  return text.empty() || text[0] == '"' || text[0] == '}';
}

} // namespace

ollama_decoder::ollama_decoder(bool short_way)
  : plain_(short_way ? std::span<const delta_rule>{plain_line}
                     : std::span<const delta_rule>{}) {}

void ollama_decoder::push(std::string_view bytes, part_batch& out) {
  if (over_)
    return;
  lines_.push(bytes);
  std::string_view line;
  while (!over_ && lines_.next(line))
    on_line(line, out);
  if (!over_ && lines_.failure().code != errc::none)
    fail(lines_.failure(), out);
}

void ollama_decoder::end(part_batch& out) {
  std::string_view line;
  if (!over_ && lines_.last(line))
    on_last_line(line, out);
  if (!over_ && in_document_)
    if (const auto value = parse_json(document_))
      on_value(*value, document_, out);
  if (!over_ && !known_ && !stranger_.empty())
    refuse(stranger_, out);
  over_ = true;
}

void ollama_decoder::on_line(std::string_view line, part_batch& out) {
  const bool first = !std::exchange(begun_, true);
  if (in_document_ || (first && trimmed(line) == "{"))
    return on_document_line(line, out);
  if (on_plain_delta(line, out))
    return;
  if (const auto value = parse_json(line)) {
    on_value(*value, line, out);
    plain_.learn(line);
  } else if (known_)
    fail(value.error(), out);
  else
    refuse(line, out);
}

bool ollama_decoder::on_plain_delta(std::string_view line, part_batch& out) {
  const auto delta = plain_.scan(line);
  if (!delta)
    return false;
  if (plain_line[delta->rule].path == "message.content")
    parts_.text(delta->text, out);
  else
    parts_.reasoning(delta->text, out);
  if (parts_.failure().code != errc::none)
    fail(parts_.failure(), out);
  return true;
}

// It lacks its line end: if it is not whole, it was cut.
void ollama_decoder::on_last_line(std::string_view line, part_batch& out) {
  if (in_document_)
    return on_document_line(line, out);
  if (const auto value = parse_json(line))
    on_value(*value, line, out);
  else if (!known_ && !begins_object(line))
    refuse(line, out);
}

// An object whose first line is its bracket alone is read when the body ends.
void ollama_decoder::on_document_line(std::string_view line, part_batch& out) {
  in_document_ = true;
  if (document_.size() + line.size() >= limits::ndjson_line_bytes_max)
    return fail(
      over_limit("ndjson_line_bytes_max", limits::ndjson_line_bytes_max), out);
  document_.append(line).push_back('\n');
}

void ollama_decoder::on_value(const json& value, std::string_view text,
                              part_batch& out) {
  if (const auto& error = member(value, "error");
      error.is_object() || !bytes_of(error).empty())
    return fail(classify_in_stream(api, text), out);
  known_ = known_ || value.contains("message") || value.contains("done");
  if (!known_ && stranger_.empty())
    stranger_ = text.substr(0, limits::error_message_bytes_max);
  if (auto model = text_of(value, "model"); !has_model_ && !model.empty()) {
    has_model_ = true;
    out.add(part::response_info{{}, std::move(model)});
  }
  on_message(member(value, "message"), out);
  if (!over_ && parts_.failure().code != errc::none)
    fail(parts_.failure(), out);
  if (!over_ && member(value, "done") == true)
    on_done(value, out);
}

void ollama_decoder::on_message(const json& message, part_batch& out) {
  parts_.reasoning(bytes_of(message, "thinking"), out);
  parts_.text(bytes_of(message, "content"), out);
  if (const auto& images = member(message, "images"); images.is_array())
    for (const auto& image : images)
      on_image(image, out);
  if (const auto& calls = member(message, "tool_calls"); calls.is_array())
    for (const auto& call : calls)
      if (!over_)
        on_call(call, out);
}

void ollama_decoder::on_call(const json& call, part_batch& out) {
  const auto& function = member(call, "function");
  auto name = text_of(function, "name");
  const auto& arguments = member(function, "arguments");
  if (name.empty() && arguments.empty())
    return; // An empty element, not a call.
  auto input = arguments.is_string() ? text_of(arguments)
               : arguments.is_null() ? std::string{}
                                     : to_text(arguments);
  if (input.size() > limits::tool_input_bytes_max)
    return fail(
      over_limit("tool_input_bytes_max", limits::tool_input_bytes_max), out);
  parts_.close(out);
  const auto key = parts_.new_key();
  if (parts_.failure().code != errc::none)
    return;
  out.add(
    part::tool_start{key, text_of(call, "id"), std::move(name), {}, false});
  out.tool_input(key, input);
  has_calls_ = true;
  if (trimmed(input).empty())
    input = "{}";
  out.add(part::tool_complete{key, std::move(input), {}, {}});
}

void ollama_decoder::on_image(const json& image, part_batch& out) {
  auto bytes = base64_decode(bytes_of(image));
  if (!bytes || bytes->empty())
    return;
  parts_.close(out);
  const auto key = parts_.new_key();
  if (parts_.failure().code == errc::none)
    out.add(part::file{key, {image_type(*bytes), std::move(*bytes), {}, {}}});
}

// `prompt_eval_count` is left out if the whole prompt was still in memory.
void ollama_decoder::on_usage(const json& value, part_batch& out) {
  const auto input = count_of(value, "prompt_eval_count");
  const auto output = count_of(value, "eval_count");
  if (!input && !output)
    return;
  token_usage usage;
  usage.known = token_usage::quality::exact;
  usage.input_total = input.value_or(0);
  usage.output_total = output.value_or(0);
  out.add(part::usage{usage});
}

void ollama_decoder::on_done(const json& value, part_batch& out) {
  done_ = over_ = true;
  parts_.close(out);
  on_usage(value, out);
  auto raw = text_of(value, "done_reason");
  finish why;
  why.reason = unified(raw, has_calls_);
  if (!raw.empty())
    why.raw = std::move(raw);
  out.add(part::finished{std::move(why)});
}

void ollama_decoder::refuse(std::string_view body, part_batch& out) {
  fail(decoding::unexpected_body("a chat answer of Ollama on each line", body),
       out);
}

void ollama_decoder::fail(error why, part_batch& out) {
  over_ = true;
  out.add(part::failed{std::move(why)});
}

} // namespace penstock
