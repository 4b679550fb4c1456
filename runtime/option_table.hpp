// Every option by its name, for command lines and configuration files.
#pragma once

#include "runtime/options.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// One option, for a help text.
struct option_description {
  std::string_view name;    ///< With its unit: "first_byte_timeout_ms".
  std::string_view expects; ///< "milliseconds (0: off)"
};

/// All of them, in the order of SPEC. Static storage.
const std::vector<option_description>& option_descriptions();

/// Sets one option from its text: "retract", "500", "true".
/// Errors: `invalid_request`: an unknown name, with those that are close; a bad
///         value, with what is expected. `options` is then unchanged.
expected<void> set_option(runtime_options& options, std::string_view name,
                          std::string_view value);

} // namespace penstock
