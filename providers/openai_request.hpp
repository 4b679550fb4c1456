// What the requests of OpenAI's two APIs have in common.
#pragma once

#include "messages/prompt.hpp"

#include <string_view>

namespace penstock::openai {

/// The strongest effort of `known` (separated by spaces) that `level` allows,
/// else the weakest one. Static lifetime if `known` has it.
std::string_view effort_for(thinking_level level, std::string_view known);

} // namespace penstock::openai
