// Token counts of Chat Completions, in the dialects of its servers.
#pragma once

#include "messages/stream.hpp"
#include "providers/json.hpp"

#include <optional>

namespace penstock {

/// @param wire the `usage` object. Any JSON.
/// @param gemini the model is Google's, whose compatible endpoint counts its
///        thoughts in the total alone.
/// @returns nothing if it counts neither input nor output. `known` is left
///          to the caller, who knows whether more will follow.
std::optional<token_usage> openai_chat_usage(const json& wire,
                                             bool gemini = false);

} // namespace penstock
