// Token counts of the Responses API.
#pragma once

#include "messages/stream.hpp"
#include "providers/json.hpp"

#include <optional>

namespace penstock {

/// @param wire the `usage` object of a response that is over. Any JSON.
/// @returns nothing if it counts neither input nor output.
std::optional<token_usage> openai_responses_usage(const json& wire);

} // namespace penstock
