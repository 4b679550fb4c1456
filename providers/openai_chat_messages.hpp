// The conversation as Chat Completions wants it.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"
#include "providers/json.hpp"
#include "providers/openai_chat_quirks.hpp"

#include <string>
#include <string_view>

namespace penstock {

struct openai_chat_messages {
  ordered_json messages = ordered_json::array();
  bool prefill = false; ///< The last one is to be continued as it is.
};

/// Whether `quirks` has a prefill at this address.
bool can_prefill(const openai_chat_quirks& quirks, const endpoint& at) noexcept;

/// @param model the one that is asked: reasoning goes back to it alone.
/// Errors: `invalid_request`, with the index of the message.
expected<openai_chat_messages> encode_openai_chat_messages(
  const prompt& what, const openai_chat_quirks& quirks, const endpoint& at,
  std::string_view model, encoder_notes& left_out);

} // namespace penstock
