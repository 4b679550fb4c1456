// Every option by its name, for command lines and configuration files.
#pragma once

#include "runtime/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// One option, for a help text. docs/CONFIGURATION.md has the table of all.
struct option_description {
  std::string_view name;    ///< With its unit: "first_byte_timeout_ms".
  std::string_view expects; ///< "milliseconds (0: off)"
  std::string_view meaning; ///< "between any two bytes, pings included"
};

/// All of them, by topic. Static storage.
const std::vector<option_description>& option_descriptions();

/// Sets one option from its text: "retract", "500", "true".
/// Errors: `invalid_request`: an unknown name, with those that are close; a bad
///         value, with what is expected. `options` is then unchanged.
expected<void> set_option(runtime_options& options, std::string_view name,
                          std::string_view value);

/// The value of one option as text that `set_option` takes; empty: it is not
/// set. The text of a default: `option_text({}, name)`.
/// @pre `name` is one of `option_descriptions`.
std::string option_text(const runtime_options& options, std::string_view name);

} // namespace penstock
