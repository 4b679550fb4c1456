// Internal: files of settings that people write, read whole.
#pragma once

#include "messages/errc.hpp"

#include <cstddef>
#include <string>

namespace penstock {

/// What `path` holds: a file or a pipe, at most `bytes_max` bytes.
/// Errors: `invalid_request`, with the path and the system's reason:
///         "prices.json: cannot be read: No such file or directory".
expected<std::string> read_text_file(const std::string& path,
                                     std::size_t bytes_max);

} // namespace penstock
