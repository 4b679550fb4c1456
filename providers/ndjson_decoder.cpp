#include "providers/ndjson_decoder.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == line.npos;
}

} // namespace

ndjson_decoder::ndjson_decoder(std::size_t line_bytes_max)
  : line_bytes_max_{line_bytes_max} {
  PENSTOCK_CHECK(line_bytes_max > 0);
}

void ndjson_decoder::push(std::string_view bytes) {
  if (failure_.code != errc::none)
    return;
  // Once per push, so the cost stays linear.
  buffer_.erase(0, line_begin_);
  searched_ = std::max(searched_, line_begin_) - line_begin_;
  line_begin_ = 0;
  buffer_.append(bytes);
}

bool ndjson_decoder::next(std::string_view& out) {
  while (failure_.code == errc::none) {
    const auto from = std::max(searched_, line_begin_);
    const auto end = std::min(buffer_.find('\n', from), buffer_.size());
    searched_ = end;
    if (end - line_begin_ > line_bytes_max_) {
      failure_.code = errc::protocol;
      failure_.message = "a line exceeds ndjson_line_bytes_max ("
                         + std::to_string(line_bytes_max_) + " bytes)";
      buffer_ = {};
      line_begin_ = searched_ = 0;
      return false;
    }
    if (end == buffer_.size())
      return false;
    auto line =
      std::string_view{buffer_}.substr(line_begin_, end - line_begin_);
    line_begin_ = searched_ = end + 1;
    line = without_mark(line);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (is_blank(line))
      continue;
    out = line;
    return true;
  }
  return false;
}

bool ndjson_decoder::last(std::string_view& out) {
  const auto line = without_mark(std::string_view{buffer_}.substr(line_begin_));
  line_begin_ = searched_ = buffer_.size();
  if (failure_.code != errc::none || is_blank(line))
    return false;
  out = line;
  return true;
}

std::string_view ndjson_decoder::without_mark(std::string_view line) {
  if (std::exchange(first_line_, false) && line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  return line;
}

} // namespace penstock
