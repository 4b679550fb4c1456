#include "tools/loopback/request_parser.hpp"

#include "providers/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace penstock::loopback {

namespace {

constexpr std::size_t head_bytes_max = 1u << 20;
constexpr std::size_t body_bytes_max = 64u << 20;
constexpr std::string_view head_end = "\r\n\r\n";

} // namespace

std::optional<http_request> request_parser::next() {
  if (failed_)
    return std::nullopt;
  if (!request_) {
    const auto end = buffer_.find(head_end);
    if (end == buffer_.npos) {
      // A method begins a request. Else it is TLS, say, and never ends.
      failed_ = buffer_.size() > head_bytes_max
                || (!buffer_.empty()
                    && (buffer_.front() < 'A' || buffer_.front() > 'Z'));
      return std::nullopt;
    }
    failed_ = !take_head(std::string_view{buffer_}.substr(0, end + 2));
    buffer_.erase(0, end + head_end.size());
    if (failed_)
      return std::nullopt;
  }
  if (buffer_.size() < body_bytes_)
    return std::nullopt;
  request_->body = buffer_.substr(0, body_bytes_);
  buffer_.erase(0, body_bytes_);
  return std::exchange(request_, std::nullopt);
}

// @param head lines, each with its CRLF.
bool request_parser::take_head(std::string_view head) {
  request_.emplace();
  body_bytes_ = 0;
  const auto line_end = head.find("\r\n");
  const auto line = head.substr(0, line_end);
  const auto space = line.find(' ');
  const auto second = line.find(' ', space + 1);
  if (space == line.npos || second == line.npos
      || !line.substr(second + 1).starts_with("HTTP/1."))
    return false;
  request_->method = line.substr(0, space);
  request_->url =
    origin_ + std::string{line.substr(space + 1, second - space - 1)};
  for (head.remove_prefix(line_end + 2); !head.empty();) {
    const auto end = head.find("\r\n");
    const auto field = head.substr(0, end);
    head.remove_prefix(end + 2);
    const auto colon = field.find(':');
    if (colon == field.npos)
      return false;
    request_->headers.emplace_back(
      ascii::lower_case(field.substr(0, colon)),
      ascii::trimmed(field.substr(colon + 1), " \t"));
  }
  if (find_header(request_->headers, "transfer-encoding"))
    return false;
  if (const auto* length = find_header(request_->headers, "content-length")) {
    const auto last = length->data() + length->size();
    const auto [at, ec] = std::from_chars(length->data(), last, body_bytes_);
    if (ec != std::errc{} || at != last || body_bytes_ > body_bytes_max)
      return false;
  }
  return true;
}

} // namespace penstock::loopback
