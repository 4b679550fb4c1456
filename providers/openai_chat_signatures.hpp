// Where Gemini's signature of a call stands in Chat Completions: Google's own
// endpoint and the gateways put it into different members.
#pragma once

#include "providers/json.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// A signature and its place, which goes with it as the call's `item_id`: empty
/// for Google's own, `extra_content.google.thought_signature`.
struct call_signature {
  std::string bytes, place;
};

/// Of an element of `tool_calls`, or of a delta of one. Any JSON; empty if
/// there is none.
call_signature signature_of_call(const json& wire);

/// Of the text of a message or a delta: at Google's place only.
std::string signature_of_text(const json& wire);

/// Puts it back.
/// @param place what no decoder has said counts as Google's.
void sign(ordered_json& what, const std::string& bytes,
          std::string_view place = {});

} // namespace penstock
