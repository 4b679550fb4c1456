// In what the servers of Chat Completions differ, as data.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock {

/// How an answer that was cut is continued.
enum class chat_prefill : std::uint8_t {
  none,   ///< By an instruction.
  plain,  ///< An assistant message at the end is continued as it is.
  prefix, ///< …if it says `"prefix": true` (Mistral, DeepSeek).
  continue_final, ///< …if the request says so (vLLM).
};

/// Where a thinking level goes.
enum class chat_thinking : std::uint8_t {
  none,             ///< The API does not know it.
  reasoning_effort, ///< "reasoning_effort": "low" …
  reasoning_object, ///< "reasoning": {"effort": "low"} (OpenRouter)
  thinking_switch,  ///< "thinking": {"type": "enabled"} (DeepSeek, Moonshot …)
  enable_thinking,  ///< "enable_thinking": true (Alibaba)
};

/// What of an earlier answer's reasoning the server takes back.
enum class chat_reasoning_back : std::uint8_t {
  none,
  content_in_tool_loop, ///< `reasoning_content`, after the last user message.
  details,              ///< `reasoning_details` (OpenRouter)
  thinking_element,     ///< An element of `content` (Mistral)
};

struct openai_chat_quirks {
  std::string_view provider;
  chat_prefill prefill = chat_prefill::none;
  chat_thinking thinking = chat_thinking::reasoning_effort;
  chat_reasoning_back reasoning_back = chat_reasoning_back::none;
  /// Efforts the server knows, from the weakest: a level is clamped to them.
  std::string_view efforts = "low medium high";
  /// The name of the limit of output tokens.
  std::string_view max_tokens = "max_tokens";
  /// The name of the random seed; empty: there is none.
  std::string_view seed = "seed";
  /// What asks for any tool.
  std::string_view tool_choice_required = "required";
  bool stream_options = true;     ///< Reports usage if asked.
  bool obfuscation = false;       ///< Pads deltas unless told not to.
  bool top_k = false;             ///< Knows `top_k`.
  bool penalties = true;          ///< Knows presence and frequency penalty.
  bool json_schema = true;        ///< Knows response_format json_schema.
  bool files = false;             ///< Takes files (PDF) in user messages.
  bool url_files = false;         ///< Takes them by URL, too.
  bool developer_role = false;    ///< System messages of reasoning models.
  bool sampling = true;           ///< Takes temperature, top_p, penalties.
  std::uint32_t stops_max = 0;    ///< Stop texts; 0: no bound is known.
};

/// The row of a provider; for one without a row what most servers understand.
/// @param model decides for those who have models of different kinds.
openai_chat_quirks openai_chat_quirks_of(std::string_view provider,
                                         std::string_view model) noexcept;

} // namespace penstock
