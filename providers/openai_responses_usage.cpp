#include "providers/openai_responses_usage.hpp"

#include "providers/decoding.hpp"

namespace penstock {

using decoding::sum;

std::optional<token_usage> openai_responses_usage(const json& wire) {
  const auto input = count_of(wire, "input_tokens");
  const auto output = count_of(wire, "output_tokens");
  if (!input && !output)
    return std::nullopt;
  const auto& details = member(wire, "input_tokens_details");
  token_usage usage;
  usage.known = token_usage::quality::exact;
  usage.input_total = input.value_or(0);
  usage.output_total = output.value_or(0);
  usage.cache_read = count_of(details, "cached_tokens").value_or(0);
  usage.cache_write = count_of(details, "cache_write_tokens").value_or(0);
  usage.reasoning =
    count_of(member(wire, "output_tokens_details"), "reasoning_tokens")
      .value_or(0);
  // xAI has been seen to count what it had cached beside the input.
  if (usage.cache_read > usage.input_total)
    usage.input_total = sum(usage.input_total, usage.cache_read);
  return usage;
}

} // namespace penstock
