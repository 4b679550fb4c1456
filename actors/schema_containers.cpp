// What a schema says about arrays and objects.
#include "actors/schema_evaluation.hpp"
#include "actors/schema_keywords.hpp"
#include "actors/schema_values.hpp"

#include <bit>
#include <string>

namespace penstock {

namespace {

bool count_fits(std::size_t count, std::string_view keyword,
                const json& limit) {
  const auto is = static_cast<long double>(count);
  return keyword.starts_with("min") ? is >= number_of(limit)
                                    : is <= number_of(limit);
}

// What it costs to look for `name` among the members.
std::size_t lookup_cost(const json& members, const std::string& name) {
  const auto steps = static_cast<std::size_t>(std::bit_width(members.size()));
  return 1 + steps / 8 + name.size() / 64;
}

std::string quoted(const std::string& name) {
  return brief(json(name.substr(0, 100)));
}

} // namespace

// ---- arrays ----------------------------------------------------------------

bool schema_evaluation::array_length(const rule& r) {
  return !r.value.is_array() || count_fits(r.value.size(), r.keyword, r.says)
         || complain(r, "has " + std::to_string(r.value.size()) + " elements");
}

bool schema_evaluation::unique_items(const rule& r) {
  if (!r.value.is_array() || !r.says.get<bool>())
    return true;
  const auto weight = weight_of(r.value);
  if (!spend(weight + weight * std::size_t(std::bit_width(weight)) / 2))
    return false;
  return all_unique(r.value) || complain(r, "has two equal elements");
}

bool schema_evaluation::items(const rule& r) {
  if (!r.value.is_array())
    return true;
  const auto rest = r.siblings.find("additionalItems");
  for (std::size_t i = 0; i < r.value.size(); ++i) {
    const json* schema = &r.says;
    if (r.says.is_array()) {
      if (i < r.says.size())
        schema = &r.says[i];
      else if (rest != r.siblings.end())
        schema = &*rest;
      else
        return true;
    }
    if (!holds(r.value[i], *schema, r.at.below(i)))
      return false;
  }
  return true;
}

bool schema_evaluation::contains(const rule& r) {
  if (!r.value.is_array())
    return true;
  for (std::size_t i = 0; i < r.value.size(); ++i)
    if (quietly_holds(r.value[i], r.says, r.at.below(i)))
      return true;
  return complain(r, "has no element that fits");
}

// ---- objects ---------------------------------------------------------------

bool schema_evaluation::member_count(const rule& r) {
  return !r.value.is_object() || count_fits(r.value.size(), r.keyword, r.says)
         || complain(r, "has " + std::to_string(r.value.size()) + " members");
}

// A model that hears of all that is missing need not ask again.
bool schema_evaluation::names_present(const json& names, const rule& r,
                                      const std::string& why) {
  constexpr std::size_t named_max = 8;
  std::string missing;
  std::size_t count = 0;
  for (const auto& each : names) {
    const auto& name = each.get_ref<const std::string&>();
    if (!spend(lookup_cost(r.value, name)))
      return false;
    if (r.value.contains(name))
      continue;
    if (quiet_ > 0)
      return false;
    if (++count <= named_max)
      missing += (missing.empty() ? "" : ", ") + quoted(name);
  }
  if (count > named_max)
    missing += " and " + std::to_string(count - named_max) + " more";
  return count == 0 || complain(r, "has no " + missing + why);
}

bool schema_evaluation::required(const rule& r) {
  return !r.value.is_object() || names_present(r.says, r, "");
}

bool schema_evaluation::properties(const rule& r) {
  if (!r.value.is_object())
    return true;
  for (auto it = r.says.begin(); it != r.says.end(); ++it) {
    if (!spend(lookup_cost(r.value, it.key())))
      return false;
    const auto member = r.value.find(it.key());
    if (member != r.value.end() && !holds(*member, *it, r.at.below(it.key())))
      return false;
  }
  return true;
}

bool schema_evaluation::pattern_properties(const rule& r) {
  if (!r.value.is_object())
    return true;
  for (auto it = r.says.begin(); it != r.says.end(); ++it)
    for (auto member = r.value.begin(); member != r.value.end(); ++member) {
      if (!spend(1))
        return false;
      if (found(it.key(), member.key())
          && !holds(*member, *it, r.at.below(member.key())))
        return false;
      if (!stopped_.empty())
        return false;
    }
  return true;
}

bool schema_evaluation::additional_properties(const rule& r) {
  if (!r.value.is_object())
    return true;
  const auto named = r.siblings.find("properties");
  const auto matched = r.siblings.find("patternProperties");
  const auto is_known = [&](const std::string& name) {
    if (named != r.siblings.end() && named->contains(name))
      return true;
    if (matched == r.siblings.end())
      return false;
    for (auto it = matched->begin(); it != matched->end(); ++it)
      if (spend(1) && found(it.key(), name))
        return true;
    return false;
  };
  for (auto it = r.value.begin(); it != r.value.end(); ++it) {
    if (!spend(1 + it.key().size() / 64))
      return false;
    if (is_known(it.key()))
      continue;
    if (!stopped_.empty())
      return false;
    if (r.says.is_boolean() && !r.says.get<bool>())
      return complain(r, "has the unknown member " + quoted(it.key()));
    if (!holds(*it, r.says, r.at.below(it.key())))
      return false;
  }
  return stopped_.empty();
}

bool schema_evaluation::property_names(const rule& r) {
  if (!r.value.is_object())
    return true;
  for (auto it = r.value.begin(); it != r.value.end(); ++it)
    if (!spend(it.key().size() / 64)
        || !holds(json(it.key()), r.says, r.at.below(it.key())))
      return false;
  return true;
}

bool schema_evaluation::dependencies(const rule& r) {
  if (!r.value.is_object())
    return true;
  for (auto it = r.says.begin(); it != r.says.end(); ++it) {
    if (!spend(lookup_cost(r.value, it.key())))
      return false;
    if (!r.value.contains(it.key()))
      continue;
    const bool good =
      it->is_array()
        ? names_present(*it, r, ", as " + quoted(it.key()) + " requires")
        : holds(r.value, *it, r.at);
    if (!good)
      return false;
  }
  return true;
}

} // namespace penstock
