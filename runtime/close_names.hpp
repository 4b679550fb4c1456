// Internal: names for people who mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// "; did you mean a, b or c?" with the at most three names that are close to
/// `wrong`, or "" if none is. Letters that were changed, dropped, added or
/// swapped count, as does a piece of a name.
std::string did_you_mean(std::string_view wrong,
                         const std::vector<std::string_view>& names);

/// What a person typed, for an error line: bounded, printable, valid UTF-8.
std::string shown(std::string_view text);

} // namespace penstock
