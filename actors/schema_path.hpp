// Where in a JSON text something is: JSON pointers and the local `$ref`.
#pragma once

#include "messages/errc.hpp"
#include "providers/json.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// A name as a piece of a JSON pointer: "a/b" is "a~1b".
/// Source: RFC 6901.
std::string pointer_piece(std::string_view name);

/// What a `$ref` leads to: "#", or "#" and a JSON pointer, percent-encoded.
/// Lifetime: that of `root`, in which it points.
/// Errors:   `invalid_request`: it leaves the schema, or leads nowhere.
expected<const json*> follow_ref(const json& root, std::string_view ref);

} // namespace penstock
