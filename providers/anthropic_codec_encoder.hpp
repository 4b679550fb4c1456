// Request encoder of the Anthropic Messages API.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"

#include <string_view>

namespace penstock::anthropic {

/// Source: platform.claude.com/docs/en/api/messages; what a model takes is in
///         anthropic_codec_models.
///
/// Where two wishes exclude each other, the one that shapes the answer wins
/// over thinking, which is then off and noted: a prefill (so that `has_prefill`
/// holds for every prompt), a forced tool, a tool loop that began without
/// thinking. Sampling yields to thinking.
///
/// `provider_options_json` is merged last, object by object: a null removes a
/// member, anything else replaces it. Its `tools` are added to ours, or merged
/// into the one of the same name ({"name": "search", "defer_loading": true}).
/// The beta headers that its members need are added.
///
/// Errors: `invalid_request`: see to_conversation; a schema or the options that
///         are no JSON object; a JSON answer without a schema, or with one for
///         a model that has no structured outputs; a forced tool that the model
///         refuses or that does not exist; a header with CR, LF or NUL.
expected<encoded_request>
encode_request(const endpoint& at, std::string_view model, const prompt& what);

} // namespace penstock::anthropic
