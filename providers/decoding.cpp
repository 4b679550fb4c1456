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

error over_limit(const char* name, std::size_t max) {
  return {errc::protocol,
          std::string{"answer exceeds "} + name + " (" + std::to_string(max)
            + ")",
          0,
          {},
          {}};
}

error unexpected_body(std::string_view what, std::string_view body) {
  constexpr std::size_t shown_bytes_max = 80;
  return {
    errc::protocol,
    "expected " + std::string{what} + ", got: "
      + one_line(scrub(body.substr(0, 4 * shown_bytes_max)), shown_bytes_max),
    0,
    {},
    {}};
}

} // namespace penstock::decoding
