// What all decoders need at the edges: bodies that are none, sums, limits.
#pragma once

#include "messages/errc.hpp"
#include "providers/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::decoding {

/// Nothing but white space.
bool is_blank(std::string_view text) noexcept;

/// Whether a member says anything: servers send `"error": null`, "", false, 0,
/// {} and [] in healthy events.
bool is_something(const json& value);

/// An event that says nothing but that the connection lives: what its data is
/// does not matter, often it is no JSON.
bool is_keep_alive(std::string_view event_type) noexcept;

/// What a provider says of the end of its answer, for a person: one line,
/// bounded, without keys.
std::string explanation(std::string_view text);

/// Counts from outside do not wrap: the largest if they would.
std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept;

/// `protocol`: "the answer exceeds NAME (MAX); " and what to do about it.
error over_limit(std::string_view name, std::size_t max);

/// What to do about an answer that is not of the API that was asked.
inline constexpr std::string_view check_endpoint =
  "; check the base URL and the API";

/// `protocol`, with one line of what was there instead, to know the culprit by.
/// @param what "an event stream"
error unexpected_body(std::string_view what, std::string_view body);

} // namespace penstock::decoding
