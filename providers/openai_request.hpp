// What the requests of OpenAI's two APIs have in common.
#pragma once

#include "messages/prompt.hpp"

#include <string_view>

namespace penstock::openai {

/// The strongest effort of `known` (separated by spaces) that `level` allows,
/// else the weakest one. "none" is for `off` alone: who asks for little has not
/// asked for nothing. Static lifetime if `known` has it.
std::string_view effort_for(thinking_level level, std::string_view known);

/// Whether "none" is among the efforts of `known`.
bool knows_none(std::string_view known) noexcept;

} // namespace penstock::openai
