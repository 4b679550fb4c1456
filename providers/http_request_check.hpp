// Whether a request may go on the wire, the same for every client.
#pragma once

#include "providers/http_client.hpp"

#include <optional>
#include <string>

namespace penstock {

/// What is wrong with `request`: `invalid_request`, one line, with what to do;
/// empty if nothing is. Checked are
///   the method   an HTTP token
///   the URL      absolute, http or https, with a host, without credentials
///   the headers  names are tokens; no CR, LF or NUL in values; bounded by
///                limits::header_bytes_max; none that the transport sets
///                itself (content-length, transfer-encoding, …)
/// The message names no value and no query: they may be secrets.
std::optional<error> check_request(const http_request& request);

/// "host:port" (the port always) of a URL for messages; empty if malformed.
std::string host_and_port(const std::string& url);

/// A plain-text reason from outside as one line of printable ASCII, bounded by
/// limits::error_message_bytes_max. ASCII, because it goes into JSON and may
/// hold anything.
std::string one_line(std::string_view text);

} // namespace penstock
