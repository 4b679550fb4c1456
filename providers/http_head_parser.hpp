// Reads the head of a response from its lines, as libcurl hands them out.
#pragma once

#include "providers/http_client.hpp"

#include <cstddef>
#include <string_view>

namespace penstock {

/// Pure: lines in, one head out.
///
/// Interim answers (1xx) are skipped; a later block replaces an earlier one;
/// what comes after the head (trailers) is ignored.
///
/// Source: RFC 9112, 2.2 and 5 (a folded line counts as one with a space),
///         RFC 9110, 15.2 (interim answers).
/// Limits: all lines together, interim answers and trailers included, have at
///         most `bytes_max` bytes.
class http_head_parser {
public:
  enum class outcome {
    more,     ///< The head goes on.
    complete, ///< This line ended it: take `head`.
    ignored,  ///< A trailer.
    too_large,
    malformed, ///< No status line where one must be.
  };

  explicit http_head_parser(std::size_t bytes_max) : bytes_left_(bytes_max) {}

  /// @param line with or without its line end.
  outcome take(std::string_view line);

  /// @pre `take` returned `complete`. Empty afterwards.
  http_response_head head() { return std::move(head_); }

private:
  outcome take_status_line(std::string_view line);
  void take_field(std::string_view line);

  http_response_head head_;
  std::size_t bytes_left_;
  bool done_ = false;
};

} // namespace penstock
