// Holds the input of a tool call against the tool's JSON schema.
#pragma once

#include "messages/errc.hpp"
#include "messages/prompt.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace penstock {

/// Whether a tool can have this name: [A-Za-z0-9_-]{1,64}.
bool valid_tool_name(std::string_view name) noexcept;

/// A compiled schema.
///
/// Source:    JSON Schema draft 7, and `$defs` of later drafts. Any other
///            keyword constrains nothing, as the drafts say of unknown ones.
/// Deviation: `format` is an annotation and constrains nothing; `id` and `$id`
///            do not change what a `$ref` means; a pattern sees the bytes of
///            UTF-8, so that `.` is half of an "ä".
/// Limits:    limits::tool_schema_bytes_max, limits::json_depth_max,
///            limits::tool_input_bytes_max, limits::schema_nesting_max,
///            limits::schema_regex_weight_max; limits::schema_steps_max for
///            one check, and limits::regex_steps_max for its patterns.
/// Threads:   immutable; const members from any thread.
/// Cost:      bounded whatever the schema and the input are. That is why the
///            evaluation is ours: valijson 1.0 matches by a std::regex that
///            backtracks, compares all pairs for `uniqueItems`, and follows a
///            `$ref` that leads back to itself until the stack is full.
class tool_input_check {
public:
  /// Errors: `invalid_request` names the tool: its name, a schema that is not
  ///         JSON, not an object or malformed, a `$ref` that leaves the schema
  ///         or leads nowhere or to itself, a pattern that could hang.
  static expected<tool_input_check> compile(const tool_definition& what);

  /// Errors: `tool`, with a message for the model that it can act on: where
  ///         in the input, what was wrong, what the schema says there. At most
  ///         limits::tool_error_bytes_max.
  expected<void> check(std::string_view input_json) const;

private:
  struct compiled;
  explicit tool_input_check(std::shared_ptr<const compiled> what)
    : what_(std::move(what)) {}

  std::shared_ptr<const compiled> what_; // never null
};

} // namespace penstock
