#include "actors/schema_evaluation.hpp"

#include "actors/schema_keywords.hpp"
#include "actors/schema_path.hpp"
#include "actors/schema_values.hpp"
#include "messages/check.hpp"
#include "messages/limits.hpp"
#include "providers/scrub.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock {

struct schema_evaluation::keyword_check {
  std::string_view name;
  check run;
};

const schema_evaluation::keyword_check*
schema_evaluation::find_check(std::string_view keyword) {
  using self = schema_evaluation;
  // By name. `type` is looked at first, `then` and `else` by `if`.
  static constexpr keyword_check checks[] = {
    {"additionalProperties", &self::additional_properties},
    {"allOf", &self::all_of},
    {"anyOf", &self::any_of},
    {"const", &self::constant},
    {"contains", &self::contains},
    {"dependencies", &self::dependencies},
    {"enum", &self::enumeration},
    {"exclusiveMaximum", &self::bound},
    {"exclusiveMinimum", &self::bound},
    {"if", &self::conditional},
    {"items", &self::items},
    {"maxItems", &self::array_length},
    {"maxLength", &self::text_length},
    {"maxProperties", &self::member_count},
    {"maximum", &self::bound},
    {"minItems", &self::array_length},
    {"minLength", &self::text_length},
    {"minProperties", &self::member_count},
    {"minimum", &self::bound},
    {"multipleOf", &self::multiple},
    {"not", &self::negation},
    {"oneOf", &self::one_of},
    {"pattern", &self::pattern},
    {"patternProperties", &self::pattern_properties},
    {"properties", &self::properties},
    {"propertyNames", &self::property_names},
    {"required", &self::required},
    {"uniqueItems", &self::unique_items},
  };
  static_assert(std::ranges::is_sorted(checks, {}, &keyword_check::name));
  const auto* it =
    std::ranges::lower_bound(checks, keyword, {}, &keyword_check::name);
  return it != std::end(checks) && it->name == keyword ? it : nullptr;
}

bool schema_evaluation::holds(const json& value, const json& schema,
                              const place& at) {
  if (!spend(16))
    return false;
  if (schema.is_boolean())
    return schema.get<bool>()
           || complain(at, "is not allowed here", {}, nullptr);
  if (const auto it = by_.refs.find(&schema); it != by_.refs.end())
    return holds(value, *it->second, at);
  if (const auto it = schema.find("type"); it != schema.end())
    if (!type({"type", *it, schema, value, at}))
      return false;
  for (auto it = schema.begin(); it != schema.end(); ++it) {
    const auto* keyword = find_check(it.key());
    if (!spend(1))
      return false;
    if (keyword
        && !(this->*keyword->run)({keyword->name, *it, schema, value, at}))
      return false;
  }
  return stopped_.empty();
}

// ---- of any type -----------------------------------------------------------

bool schema_evaluation::type(const rule& r) {
  const auto good = [&](const json& name) {
    return has_type(r.value, bytes_of(name));
  };
  if (r.says.is_array() ? std::ranges::any_of(r.says, good) : good(r.says))
    return true;
  return complain(r, "is " + std::string{type_with_article(r.value)});
}

bool schema_evaluation::constant(const rule& r) {
  if (!spend(weight_of(r.value)))
    return false;
  return r.value == r.says || complain(r, "is " + brief(r.value));
}

bool schema_evaluation::enumeration(const rule& r) {
  const auto weight = weight_of(r.value);
  if (!spend(weight))
    return false;
  for (const auto& one : r.says) {
    if (!spend(one.type() == r.value.type() ? weight : 1))
      return false;
    if (one == r.value)
      return true;
  }
  return complain(r, "is " + brief(r.value));
}

// ---- numbers ---------------------------------------------------------------

bool schema_evaluation::bound(const rule& r) {
  if (!r.value.is_number())
    return true;
  const auto is = number_of(r.value), limit = number_of(r.says);
  const bool good = r.keyword == "minimum"            ? is >= limit
                    : r.keyword == "maximum"          ? is <= limit
                    : r.keyword == "exclusiveMinimum" ? is > limit
                                                      : is < limit;
  return good || complain(r, "is " + brief(r.value));
}

bool schema_evaluation::multiple(const rule& r) {
  return !r.value.is_number() || is_multiple(r.value, r.says)
         || complain(r, "is " + brief(r.value));
}

// ---- strings ---------------------------------------------------------------

bool schema_evaluation::text_length(const rule& r) {
  if (!r.value.is_string())
    return true;
  const auto text = bytes_of(r.value);
  if (!spend(text.size() / 64))
    return false;
  const auto length = characters(text);
  const bool good = r.keyword == "minLength"
                      ? static_cast<long double>(length) >= number_of(r.says)
                      : static_cast<long double>(length) <= number_of(r.says);
  return good || complain(r, "has " + std::to_string(length) + " characters");
}

bool schema_evaluation::found(const std::string& pattern,
                              const std::string& text) {
  const auto it = by_.patterns.find(pattern);
  PENSTOCK_CHECK(it != by_.patterns.end());
  regex_spent_ += it->second.steps(text.size());
  if (regex_spent_ > limits::regex_steps_max)
    return stop("it is too long to be held against the schema's patterns");
  const auto match = it->second.found_in(text);
  return match ? *match : stop("a pattern of the schema cannot be matched");
}

bool schema_evaluation::pattern(const rule& r) {
  return !r.value.is_string()
         || found(r.says.get_ref<const std::string&>(),
                  r.value.get_ref<const std::string&>())
         || complain(r, "does not match: " + brief(r.value));
}

// ---- combinations ----------------------------------------------------------

bool schema_evaluation::all_of(const rule& r) {
  return std::ranges::all_of(
    r.says, [&](const json& one) { return holds(r.value, one, r.at); });
}

// The complaint about the alternative that went furthest says most.
bool schema_evaluation::any_of(const rule& r) {
  complaint closest;
  for (const auto& one : r.says) {
    if (holds(r.value, one, r.at))
      return true;
    if (!stopped_.empty())
      return false;
    if (closest.what.empty() || complaint_.depth > closest.depth)
      closest = std::move(complaint_);
  }
  if (quiet_ > 0)
    return false;
  if (closest.depth > r.at.depth) {
    complaint_ = std::move(closest);
    return false;
  }
  return complain(r, "fits no alternative: it " + closest.what);
}

bool schema_evaluation::one_of(const rule& r) {
  std::size_t fitting = 0;
  for (const auto& one : r.says)
    if (quietly_holds(r.value, one, r.at) && ++fitting == 2)
      return complain(r, "fits more than one alternative");
  return fitting == 1 || any_of(r);
}

bool schema_evaluation::negation(const rule& r) {
  if (!quietly_holds(r.value, r.says, r.at))
    return stopped_.empty();
  return complain(r, "is what it must not be");
}

bool schema_evaluation::conditional(const rule& r) {
  const auto* branch = quietly_holds(r.value, r.says, r.at) ? "then" : "else";
  if (!stopped_.empty())
    return false;
  const auto it = r.siblings.find(branch);
  return it == r.siblings.end() || holds(r.value, *it, r.at);
}

bool schema_evaluation::quietly_holds(const json& value, const json& schema,
                                      const place& at) {
  ++quiet_;
  const bool good = holds(value, schema, at);
  --quiet_;
  return good;
}

// ---- cost and complaints ---------------------------------------------------

bool schema_evaluation::spend(std::size_t sixteenths) {
  spent_ += sixteenths;
  return spent_ <= 16 * limits::schema_steps_max
         || stop("it is too large for this schema");
}

bool schema_evaluation::stop(std::string_view why) {
  if (stopped_.empty())
    stopped_ = why;
  return false;
}

bool schema_evaluation::complain(const rule& r, std::string what) {
  return complain(r.at, std::move(what), r.keyword, &r.says);
}

bool schema_evaluation::complain(const place& at, std::string what,
                                 std::string_view keyword, const json* says) {
  if (quiet_ > 0 || !spend(16))
    return false;
  std::vector<std::string> pieces;
  for (const auto* p = &at; p->up; p = p->up)
    pieces.push_back(p->name ? pointer_piece(p->name->substr(0, 64))
                             : std::to_string(p->index));
  std::string where;
  for (auto it = pieces.rbegin(); it != pieces.rend(); ++it)
    where += "/" + *it;
  complaint_ = {std::move(where), at.depth, std::move(what), keyword, says};
  return false;
}

std::string schema_evaluation::why() const {
  if (!stopped_.empty())
    return "the input could not be checked: " + std::string{stopped_};
  auto text =
    complaint_.where.empty() ? std::string{"the input"} : complaint_.where;
  text += " " + complaint_.what;
  if (complaint_.says)
    text += "; the schema says \"" + std::string{complaint_.keyword}
            + "\": " + brief(*complaint_.says, 1'000);
  return text;
}

} // namespace penstock
