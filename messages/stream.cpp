#include "messages/stream.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace penstock {

std::string to_string(stream_id id) {
  constexpr char digits[] = "0123456789abcdef";
  auto value = static_cast<std::uint64_t>(id);
  std::string text(16, '0');
  for (auto it = text.rbegin(); it != text.rend(); ++it, value >>= 4)
    *it = digits[value & 15];
  return text;
}

std::optional<stream_id> stream_id_from_string(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  if (text.size() != 16)
    return std::nullopt;
  const auto [at, ec] = std::from_chars(text.data(), end, value, 16);
  if (ec != std::errc{} || at != end)
    return std::nullopt;
  return stream_id{value};
}

std::string_view to_string(finish_reason reason) noexcept {
  constexpr std::array<std::string_view, 6> names{
    "stop", "length", "tool-calls", "content-filter", "error", "other"};
  const auto index = static_cast<std::size_t>(reason);
  PENSTOCK_CHECK(index < names.size());
  return names[index];
}

std::string_view to_string(token_usage::quality quality) noexcept {
  constexpr std::array<std::string_view, 3> names{"unknown", "partial",
                                                  "exact"};
  const auto index = static_cast<std::size_t>(quality);
  PENSTOCK_CHECK(index < names.size());
  return names[index];
}

std::string_view to_string(event::stream_abort::reason reason) noexcept {
  constexpr std::array<std::string_view, 5> names{
    "user", "replaced", "shutdown", "interrupted", "startup"};
  const auto index = static_cast<std::size_t>(reason);
  PENSTOCK_CHECK(index < names.size());
  return names[index];
}

// A sum is as good as its worst summand; a sum of nothing is `unknown`.
token_usage& token_usage::operator+=(const token_usage& other) noexcept {
  const bool first = *this == token_usage{};
  known = first ? other.known : std::min(known, other.known);
  // Counts from outside do not wrap.
  const auto add = [](std::uint64_t& sum, std::uint64_t more) {
    sum = more > std::numeric_limits<std::uint64_t>::max() - sum
            ? std::numeric_limits<std::uint64_t>::max()
            : sum + more;
  };
  add(input_total, other.input_total);
  add(cache_read, other.cache_read);
  add(cache_write, other.cache_write);
  add(output_total, other.output_total);
  add(reasoning, other.reasoning);
  return *this;
}

std::string_view name_of(const event_body& body) noexcept {
  // In the order of `event_body`.
  constexpr std::array<std::string_view, std::variant_size_v<event_body>> names{
    "stream_start",
    "text_delta",
    "text_end",
    "refusal_delta",
    "reasoning_delta",
    "reasoning_end",
    "file",
    "source",
    "tool_call_start",
    "tool_call_delta",
    "tool_call",
    "tool_execution_start",
    "tool_result",
    "step_end",
    "attempt_retry",
    "retract",
    "caught_up",
    "queue_changed",
    "history_changed",
    "stream_end",
    "stream_abort",
    "stream_error"};
  return names[body.index()];
}

bool terminal(const event_body& body) noexcept {
  return std::holds_alternative<event::stream_end>(body)
         || std::holds_alternative<event::stream_abort>(body)
         || std::holds_alternative<event::stream_error>(body);
}

} // namespace penstock
