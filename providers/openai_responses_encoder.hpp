// Encoder of requests to the Responses API.
#pragma once

#include "providers/codec.hpp"

#include <string_view>

namespace penstock {

/// See `api_codec::encode`. The conversation is ours, so the server is asked to
/// store nothing and to give its reasoning encrypted. What it does not know is
/// left out and noted, if the answer is the same without it but for its manner;
/// what would change its meaning is `invalid_request`.
///
/// Of `provider_options_json`, `tools` and `include` are added to ours; all
/// else is merged.
/// Source: OpenAI API reference, "Create a model response"; the servers' own
///         references, see openai_responses_quirks.cpp.
expected<encoded_request> encode_openai_responses(const endpoint& at,
                                                  std::string_view model,
                                                  const prompt& what);

} // namespace penstock
