// What the Gemini API takes from which model. Data, with its source.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::gemini {

/// How a model is told how much to think.
enum class thinking_kind : std::uint8_t {
  none,   ///< It is a 400 to ask.
  budget, ///< thinkingConfig.thinkingBudget, in tokens
  level,  ///< thinkingConfig.thinkingLevel
};

/// The signature of a call that another model, or nobody, has signed.
/// Source: ai.google.dev/gemini-api/docs/thought-signatures, its FAQ.
inline constexpr const char* no_signature = "skip_thought_signature_validator";

struct model_facts {
  thinking_kind thinks = thinking_kind::none;
  /// Only with `budget`. The least is what still counts as thinking.
  std::uint32_t budget_min = 0, budget_max = 0;
  bool budget_off = false;      ///< 0 is allowed.
  std::string_view levels = {}; ///< Only with `level`: from weak to strong.
  /// The first call of each step must be signed.
  bool signed_calls = false;
  bool json_with_tools = false; ///< A JSON answer and functions together.
  bool files_in_results = false;
  bool system = true; ///< Has a systemInstruction.
};

/// The facts of a model by its name on the wire: "gemini-2.5-flash-lite",
/// "models/gemini-3-pro-preview". A Gemini whose version is unknown, or that
/// is named without one ("gemini-flash-latest"), has the facts of the newest.
model_facts facts_of(std::string_view model) noexcept;

} // namespace penstock::gemini
