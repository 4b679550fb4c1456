#include "providers/gemini_usage.hpp"

#include <limits>

namespace penstock::gemini {

namespace {

// Sums of counts from outside do not wrap.
std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  return a > most - b ? most : a + b;
}

} // namespace

std::optional<token_usage> usage_of(const json& wire) {
  const auto input = count_of(wire, "promptTokenCount");
  const auto answer = count_of(wire, "candidatesTokenCount");
  const auto thoughts = count_of(wire, "thoughtsTokenCount");
  if (!input && !answer && !thoughts)
    return std::nullopt;
  token_usage usage;
  usage.input_total = input.value_or(0);
  usage.cache_read = count_of(wire, "cachedContentTokenCount").value_or(0);
  usage.reasoning = thoughts.value_or(0);
  usage.output_total = sum(answer.value_or(0), usage.reasoning);
  return usage;
}

} // namespace penstock::gemini
