// In what the servers of the Responses API differ, as data.
#pragma once

#include "providers/openai_chat_quirks.hpp"

#include <string_view>

namespace penstock {

/// One row: a server. Members are in the order in which rows set them; what a
/// row does not set is what most servers understand.
struct openai_responses_server {
  std::string_view provider;
  /// The provider whose models it has, as `openai_chat_quirks` knows them.
  std::string_view models = "openai";
  std::string_view system_role = "system"; ///< Of a system message in `input`.
  std::string_view key_header = ""; ///< Empty: "Authorization: Bearer …".
  /// Keeps answers unless told not to, and gives the reasoning encrypted if
  /// asked: it is stateless for us.
  bool store = true;
  bool plain_reasoning = false; ///< Takes reasoning back as text.
  bool summary = true;          ///< Shows a summary of the reasoning if asked.
  bool obfuscates = false;      ///< Pads deltas unless told not to.
  bool files = true;            ///< Takes others than images.
  /// Calls of custom tools are its own: it has none of a client.
  bool custom_tools_are_its_own = false;
};

/// A server and one of its models.
struct openai_responses_quirks : openai_responses_server {
  std::string_view efforts; ///< Empty: it takes none.
  bool reasons = false;     ///< Known to reason whatever it is told.
  bool sampling = true;     ///< Always if the effort is "none".
};

/// An unknown provider is most likely a gateway to OpenAI's models.
openai_responses_quirks
openai_responses_quirks_of(std::string_view provider,
                           std::string_view model) noexcept;

} // namespace penstock
