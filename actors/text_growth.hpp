// How a text grows that comes token by token.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

/// Appends, and makes a quarter more room where there is none: std::string
/// doubles whatever it is asked for, and thousands of streams hold half a text
/// at once. From a megabyte on it may.
///
/// Cost: amortised five copies of a byte, and two of a large text's.
inline void append_tightly(std::string& text, std::string_view more) {
  constexpr std::size_t large = 1u << 20, step_min = 256;
  const auto room = text.capacity();
  if (text.size() + more.size() <= room || room >= large) {
    text.append(more);
    return;
  }
  std::string grown;
  grown.reserve(
    std::max(text.size() + more.size(), room + std::max(room / 4, step_min)));
  grown.append(text).append(more);
  text = std::move(grown);
}

} // namespace penstock
