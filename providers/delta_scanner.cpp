#include "providers/delta_scanner.hpp"

#include "messages/footprint.hpp"
#include "providers/delta_shape_reader.hpp"
#include "providers/utf8.hpp"

#include <bit>
#include <charconv>
#include <cstring>

namespace penstock {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The value of four hexadecimal digits at the begin of `text`, or 0, which no
// delta may hold.
std::uint32_t code_unit(std::string_view text) {
  std::uint32_t value = 0;
  if (text.size() < 4)
    return 0;
  const auto* const end = text.data() + 4;
  const auto [at, ec] = std::from_chars(text.data(), end, value, 16);
  return at == end ? value : 0;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80u | (code >> shift & 0x3Fu));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0u | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0u | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0u | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// Appends what the escape behind a backslash stands for and moves `at` behind
// it. False for what is no escape, for NUL, and for half a pair.
bool unescape(std::string_view event, std::size_t& at, std::string& out) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
  if (at == event.size())
    return false;
  const char letter = event[at++];
  if (letter != 'u') {
    const auto known = letters.find(letter);
    if (known == letters.npos)
      return false;
    out += meant[known];
    return true;
  }
  auto code = code_unit(event.substr(at));
  if (code == 0)
    return false;
  at += 4;
  if (code >= 0xD800 && code < 0xE000) {
    if (code >= 0xDC00 || event.substr(at, 2) != "\\u")
      return false;
    const auto low = code_unit(event.substr(at + 2));
    if (low < 0xDC00 || low >= 0xE000)
      return false;
    at += 6;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(out, code);
  return true;
}

// Length of the run of ASCII without quote, backslash and control characters
// at the begin of `text`; perhaps up to seven bytes less, if text follows.
std::size_t plain_run(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101u, high = each * 0x80;
  // The lowest of the marked bytes is one, others need not be.
  const auto zero = [](std::uint64_t word) { return (word - each) & ~word; };
  std::size_t at = 0;
  for (std::uint64_t word; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    const auto marked = (word | zero(word ^ each * '"')
                         | zero(word ^ each * '\\') | (word - each * 0x20))
                        & high;
    if (marked != 0)
      return std::endian::native == std::endian::little
               ? at + static_cast<std::size_t>(std::countr_zero(marked)) / 8
               : at;
  }
  return at;
}

// Moves `at` to the quote that ends a string of plain ASCII.
bool skip_plain(std::string_view event, std::size_t& at) {
  for (; at < event.size(); ++at) {
    const auto c = static_cast<unsigned char>(event[at]);
    if (c == '"')
      return true;
    if (c < 0x20 || c >= 0x7F || c == '\\')
      return false;
  }
  return false;
}

// The next literal is what tells that the number ends there.
bool skip_integer(std::string_view event, std::size_t& at) {
  constexpr std::size_t digits_max = 18; // No integer type has too few bits.
  const auto begin = at;
  while (at < event.size() && is_digit(event[at]))
    ++at;
  const auto digits = at - begin;
  return digits == 1
         || (digits > 1 && digits <= digits_max && event[begin] != '0');
}

// @pre `skip_integer` took it.
std::uint64_t value_of(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits)
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

} // namespace

std::size_t delta_scanner::learn(std::string_view event) {
  forget();
  delta_shape_reader reader{rules_, event, *this};
  if (!reader.read())
    forget();
  return holes_.empty() ? none : text_rule_;
}

std::optional<delta_scanner::delta>
delta_scanner::scan(std::string_view event) {
  if (holes_.empty())
    return std::nullopt;
  using at_place = footprint::place;
  footprint::note(at_place::shape, *this);
  footprint::note(at_place::shape_text, literals_.data(),
                  literals_.data() + literals_.size());
  footprint::note(at_place::shape_holes, holes_.data(),
                  holes_.data() + holes_.size());
  std::string_view literals = literals_;
  std::string_view text;
  std::size_t at = 0;
  counts_.clear();
  for (const auto& gap : holes_) {
    const auto before = literals.substr(0, gap.literal_bytes);
    if (event.substr(at, before.size()) != before)
      return std::nullopt;
    literals.remove_prefix(before.size());
    at += before.size();
    const auto begin = at;
    const bool good = gap.what == hole::kind::text ? take_text(event, at, text)
                      : gap.what == hole::kind::string
                        ? skip_plain(event, at)
                        : skip_integer(event, at);
    if (!good)
      return std::nullopt;
    if (gap.what == hole::kind::count)
      counts_.push_back({gap.rule, value_of(event.substr(begin, at - begin))});
  }
  if (event.substr(at) != literals)
    return std::nullopt;
  return delta{text_rule_, text, counts_};
}

// Leaves `at` at the quote that ends the text.
bool delta_scanner::take_text(std::string_view event, std::size_t& at,
                              std::string_view& text) {
  const auto begin = at;
  bool ascii = true;
  for (at += plain_run(event.substr(at)); at < event.size(); ++at) {
    const auto c = static_cast<unsigned char>(event[at]);
    if (c == '"' || c == '\\')
      break;
    if (c < 0x20)
      return false;
    ascii = ascii && c < 0x80;
  }
  text = event.substr(begin, at - begin);
  if (at < event.size() && event[at] == '\\') {
    unescaped_ = text;
    if (!take_escaped(event, at, ascii))
      return false;
    text = unescaped_;
  }
  return at < event.size() && (ascii || valid_utf8_prefix(text) == text.size());
}

bool delta_scanner::take_escaped(std::string_view event, std::size_t& at,
                                 bool& ascii) {
  while (at < event.size() && event[at] != '"') {
    const auto c = static_cast<unsigned char>(event[at++]);
    if (c < 0x20)
      return false;
    if (c != '\\')
      unescaped_ += static_cast<char>(c);
    else if (!unescape(event, at, unescaped_))
      return false;
    ascii = ascii && c < 0x80;
  }
  return true;
}

} // namespace penstock
