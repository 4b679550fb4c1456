#include "providers/decoding.hpp"

#include "messages/limits.hpp"
#include "providers/scrub.hpp"

#include <limits>
#include <string>

namespace penstock::decoding {

bool is_blank(std::string_view text) noexcept {
  return text.find_first_not_of(" \t\r\n\f\v") == text.npos;
}

bool is_something(const json& value) {
  return !value.is_null() && value != "" && value != false
         && !(value.is_number() && value == 0)
         && !(value.is_structured() && value.empty());
}

bool is_keep_alive(std::string_view event_type) noexcept {
  return event_type == "ping" || event_type == "keepalive"
         || event_type == "keep-alive" || event_type == "heartbeat";
}

std::string explanation(std::string_view text) {
  return one_line(scrub(one_line(text, limits::error_body_bytes_max)),
                  limits::error_message_bytes_max);
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return a > most - b ? most : a + b;
}

error over_limit(std::string_view name, std::size_t max) {
  std::string text{"the answer exceeds "};
  text.append(name).append(" (" + std::to_string(max) + "); ");
  if (name == "tool_input_bytes_max")
    text += "have the model pass less in one call";
  else if (name == "stream_text_bytes_max" || name == "stream_parts_max")
    text += "ask for less at once, or lower max_output_tokens or max_steps";
  else
    text += "no provider that is known sends as much in one piece";
  return {errc::protocol, std::move(text)};
}

error unexpected_body(std::string_view what, std::string_view body) {
  constexpr std::size_t shown_bytes_max = 80;
  return {
    errc::protocol,
    "expected " + std::string{what} + ", got: "
      + one_line(scrub(body.substr(0, 4 * shown_bytes_max)), shown_bytes_max)
      + std::string{check_endpoint}};
}

} // namespace penstock::decoding
