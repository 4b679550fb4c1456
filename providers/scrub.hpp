// Takes secrets out of text that others wrote, before a person may see it.
#pragma once

#include "messages/secret.hpp"

#include <span>
#include <string>
#include <string_view>

namespace penstock {

/// What stands in a text where a secret was.
inline constexpr std::string_view scrubbed = "[redacted]";

/// `text` without anything that looks like a key: tokens with a well-known
/// prefix ("sk-…", "AIza…"), what follows "Bearer", and the values of names
/// such as "x-api-key:", "api_key=" or "?key=". A provider that rejects a key
/// often quotes it. Rather one word too many is taken out than one too few;
/// what looks like prose stays.
/// Cost: linear in `text`.
std::string scrub(std::string_view text);

/// The same, and also every occurrence of the `known` secrets, whatever they
/// look like. Secrets below 4 bytes are ignored: they are no keys, and taking
/// them out would garble any text.
std::string scrub(std::string_view text, std::span<const secret> known);

/// Whether a word that stands where a name should is a key that went to the
/// wrong place: it has a key's prefix, or 16 letters and digits mixed in a row.
bool looks_like_key(std::string_view word);

/// `text` as one line for a person: valid UTF-8, control and invisible
/// formatting characters removed, runs of white space made one space, at most
/// `bytes_max`, cut between characters with an ellipsis.
std::string one_line(std::string_view text, std::size_t bytes_max);

} // namespace penstock
