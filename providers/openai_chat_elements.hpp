// What the messages of a Chat Completions request are made of.
#pragma once

#include "messages/prompt.hpp"
#include "providers/json.hpp"
#include "providers/openai_chat_quirks.hpp"

#include <string>
#include <string_view>

namespace penstock {

ordered_json text_element(std::string text);

/// {"type": "thinking"}, Mistral's.
ordered_json thinking_element(const std::string& text);

/// An image, sound, a text or another file, each in the API's form for it.
/// Errors: `invalid_request` for what the server cannot be sent.
expected<ordered_json> file_element(const file_content& file,
                                    const openai_chat_quirks& quirks);

/// A lone text as a string, which every server takes; else the array.
ordered_json plain_if_text(ordered_json elements);

/// An element of `tool_calls`.
ordered_json call_element(const tool_call_content& call,
                          const openai_chat_quirks& quirks);

/// The id of a call as this server takes it: what another made may be too long
/// for it. The same id gives the same id.
std::string call_id(const std::string& id, const openai_chat_quirks& quirks);

/// All reasoning of a message, joined.
std::string reasoning_text(const message& m);

/// What an element of OpenRouter's `reasoning_details` has beside its text and
/// its proof: all of it goes back. It travels as the reasoning's `item_id`:
/// "id format index kind", without what is empty at its end.
struct reasoning_label {
  std::string id, format;
  std::string index;    ///< A number, or empty.
  bool summary = false; ///< Else a text, or encrypted.

  /// What another delta of the same element has said, and this has not.
  void complete(const reasoning_label& before);
  std::string text() const;
  static reasoning_label of(std::string_view item_id);
};

/// OpenRouter's `reasoning_details`, as they came.
ordered_json reasoning_details(const message& m);

/// LiteLLM's `thinking_blocks`: Anthropic's, as they came. Without a proof they
/// would be refused, and are left out.
ordered_json thinking_blocks(const message& m);

} // namespace penstock
