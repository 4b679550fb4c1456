#include "actors/schema_keywords.hpp"

#include "actors/schema_path.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace penstock {

namespace {

using form = schema_form;

// By name. What is not here is an annotation (`format`, `title`, `default`),
// or of another draft.
constexpr schema_keyword keywords[] = {
  {"$defs", form::schema_map},
  {"additionalItems", form::schema},
  {"additionalProperties", form::schema},
  {"allOf", form::schemas, true},
  {"anyOf", form::schemas, true},
  {"const", form::any},
  {"contains", form::schema},
  {"definitions", form::schema_map},
  {"dependencies", form::dependencies, true},
  {"else", form::schema, true},
  {"enum", form::values},
  {"exclusiveMaximum", form::number},
  {"exclusiveMinimum", form::number},
  {"if", form::schema, true},
  {"items", form::schema_or_schemas},
  {"maxItems", form::count},
  {"maxLength", form::count},
  {"maxProperties", form::count},
  {"maximum", form::number},
  {"minItems", form::count},
  {"minLength", form::count},
  {"minProperties", form::count},
  {"minimum", form::number},
  {"multipleOf", form::positive},
  {"not", form::schema, true},
  {"oneOf", form::schemas, true},
  {"pattern", form::text},
  {"patternProperties", form::schema_map},
  {"properties", form::schema_map},
  {"propertyNames", form::schema},
  {"required", form::texts},
  {"then", form::schema, true},
  {"type", form::types},
  {"uniqueItems", form::flag},
};

static_assert(std::ranges::is_sorted(keywords, {}, &schema_keyword::name));

bool is_type(const json& value) {
  constexpr std::string_view types[] = {"array",  "boolean", "integer", "null",
                                        "number", "object",  "string"};
  return value.is_string()
         && std::ranges::find(types, bytes_of(value)) != std::end(types);
}

bool is_schema(const json& value) {
  return value.is_object() || value.is_boolean();
}

bool is_text(const json& value) {
  return value.is_string();
}

template <class Is>
bool all(const json& value, Is is) {
  return std::all_of(value.begin(), value.end(), is);
}

bool is_texts(const json& value) {
  return value.is_array() && all(value, is_text);
}

std::string_view unless(bool good, std::string_view wanted) {
  return good ? std::string_view{} : wanted;
}

} // namespace

const schema_keyword* find_schema_keyword(std::string_view name) noexcept {
  const auto* it =
    std::ranges::lower_bound(keywords, name, {}, &schema_keyword::name);
  return it != std::end(keywords) && it->name == name ? it : nullptr;
}

bool is_integral(const json& value) {
  if (!value.is_number())
    return false;
  const auto number = number_of(value);
  return std::trunc(number) == number;
}

std::string_view form_wanted(schema_form wanted, const json& value) {
  switch (wanted) {
  case form::any:
    return {};
  case form::values:
    return unless(value.is_array(), "an array");
  case form::number:
    return unless(value.is_number(), "a number");
  case form::positive:
    return unless(value.is_number() && number_of(value) > 0,
                  "a number above 0");
  case form::count:
    return unless(is_integral(value) && number_of(value) >= 0,
                  "an integer, 0 or more");
  case form::flag:
    return unless(value.is_boolean(), "true or false");
  case form::text:
    return unless(value.is_string(), "a string");
  case form::texts:
    return unless(is_texts(value), "an array of strings");
  case form::types:
    return unless(
      is_type(value)
        || (value.is_array() && !value.empty() && all(value, is_type)),
      "the name of a type, or an array of such");
  case form::schema:
    return unless(is_schema(value), "a schema: an object, true or false");
  case form::schemas:
    return unless(value.is_array() && !value.empty() && all(value, is_schema),
                  "an array of at least one schema");
  case form::schema_or_schemas:
    return unless(is_schema(value)
                    || (value.is_array() && all(value, is_schema)),
                  "a schema, or an array of schemas");
  case form::schema_map:
    return unless(value.is_object() && all(value, is_schema),
                  "an object of schemas");
  case form::dependencies:
    return unless(
      value.is_object()
        && all(value,
               [](const json& one) { return is_schema(one) || is_texts(one); }),
      "an object of schemas and arrays of names");
  }
  return "a form that is known";
}

void for_each_subschema(
  schema_form of, const json& value,
  const std::function<void(const json&, const std::string&)>& visit) {
  switch (of) {
  case form::schema:
  case form::schemas:
  case form::schema_or_schemas:
    if (!value.is_array())
      return visit(value, "");
    for (std::size_t i = 0; i < value.size(); ++i)
      visit(value[i], "/" + std::to_string(i));
    return;
  case form::schema_map:
  case form::dependencies:
    for (const auto& [name, one] : value.items())
      if (is_schema(one))
        visit(one, "/" + pointer_piece(name));
    return;
  default:
    return;
  }
}

} // namespace penstock
