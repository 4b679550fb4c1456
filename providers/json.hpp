// JSON from outside, read without exceptions, without trust, without loss.
#pragma once

#include "messages/errc.hpp"
#include "messages/prompt.hpp" // Has a `json` of its own, to be named first.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Members sorted by name: for what is read and looked up.
using json = nlohmann::json;
/// Members in the order of the text: for what is written. The order of a
/// schema's properties is the order in which models answer.
using ordered_json = nlohmann::ordered_json;

/// Parses the text of one JSON value.
///
/// More is taken than RFC 8259 allows, since servers cut texts anywhere:
/// - an escape of half a surrogate pair ("\ud83d") becomes the three bytes that
///   UTF-8 would have for it, if it had;
/// - half a UTF-8 sequence at either end of a string is kept as it is, and any
///   other invalid byte becomes U+FFFD;
/// - a number too large for a double is the largest double.
/// So a string may hold invalid UTF-8. Deltas go through a `utf8_joiner`, which
/// puts the halves together; single values through `text_of`.
///
/// Of members with the same name the last wins.
/// Limits: limits::json_depth_max.
/// Errors: `protocol`: not JSON, or the limit, which is named.
/// Cost:   one pass; a second one only for a text of the above kinds.
expected<json> parse_json(std::string_view text);

/// As above, in the order of the text. Members with the same name all stay, and
/// `find` gives the first: linear in the text even if it is hostile.
expected<ordered_json> parse_ordered_json(std::string_view text);

// ---- looking things up in a value of unknown shape -------------------------
// None throws. `value` may be of any type; what is not there is null.

/// The member, or a null value of static lifetime.
const json& member(const json& value, const char* name) noexcept;
/// The element, or a null value of static lifetime.
const json& element(const json& value, std::size_t index) noexcept;

/// The bytes of a string, or empty. Valid as long as `value`. May be invalid
/// UTF-8: for a `utf8_joiner`, for comparisons, and for base64.
std::string_view bytes_of(const json& value) noexcept;
inline std::string_view bytes_of(const json& value, const char* name) noexcept {
  return bytes_of(member(value, name));
}

/// A string as valid UTF-8, or empty.
std::string text_of(const json& value);
inline std::string text_of(const json& value, const char* name) {
  return text_of(member(value, name));
}

/// A count, of any number or of a text of digits: rounded towards zero, a
/// negative one is 0, one too large is the largest. Empty for anything else.
std::optional<std::uint64_t> count_of(const json& value) noexcept;
inline std::optional<std::uint64_t> count_of(const json& value,
                                             const char* name) noexcept {
  return count_of(member(value, name));
}

/// Compact JSON text, valid UTF-8 whatever the strings hold.
std::string to_text(const json& value);
std::string to_text(const ordered_json& value);

} // namespace penstock
