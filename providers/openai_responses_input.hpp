// The conversation as the Responses API wants it: `input`.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"
#include "providers/json.hpp"
#include "providers/openai_responses_quirks.hpp"

#include <string_view>

namespace penstock {

/// Reasoning, and what the provider executed, go back only where the same model
/// at the same endpoint made them and all reasoning of the message can go with
/// them: the API refuses an item without the reasoning that it came from, and
/// reasoning without the item that it led to.
///
/// @param model the one that is asked. A dated name is the same model.
/// Errors: `invalid_request`, with the index of the message.
expected<ordered_json> encode_openai_responses_input(
  const prompt& what, const openai_responses_quirks& quirks, const endpoint& at,
  std::string_view model, encoder_notes& left_out);

/// Whether two names on the wire are of one model: the same, but for a date at
/// the end ("gpt-5" and "gpt-5-2025-08-07").
bool same_openai_model(std::string_view a, std::string_view b) noexcept;

} // namespace penstock
