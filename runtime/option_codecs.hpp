// Internal: how the value of an option is read from text, and written as text.
// A codec has `read(text)`, which is absent for what is no value, and
// `write(value)`, whose text `read` takes.
#pragma once

#include "runtime/option_check.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace penstock::option_codecs {

/// The whole of `text` as a number within the bounds.
template <class Number>
std::optional<Number> number_in(std::string_view text, Number least,
                                Number most) {
  Number value{};
  const auto end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc{} || at != end || !(value >= least && value <= most))
    return std::nullopt;
  return value;
}

template <class Number, std::int64_t Least, std::int64_t Most>
struct number {
  static std::optional<Number> read(std::string_view text) {
    return number_in(text, static_cast<Number>(Least),
                     static_cast<Number>(Most));
  }
  static std::string write(Number value) {
    char room[32]; // The longest of a double takes 24.
    return {room, std::to_chars(room, room + sizeof room, value).ptr};
  }
};

template <std::uint32_t Least = 0,
          std::uint32_t Most = std::numeric_limits<std::uint32_t>::max()>
using count = number<std::uint32_t, Least, Most>;

template <std::int64_t Least = 0>
struct ms {
  using digits = number<std::int64_t, Least, time_ms_max.count()>;
  static std::optional<milliseconds> read(std::string_view text) {
    const auto value = digits::read(text);
    return value ? std::optional{milliseconds{*value}} : std::nullopt;
  }
  static std::string write(milliseconds value) {
    return digits::write(value.count());
  }
};

struct flag {
  static std::optional<bool> read(std::string_view text) {
    if (text != "true" && text != "false")
      return std::nullopt;
    return text == "true";
  }
  static std::string write(bool value) { return value ? "true" : "false"; }
};

struct path {
  static std::optional<std::string> read(std::string_view text) {
    if (text.empty() || text.find('\0') != text.npos)
      return std::nullopt;
    return std::string{text};
  }
  static std::string write(const std::string& value) { return value; }
};

/// A value with a name: the table has all of them.
template <class Value, const auto& Names>
struct word {
  static std::optional<Value> read(std::string_view text) {
    for (const auto& [name, value] : Names)
      if (name == text)
        return value;
    return std::nullopt;
  }
  static std::string write(Value wanted) {
    for (const auto& [name, value] : Names)
      if (value == wanted)
        return std::string{name};
    return {};
  }
};

/// An option that may be absent, which `word` says; empty: there is no word.
template <class Codec, const std::string_view& Word>
struct absent_or {
  template <class Value>
  static std::string write(const std::optional<Value>& value) {
    return value ? Codec::write(*value) : std::string{Word};
  }
  // Of options: absent is a value too.
  static auto read(std::string_view text) {
    using optional = decltype(Codec::read(text));
    const bool none = !Word.empty() && text == Word;
    const auto value = none ? optional{} : Codec::read(text);
    return none || value ? std::optional<optional>{value} : std::nullopt;
  }
};

} // namespace penstock::option_codecs
