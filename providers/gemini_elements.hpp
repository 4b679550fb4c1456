// Single parts of a request to the Gemini API.
#pragma once

#include "messages/prompt.hpp"
#include "providers/json.hpp"

#include <string>
#include <string_view>

namespace penstock::gemini {

ordered_json text_part(std::string_view text);

/// Errors: `invalid_request` for a file that has nothing, or bytes without a
///         type. Which types a model takes, it says itself.
expected<ordered_json> file_part(const file_content& file);

/// A function's call, without a signature. An input that is no JSON object is
/// wrapped in one, since the API takes no other.
ordered_json call_part(const tool_call_content& call, bool with_id);

/// The answer to it, as an object: `output` or `error` where it is none.
/// @param id empty: the API pairs by order.
ordered_json response_part(const tool_result_content& result,
                           const std::string& name, const std::string& id);

/// What the API ran, as its decoder gave it; null if that is not what it is.
ordered_json provider_call_part(const tool_call_content& call);
/// @param signature receives the one that the result came with.
ordered_json provider_result_part(const tool_result_content& result,
                                  std::string_view call_kind,
                                  std::string& signature);

} // namespace penstock::gemini
