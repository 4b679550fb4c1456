// Encoder of Ollama's chat requests.
#pragma once

#include "providers/codec.hpp"

#include <string_view>

namespace penstock {

/// See `api_codec::encode`. What Ollama does not know is left out and noted, if
/// the answer is the same without it but for its manner; what would change its
/// meaning is `invalid_request`: a forced tool, a file that is no image, an
/// image by URL.
///
/// `provider_options` are merged over the body: `keep_alive` and `think` beside
/// `options`, and `num_ctx`, `min_p` … inside it.
/// Source: github.com/ollama/ollama, docs/api.md, docs/openapi.yaml,
///         docs/capabilities/{thinking,tool-calling}.mdx.
expected<encoded_request>
encode_ollama(const endpoint& at, std::string_view model, const prompt& what);

} // namespace penstock
