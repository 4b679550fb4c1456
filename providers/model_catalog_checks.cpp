// What of a configuration may go on the wire.
#include "messages/limits.hpp"
#include "providers/model_catalog.hpp"
#include "providers/scrub.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <curl/curl.h>
#include <memory>

namespace penstock {

namespace {

struct url_cleanup {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using parsed_url = std::unique_ptr<CURLU, url_cleanup>;

/// Empty if the URL has no such part.
std::string part_of(const parsed_url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK)
    return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner{text, &curl_free};
  return text;
}

/// @param host as libcurl gives it: "127.1" is "127.0.0.1" by then.
bool is_loopback(std::string host) {
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (host == "localhost" || host.ends_with(".localhost"))
    return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return ntohl(v4.s_addr) >> 24 == 127;
  if (host.size() < 2 || host.front() != '[' || host.back() != ']')
    return false;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1
         && IN6_IS_ADDR_LOOPBACK(&v6);
}

/// The URL for a message; not if it may hold a secret.
std::string shown(std::string_view url) {
  constexpr std::size_t bytes_max = 200;
  if (url.find_first_of("@?") != url.npos)
    return "base_url";
  return "base_url \"" + one_line(scrub(url), bytes_max) + "\"";
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || std::string_view{"!#$%&'*+-.^_`|~"}.find(c)
                != std::string_view::npos;
  });
}

/// CR, LF and NUL would end or split the header; no other control character
/// but the tab belongs there either (RFC 9110, 5.5).
bool is_field_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

/// A wrong one of these makes the peer wait for what never comes.
bool belongs_to_the_client(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{
    "content-length", "transfer-encoding", "connection", "upgrade", "te"};
  return std::any_of(names.begin(), names.end(), [&](auto own) {
    return std::equal(own.begin(), own.end(), name.begin(), name.end(),
                      [](char o, char n) {
                        return o == n || (n >= 'A' && n <= 'Z' && o == n + 32);
                      });
  });
}

} // namespace

expected<std::string> checked_base_url(std::string_view url,
                                       bool allow_plain_http) {
  const auto refuse = [&](std::string_view why) {
    return fail(errc::invalid_request, shown(url) + " " + std::string{why});
  };
  constexpr auto example = "; it looks like https://api.example.com/v1";
  if (url.empty())
    return refuse("is empty" + std::string{example});
  if (url.size() > limits::header_bytes_max)
    return fail(errc::invalid_request, "base_url is too long");
  // libcurl drops an empty query or fragment; we say that it is wrong.
  if (url.find_first_of("?#") != url.npos)
    return refuse("must not have a query or a fragment");
  const parsed_url parsed{curl_url()};
  if (!parsed)
    return fail(errc::internal, "out of memory");
  // It takes "https:/host" and "https:///host"; nobody means these.
  const auto slashes = url.find("://");
  const auto fault =
    url.find('\0') != url.npos || slashes == url.npos
        || url.substr(slashes + 3, 1).find_first_not_of('/') == url.npos
      ? CURLUE_MALFORMED_INPUT
      : curl_url_set(parsed.get(), CURLUPART_URL, std::string{url}.c_str(),
                     CURLU_NON_SUPPORT_SCHEME);
  if (fault != CURLUE_OK)
    return refuse("is not a URL (" + std::string{curl_url_strerror(fault)} + ")"
                  + example);
  const auto scheme = part_of(parsed, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http")
    return refuse("must begin with https:// or http://");
  const auto host = part_of(parsed, CURLUPART_HOST);
  if (host.empty())
    return refuse("names no host" + std::string{example});
  if (!part_of(parsed, CURLUPART_USER).empty()
      || !part_of(parsed, CURLUPART_PASSWORD).empty()
      || url.substr(0, url.find('/', slashes + 3)).find('@') != url.npos)
    return refuse("must not hold a user or a password; give the key by "
                  "api_key_env or api_key_file");
  if (part_of(parsed, CURLUPART_PORT) == "0")
    return refuse("has port 0");
  if (scheme == "http" && !allow_plain_http && !is_loopback(host))
    return refuse("would send the conversation, and a key, in plain text; use "
                  "https, or set \"allow_plain_http\": true for this provider");
  auto whole = part_of(parsed, CURLUPART_URL);
  while (whole.ends_with('/'))
    whole.pop_back();
  return whole;
}

std::optional<error> fault_of(const header_list& headers) {
  constexpr std::size_t shown_bytes_max = 100;
  const auto refuse = [](std::string_view name, std::string_view why) {
    return error{errc::invalid_request,
                 "header \"" + one_line(scrub(name), shown_bytes_max) + "\" "
                   + std::string{why}};
  };
  for (const auto& [name, value] : headers) {
    if (!is_token(name))
      return refuse(name, "is not a header name: letters, digits and "
                          "!#$%&'*+-.^_`|~ are");
    if (belongs_to_the_client(name))
      return refuse(name, "is set by the HTTP client; leave it out");
    if (!is_field_value(value))
      return refuse(name, "has a line end or another control character in its "
                          "value; take it out");
    if (name.size() > limits::header_bytes_max
        || value.size() > limits::header_bytes_max)
      return refuse(name, "is longer than header_bytes_max ("
                            + std::to_string(limits::header_bytes_max)
                            + " bytes)");
  }
  return std::nullopt;
}

} // namespace penstock
