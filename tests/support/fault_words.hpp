// What the network of a fault cell says, and the contract's oracle expects: the
// words of the models.
#pragma once

#include "tests/support/fault_cells.hpp"

#include <string>
#include <vector>

namespace penstock::testing {

inline constexpr std::size_t words_whole = 6, words_cut = 3;

/// "p0w0", " p0w1", …: no two attempts have a word in common.
inline std::vector<std::string> words(const std::string& of, char kind,
                                      std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back((i == 0 ? "" : " ") + of + kind + std::to_string(i));
  return all;
}

inline std::string joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const auto& piece : pieces)
    all += piece;
  return all;
}

inline std::string attempt_name(std::size_t number) {
  return "p" + std::to_string(number);
}

/// Whether the step has shown output when the fault strikes.
inline bool is_visible(fault_place place) {
  return place != fault_place::before_headers
         && place != fault_place::after_headers
         && place != fault_place::after_tool_result;
}

} // namespace penstock::testing
