#include "providers/base64.hpp"

#include <array>
#include <cstdint>

namespace penstock {

namespace {

constexpr std::string_view alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum : std::uint8_t { invalid = 64, white = 65, padding = 66 };

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(invalid);
  for (std::uint8_t i = 0; i < 64; ++i)
    values[static_cast<unsigned char>(alphabet[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  values[' '] = values['\t'] = values['\r'] = values['\n'] = white;
  values['='] = padding;
  return values;
}

constexpr auto values = make_values();

} // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6)
      text += alphabet[bits >> (count - 6) & 63];
  }
  if (count > 0)
    text += alphabet[bits << (6 - count) & 63];
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0, pads = 0;
  for (const unsigned char c : text) {
    const auto value = values[c];
    if (value == white)
      continue;
    if (value == padding) {
      ++pads;
      continue;
    }
    if (value == invalid || pads > 0)
      return std::nullopt;
    bits = bits << 6 | value;
    if (++digits % 4 != 1)
      bytes += static_cast<char>(bits >> (4 - digits % 4) % 4 * 2 & 255);
  }
  // A single digit holds no byte; padding only fills up a group of four.
  if (digits % 4 == 1 || (pads > 0 && (digits + pads) % 4 != 0) || pads > 2)
    return std::nullopt;
  return bytes;
}

} // namespace penstock
