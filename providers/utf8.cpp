#include "providers/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace penstock {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

using kind = utf8_prefix::kind;

bool within(unsigned char byte, unsigned low, unsigned high) noexcept {
  return byte >= low && byte <= high;
}

// Length of the run of ASCII at the begin of `text`, eight bytes at a time.
std::size_t ascii_run(std::string_view text) noexcept {
  std::size_t at = 0;
  for (std::uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (word & 0x8080808080808080u)
      break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80)
    ++at;
  return at;
}

bool is_high(std::string_view half) noexcept {
  return static_cast<unsigned char>(half[1]) < 0xB0;
}

// The character of a surrogate pair, each half in three bytes.
std::string character_of(std::string_view high, std::string_view low) {
  const auto payload = [](std::string_view half) {
    return (static_cast<unsigned char>(half[1]) & 0x0Fu) << 6
           | (static_cast<unsigned char>(half[2]) & 0x3Fu);
  };
  const auto code = 0x10000u + (payload(high) << 10) + payload(low);
  return {static_cast<char>(0xF0u | code >> 18),
          static_cast<char>(0x80u | (code >> 12 & 0x3Fu)),
          static_cast<char>(0x80u | (code >> 6 & 0x3Fu)),
          static_cast<char>(0x80u | (code & 0x3Fu))};
}

// Appends `text` to `out`, repaired, but for half a character at its end, of
// which the size is returned.
std::size_t repair(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const auto valid = valid_utf8_prefix(text);
    out.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty())
      break;
    const auto [what, bytes] = first_of(text);
    if (what == kind::cut)
      return text.size();
    if (what == kind::surrogate && is_high(text)) {
      const auto rest = text.substr(bytes);
      if (rest.empty() || std::string_view{"\xED"} == rest)
        return text.size();
      const auto next = first_of(rest);
      if (next.what == kind::surrogate && !is_high(rest)) {
        out += character_of(text, rest);
        text.remove_prefix(bytes + next.bytes);
        continue;
      }
    }
    out += replacement;
    text.remove_prefix(bytes);
  }
  return 0;
}

} // namespace

utf8_prefix first_of(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const auto lead = at(0);
  if (lead < 0x80)
    return {kind::valid, 1};
  if (!within(lead, 0xC2, 0xF4))
    return {kind::invalid, 1};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
  if (text.size() < 2)
    return {kind::cut, 1};
  if (!within(at(1), low, high))
    return {kind::invalid, 1};
  if (lead == 0xED && at(1) >= 0xA0)
    return text.size() > 2 && within(at(2), 0x80, 0xBF)
             ? utf8_prefix{kind::surrogate, 3}
             : utf8_prefix{kind::invalid, 1};
  for (std::size_t i = 2; i < size; ++i) {
    if (i == text.size())
      return {kind::cut, i};
    if (!within(at(i), 0x80, 0xBF))
      return {kind::invalid, i};
  }
  return {kind::valid, size};
}

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  std::size_t at = ascii_run(text);
  while (at < text.size()) {
    const auto [what, bytes] = first_of(text.substr(at));
    if (what != kind::valid)
      break;
    at += bytes;
    if (bytes == 1)
      at += ascii_run(text.substr(at));
  }
  return at;
}

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto valid = valid_utf8_prefix(text);
    out.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty())
      break;
    const auto [what, bytes] = first_of(text);
    // Each byte of a surrogate is a subpart of its own.
    for (std::size_t i = 0; i < (what == kind::surrogate ? bytes : 1); ++i)
      out += replacement;
    text.remove_prefix(bytes);
  }
  return out;
}

std::string_view utf8_joiner::join(std::string_view delta) {
  if (pending_.empty() && valid_utf8_prefix(delta) == delta.size())
    return delta;
  pending_.append(delta);
  joined_.clear();
  const auto left = repair(pending_, joined_);
  pending_.erase(0, pending_.size() - left);
  return joined_;
}

std::string_view utf8_joiner::finish() {
  const auto half = !pending_.empty();
  pending_.clear();
  return half ? replacement : std::string_view{};
}

} // namespace penstock
