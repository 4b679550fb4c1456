// Whether a file of certificates can be one, before a connection needs it.
#pragma once

#include "messages/errc.hpp"

#include <optional>
#include <string>

namespace penstock {

/// What is wrong with `path`, the file whose certificates a client trusts:
/// it cannot be read, is no file, or holds no certificate in the form of PEM.
/// What libcurl would tell when the first connection fails, told at once. What
/// is in a certificate is left to it.
/// Errors: `invalid_request`, with the path.
std::optional<error> fault_of_ca_file(const std::string& path);

} // namespace penstock
