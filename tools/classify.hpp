// `penstock classify`: the class of a provider's error answer.
#pragma once

#include "providers/http_client.hpp"

#include <chrono>
#include <iosfwd>
#include <string>
#include <vector>

namespace penstock::cli {

struct classify_options {
  std::string api;
  /// Of the answer. With 2xx the body is a stream, or one event of it, and its
  /// first error counts.
  int status = 0;
  std::vector<std::string> headers; ///< "Name: value"
};

/// Reads what counts of `in` and writes one line of JSON to `out`.
/// @param now what reset dates are compared with.
/// @returns the exit code; on `exit_usage` a line for stderr is in `problem`.
int classify(const classify_options& options, std::istream& in,
             std::ostream& out, std::string& problem,
             std::chrono::system_clock::time_point now);

} // namespace penstock::cli
