// Token counts of the Gemini API.
#pragma once

#include "messages/stream.hpp"
#include "providers/json.hpp"

#include <optional>

namespace penstock::gemini {

/// What `usageMetadata` counts.
struct usage_counts {
  std::optional<std::uint64_t> prompt, cached, answer, thoughts;
};

/// @param wire `usageMetadata`. Any JSON.
usage_counts counts_of(const json& wire);

/// @returns nothing if it counts neither input nor output: early chunks of
///          Vertex AI have a `trafficType` alone. `known` is left to the
///          caller, who knows whether more will follow.
///
/// What the API's own tools read (`toolUsePromptTokenCount`) is not counted:
/// it is no part of the prompt, and the figure of the prompt is what caches and
/// windows are measured by.
std::optional<token_usage> usage_of(const usage_counts& counts);

} // namespace penstock::gemini
