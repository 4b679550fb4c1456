// The JSON configuration of SPEC §12: providers, options, tools, tool policy.
#pragma once

#include "runtime/options.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// A tool that is an external command. Who reads the file makes a handler.
struct configured_command {
  tool_definition definition;
  std::vector<std::string> argv; ///< Not empty.
  bool read_only = false;
  bool idempotent = false;
  std::chrono::milliseconds timeout_ms{300'000};
};

/// What a configuration file says.
struct configuration {
  runtime_options options;
  std::vector<configured_command> tools;
};

/// Reads the text of a configuration over `base`:
///
///   {"providers": {NAME: {"api", "base_url", "api_key_env", "api_key_file",
///                         "headers": {NAME: VALUE}, "allow_plain_http",
///                         "options": {endpoint options},
///                         "script": see script_reader.hpp}},
///    "options": {NAME: VALUE},
///    "clocks_by_model": {"PROVIDER:MODEL": {the five timeouts of an attempt}},
///    "restart_rules": {ERROR_CLASS: {"attempts_per_model", "next_model"}},
///    "tools": [{"name", "description", "input_schema", "command": [ARGV…],
///               "read_only", "idempotent", "timeout_ms"}],
///    "tool_policy": [{"pattern", "action": "enable|disable|require"}]}
///
/// All of it is optional, in any order; what a provider or a model has of its
/// own is laid over "options". Anything that is not here is an error: a setting
/// that was mistyped must not be ignored in silence.
///
/// Limits: 16 MiB, limits::json_depth_max.
/// Errors: `invalid_request`, with the path of the value and what is expected:
///         "options.max_steps: expected a count, at least 1, got 0".
expected<configuration> parse_configuration(std::string_view text,
                                            runtime_options base = {});

/// The same for a file; its path begins the error's message.
expected<configuration> load_configuration(const std::string& path,
                                           runtime_options base = {});

} // namespace penstock
