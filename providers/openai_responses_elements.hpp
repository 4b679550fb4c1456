// What the `input` of a Responses request is made of.
#pragma once

#include "messages/prompt.hpp"
#include "providers/json.hpp"
#include "providers/openai_responses_quirks.hpp"

#include <string>
#include <string_view>

namespace penstock::responses {

ordered_json input_text(std::string text);

/// An image, sound, a text or another file, each in the API's form for it.
/// Errors: `invalid_request` for what the server cannot be sent.
expected<ordered_json> input_file(const file_content& file,
                                  const openai_responses_server& server);

/// A lone text as a string; else the array.
ordered_json plain_if_text(ordered_json elements);

/// An element of an assistant's message.
ordered_json output_text(std::string text);
ordered_json refusal(std::string text);

/// The item of a call.
/// @param with_id with the id that it came with: refers to its reasoning.
ordered_json call_item(const tool_call_content& call, bool with_id);

/// The item that gives a result back.
/// @param call what it answers; null if it is not in the conversation.
/// Errors: `invalid_request` for a file that the server cannot be sent.
expected<ordered_json> result_item(const tool_result_content& result,
                                   const tool_call_content* call,
                                   const openai_responses_server& server);

/// What the decoder kept whole of an item that the provider made, or null if
/// it was not this API's decoder that wrote it.
ordered_json provider_item(const tool_result_content& result);

} // namespace penstock::responses
