// The conversation as Ollama wants it.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <string_view>

namespace penstock {

/// @param model the one that is asked: reasoning goes back to it alone, at the
///        same endpoint.
/// @returns the array `messages`.
/// Errors: `invalid_request`, with the index of the message.
expected<ordered_json> encode_ollama_messages(const prompt& what,
                                              const endpoint& at,
                                              std::string_view model,
                                              encoder_notes& left_out);

} // namespace penstock
