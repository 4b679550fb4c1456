#include "providers/http_head_parser.hpp"

#include "providers/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace penstock {

namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  return ascii::trimmed(text, blanks);
}

} // namespace

http_head_parser::outcome http_head_parser::take(std::string_view line) {
  if (line.size() > bytes_left_)
    return outcome::too_large;
  bytes_left_ -= line.size();
  if (done_)
    return outcome::ignored;
  line = line.substr(0, line.find_last_not_of("\r\n") + 1);
  if (line.starts_with("HTTP/"))
    return take_status_line(line);
  if (head_.status == 0)
    return outcome::malformed;
  if (!line.empty()) {
    take_field(line);
    return outcome::more;
  }
  // 101 is no interim answer: what follows it is no longer HTTP.
  if (head_.status < 200 && head_.status != 101)
    return outcome::more;
  done_ = true;
  return outcome::complete;
}

// "HTTP/1.1 200 OK", "HTTP/2 200 "
http_head_parser::outcome
http_head_parser::take_status_line(std::string_view line) {
  head_ = {};
  const auto space = line.find(' ');
  if (space == line.npos)
    return outcome::malformed;
  const auto digits = line.substr(space + 1, 3);
  const auto end = digits.data() + digits.size();
  int status = 0;
  const auto [at, ec] = std::from_chars(digits.data(), end, status);
  if (ec != std::errc{} || at != end || status < 100 || digits.size() != 3)
    return outcome::malformed;
  head_.status = status;
  return outcome::more;
}

void http_head_parser::take_field(std::string_view line) {
  if (blanks.find(line.front()) != blanks.npos) { // Folded.
    if (!head_.headers.empty())
      head_.headers.back().second.append(" ").append(trimmed(line));
    return;
  }
  const auto colon = line.find(':');
  if (colon == line.npos || colon == 0)
    return; // No field: skipped, as every client does.
  head_.headers.emplace_back(ascii::lower_case(trimmed(line.substr(0, colon))),
                             std::string{trimmed(line.substr(colon + 1))});
}

} // namespace penstock
