#include "providers/sse_decoder.hpp"

#include "messages/check.hpp"
#include "messages/footprint.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace penstock {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The value of a `retry` field. False unless it is ASCII digits only.
bool parse_retry(std::string_view text, std::uint64_t& value) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos)
    return false;
  const auto [at, ec] =
    std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec == std::errc::result_out_of_range)
    value = std::numeric_limits<std::uint64_t>::max();
  return true;
}

// Moves `at` to the first `wanted` at or after `from`, or to the end. It
// remembers how far was searched, so that a body without one is searched once.
void seek(std::string_view text, char wanted, std::size_t from,
          std::size_t& at) {
  at = std::max(at, from);
  if (at < text.size() && text[at] != wanted)
    at = std::min(text.find(wanted, at), text.size());
}

// The value of a field that follows its colon.
std::string_view value_after(std::string_view line, std::size_t colon) {
  line.remove_prefix(colon + 1);
  if (line.starts_with(' '))
    line.remove_prefix(1); // Exactly one; further spaces are payload.
  return line;
}

// The room of a large read, the first one perhaps, goes with a small one:
// thousands of streams wait with what they once needed.
void drop_room(std::string& buffer, std::size_t next_bytes) {
  constexpr std::size_t small = 512;
  if (buffer.empty() && buffer.capacity() > small && next_bytes <= small)
    buffer.shrink_to_fit();
}

// Whether the end of a body can be a field's beginning.
bool is_cut_field(std::string_view rest) {
  for (const std::string_view name : {"data", "event:", "id:", "retry:", ":"})
    if (name.starts_with(rest) || rest.starts_with(name))
      return true;
  return false;
}

} // namespace

sse_decoder::sse_decoder(std::size_t line_bytes_max,
                         std::size_t event_bytes_max)
  : line_bytes_max_(line_bytes_max), event_bytes_max_(event_bytes_max) {
  PENSTOCK_CHECK(line_bytes_max > 0);
  PENSTOCK_CHECK(event_bytes_max > 0);
}

void sse_decoder::push(std::string_view bytes) {
  if (failure_)
    return;
  release_consumed();
  drop_room(buffer_, bytes.size());
  buffer_.append(bytes);
}

void sse_decoder::lend(std::string_view bytes) {
  footprint::note(footprint::place::frames, *this);
  if (failure_)
    return;
  release_consumed();
  drop_room(buffer_, bytes.size());
  if (buffer_.empty())
    lent_ = bytes;
  else
    buffer_.append(bytes);
}

bool sse_decoder::next(sse_event& out, std::vector<std::uint64_t>* retries) {
  std::string_view line;
  while (!failure_ && next_line(line)) {
    if (!line.empty())
      take_field(line, retries);
    else if (dispatch(out))
      return true;
  }
  if (!lent_.empty())
    release_consumed();
  return false;
}

bool sse_decoder::flush_at_end(sse_event& out) {
  if (failure_)
    return false;
  // What follows the last line end. Only `data` may lack it: a cut name of an
  // event could pass for another one.
  auto rest = std::string_view{buffer_}.substr(line_begin_);
  if (first_line_ && rest.starts_with(byte_order_mark))
    rest.remove_prefix(byte_order_mark.size());
  if (rest.starts_with("data:"))
    take_field(rest, nullptr);
  else if (!is_cut_field(rest))
    take_stray(rest);
  line_begin_ = buffer_.size();
  return !failure_ && dispatch(out);
}

bool sse_decoder::mid_event() const noexcept {
  return line_begin_ < buffer_.size() || data_lines_ > 0
         || (!dispatched_ && !type_.empty());
}

// Finds the next line end. `line` points into the text.
bool sse_decoder::next_line(std::string_view& line) {
  const auto text = this->text();
  PENSTOCK_CHECK(line_begin_ <= text.size());
  if (line_begin_ == text.size())
    return false;
  if (std::exchange(skip_lf_, false) && text[line_begin_] == '\n')
    ++line_begin_;
  seek(text, '\n', line_begin_, lf_);
  seek(text, '\r', line_begin_, cr_);
  const auto end = std::min(lf_, cr_);
  const auto line_size = end - line_begin_;
  if (line_size > line_bytes_max_) {
    fail("sse_line_bytes_max", line_bytes_max_);
    return false;
  }
  if (end == text.size())
    return false;
  line = text.substr(line_begin_, line_size);
  if (std::exchange(first_line_, false) && line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  skip_lf_ = text[end] == '\r';
  line_begin_ = end + 1;
  return true;
}

void sse_decoder::take_field(std::string_view line,
                             std::vector<std::uint64_t>* retries) {
  if (std::exchange(dispatched_, false)) {
    data_.clear();
    type_.clear();
  }
  if (line.starts_with("data:")) { // Most are.
    saw_field_ = true;
    return take_data(value_after(line, 4));
  }
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  const auto value =
    colon == line.npos ? line.substr(line.size()) : value_after(line, colon);
  std::uint64_t ms = 0;
  if (name == "data") {
    take_data(value);
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == value.npos)
      id_ = value;
  } else if (name == "retry") {
    if (retries && parse_retry(value, ms))
      retries->push_back(ms);
  } else if (!name.empty()) { // Else a comment.
    return take_stray(line);
  }
  saw_field_ = true;
}

void sse_decoder::take_stray(std::string_view line) {
  const auto room = limits::error_body_bytes_max - stray_.size();
  if (line.empty() || room == 0)
    return;
  stray_.append(line.substr(0, room - 1)).push_back('\n');
}

void sse_decoder::take_data(std::string_view value) {
  const auto size_before =
    data_lines_ == 0 ? 0 : (held_ ? held_size_ : data_.size()) + 1;
  if (size_before + value.size() > event_bytes_max_)
    return fail("sse_event_bytes_max", event_bytes_max_);
  if (data_lines_++ == 0) { // The usual case: leave it where it is.
    held_ = true;
    held_begin_ = static_cast<std::size_t>(value.data() - text().data());
    held_size_ = value.size();
    return;
  }
  if (std::exchange(held_, false))
    data_ = text().substr(held_begin_, held_size_);
  data_ += '\n';
  data_ += value;
}

// Ends the current event. An event without a `data` line is not an event.
bool sse_decoder::dispatch(sse_event& out) {
  if (std::exchange(dispatched_, true)) { // Several blank lines in a row.
    data_.clear();
    type_.clear();
  }
  if (last_event_id_ != id_)
    last_event_id_ = id_;
  if (std::exchange(data_lines_, 0) == 0)
    return false;
  stray_.clear();
  out.type = type_;
  out.data = std::exchange(held_, false)
               ? text().substr(held_begin_, held_size_)
               : std::string_view{data_};
  out.last_event_id = last_event_id_;
  return true;
}

// Once per push, so the cost stays linear. Of what was lent a line without its
// end stays here.
void sse_decoder::release_consumed() {
  if (line_begin_ == 0 && lent_.empty())
    return;
  if (std::exchange(held_, false))
    data_ = text().substr(held_begin_, held_size_);
  const auto lent = std::exchange(lent_, {});
  if (lent.empty())
    buffer_.erase(0, line_begin_);
  else if (line_begin_ < lent.size())
    buffer_ = lent.substr(line_begin_);
  lf_ = std::max(lf_, line_begin_) - line_begin_;
  cr_ = std::max(cr_, line_begin_) - line_begin_;
  line_begin_ = 0;
}

void sse_decoder::fail(const char* limit, std::size_t bytes_max) {
  PENSTOCK_CHECK(!failure_);
  auto& why = failure_.emplace();
  why.code = errc::protocol;
  why.message = "event stream exceeds " + std::string{limit} + " ("
                + std::to_string(bytes_max) + " bytes)";
  buffer_ = {};
  lent_ = {};
  data_ = {};
  line_begin_ = lf_ = cr_ = data_lines_ = 0;
  held_ = false;
}

} // namespace penstock
