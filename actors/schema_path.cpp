#include "actors/schema_path.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace penstock {

namespace {

// Empty: a "%" that two hexadecimal digits do not follow.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned char byte = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, byte, 16);
    if (digits.size() != 2 || read.ptr != end)
      return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

// Empty: a "~" that neither 0 nor 1 follows.
std::optional<std::string> name_of(std::string_view piece) {
  std::string name;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (piece[i] != '~') {
      name += piece[i];
      continue;
    }
    const char next = ++i < piece.size() ? piece[i] : '\0';
    if (next != '0' && next != '1')
      return std::nullopt;
    name += next == '0' ? '~' : '/';
  }
  return name;
}

const json* child(const json& of, const std::string& name) {
  if (of.is_object()) {
    const auto it = of.find(name);
    return it == of.end() ? nullptr : &*it;
  }
  std::size_t index = 0;
  const auto* end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, index);
  const bool leading_zero = name.size() > 1 && name[0] == '0';
  if (!of.is_array() || read.ec != std::errc{} || read.ptr != end
      || leading_zero || index >= of.size())
    return nullptr;
  return &of[index];
}

} // namespace

std::string pointer_piece(std::string_view name) {
  std::string piece;
  for (const char c : name) {
    if (c == '~')
      piece += "~0";
    else if (c == '/')
      piece += "~1";
    else
      piece += c;
  }
  return piece;
}

expected<const json*> follow_ref(const json& root, std::string_view ref) {
  const auto nowhere = [] {
    return fail(errc::invalid_request, "leads nowhere");
  };
  if (!ref.starts_with('#'))
    return fail(errc::invalid_request, "leaves the schema");
  const auto pointer = percent_decoded(ref.substr(1));
  if (!pointer)
    return nowhere();
  const json* at = &root;
  std::string_view rest{*pointer};
  while (!rest.empty()) {
    if (rest[0] != '/') // "#name": anchors are of later drafts, or an `$id`
      return nowhere();
    rest.remove_prefix(1);
    const auto piece = rest.substr(0, rest.find('/'));
    rest.remove_prefix(piece.size());
    const auto name = name_of(piece);
    at = name ? child(*at, *name) : nullptr;
    if (!at)
      return nowhere();
  }
  return at;
}

} // namespace penstock
