// What all encoders of requests need: schemas, options, headers, files, tools.
#pragma once

#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::encoding {

/// Asks for the rest of an answer where the API has no prefill.
inline constexpr std::string_view continue_instruction =
  "Your last message was cut off. Continue it from exactly where it ends. Do "
  "not repeat any of it and do not comment on the interruption.";

// ---- the body --------------------------------------------------------------

/// @param what names the text in the error.
/// Errors: `invalid_request` if it is no JSON object.
expected<ordered_json> parse_object(std::string_view text,
                                    const std::string& what);

/// A tool that says nothing of its input takes an object without members.
/// Errors: `invalid_request`, with the tool's name.
expected<ordered_json> input_schema(const tool_definition& tool);

/// Puts the tools into the body, if there are any: "tools": [{"type":
/// "function", "function": {…}}], as Chat Completions and Ollama have it.
/// Errors: as `input_schema`.
expected<void> add_function_tools(ordered_json& body,
                                  const std::vector<tool_definition>& all);

/// Whether the tool that must be called is there.
/// Errors: `invalid_request`: there is none, or not the one that is named.
expected<void> check_choice(const tool_choice& choice,
                            const std::vector<tool_definition>& tools);

// ---- headers ---------------------------------------------------------------

/// Puts a header in the place of the one of that name, in any case, or at the
/// end.
void set_header(header_list& headers, const std::string& name,
                const std::string& value);

/// For JSON, with the key and all that the endpoint and the prompt add.
/// @param key_header of the key; empty: "Authorization: Bearer …".
/// Errors: `invalid_request`, see `fault_of`.
expected<header_list>
request_headers(const endpoint& at, const prompt& what,
                std::string_view key_header,
                std::string_view accept = "text/event-stream");

// ---- files and tools -------------------------------------------------------

/// The file's URL, or its bytes as one ("data:image/png;base64,…").
std::string url_of(const file_content& file);
/// The file's name, or one that fits its type.
std::string name_of(const file_content& file);
/// "wav" or "mp3", or empty for any other type.
std::string_view sound_format(std::string_view media_type) noexcept;

/// A tool's output as a model gets to see it: a text as it is, anything else as
/// JSON.
std::string output_text(const std::string& output_json);

/// A call's input as an object, for APIs that take no other: a value that is
/// none is wrapped in one.
ordered_json input_object(const std::string& input_json);

} // namespace penstock::encoding
