#include "providers/json_repair.hpp"

#include "providers/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace penstock {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::size_t escape_size = 6; // \uXXXX
constexpr std::size_t mark_digits = 4;

// The value of a \uXXXX at the begin of `text`, or -1.
int unicode_escape(std::string_view text) {
  if (text.size() < escape_size || !text.starts_with("\\u"))
    return -1;
  const auto digits = text.substr(2, 4);
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos)
    return -1;
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

bool is_high(int code) {
  return code >= 0xD800 && code < 0xDC00;
}
bool is_low(int code) {
  return code >= 0xDC00 && code < 0xE000;
}

// A noncharacter (U+FDD0 to U+FDEF) that `text` holds neither as it is nor as
// an escape; they are for a program's own use and hardly ever sent.
std::string unused_mark(std::string_view text) {
  for (int low = 0xD0; low <= 0xEF; ++low) {
    const std::string mark{'\xEF', '\xB7', static_cast<char>(low - 0x40)};
    if (text.find(mark) != text.npos)
      continue;
    bool escaped = false;
    for (auto at = text.find("\\u"); at != text.npos && !escaped;
         at = text.find("\\u", at + 2))
      escaped = unicode_escape(text.substr(at)) == 0xFD00 + low;
    if (!escaped)
      return mark;
  }
  return {};
}

// How many bytes at the begin of `text` can end a sequence begun before it.
std::size_t tail_size(std::string_view text) {
  std::size_t size = 0;
  while (size < std::min<std::size_t>(3, text.size())
         && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    ++size;
  return size;
}

} // namespace

json_repair::json_repair(std::string_view text) : mark_(unused_mark(text)) {
  out_.reserve(text.size() + 64);
  while (!text.empty()) {
    const char c = text.front();
    if (c == '"') {
      copy_string(text);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      copy_number(text);
    } else {
      out_ += c;
      text.remove_prefix(1);
    }
  }
}

// From the quote to the quote, or to the end.
void json_repair::copy_string(std::string_view& text) {
  out_ += '"';
  text.remove_prefix(1);
  for (bool at_begin = true; !text.empty(); at_begin = false) {
    const auto plain = std::min(text.find_first_of("\"\\"), text.size());
    const bool at_end = plain < text.size() && text[plain] == '"';
    copy_plain(text.substr(0, plain), at_begin, at_end);
    text.remove_prefix(plain);
    if (at_end) {
      out_ += '"';
      text.remove_prefix(1);
      return;
    }
    if (!text.empty())
      copy_escape(text);
  }
}

// A string's ends may hold the halves of one sequence: those bytes are kept,
// any other maximal subpart that is not UTF-8 becomes U+FFFD.
void json_repair::copy_plain(std::string_view text, bool at_begin,
                             bool at_end) {
  while (!text.empty()) {
    const auto valid = valid_utf8_prefix(text);
    out_.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty())
      return;
    changed_ = true;
    const auto [what, bytes] = first_of(text);
    const auto size = at_begin && valid == 0 ? tail_size(text) : 0;
    at_begin = false;
    if (size > 0 || (at_end && what == utf8_prefix::kind::cut)) {
      const auto half = text.substr(0, size > 0 ? size : bytes);
      for (const char byte : half)
        put_mark(static_cast<unsigned char>(byte));
      text.remove_prefix(half.size());
    } else {
      const bool surrogate = what == utf8_prefix::kind::surrogate;
      for (std::size_t i = 0; i < (surrogate ? bytes : 1); ++i)
        out_ += replacement;
      text.remove_prefix(bytes);
    }
  }
}

void json_repair::copy_escape(std::string_view& text) {
  const auto code = unicode_escape(text);
  auto size = code < 0 ? std::min<std::size_t>(2, text.size()) : escape_size;
  if (is_high(code) && is_low(unicode_escape(text.substr(escape_size)))) {
    size = 2 * escape_size;
  } else if (is_high(code) || is_low(code)) {
    put_mark(static_cast<unsigned>(code));
    text.remove_prefix(escape_size);
    return;
  }
  out_.append(text.substr(0, size));
  text.remove_prefix(size);
}

void json_repair::copy_number(std::string_view& text) {
  const auto size =
    std::min(text.find_first_not_of("0123456789+-.eE"), text.size());
  std::string number{text.substr(0, size)};
  if (std::isinf(std::strtod(number.c_str(), nullptr))) {
    number = number.front() == '-' ? "-1.7976931348623157e308"
                                   : "1.7976931348623157e308";
    changed_ = true;
  }
  out_ += number;
  text.remove_prefix(size);
}

// `code` is half a pair, or a byte.
void json_repair::put_mark(unsigned code) {
  changed_ = true;
  if (mark_.empty()) {
    out_ += replacement;
    return;
  }
  out_ += mark_;
  for (int shift = 12; shift >= 0; shift -= 4)
    out_ += "0123456789abcdef"[code >> shift & 15];
}

void json_repair::restore(nlohmann::json& value) const {
  restore_in(value);
}

void json_repair::restore(nlohmann::ordered_json& value) const {
  restore_in(value);
}

// Recursive: the parser has bounded the depth. Names of members keep marks;
// nobody looks for one with half a character.
template <class Json>
void json_repair::restore_in(Json& value) const {
  if (auto* text = value.template get_ptr<std::string*>())
    *text = restored(*text);
  else if (value.is_structured())
    for (auto& child : value)
      restore_in(child);
}

std::string json_repair::restored(const std::string& text) const {
  if (mark_.empty() || text.find(mark_) == text.npos)
    return text;
  std::string bytes;
  std::string_view rest = text;
  for (auto at = rest.find(mark_); at != rest.npos; at = rest.find(mark_)) {
    bytes.append(rest.substr(0, at));
    rest.remove_prefix(at + mark_.size());
    unsigned code = 0;
    std::from_chars(rest.data(), rest.data() + mark_digits, code, 16);
    rest.remove_prefix(mark_digits);
    if (code <= 0xFF) {
      bytes += static_cast<char>(code);
    } else {
      bytes += '\xED';
      bytes += static_cast<char>(0x80 | (code >> 6 & 0x3F));
      bytes += static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  return bytes.append(rest);
}

} // namespace penstock
