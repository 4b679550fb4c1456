#include "actors/packed_block.hpp"

#include <cstring>

namespace penstock {

namespace {

constexpr std::size_t digit = 0x80;

std::size_t digits_of(std::size_t n) {
  std::size_t count = 1;
  for (; n >= digit; n /= digit)
    ++count;
  return count;
}

} // namespace

packed_block::packed_block(std::string_view bytes) {
  if (bytes.empty())
    return;
  // Not make_unique, which would clear it first.
  block_.reset(new char[digits_of(bytes.size()) + bytes.size()]);
  auto* at = block_.get();
  auto n = bytes.size();
  for (; n >= digit; n /= digit)
    *at++ = static_cast<char>(n % digit | digit);
  *at++ = static_cast<char>(n);
  std::memcpy(at, bytes.data(), bytes.size());
}

std::string_view packed_block::bytes() const noexcept {
  if (!block_)
    return {};
  const auto* at = block_.get();
  std::size_t n = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    n |= (byte % digit) << shift;
    if (byte < digit)
      return {at, n};
  }
}

} // namespace penstock
