#include "providers/gemini_usage.hpp"

#include "providers/decoding.hpp"

namespace penstock::gemini {

using decoding::sum;

usage_counts counts_of(const json& wire) {
  return {count_of(wire, "promptTokenCount"),
          count_of(wire, "cachedContentTokenCount"),
          count_of(wire, "candidatesTokenCount"),
          count_of(wire, "thoughtsTokenCount")};
}

std::optional<token_usage> usage_of(const usage_counts& counts) {
  if (!counts.prompt && !counts.answer && !counts.thoughts)
    return std::nullopt;
  token_usage usage;
  usage.input_total = counts.prompt.value_or(0);
  usage.cache_read = counts.cached.value_or(0);
  usage.reasoning = counts.thoughts.value_or(0);
  usage.output_total = sum(counts.answer.value_or(0), usage.reasoning);
  return usage;
}

} // namespace penstock::gemini
