// From what a provider answered to the class of the failure (SPEC §7).
//
// Pure: no I/O, no clock. Never fails: whatever the bytes, there is a class and
// a message.
#pragma once

#include "messages/errc.hpp"
#include "providers/http_client.hpp"

#include <string_view>

namespace penstock {

/// Classifies a non-2xx answer. From structure: the provider's code, then the
/// status, then a few exact phrases; never from free text alone.
///
/// @param api  the protocol ("openai-chat", …). Not needed so far: shapes tell
///             themselves apart, and gateways answer in those of others.
/// @param body what was kept of it; any bytes.
/// @param now  wall clock, to turn reset dates into delays.
/// @returns an error whose message is the provider's own (one line, bounded,
///          without control characters and keys), with retry_after and
///          should_retry from the headers and the body; of a rate limit also
///          from its text ("try again in 6.4s"). A 2xx with an error in
///          it is classified as if it had come in a stream; anything else that
///          is no error by its status is `protocol`.
error classify_response(std::string_view api, const http_response_head& head,
                        std::string_view body,
                        std::chrono::system_clock::time_point now);

/// Classifies an error object inside an HTTP 200 stream: the JSON text of the
/// event ({"error":{…}}, {"type":"error","error":{…}}, Gemini's
/// {"error":{code,status}}, Ollama's {"error":"…"}, Responses'
/// {"response":{"error":{…}}}, or the bare error object). A status that the
/// object names counts as that of HTTP. What is no error is `protocol`.
error classify_in_stream(std::string_view api, std::string_view event);

/// The same for the data of an event that is named an error: it is one, in
/// whatever shape, a plain text as well.
error classify_error_event(std::string_view api, std::string_view data);

/// The delay that the headers ask for: `retry-after-ms`, `retry-after`
/// (seconds or HTTP date), else the reset headers of Anthropic (RFC 3339) and
/// OpenAI ("1m30s", "12ms") — of these the latest that is exhausted. At most
/// one year; a value that is no delay is as if it were not there.
std::optional<std::chrono::milliseconds>
retry_after(const header_list& headers,
            std::chrono::system_clock::time_point now);

} // namespace penstock
