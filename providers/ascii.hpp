// Text of protocols: letters and white space of ASCII, whatever the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace penstock::ascii {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower_case(std::string_view text) {
  std::string all{text};
  std::transform(all.begin(), all.end(), all.begin(), lower);
  return all;
}

constexpr bool equal_ignoring_case(std::string_view a,
                                   std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// Without white space at its ends.
constexpr std::string_view
trimmed(std::string_view text, std::string_view white = " \t\r\n") noexcept {
  const auto begin = text.find_first_not_of(white);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(white) - begin + 1);
}

} // namespace penstock::ascii
