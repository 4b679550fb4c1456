#include "providers/openai_chat_usage.hpp"

#include "providers/decoding.hpp"

#include <algorithm>
#include <initializer_list>

namespace penstock {

namespace {

using decoding::sum;

std::optional<std::uint64_t>
first_count(const json& value, std::initializer_list<const char*> names) {
  for (const auto* name : names)
    if (const auto count = count_of(value, name))
      return count;
  return std::nullopt;
}

// What stands under the first of the names that is there.
const json& first_member(const json& value,
                         std::initializer_list<const char*> names) {
  const json* found = nullptr;
  for (const auto* name : names)
    if (!found || found->is_null())
      found = &member(value, name);
  return *found;
}

} // namespace

std::optional<token_usage> openai_chat_usage(const json& wire, bool gemini) {
  const auto input = first_count(wire, {"prompt_tokens", "input_tokens"});
  const auto output = first_count(wire, {"completion_tokens", "output_tokens"});
  if (!input && !output)
    return std::nullopt;
  const auto& input_details =
    first_member(wire, {"prompt_tokens_details", "input_tokens_details"});
  const auto& output_details =
    first_member(wire, {"completion_tokens_details", "output_tokens_details"});
  token_usage usage;
  usage.input_total = input.value_or(0);
  usage.output_total = output.value_or(0);
  usage.cache_read = std::max(
    first_count(input_details, {"cached_tokens"})
      .value_or(count_of(member(wire, "prompt_token_details"), // Mistral
                         "cached_tokens")
                  .value_or(0)),
    first_count(wire,
                {
                  "prompt_cache_hit_tokens", // DeepSeek
                  "num_cached_tokens",       // Mistral
                  "cached_tokens",           // Moonshot
                  "cache_read_input_tokens", // LiteLLM
                })
      .value_or(0));
  usage.cache_write = std::max(
    first_count(input_details, {"cache_write_tokens",           // OpenRouter
                                "cache_creation_tokens",        // LiteLLM
                                "cache_creation_input_tokens"}) // Alibaba
      .value_or(0),
    count_of(wire, "cache_creation_input_tokens").value_or(0)); // LiteLLM
  usage.reasoning = first_count(output_details, {"reasoning_tokens"})
                      .value_or(count_of(wire, "reasoning_tokens").value_or(0));
  // xAI, known by its count of sources, has been seen to count what it had
  // cached beside the prompt. Mistral's larger count is a slip of theirs.
  if (wire.contains("num_sources_used") && usage.cache_read > usage.input_total)
    usage.input_total = sum(usage.input_total, usage.cache_read);
  // Gateways that hand Anthropic's figures on as they are count the cache
  // beside the prompt; LiteLLM counts it within.
  const auto handed_on =
    sum(count_of(wire, "cache_read_input_tokens").value_or(0),
        count_of(wire, "cache_creation_input_tokens").value_or(0));
  const auto total = count_of(wire, "total_tokens");
  if (handed_on > usage.input_total
      || (handed_on > 0
          && total
               == sum(sum(usage.input_total, handed_on), usage.output_total)))
    usage.input_total = sum(usage.input_total, handed_on);
  // xAI counts reasoning beside the completion; the total tells.
  const auto with_reasoning = sum(usage.output_total, usage.reasoning);
  if (usage.reasoning > 0
      && (total == sum(input.value_or(0), with_reasoning)
          || total == sum(usage.input_total, with_reasoning)))
    usage.output_total = with_reasoning;
  const auto counted = sum(input.value_or(0), output.value_or(0));
  if (gemini && !output_details.is_object() && total > counted) {
    usage.reasoning = *total - counted;
    usage.output_total = sum(usage.output_total, usage.reasoning);
  }
  return usage;
}

} // namespace penstock
