#include "providers/anthropic_codec_decoder.hpp"

#include "messages/limits.hpp"
#include "providers/error_classifier.hpp"
#include "providers/json.hpp"
#include "providers/utf8.hpp"

#include <algorithm>

namespace penstock::anthropic {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

bool begins_like_event_stream(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF"))
    body.remove_prefix(3);
  const std::string_view fields[] = {":", "data", "event", "id", "retry"};
  return std::any_of(std::begin(fields), std::end(fields), [&](auto field) {
    return body.starts_with(field) || field.starts_with(body);
  });
}

// One line of what was there instead, to recognize the culprit by.
std::string excerpt(std::string_view body) {
  constexpr std::size_t bytes_max = 120;
  auto line = clean_utf8(body.substr(0, bytes_max));
  for (auto& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F')
      c = ' ';
  return line;
}

} // namespace

void decoder::push(std::string_view bytes, part_batch& out) {
  if (reader_.done())
    return;
  if (!any_event_ && head_.size() < limits::error_body_bytes_max)
    head_ += bytes.substr(0, limits::error_body_bytes_max - head_.size());
  sse_.push(bytes);
  drain(out);
}

void decoder::drain(part_batch& out) {
  sse_event event;
  while (!reader_.done() && sse_.next(event)) {
    any_event_ = true;
    reader_.take(event.type, event.data, out);
  }
  if (any_event_)
    head_.clear();
  if (sse_.failure().code != errc::none)
    reader_.fail(sse_.failure(), out);
}

void decoder::end(part_batch& out) {
  if (reader_.done())
    return;
  sse_event event;
  // What lacks only its blank line is whole if its data is.
  if (sse_.flush_at_end(event) && parse_json(event.data)) {
    any_event_ = true;
    reader_.take(event.type, event.data, out);
  }
  if (!any_event_)
    judge_body(out);
  reader_.end(out);
}

void decoder::judge_body(part_batch& out) {
  const auto body = trimmed(head_);
  if (body.empty())
    return reader_.fail(
      {errc::stream_truncated, "the answer has no body", 0, {}, {}}, out);
  if (const auto value = parse_json(body);
      value && !member(*value, "error").is_null())
    return reader_.fail(classify_in_stream("anthropic-messages", body), out);
  if (!begins_like_event_stream(body))
    reader_.fail(
      {errc::protocol,
       "the answer is not an event stream; it begins with: " + excerpt(body),
       0,
       {},
       {}},
      out);
}

} // namespace penstock::anthropic
