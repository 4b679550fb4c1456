// Single content blocks of a request to the Anthropic API.
#pragma once

#include "messages/prompt.hpp"
#include "providers/codec.hpp"
#include "providers/decoding.hpp"
#include "providers/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::anthropic {

/// The API refuses a text that is empty or only white space.
using decoding::is_blank;

ordered_json text_block(std::string_view text);

/// A text with what its model cited for it.
/// `citations_json` that is no list of objects is left out.
ordered_json cited_text_block(const text_content& what);

/// An image, a PDF or a text document.
/// Errors: `invalid_request` for any other media type.
expected<ordered_json> file_block(const file_content& what);

/// A function's call. An input that is no JSON object is wrapped in one, since
/// the API takes no other.
ordered_json tool_use_block(const tool_call_content& call);

/// What the model gets to see of a result: its text and its files. A file that
/// the API cannot take is replaced by a remark, and noted.
ordered_json result_content(const tool_result_content& result,
                            encoder_notes& left_out);

/// Of an error the API takes texts only, and not none.
/// @param content what `result_content` gave of it; its files are moved
/// @param behind to here, where blocks of the user's stand.
void leave_text_only(ordered_json& content, const tool_result_content& result,
                     std::vector<ordered_json>& behind);

/// A call that the API ran, as its decoder gave it: `kind` is the type of the
/// block, `item_id` its members beyond id, name and input.
ordered_json server_call_block(const tool_call_content& call);

/// The whole block that the decoder put into `output_json`, or null if it was
/// not this API's decoder that wrote it.
ordered_json server_result_block(const tool_result_content& result);

/// The same for a block that is no tool's (a compaction, a fallback).
ordered_json whole_block(const tool_result_content& result);

} // namespace penstock::anthropic
