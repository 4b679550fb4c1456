// Goal: the policy of SPEC §5: full match, the last rule wins, enabled by
// default. Method: a table of (rules, name, verdict); random rules over literal
// names held against a loop; rules that must be refused.
#define BOOST_TEST_MODULE tool_policy
#include <boost/test/unit_test.hpp>

#include "actors/tool_policy.hpp"
#include "messages/limits.hpp"

#include <random>
#include <string>
#include <vector>

using namespace penstock;

namespace {

using verdict = tool_rule::verdict;
constexpr auto on = verdict::enable;
constexpr auto off = verdict::disable;
constexpr auto required = verdict::require;

tool_policy compiled(const std::vector<tool_rule>& rules) {
  auto policy = tool_policy::compile(rules);
  BOOST_TEST_REQUIRE(policy.has_value());
  return *policy;
}

struct row {
  std::vector<tool_rule> rules;
  std::string_view name;
  verdict want;
};

const row table[] = {
  {{}, "bash", on},
  {{{"bash", off}}, "bash", off},
  {{{"bash", off}}, "bash2", on},
  {{{"bash", off}}, "rebash", on},
  {{{"a|b", off}}, "a", off},
  {{{"a|b", off}}, "b", off},
  {{{"a|b", off}}, "ab", on},
  {{{"a|ab", off}}, "ab", off}, // all alternatives, not the first
  {{{".*", off}}, "anything", off},
  {{{".*", off}, {"file_.*", on}}, "file_read", on},
  {{{"file_.*", on}, {".*", off}}, "file_read", off},
  {{{".*", off}, {"propose_plan", required}}, "propose_plan", required},
  {{{"p", required}, {"p", off}}, "p", off},
  {{{"p", required}, {"p", on}}, "p", on},
  {{{"(?!bash$).*", off}}, "bash", on},
  {{{"(?!bash$).*", off}}, "bash_output", off},
  {{{"", off}}, "x", on},
  {{{"BASH", off}}, "bash", on},
};

tool_outcome outcome(std::string output_json, bool is_error = false) {
  return {std::move(output_json), is_error, {}};
}

} // namespace

BOOST_AUTO_TEST_CASE(the_last_rule_that_matches_the_whole_name_decides) {
  for (std::size_t i = 0; i < std::size(table); ++i) {
    BOOST_TEST_INFO("row " << i);
    BOOST_TEST(
      (compiled(table[i].rules).verdict(table[i].name) == table[i].want));
  }
}

BOOST_AUTO_TEST_CASE(random_rules_agree_with_a_loop) {
  std::minstd_rand random{3}; // Fixed: a failure repeats as it is.
  const std::vector<std::vector<std::string>> sets{
    {"a"}, {"b"}, {"a", "b"}, {"ab", "c"}, {"c"}};
  for (int round = 0; round < 500; ++round) {
    std::vector<tool_rule> rules;
    std::vector<std::size_t> chosen;
    for (auto n = random() % 6; n-- > 0;) {
      chosen.push_back(random() % sets.size());
      std::string pattern;
      for (const auto& name : sets[chosen.back()])
        pattern += (pattern.empty() ? "" : "|") + name;
      rules.push_back({pattern, static_cast<verdict>(random() % 3)});
    }
    const auto policy = compiled(rules);
    for (const std::string name : {"a", "b", "ab", "c", "d"}) {
      auto want = on;
      for (std::size_t i = 0; i < rules.size(); ++i)
        for (const auto& matched : sets[chosen[i]])
          if (matched == name)
            want = rules[i].then;
      BOOST_TEST_INFO("round " << round << ", " << name);
      BOOST_TEST((policy.verdict(name) == want));
      BOOST_TEST(policy.enables(name) == (want != off));
      BOOST_TEST(policy.requires_tool(name) == (want == required));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bad_pattern_is_an_error_that_names_rule_and_pattern) {
  const std::vector<tool_rule> rules{{"fine", on}, {"b[ad", off}};
  const auto policy = tool_policy::compile(rules);
  BOOST_TEST_REQUIRE(!policy.has_value());
  BOOST_TEST((policy.error().code == errc::invalid_request));
  BOOST_TEST(policy.error().message.find("rule 1") != std::string::npos);
  BOOST_TEST(policy.error().message.find("b[ad") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_error_message_is_one_short_line_whatever_the_pattern) {
  for (const auto& pattern :
       {std::string(100'000, '('), std::string{"(\n\0\xff", 4},
        std::string{"(\\1"}, std::string{"((?=(?=(?=.*)*)*)*)*"}}) {
    const auto policy =
      tool_policy::compile(std::vector<tool_rule>{{pattern, off}});
    BOOST_TEST_REQUIRE(!policy.has_value());
    BOOST_TEST(policy.error().message.size() < 700u);
    BOOST_TEST(policy.error().message.find('\n') == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(too_many_rules_are_refused) {
  std::vector<tool_rule> rules(limits::tool_rules_max, tool_rule{"a", off});
  BOOST_TEST(tool_policy::compile(rules).has_value());
  rules.push_back({"a", off});
  BOOST_TEST(!tool_policy::compile(rules).has_value());
}

BOOST_AUTO_TEST_CASE(a_catastrophic_pattern_gives_its_verdict_at_once) {
  const auto policy = compiled({{"(a|a|aa)*b", off}, {"(a*)*c", off}});
  std::string name(64, 'a');
  BOOST_TEST((policy.verdict(name) == on));
  name.back() = 'b';
  BOOST_TEST((policy.verdict(name) == off));
}

BOOST_AUTO_TEST_CASE(a_name_that_no_tool_can_have_is_disabled) {
  BOOST_TEST((compiled({}).verdict(std::string(65, 'a')) == off));
  BOOST_TEST((compiled({}).verdict(std::string(64, 'a')) == on));
}

BOOST_AUTO_TEST_CASE(a_required_tool_succeeds_as_the_contract_says) {
  const std::pair<tool_outcome, bool> outcomes[] = {
    {outcome(R"({"success": true})"), true},
    {outcome(R"({"success": false})"), false},
    {outcome(R"({"success": null})"), false},
    {outcome(R"({"success": 1})"), false},
    {outcome(R"({"success": "true"})"), false},
    {outcome(R"({"success": true, "error": "ignored"})"), true},
    {outcome(R"({"success": false, "ok": true})"), false},
    {outcome(R"({"ok": true})"), true},
    {outcome(R"({"ok": true, "error": "ignored"})"), true},
    {outcome(R"({"ok": false})"), false},
    {outcome(R"({})"), true},
    {outcome(R"({"plan": 1})"), true},
    {outcome(R"({"error": "no"})"), false},
    {outcome(R"({})", true), false},
    {outcome(R"({"plan": 1})", true), false},
    {outcome("null"), false},
    {outcome("true"), false},
    {outcome("\"done\""), false},
    {outcome(R"([{"success": true}])"), false},
    {outcome("{\"success\": true"), false},
    {outcome(""), false},
  };
  for (const auto& [what, want] : outcomes) {
    BOOST_TEST_INFO(what.output_json << " is_error " << what.is_error);
    BOOST_TEST(required_succeeded(what) == want);
  }
}
