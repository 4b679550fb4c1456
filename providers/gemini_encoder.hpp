// Request encoder of the Gemini API.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"

#include <string_view>

namespace penstock::gemini {

/// Source: ai.google.dev/api/generate-content; what a model takes is in
///         gemini_models.
///
/// `provider_options_json` is merged last, object by object: a null removes a
/// member, anything else replaces it. Its `tools` are added to ours:
/// {"tools": [{"googleSearch": {}}]}.
///
/// The base URL may end in a version (`/v1beta`, Vertex AI's
/// `/v1/publishers/google`); without one it is v1beta. A model with a '/' in
/// its name is a path of its own ("tunedModels/x").
///
/// Errors: `invalid_request`: see to_conversation; a schema or the options that
///         are no JSON object; a JSON answer beside tools, for a model before
///         Gemini 3; a forced tool that does not exist; more than five stop
///         texts; a seed above 31 bits; a name of a model that is no path; a
///         header that must not be sent.
expected<encoded_request>
encode_request(const endpoint& at, std::string_view model, const prompt& what);

} // namespace penstock::gemini
