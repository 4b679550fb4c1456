#include "actors/schema_values.hpp"

#include "actors/schema_keywords.hpp"
#include "providers/scrub.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace penstock {

namespace {

constexpr std::size_t shown_weight_max = 1'000;

// 1.0 and 1 are equal, so they get the same text.
json canonical(const json& value) {
  if (value.is_number_float() && is_integral(value)
      && std::abs(number_of(value)) < 0x1p63L)
    return value.get<std::int64_t>();
  if (!value.is_structured())
    return value;
  auto copy = value;
  for (auto& inner : copy)
    inner = canonical(inner);
  return copy;
}

} // namespace

bool has_type(const json& value, std::string_view type) {
  switch (value.type()) {
  case json::value_t::null:
    return type == "null";
  case json::value_t::boolean:
    return type == "boolean";
  case json::value_t::string:
    return type == "string";
  case json::value_t::object:
    return type == "object";
  case json::value_t::array:
    return type == "array";
  default:
    return type == "number" || (type == "integer" && is_integral(value));
  }
}

std::string_view type_with_article(const json& value) {
  switch (value.type()) {
  case json::value_t::null:
    return "null";
  case json::value_t::boolean:
    return "a boolean";
  case json::value_t::string:
    return "a string";
  case json::value_t::object:
    return "an object";
  case json::value_t::array:
    return "an array";
  default:
    return is_integral(value) ? "an integer" : "a number";
  }
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
    std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool is_multiple(const json& value, const json& of) {
  const auto number = number_of(value), unit = number_of(of);
  if (is_integral(value) && is_integral(of))
    return std::fmod(number, unit) == 0;
  const auto quotient = number / unit;
  const auto off = std::abs(quotient - std::round(quotient));
  return off <= 1e-9L * std::max(1.0L, std::abs(quotient));
}

std::size_t weight_of(const json& value) {
  if (value.is_string())
    return 1 + bytes_of(value).size() / 64;
  std::size_t sum = 1;
  if (value.is_object())
    for (const auto& [name, inner] : value.items())
      sum += name.size() / 64 + weight_of(inner);
  else if (value.is_array())
    for (const auto& inner : value)
      sum += weight_of(inner);
  return sum;
}

bool all_unique(const json& array) {
  std::vector<std::string> texts;
  texts.reserve(array.size());
  for (const auto& one : array)
    texts.push_back(to_text(canonical(one)));
  std::ranges::sort(texts);
  return std::ranges::adjacent_find(texts) == texts.end();
}

std::string brief(const json& value, std::size_t bytes_max) {
  if (value.is_structured() && weight_of(value) > shown_weight_max)
    return std::string{type_with_article(value)};
  if (value.is_string() && bytes_of(value).size() > bytes_max)
    return one_line(to_text(json(bytes_of(value).substr(0, bytes_max))),
                    bytes_max);
  return one_line(to_text(value), bytes_max);
}

} // namespace penstock
