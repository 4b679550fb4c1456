#include "actors/tool_policy.hpp"

#include "messages/limits.hpp"
#include "providers/json.hpp"

#include <string>
#include <utility>

namespace penstock {

namespace {

// A pattern may be long and hold anything; a message is one short line.
std::string shown(std::string_view pattern) {
  constexpr std::size_t shown_bytes_max = 80;
  auto text = to_text(json(pattern.substr(0, shown_bytes_max)));
  return pattern.size() > shown_bytes_max ? text + "…" : text;
}

} // namespace

expected<tool_policy> tool_policy::compile(std::span<const tool_rule> rules) {
  if (rules.size() > limits::tool_rules_max)
    return fail(errc::invalid_request,
                "tool_policy: more than "
                  + std::to_string(limits::tool_rules_max) + " rules");
  tool_policy policy;
  policy.rules_.reserve(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    auto pattern = linear_regex::compile(rules[i].pattern);
    if (!pattern)
      return fail(errc::invalid_request,
                  "tool_policy: rule " + std::to_string(i) + ", pattern "
                    + shown(rules[i].pattern) + ": " + pattern.error().message);
    // The pattern of every rule can be held against every name, so that a
    // verdict never depends on what was too costly to look at.
    if (!pattern->matches(std::string(limits::tool_name_bytes_max, '-')))
      return fail(errc::invalid_request,
                  "tool_policy: rule " + std::to_string(i) + ", pattern "
                    + shown(rules[i].pattern) + ": too costly to match");
    policy.rules_.push_back({std::move(*pattern), rules[i].then});
  }
  return policy;
}

tool_rule::verdict tool_policy::verdict(std::string_view tool_name) const {
  if (tool_name.size() > limits::tool_name_bytes_max)
    return tool_rule::verdict::disable;
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule)
    // Without an answer (no memory) the rule that forbids is taken to match.
    if (rule->pattern.matches(tool_name).value_or(
          rule->then == tool_rule::verdict::disable))
      return rule->then;
  return tool_rule::verdict::enable;
}

bool required_succeeded(const tool_outcome& outcome) {
  const auto output = parse_json(outcome.output_json);
  if (!output || !output->is_object())
    return false;
  for (const auto* name : {"success", "ok"})
    if (const auto it = output->find(name); it != output->end())
      return *it == true;
  return !output->contains("error") && !outcome.is_error;
}

} // namespace penstock
