// `penstock decode`: the decoders on a recorded body.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace penstock::cli {

struct decode_options {
  std::string api;      ///< Not used with `sse`.
  std::string provider; ///< Name of the endpoint, for its quirks.
  bool sse = false;     ///< Show the raw server-sent events instead.
  bool summary = false; ///< Show the canonical summary instead of the parts.
  std::size_t bytes_per_push = 64u << 10; ///< > 0
};

/// Decodes all of `in` and writes JSON, one value per line, to `out`.
/// @returns the exit code; on `exit_usage` a line for stderr is in `problem`.
int decode(const decode_options& options, std::istream& in, std::ostream& out,
           std::string& problem);

} // namespace penstock::cli
