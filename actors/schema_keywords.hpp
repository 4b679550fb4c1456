// The keywords of JSON Schema that constrain: what each must look like, and
// where in it further schemas lie.
#pragma once

#include "providers/json.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace penstock {

/// What the value of a keyword must be.
enum class schema_form : std::uint8_t {
  any,               ///< Any value.
  values,            ///< An array.
  number,            ///< A number.
  positive,          ///< A number above 0.
  count,             ///< An integer, 0 or more. 2.0 is one.
  flag,              ///< true or false.
  text,              ///< A string.
  texts,             ///< An array of strings.
  types,             ///< The name of a type, or an array of at least one.
  schema,            ///< A schema: an object, true or false.
  schemas,           ///< An array of at least one schema.
  schema_or_schemas, ///< A schema, or an array of any number of them.
  schema_map,        ///< An object whose members are schemas.
  dependencies,      ///< An object whose members are schemas or `texts`.
};

struct schema_keyword {
  std::string_view name;
  schema_form form;
  /// Its schemas are for the value itself, not for something within it: a
  /// circle of such never ends.
  bool in_place = false;
};

/// Source: JSON Schema draft 7, and `$defs`. Null: it constrains nothing.
const schema_keyword* find_schema_keyword(std::string_view name) noexcept;

/// What the value of a keyword should be but is not: "an array of strings".
/// Empty: it is well-formed. Schemas in it are looked at from outside only.
std::string_view form_wanted(schema_form form, const json& value);

/// Calls `visit` for each schema that lies in the well-formed value of a
/// keyword, with its JSON pointer from there.
void for_each_subschema(
  schema_form form, const json& value,
  const std::function<void(const json& schema, const std::string& path)>&
    visit);

/// The exact value of a JSON number.
inline long double number_of(const json& value) {
  if (value.is_number_unsigned())
    return static_cast<long double>(value.get<std::uint64_t>());
  if (value.is_number_integer())
    return static_cast<long double>(value.get<std::int64_t>());
  return static_cast<long double>(value.get<double>());
}

/// Whether it is an integer as draft 7 has it: 1.0 is one.
bool is_integral(const json& value);

} // namespace penstock
