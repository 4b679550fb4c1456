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
/// Source:    JSON Schema draft 7, by valijson, and `$defs` of later drafts.
///            What valijson does not know constrains nothing, as the drafts
///            say of unknown keywords.
/// Deviation: `format` is an annotation and constrains nothing; `id` and `$id`
///            do not change what a `$ref` means.
/// Limits:    limits::tool_schema_bytes_max, limits::json_depth_max,
///            limits::tool_input_bytes_max; patterns as `linear_regex` bounds
///            them; limits::schema_steps_max for one check.
/// Threads:   immutable; const members from any thread.
/// Cost:      bounded whatever the schema and the input are.
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
