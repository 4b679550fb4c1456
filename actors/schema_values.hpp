// JSON values as JSON Schema sees them.
#pragma once

#include "providers/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

/// Whether `value` is of the draft 7 type: 1.0 is an integer, too.
bool has_type(const json& value, std::string_view type);
/// "an object", "null".
std::string_view type_with_article(const json& value);

/// Unicode characters of a string. Cost: linear.
std::size_t characters(std::string_view text);

/// Exact for integers; else the quotient may be off by a billionth, so that
/// 0.3 is a multiple of 0.1. @pre both are numbers, `of` is above 0.
bool is_multiple(const json& value, const json& of);

/// About what it costs to compare it: its values, and its bytes by 64.
std::size_t weight_of(const json& value);

/// Whether no two elements are equal. Cost: n log n in the weight.
bool all_unique(const json& array);

/// The value in at most `bytes_max` bytes, one line; an object or an array
/// whose weight is large is named by its type alone.
std::string brief(const json& value, std::size_t bytes_max = 80);

} // namespace penstock
