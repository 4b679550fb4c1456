// Base64, for files inside JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Standard alphabet, padded.
/// Source: RFC 4648, section 4.
std::string base64_encode(std::string_view bytes);

/// Takes both alphabets (sections 4 and 5), with or without padding, and skips
/// ASCII white space. Empty if `text` holds anything else or is cut inside a
/// byte.
std::optional<std::string> base64_decode(std::string_view text);

} // namespace penstock
