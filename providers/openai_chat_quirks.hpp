// In what the servers of Chat Completions differ, as data.
#pragma once

#include "messages/prompt.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

/// How an answer that was cut is continued.
enum class chat_prefill : std::uint8_t {
  none,           ///< Not at all: by an instruction.
  plain,          ///< An assistant message at the end is continued…
  prefix,         ///< …if it says "prefix": true
  partial,        ///< …if it says "partial": true
  continue_final, ///< …if the request says "continue_final_message": true
};

/// Where a thinking level goes.
enum class chat_thinking : std::uint8_t {
  none,             ///< The server does not know it.
  reasoning_effort, ///< "reasoning_effort": "low"
  reasoning_object, ///< "reasoning": {"effort": "low"}
  thinking_object,  ///< "thinking": {"type": "enabled"}, and an effort if any
  enable_thinking,  ///< "enable_thinking": true
};

/// What of an earlier answer's reasoning the server takes back.
enum class chat_reasoning_back : std::uint8_t {
  none,
  in_tool_loop, ///< "reasoning_content", after the last user message
  everywhere,   ///< ditto, but of each answer: blank if it has none of its own
  details,      ///< "reasoning_details"
  blocks,       ///< "thinking_blocks": what is signed or encrypted
  opaque,       ///< "reasoning_text", and what proves it
  element,      ///< a "thinking" element of `content`
};

/// Which roles may follow each other.
enum class chat_turns : std::uint8_t {
  free,
  bridged,     ///< Nobody but the assistant speaks after a tool.
  alternating, ///< User and assistant in turn, after what the system says.
};

/// How a user message holds a file that is neither image nor sound.
enum class chat_files : std::uint8_t {
  none,
  by_bytes,     ///< {"type": "file"} with a data URL
  by_url_too,   ///< ditto, or with any URL
  document_url, ///< {"type": "document_url"}
};

/// One row: a server, or some of its models. Members are in the order in which
/// rows set them; what a row does not set is what most servers understand.
struct openai_chat_quirks {
  std::string_view provider;
  std::string_view model_prefix = ""; ///< Of the names that it is for.

  chat_thinking thinking = chat_thinking::reasoning_effort;
  /// What the server knows of: none minimal low medium default high xhigh max.
  /// A level is clamped to them.
  std::string_view efforts = "low medium high";
  /// Without "none" among the efforts, the least is the nearest to "off";
  /// where a model may as well not reason at all, it would switch it on.
  bool always_thinks = false;
  bool thinks_unasked = false; ///< Reasons unless told not to.
  /// While it reasons, it refuses to be told to call a tool.
  bool forced_excludes_thinking = false;
  chat_reasoning_back reasoning_back = chat_reasoning_back::none;
  chat_prefill prefill = chat_prefill::none;
  /// The prefill works only where the base URL ends with this.
  std::string_view prefill_path = "";

  std::string_view max_tokens = "max_tokens";
  std::string_view seed = "seed"; ///< Empty: the server has none.
  std::string_view any_tool = "required";
  std::string_view key_header = ""; ///< Empty: "Authorization: Bearer …".

  chat_turns turns = chat_turns::free;
  bool signed_calls = false; ///< Wants Gemini's proof on Gemini's calls.
  chat_files files = chat_files::none;
  bool files_in_tool_results = false;
  bool stream_options = true; ///< Reports usage if asked; else unasked.
  bool obfuscates = false;    ///< Pads deltas unless told not to.
  bool top_k = false;
  bool penalties = true;
  bool temperature = true; ///< And top_p. Always if the effort is "none".
  bool stop = true;
  bool json_object = true;
  bool json_schema = true;
  std::size_t stops_max = 0;         ///< 0: no bound is known.
  std::size_t call_id_bytes_max = 0; ///< 0: no bound is known.
  std::size_t call_id_bytes = 0;     ///< Not 0: exactly so many, alphanumeric.
};

/// The row with the longest prefix of `model` among those of `provider`; for
/// an unknown provider the defaults. Static lifetime.
const openai_chat_quirks&
openai_chat_quirks_of(std::string_view provider,
                      std::string_view model) noexcept;

/// What `quirks` says of turns; or "bridged" for a model of Mistral's wherever
/// it runs: the order is checked by its template.
chat_turns turns_of(const openai_chat_quirks& quirks, std::string_view model);

/// The level that the request is to have: what was asked for, but `off` where a
/// tool that must be called excludes it.
std::optional<thinking_level> thinking_of(const prompt& what,
                                          const openai_chat_quirks& quirks);

} // namespace penstock
