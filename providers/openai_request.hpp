// What the requests of OpenAI's two APIs have in common.
#pragma once

#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <string>
#include <string_view>

namespace penstock::openai {

/// Asks for the rest of an answer where the API has no prefill.
inline constexpr std::string_view continue_instruction =
  "Your last message was cut off. Continue it from exactly where it ends. Do "
  "not repeat any of it and do not comment on the interruption.";

/// @param what names the text in the error.
/// Errors: `invalid_request` if it is no JSON object.
expected<ordered_json> parse_object(std::string_view text,
                                    const std::string& what);

/// The strongest effort of `known` (separated by spaces) that `level` allows,
/// else the weakest one. Static lifetime if `known` has it.
std::string_view effort_for(thinking_level level, std::string_view known);

/// Objects are merged, null removes, anything else replaces (RFC 7396).
void merge_patch(ordered_json& into, const ordered_json& from);

/// @param key_header of the key; empty: "Authorization: Bearer …".
/// Errors: `invalid_request`, see `fault_of`.
expected<header_list> request_headers(const endpoint& at, const prompt& what,
                                      std::string_view key_header);

} // namespace penstock::openai
