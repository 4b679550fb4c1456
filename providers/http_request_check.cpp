#include "providers/http_request_check.hpp"

#include "messages/limits.hpp"
#include "providers/ascii.hpp"

#include <algorithm>
#include <array>
#include <curl/curl.h>
#include <memory>
#include <string_view>

namespace penstock {

namespace {

// The transport decides how a message is framed. A caller's own word on it
// would contradict what is sent (request smuggling), and a compressed answer
// would reach a decoder that expects text.
constexpr std::array<std::string_view, 8> transport_headers{
  "accept-encoding", "connection", "content-length",    "expect",
  "keep-alive",      "te",         "transfer-encoding", "upgrade"};

using ascii::equal_ignoring_case;

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z') || marks.find(c) != marks.npos;
  });
}

constexpr std::string_view line_breaks{"\r\n\0", 3};

error invalid(std::string message) {
  return {errc::invalid_request, std::move(message)};
}

// ---- headers ----------------------------------------------------------------

std::optional<error> check_header(const header& h) {
  const auto& [name, value] = h;
  if (!is_token(name))
    return invalid("header name '" + one_line(name.substr(0, 64))
                   + "' is not a token (letters, digits and -_ only)");
  if (name.size() > limits::header_bytes_max
      || value.size() > limits::header_bytes_max)
    return invalid("header '" + name.substr(0, 64) + "' exceeds "
                   + std::to_string(limits::header_bytes_max)
                   + " bytes (header_bytes_max)");
  if (value.find_first_of(line_breaks) != value.npos)
    return invalid("the value of header '" + name + "' contains CR, LF or NUL");
  if (equal_ignoring_case(name, "accept-encoding")
      && equal_ignoring_case(value, "identity"))
    return std::nullopt;
  for (const auto reserved : transport_headers)
    if (equal_ignoring_case(name, reserved))
      return invalid("header '" + name
                     + "' is set by the transport: remove it");
  return std::nullopt;
}

// ---- URL --------------------------------------------------------------------

struct free_url {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using parsed_url = std::unique_ptr<CURLU, free_url>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
    return {};
  std::string copy{text};
  curl_free(text);
  return copy;
}

expected<parsed_url> parse(const std::string& text) {
  constexpr auto scheme_hint =
    "the URL must begin with https:// (or http:// for a local server)";
  if (text.empty())
    return fail(errc::invalid_request, "the URL is empty");
  if (text.find_first_of(line_breaks) != text.npos)
    return fail(errc::invalid_request, "the URL contains CR, LF or NUL");
  // Before the parser: it would take "localhost:8080" for a scheme.
  const auto authority = text.find("://");
  if (authority == text.npos)
    return fail(errc::invalid_request, scheme_hint);
  parsed_url url{curl_url()};
  if (!url)
    return fail(errc::internal, "out of memory");
  const auto code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  if (code == CURLUE_UNSUPPORTED_SCHEME)
    return fail(errc::invalid_request, scheme_hint);
  if (code != CURLUE_OK)
    return fail(errc::invalid_request,
                "malformed URL: " + one_line(curl_url_strerror(code)));
  const auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    return fail(errc::invalid_request, scheme_hint);
  // The parser takes "http:///v1" for the host "v1".
  if (text.compare(authority + 3, 1, "/") == 0
      || part_of(url.get(), CURLUPART_HOST).empty())
    return fail(errc::invalid_request, "malformed URL: it names no host");
  return url;
}

} // namespace

std::optional<error> check_request(const http_request& request) {
  if (!is_token(request.method))
    return invalid("the method is not an HTTP token");
  const auto url = parse(request.url);
  if (!url)
    return url.error();
  if (!part_of(url->get(), CURLUPART_USER).empty()
      || !part_of(url->get(), CURLUPART_PASSWORD).empty())
    return invalid("the URL holds credentials, which would show in logs: "
                   "send them in a header");
  for (const auto& h : request.headers)
    if (auto wrong = check_header(h))
      return wrong;
  return std::nullopt;
}

std::string host_and_port(const std::string& url) {
  const auto parsed = parse(url);
  if (!parsed)
    return {};
  return one_line(part_of(parsed->get(), CURLUPART_HOST) + ":"
                  + part_of(parsed->get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
}

std::string one_line(std::string_view text) {
  std::string line{text.substr(0, limits::error_message_bytes_max)};
  std::replace_if(
    line.begin(), line.end(),
    [](char c) { return c >= 0 && (c < 0x20 || c == 0x7f); }, ' ');
  std::replace_if(
    line.begin(), line.end(), [](char c) { return c < 0; }, '?');
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

} // namespace penstock
