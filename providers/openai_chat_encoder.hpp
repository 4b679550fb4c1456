// Encoder of Chat Completions requests.
#pragma once

#include "providers/codec.hpp"

#include <string_view>

namespace penstock {

/// See `api_codec::encode`. What the server does not know is left out and
/// noted, if the answer is the same without it but for its manner; what would
/// change its meaning is `invalid_request`.
/// Source: OpenAI API reference, "Create chat completion"; the servers' own
///         references, see openai_chat_quirks.cpp.
expected<encoded_request> encode_openai_chat(const endpoint& at,
                                             std::string_view model,
                                             const prompt& what);

} // namespace penstock
