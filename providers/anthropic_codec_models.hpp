// What the Anthropic API takes from which model family. Data, with its source.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::anthropic {

/// How a family thinks.
enum class thinking_kind : std::uint8_t {
  none,
  budget,   ///< thinking {type: enabled, budget_tokens}
  adaptive, ///< thinking {type: adaptive} and output_config.effort
};

/// What says "do not think".
enum class thinking_off : std::uint8_t {
  absent,        ///< No `thinking` at all: it is off unless asked for.
  disabled,      ///< {type: disabled}: it is on unless told so.
  between_tools, ///< {type: between_tools}: the least that the model can.
  never,         ///< It always thinks; the least is effort "low".
};

/// Whether tool_choice may be `any` or `tool`.
enum class forced_tool : std::uint8_t { always, without_thinking, never };

/// What a request to one family may hold; anything else is a 400.
struct model_facts {
  std::uint64_t output_tokens_max; ///< Also our default of max_tokens.
  thinking_kind thinks;
  thinking_off off;
  forced_tool forced;
  bool sampling;      ///< temperature, top_p and top_k.
  bool both_samplers; ///< temperature together with top_p.
  bool prefill;       ///< An assistant message as the last one.
  bool json_schema;   ///< output_config.format
  /// While it thinks, each answer of the conversation must hold a thought.
  bool thought_in_answers = false;
};

/// The facts of a model by its name on the wire: "claude-sonnet-4-5-20250929",
/// "us.anthropic.claude-opus-4-6-v1", "anthropic/claude-3.5-haiku". A version
/// that the table does not know yet has the facts of the newest before it; a
/// Claude of an unknown family those that all newer families share; any other
/// name (a compatible server) what such servers have in common.
const model_facts& facts_of(std::string_view model) noexcept;

} // namespace penstock::anthropic
