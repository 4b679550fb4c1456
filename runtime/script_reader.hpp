// Internal: the scripts of a configuration file, for providers with the API
// "scripted".
#pragma once

#include "providers/json.hpp"
#include "providers/scripted_codec.hpp"

#include <string>

namespace penstock {

/// Reads the value of "script" that stands at `path`:
///
///   {MODEL: ANSWER | [ANSWER, …]}
///
/// The n-th request of a model gets its n-th answer, the last one answers all
/// that follow. An ANSWER is a text, or an object of which all is optional:
///
///   "parts":  [PART, …]; a PART is a text, or one of {"text": TEXT},
///             {"reasoning": TEXT}, {"refusal": TEXT},
///             {"tool_call": {"name", "input": {…}, "id"}}. Each word of a text
///             is an event of its own.
///   "usage":  {"input", "cached_input", "output", "reasoning"}, in tokens
///   "finish": stop, length, tool-calls, content-filter or other; if it is not
///             given it follows from the parts
///   "connect_ms", "head_ms", "first_ms", "between_ms": when it comes: from the
///             request to the connection, to the status line, to the first
///             event, and from event to event
///   "ends":   "closed" (in the middle), "reset", "stall" (nothing more comes)
///             or "truncated" (the body ends without a finish)
///   "after_events": with "ends", how many events come before; all by default.
///             The first one opens the answer and has no text
///   "status", "headers": an answer that is no stream, with an "error"
///   "error":  {"type", "message"}: of that answer, or else an error inside of
///             the stream, after the parts
///   "times":  how many requests in a row it answers
///
/// Errors: `invalid_request`, with the path of the value and what is expected:
///         "providers.scripted.script.hello[0].parts[1]: expected …".
expected<void> read_script(model_script& to, const std::string& path,
                           const ordered_json& value);

} // namespace penstock
