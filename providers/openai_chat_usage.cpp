#include "providers/openai_chat_usage.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace penstock {

namespace {

// Sums of counts from outside do not wrap.
std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b
           ? std::numeric_limits<std::uint64_t>::max()
           : a + b;
}

std::optional<std::uint64_t>
first_count(const json& value, std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (const auto count = count_of(value, name))
      return count;
  return std::nullopt;
}

} // namespace

std::optional<token_usage> openai_chat_usage(const json& wire) {
  const auto input = first_count(wire, {"prompt_tokens", "input_tokens"});
  const auto output = first_count(wire, {"completion_tokens", "output_tokens"});
  if (!input && !output)
    return std::nullopt;
  const auto& input_details = member(wire, "prompt_tokens_details");
  const auto& output_details = member(wire, "completion_tokens_details");
  token_usage usage;
  usage.input_total = input.value_or(0);
  usage.output_total = output.value_or(0);
  usage.cache_read =
    std::max(count_of(input_details, "cached_tokens").value_or(0),
             first_count(wire,
                         {
                           "prompt_cache_hit_tokens", // DeepSeek
                           "num_cached_tokens",       // Mistral
                           "cached_tokens",           // Moonshot
                           "cache_read_input_tokens", // LiteLLM
                         })
               .value_or(0));
  usage.cache_write = std::max(
    first_count(input_details, {"cache_write_tokens",     // OpenRouter
                                "cache_creation_tokens"}) // LiteLLM
      .value_or(0),
    count_of(wire, "cache_creation_input_tokens").value_or(0)); // LiteLLM
  usage.reasoning = first_count(output_details, {"reasoning_tokens"})
                      .value_or(count_of(wire, "reasoning_tokens").value_or(0));
  // xAI counts reasoning beside the completion; the total tells.
  const auto total = count_of(wire, "total_tokens");
  const auto with_reasoning = sum(usage.output_total, usage.reasoning);
  if (usage.reasoning > 0 && total == sum(usage.input_total, with_reasoning))
    usage.output_total = with_reasoning;
  return usage;
}

} // namespace penstock
