// What the models of the demo say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock::cli {

/// `sentences` sentences; another `which` gives other ones. Deterministic,
/// UTF-8 with characters of one to four bytes.
std::string demo_text(std::size_t which, std::size_t sentences);

/// About the first half of a text, without a space at its end.
std::string demo_half(std::string_view text);

} // namespace penstock::cli
