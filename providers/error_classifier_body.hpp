// What the body of a failed request says, whatever its shape.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The provider's words, not yet judged.
struct error_facts {
  /// Whether the body is an error at all, and not some other JSON or text.
  bool is_error = false;
  /// All of `reason`, `code`, `type` and `status` that are words, the most
  /// specific first; those of an error wrapped in another one come last.
  std::vector<std::string> codes;
  /// A code that is an HTTP status, 400…599; else 0.
  int status = 0;
  /// The text for a person. Not cleaned, not bounded; may be empty.
  std::string message;
  /// What part of the request it is about ("model"); may be empty.
  std::string param;
  /// Gemini's `retryDelay`, or `retry_after`.
  std::optional<std::chrono::milliseconds> retry_after;
};

/// Reads a body. Never fails: of HTML it takes the title, of other text the
/// text, of JSON that was cut off what came before the cut.
///
/// Shapes: {"error":{message,type,code,param,status,details,metadata}},
/// {"error":"…"}, {"type":"error","error":{…}}, [{"error":{…}}], flat
/// {message,type,code}, {"detail":"…"}, {"detail":[{loc,msg}]},
/// {"code":"…","error":"…"}, {"response":{"error":{…}}},
/// {"choices":[{"error":{…}}]}, {"errors":[…]}, MiniMax's {"base_resp":{
/// status_code,status_msg}}, and an error that another one carries as text
/// (OpenRouter's `metadata.raw`). Any of them may be the data of an event.
/// Limits: the first limits::error_body_bytes_max of `body`.
error_facts read_error_body(std::string_view body);

/// "1m30s", "12ms", "39s", "1.5s", "1h2m3s"; a number without a unit is
/// seconds. Empty if it is anything else or negative; at most one year.
std::optional<std::chrono::milliseconds>
duration_from_text(std::string_view text);

/// The delay in "… try again in 11.054s. …", "retry after 6 seconds" and the
/// like, of a text in lower case; empty if it names none.
std::optional<std::chrono::milliseconds>
delay_in_message(std::string_view text);

} // namespace penstock
