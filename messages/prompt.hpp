// What a model is asked: messages, tools, and how to answer. Plain data, the
// same for every provider; a codec turns it into the bytes of one API.
//
// JSON travels as text (fields named `*_json`): it is parsed once, where it is
// used, and this vocabulary needs no JSON library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace penstock {

/// Who speaks. `tool` messages hold `tool_result_content` only.
enum class role : std::uint8_t { system, user, assistant, tool };

/// What somebody wrote.
struct text_content {
  std::string text;           ///< UTF-8.
  std::string signature = {}; ///< Gemini's thoughtSignature on a text part.
  /// OpenAI's: "commentary" on the way, or the "final_answer".
  std::string phase = {};
  /// Anthropic's citations as they came, a JSON array; empty if there are none.
  std::string citations_json = {};
  bool operator==(const text_content&) const = default;
};

/// A model's reasoning, with what its provider needs to accept it back.
struct reasoning_content {
  std::string text;
  std::string signature; ///< Proof of origin; valid for one model only.
  std::string encrypted; ///< Opaque reasoning (redacted, encrypted_content).
  std::string item_id;   ///< Wire id of the block, where the API has one.
  bool operator==(const reasoning_content&) const = default;
};

/// What a model said when it declined.
struct refusal_content {
  std::string text;
  bool operator==(const refusal_content&) const = default;
};

/// An image, a PDF, any file: by bytes or by URL, never both.
struct file_content {
  std::string media_type; ///< "image/png", "application/pdf", …
  std::string bytes;      ///< Raw, not base64. Empty if `url` is set.
  std::string url;
  std::string name; ///< Shown to the model where the API has a place for it.
  std::string signature = {}; ///< Gemini's thoughtSignature on a file it made.
  bool operator==(const file_content&) const = default;
};

/// A call that a model made.
struct tool_call_content {
  std::string id; ///< The provider's, or ours where the wire has none.
  std::string name;
  std::string input_json; ///< Complete. An object, but for `kind` "custom".
  std::string kind;       ///< Empty: a function. Else "custom", …
  std::string signature;  ///< Gemini's thoughtSignature on the call.
  std::string item_id;
  bool provider_executed = false; ///< The provider ran it; not a call of ours.
  bool operator==(const tool_call_content&) const = default;
};

/// What a call gave.
struct tool_result_content {
  std::string tool_call_id;
  std::string tool_name;
  std::string output_json; ///< Any JSON value.
  bool is_error = false;
  bool provider_executed = false;
  std::vector<file_content> files; ///< Images and files beside the value.
  bool operator==(const tool_result_content&) const = default;
};

using content =
  std::variant<text_content, reasoning_content, refusal_content, file_content,
               tool_call_content, tool_result_content>;

/// One turn of a conversation.
struct message {
  role from = role::user;
  std::vector<content> parts;
  /// "api@provider/model" that made an assistant message; empty if unknown.
  /// Signatures and encrypted reasoning go back to that model only.
  std::string made_by;
  bool operator==(const message&) const = default;
};

/// What a user says.
inline message user_text(std::string text) {
  return {role::user, {text_content{std::move(text), {}}}, {}};
}

/// A function that the model may call.
struct tool_definition {
  std::string name; ///< [A-Za-z0-9_-]{1,64}
  std::string description;
  std::string input_schema_json; ///< JSON schema, an object.
  bool operator==(const tool_definition&) const = default;
};

/// Whether a model may, must not or must call a tool.
struct tool_choice {
  enum class mode : std::uint8_t { automatic, none, required, one };
  mode how = mode::automatic;
  std::string name; ///< Only with `one`.

  /// Whether the model has no choice but to call one.
  bool forces_a_call() const noexcept {
    return how == mode::required || how == mode::one;
  }
  bool operator==(const tool_choice&) const = default;
};

/// What the answer is to look like.
struct response_format {
  enum class kind : std::uint8_t { text, json, json_schema };
  kind what = kind::text;
  std::string name;        ///< Of the schema; only with `json_schema`.
  std::string schema_json; ///< Only with `json_schema`.
  bool operator==(const response_format&) const = default;
};

enum class thinking_level : std::uint8_t {
  off,
  minimal,
  low,
  medium,
  high,
  max
};

/// For how long the provider should keep the prompt's prefix.
enum class cache_ttl : std::uint8_t { off, five_minutes, one_hour };

/// Absent values are left to the provider.
struct sampling {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::uint32_t> top_k;
  std::optional<double> presence_penalty;
  std::optional<double> frequency_penalty;
  std::optional<std::int64_t> seed;
  std::vector<std::string> stop; ///< Texts that end the answer.
  bool operator==(const sampling&) const = default;
};

using header = std::pair<std::string, std::string>; ///< name, value
using header_list = std::vector<header>;

/// How the end of `prompt::messages` is to be understood.
enum class continuation : std::uint8_t {
  none, ///< The last message asks; the answer begins anew.
  /// The last message is the assistant's cut answer; the model continues it.
  /// A codec sends it as a prefill where the API has one, else with an
  /// instruction.
  partial,
};

/// One model call. Built by WORKSPACE for each attempt, encoded by a codec.
struct prompt {
  std::string system; ///< Empty: absent on the wire.
  std::vector<message> messages;
  continuation ending = continuation::none;
  std::vector<tool_definition> tools;
  struct tool_choice tool_choice;
  struct response_format response_format;
  std::optional<std::uint64_t> max_output_tokens;
  struct sampling sampling;
  std::optional<thinking_level> thinking;
  cache_ttl cache = cache_ttl::off;
  /// For this provider only: a JSON object, merged last into the body.
  std::string provider_options_json;
  header_list headers;
};

} // namespace penstock
