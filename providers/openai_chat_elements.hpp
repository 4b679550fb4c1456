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

/// OpenRouter's `reasoning_details`, as they came. See `item_id` in
/// openai_chat_decoder: it holds the id and the format.
ordered_json reasoning_details(const message& m);

} // namespace penstock
