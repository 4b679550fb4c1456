// The conversation as the Anthropic API wants it: turns that alternate, with
// every tool call answered at once.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <string>
#include <string_view>

namespace penstock::anthropic {

struct conversation {
  std::string system; ///< All system texts, a blank line between two.
  ordered_json turns = ordered_json::array(); ///< [{role, content: [block]}]
  /// The container that code of the turn under way runs in; empty if none.
  std::string container;
  /// The last turn is the model's own, cut: the answer goes on from it.
  bool prefill = false;
};

/// Invariants of `turns`, whatever the messages were like:
/// - user and assistant alternate, a user begins, no turn is empty;
/// - no text is blank, no thinking block is unsigned or ends a turn;
/// - each tool_use has an id of its own, in the API's alphabet, and the next
///   turn begins with one tool_result for each. A result that is missing is
///   made up as an error; one that answers no call becomes text;
/// - a provider-executed call goes back with its result or not at all, unless
///   the provider is yet to give it: the turn was paused, or calls of ours came
///   first and their results are all that follows;
/// - the last turn is a user's, or a prefill, or a paused turn of the model.
///
/// @param may_prefill whether the model takes an assistant message as the last
///        one; else the partial answer is followed by an instruction.
/// Errors: `invalid_request`: a file of a kind that the API cannot take, named
///         with the index of its message; or no message at all.
expected<conversation> to_conversation(const prompt& what, const endpoint& at,
                                       std::string_view model, bool may_prefill,
                                       encoder_notes& left_out);

} // namespace penstock::anthropic
