// Which tools a stream may use, and which one ends it.
#pragma once

#include "actors/linear_regex.hpp"
#include "messages/errc.hpp"
#include "messages/tool.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace penstock {

/// The rules of one stream, compiled once. The last that matches a name
/// decides; a name that none matches is enabled.
///
/// Limits:  limits::tool_rules_max, and those of `linear_regex`.
/// Threads: immutable; const members from any thread.
/// Cost:    a verdict is linear in the rules and in the name, whatever the
///          patterns are.
class tool_policy {
public:
  /// No rules: everything is enabled.
  tool_policy() = default;

  /// Errors: `invalid_request` names the rule (from 0) and its pattern.
  static expected<tool_policy> compile(std::span<const tool_rule> rules);

  /// A name that no tool can have (limits::tool_name_bytes_max) is disabled.
  tool_rule::verdict verdict(std::string_view tool_name) const;

  bool enables(std::string_view tool_name) const {
    return verdict(tool_name) != tool_rule::verdict::disable;
  }
  /// Whether a success of this tool ends the stream.
  bool requires_tool(std::string_view tool_name) const {
    return verdict(tool_name) == tool_rule::verdict::require;
  }

private:
  struct compiled_rule {
    linear_regex pattern;
    tool_rule::verdict then;
  };
  std::vector<compiled_rule> rules_;
};

/// Whether the outcome of a required tool is the success that ends the stream:
/// an object whose `success` is true; without such a member, whose `ok` is
/// true; without either, one with no `error` that is not marked as an error.
/// A member that is there but is anything else than true is no success.
bool required_succeeded(const tool_outcome& outcome);

} // namespace penstock
