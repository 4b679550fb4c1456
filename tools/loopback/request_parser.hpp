// The server side of HTTP/1.1 requests: bytes in, whole requests out.
#pragma once

#include "providers/http_client.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::loopback {

/// Pure. Takes what HTTP clients send to an API: a body, if any, has a
/// Content-Length.
///
/// Limits: head 1 MiB, body 64 MiB.
/// Errors: sticky, see `failed`.
class request_parser {
public:
  /// @param origin "http://127.0.0.1:8080", put before a request's path.
  explicit request_parser(std::string origin) : origin_(std::move(origin)) {}

  void push(std::string_view bytes) { buffer_.append(bytes); }

  /// The next whole request, with header names in lower case.
  std::optional<http_request> next();

  bool failed() const noexcept { return failed_; }
  std::size_t buffered() const noexcept { return buffer_.size(); }

private:
  bool take_head(std::string_view head);

  std::string origin_;
  std::string buffer_;
  std::optional<http_request> request_; ///< Its head is complete.
  std::size_t body_bytes_ = 0;          ///< Of `request_`.
  bool failed_ = false;
};

} // namespace penstock::loopback
