// Thinking and sampling of a request: what of both the model and each other
// they bear.
#pragma once

#include "messages/prompt.hpp"
#include "providers/anthropic_codec_models.hpp"
#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <cstdint>

namespace penstock::anthropic {

/// Writes `thinking` and the `effort` of `output_config` into `body`, which
/// holds `max_tokens` and `messages` already.
///
/// @param prefill whether the last of the messages is the model's own.
/// @returns whether the model is asked to think.
bool add_thinking(ordered_json& body, const prompt& what,
                  const model_facts& facts, bool prefill,
                  encoder_notes& left_out);

/// Writes temperature, top_p, top_k and stop_sequences.
void add_sampling(ordered_json& body, const struct sampling& what,
                  const model_facts& facts, bool thinks,
                  encoder_notes& left_out);

} // namespace penstock::anthropic
