// Internal: what a store keeps, as JSON. Pure.
#pragma once

#include "messages/record.hpp"
#include "providers/json.hpp"

#include <optional>
#include <string>
#include <vector>

namespace penstock {

// Written by us and read by us; still, what is read may be damaged: whatever
// is missing or of another type takes its default, a value of unknown kind is
// nothing. None throws.

json json_of(const content& what);
std::optional<content> content_in(const json& value);

json json_of(const token_usage& usage);
token_usage usage_in(const json& value);

json json_of(const std::vector<queued_message>& queue);
std::vector<queued_message> queue_in(const json& value);

/// A terminal event without its parts.
/// @pre terminal(body)
json json_of_terminal(const event_body& body);
std::optional<event_body> terminal_in(const json& value,
                                      std::vector<final_part> parts);
const std::vector<final_part>& parts_of(const event_body& terminal);

/// "complete", "cut", "unknown_outcome"
std::string_view name_of(final_part::state state);
final_part::state part_state_in(std::string_view name);

} // namespace penstock
