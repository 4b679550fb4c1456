#include "providers/error_classifier.hpp"

#include "messages/limits.hpp"
#include "providers/error_classifier_body.hpp"
#include "providers/error_classifier_rules.hpp"
#include "providers/json.hpp"
#include "providers/scrub.hpp"

#include <utility>

namespace penstock {

namespace {

errc from_status(int status, std::string_view text) {
  switch (status) {
  case 401:
    return errc::authentication;
  case 402:
    return errc::quota;
  case 403:
    return errc::permission;
  case 408:
    return errc::timeout;
  case 413:
    return errc::context_exceeded;
  case 429:
    return errc::rate_limit;
  case 503:
    return says_overloaded(text) ? errc::overloaded : errc::server_error;
  case 529:
    return errc::overloaded;
  default:
    return status >= 500 ? errc::server_error : errc::invalid_request;
  }
}

/// An unspecific error inside a stream is the provider's, unless it blames the
/// request: the request had been accepted.
errc in_stream_default(const error_facts& facts) {
  constexpr std::string_view blames[] = {
    "invalid_request_error",
    "invalid_request",
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "bad_request",
    "BadRequestError",
    "invalid_prompt",
    "OUT_OF_RANGE",
    "ValidationException",
    "validation", // TGI
    "MiniMax 2013",
  };
  for (const auto& code : facts.codes)
    for (const auto blame : blames)
      if (same_code(blame, code))
        return errc::invalid_request;
  return errc::server_error;
}

/// @param status of HTTP or in the body; 0 for an error inside a stream that
///        names none.
errc classify(const error_facts& facts, int status) {
  for (const auto& code : facts.codes)
    if (const auto what = class_of_code(code, status))
      return *what;
  const auto text = searchable(facts.message);
  if (const auto what = class_of_phrase(status, text, facts))
    return *what;
  return status == 0 ? in_stream_default(facts) : from_status(status, text);
}

// A rate limit that nothing but its text gives a delay for: in a stream there
// are no headers.
void read_delay(error& why, const error_facts& facts) {
  if (!why.retry_after)
    why.retry_after = facts.retry_after;
  if (!why.retry_after && why.code == errc::rate_limit)
    why.retry_after = delay_in_message(searchable(facts.message));
}

std::string shown(const error_facts& facts, std::string otherwise) {
  // Cleaned before it is cut: half a key is a key. Control characters go
  // first, lest one hides a key.
  auto line =
    one_line(scrub(one_line(facts.message, limits::error_body_bytes_max)),
             limits::error_message_bytes_max);
  return line.empty() ? std::move(otherwise) : line;
}

std::optional<bool> should_retry(const header_list& headers) {
  const auto* value = find_header(headers, "x-should-retry");
  if (!value)
    return std::nullopt;
  if (*value == "true")
    return true;
  if (*value == "false")
    return false;
  return std::nullopt;
}

} // namespace

error classify_response(std::string_view, const http_response_head& head,
                        std::string_view body,
                        std::chrono::system_clock::time_point now) {
  auto facts = read_error_body(body);
  // Amazon says what it is in a header, and in the body no more than a text.
  if (const auto* type = find_header(head.headers, "x-amzn-errortype"))
    facts.codes.insert(facts.codes.begin(), *type);
  error why;
  if (head.status >= 400) {
    // A gateway may answer with a status of its own and quote the provider's.
    why.code = classify(facts, facts.status != 0 ? facts.status : head.status);
  } else {
    // Not an error by its status: an error by its body, or not our stream.
    const bool is_error = head.status / 100 == 2 && facts.is_error;
    why.code = is_error ? classify(facts, facts.status) : errc::protocol;
  }
  why.provider_status = head.status;
  why.should_retry = should_retry(head.headers);
  why.retry_after = retry_after(head.headers, now);
  read_delay(why, facts);
  std::string otherwise =
    "the provider answered with HTTP status " + std::to_string(head.status)
    + (body.empty() ? " and no body" : " and nothing readable");
  if (head.status >= 300 && head.status < 400)
    otherwise += "; redirects are not followed, check base_url";
  why.message = shown(facts, std::move(otherwise));
  return why;
}

error classify_error_event(std::string_view api, std::string_view data) {
  if (read_error_body(data).is_error)
    return classify_in_stream(api, data);
  auto event = json::object();
  auto value = parse_json(data);
  if (value && (value->is_object() || value->is_string()))
    event["error"] = std::move(*value);
  else
    event["error"] = data;
  return classify_in_stream(api, to_text(event));
}

error classify_in_stream(std::string_view, std::string_view event) {
  const auto facts = read_error_body(event);
  error why;
  why.provider_status = facts.status;
  if (!facts.is_error) {
    why.code = errc::protocol;
    why.message = shown(facts, "the provider sent nothing readable");
    why.message = one_line("not the expected stream: " + why.message,
                           limits::error_message_bytes_max);
    return why;
  }
  why.code = classify(facts, facts.status);
  read_delay(why, facts);
  why.message =
    shown(facts, "the provider reported an error without a message");
  return why;
}

} // namespace penstock
