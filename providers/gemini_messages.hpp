// The conversation as the Gemini API wants it.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"
#include "providers/gemini_models.hpp"
#include "providers/json.hpp"

#include <string>
#include <string_view>

namespace penstock::gemini {

struct conversation {
  std::string system; ///< All system texts, a blank line between two.
  ordered_json contents = ordered_json::array(); ///< [{role, parts}]
};

/// Invariants of `contents`, whatever the messages were like:
/// - user and model alternate, a user begins and ends, no turn is empty;
/// - a turn after calls begins with one functionResponse for each, in their
///   order. A result that is missing is made up as an error; one that answers
///   no call becomes text;
/// - a thoughtSignature goes back on the part that it came with, to the model
///   that made it. Where that must not be and the model demands one, a call has
///   the value that the documentation gives for the purpose;
/// - what the API ran itself goes back with its result or not at all;
/// - a cut answer is followed by the instruction to continue it.
///
/// Errors: `invalid_request`, with the index of the message: a file without
///         bytes and URL, or with bytes and no type; or no message at all.
expected<conversation> to_conversation(const prompt& what, const endpoint& at,
                                       std::string_view model,
                                       const model_facts& facts,
                                       encoder_notes& left_out);

} // namespace penstock::gemini
