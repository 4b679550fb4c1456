// A JSON schema that was read and found fit to be evaluated.
#pragma once

#include "actors/linear_regex.hpp"
#include "messages/errc.hpp"
#include "providers/json.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

namespace penstock {

/// Every schema that can be reached from the root is well-formed, every `$ref`
/// leads to one of them, and none comes back to itself without going into the
/// value.
///
/// Threads: immutable. It is not moved: pointers into `root` are kept.
struct read_schema {
  json root;
  std::map<std::string, linear_regex, std::less<>> patterns;
  std::unordered_map<const json*, const json*> refs; ///< From, to; in `root`.
};

/// Reads `into.root` and fills the rest.
/// Limits: limits::schema_regex_weight_max, limits::schema_nesting_max.
/// Errors: `invalid_request`: where in the schema, and what is wrong.
/// Cost:   linear in the schema, and in what its patterns may be together.
expected<void> read(read_schema& into);

} // namespace penstock
