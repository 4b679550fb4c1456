// The bytes of a fuzz input as a network might bring them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string_view>

namespace penstock::fuzz {

/// Calls `push` with the pieces of `bytes`, cut at random places. Where follows
/// from the bytes alone, so that an input that fails fails again. Each piece is
/// on the heap and ends with the call: a read beyond it, or a view that is kept
/// into it, is an error that AddressSanitizer sees.
template <class Push>
void in_pieces(std::string_view bytes, Push push) {
  std::uint32_t hash = 0x811c9dc5; // FNV-1a
  for (const unsigned char c : bytes)
    hash = (hash ^ c) * 0x01000193;
  std::minstd_rand random{hash | 1u};
  // One byte each, a few, or a handful of cuts altogether.
  const std::size_t sizes[] = {1, 4, 64, bytes.size() + 1};
  const auto size_max = sizes[random() % std::size(sizes)];
  while (!bytes.empty()) {
    const auto size =
      std::min<std::size_t>(1 + random() % size_max, bytes.size());
    const auto piece = std::make_unique<char[]>(size);
    std::memcpy(piece.get(), bytes.data(), size);
    push(std::string_view{piece.get(), size});
    bytes.remove_prefix(size);
  }
}

inline std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

} // namespace penstock::fuzz
