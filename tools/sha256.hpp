// SHA-256, to name a decoded file in a summary. Not for security.
#pragma once

#include <string>
#include <string_view>

namespace penstock::cli {

/// 64 hex digits. Source: FIPS 180-4.
std::string sha256_hex(std::string_view bytes);

} // namespace penstock::cli
