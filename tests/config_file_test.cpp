// Goal: a configuration is taken whole or refused with the path of what is
// wrong; nothing that was mistyped is ignored. Method: a full file, a table of
// faults, and files that cannot be read.
#define BOOST_TEST_MODULE config_file
#include <boost/test/unit_test.hpp>

#include "runtime/config_file.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

/// "ok", or the error's message.
std::string verdict(std::string_view text) {
  const auto read = parse_configuration(text);
  if (read)
    return "ok";
  BOOST_TEST((read.error().code == errc::invalid_request));
  BOOST_TEST(read.error().message.find('\n') == std::string::npos);
  return read.error().message;
}

/// A directory that goes with the test.
struct folder {
  std::string path;
  folder() {
    std::string name = std::filesystem::temp_directory_path() / "config-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  ~folder() { std::filesystem::remove_all(path); }

  std::string file(const std::string& text) const {
    const auto name = path + "/penstock.json";
    std::ofstream{name, std::ios::binary} << text;
    return name;
  }
};

constexpr auto full = R"({
  "providers": {
    "mine": {"api": "openai-chat", "base_url": "http://localhost:8080/v1/",
             "api_key_env": "MY_KEY", "allow_plain_http": false,
             "headers": {"x-team": "blue"},
             "options": {"breaker_failures": 9}},
    "other": {"api_key_file": "/run/key"}},
  "options": {"max_steps": 7, "on_partial": "retract",
              "fallback_on_config_error": false},
  "tools": [{"name": "now", "description": "The time",
             "input_schema": {"type": "object"}, "command": ["date", "-u"],
             "read_only": true, "idempotent": true, "timeout_ms": 1500}],
  "tool_policy": [{"pattern": ".*", "action": "disable"},
                  {"pattern": "now", "action": "require"},
                  {"pattern": "n.*", "action": "enable"}]})";

} // namespace

BOOST_AUTO_TEST_CASE(everything_arrives_where_it_belongs) {
  const auto read = parse_configuration(full);
  BOOST_TEST_REQUIRE(read.has_value(), (read ? "" : read.error().message));
  const auto& o = read->options;
  const auto& mine = o.providers.at("mine");
  BOOST_TEST(mine.api == "openai-chat");
  BOOST_TEST(mine.base_url == "http://localhost:8080/v1/");
  BOOST_TEST(mine.api_key_env == "MY_KEY");
  BOOST_TEST((mine.headers == header_list{{"x-team", "blue"}}));
  BOOST_TEST(o.providers.at("other").api_key_file == "/run/key");
  BOOST_TEST(o.endpoints_by_provider.at("mine").breaker_failures == 9u);
  BOOST_TEST(!o.endpoints_by_provider.contains("other"));
  BOOST_TEST(o.endpoints.breaker_failures == 5u);
  BOOST_TEST(o.streams.max_steps == 7u);
  BOOST_TEST(!o.streams.restarts.fallback_on_config_error);
  BOOST_TEST_REQUIRE(read->tools.size() == 1u);
  const auto& tool = read->tools[0];
  BOOST_TEST(tool.definition.name == "now");
  BOOST_TEST(tool.definition.description == "The time");
  BOOST_TEST(tool.definition.input_schema_json == R"({"type":"object"})");
  BOOST_TEST((tool.argv == std::vector<std::string>{"date", "-u"}));
  BOOST_TEST((tool.read_only && tool.idempotent));
  BOOST_TEST((tool.timeout_ms == 1500ms));
  BOOST_TEST_REQUIRE(o.tool_policy.size() == 3u);
  BOOST_TEST((o.tool_policy[0].then == tool_rule::verdict::disable));
  BOOST_TEST((o.tool_policy[1].then == tool_rule::verdict::require));
  BOOST_TEST((o.tool_policy[2].then == tool_rule::verdict::enable));
  BOOST_TEST(o.tool_policy[2].pattern == "n.*");
}

BOOST_AUTO_TEST_CASE(models_and_error_classes_have_rows_of_their_own) {
  const auto read = parse_configuration(R"({
    "clocks_by_model": {"a:slow": {"first_token_timeout_ms": 0}},
    "providers": {"a": {"options": {"breaker_failures": 9}}},
    "restart_rules": {
      "rate_limit": {"attempts_per_model": 1, "next_model": true},
      "model_refusal": {"attempts_per_model": 2, "next_model": false}},
    "options": {"connect_timeout_ms": 7, "max_concurrent_attempts": 3}})");
  BOOST_TEST_REQUIRE(read.has_value(), (read ? "" : read.error().message));
  const auto& o = read->options;
  const auto& slow = o.streams.clocks_by_model.at("a:slow");
  BOOST_TEST((slow.first_token_timeout_ms == 0ms));
  BOOST_TEST((slow.connect_timeout_ms == 7ms)); // As for all, told below it.
  BOOST_TEST((o.streams.clocks.first_token_timeout_ms != 0ms));
  const auto& limits = o.endpoints_by_provider.at("a");
  BOOST_TEST(limits.breaker_failures == 9u);
  BOOST_TEST(limits.max_concurrent_attempts == 3u);
  const auto& rules = o.streams.restarts.rules;
  BOOST_TEST_REQUIRE(rules.size() == 2u);
  BOOST_TEST(rules.at(errc::rate_limit).attempts_per_model == 1u);
  BOOST_TEST(rules.at(errc::rate_limit).next_model);
  BOOST_TEST(rules.at(errc::model_refusal).attempts_per_model == 2u);
  BOOST_TEST(!rules.at(errc::model_refusal).next_model);
}

BOOST_AUTO_TEST_CASE(it_is_laid_over_what_was_there) {
  runtime_options base;
  base.streams.max_steps = 3;
  base.tool_threads = 9;
  base.providers["kept"].api = "openai-chat";
  const auto read = parse_configuration(R"({"options":{"max_steps":4}})", base);
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(read->options.streams.max_steps == 4u);
  BOOST_TEST(read->options.tool_threads == 9u);
  BOOST_TEST(read->options.providers.contains("kept"));
}

BOOST_AUTO_TEST_CASE(all_of_it_is_optional) {
  BOOST_TEST(verdict("{}") == "ok");
  BOOST_TEST(verdict(R"({"providers":{},"options":{},"tools":[],)"
                     R"("tool_policy":[]})")
             == "ok");
}

BOOST_AUTO_TEST_CASE(faults_are_named_by_their_path) {
  const std::string tool = R"({"name":"a","input_schema":{},"command":["x"])";
  const std::pair<std::string, std::string> cases[] = {
    {R"({"option":{}})", "there is no \"option\" here"},
    {R"({"options":[]})", "options: expected"},
    {R"({"options":{"max_stepz":1}})", "options.max_stepz: "},
    {R"({"options":{"max_steps":0}})", "options.max_steps: "},
    {R"({"options":{"max_steps":"7"}})", "options.max_steps: "},
    {R"({"options":{"max_steps":null}})", "options.max_steps: expected"},
    {R"({"options":{"max_steps":1,"max_steps":2}})", "max_steps"},
    {R"({"providers":{"p":{"api":"gopher"}}})", "providers.p.api: "},
    {R"({"providers":{"p":{"api":7}}})", "providers.p.api: expected a text"},
    {R"({"providers":{"p":{"url":"x"}}})", "providers.p: there is no \"url\""},
    {R"({"providers":{"p":{"base_url":"ftp://x"}}})", "providers.p.base_url: "},
    {R"({"providers":{"p":{"base_url":"http://example.org"}}})",
     "providers.p.base_url: "},
    {R"({"providers":{"p":{"headers":{"a b":"c"}}}})", "providers.p.headers: "},
    {R"({"providers":{"p":{"headers":{"a":1}}}})", "providers.p.headers.a: "},
    {R"({"providers":{"p":{"options":{"max_steps":1}}}})",
     "providers.p.options: there is no \"max_steps\""},
    {R"({"providers":{"p":{"api_key":"PLANTED"}}})", "api_key_env"},
    {R"({"providers":{"p:q":{}}})", "providers.p:q: a provider's name is"},
    {R"({"providers":{"":{}}})", "providers.: a provider's name is"},
    {R"({"clocks_by_model":{"m":{}}})", "clocks_by_model.m: expected PROVID"},
    {R"({"clocks_by_model":{"p:m":{"max_steps":1}}})", "no \"max_steps\" here"},
    {R"({"clocks_by_model":{"p:m":{"liveness_timeout_ms":-1}}})",
     "clocks_by_model.p:m.liveness_timeout_ms: expected"},
    {R"({"restart_rules":{"ratelimit":{}}})", "did you mean rate_limit"},
    {R"({"restart_rules":{"aborted":{}}})", "there is no \"aborted\" here"},
    {R"({"restart_rules":{"quota":{"next_model":true}}})",
     "restart_rules.quota: \"attempts_per_model\" is missing"},
    {R"({"restart_rules":{"quota":{"attempts_per_model":0}}})",
     "restart_rules.quota.attempts_per_model: expected"},
    {R"({"tools":{}})", "tools: expected"},
    {R"({"tools":[)" + tool + R"(},)" + tool + "}]}", "tools[1].name: "},
    {R"({"tools":[{"name":"a","command":["x"]}]})", "input_schema"},
    {R"({"tools":[{"name":"a","input_schema":{}}]})", "command"},
    {R"({"tools":[{"name":"a","input_schema":7,"command":["x"]}]})",
     "tools[0].input_schema: expected an object"},
    {R"({"tools":[{"name":"a","input_schema":{},"command":[]}]})",
     "tools[0].command: "},
    {R"({"tools":[{"name":"a","input_schema":{},"command":[""]}]})",
     "tools[0].command: "},
    {R"({"tools":[{"name":"a","input_schema":{},"command":["x",1]}]})",
     "tools[0].command[1]: "},
    {R"({"tools":[)" + tool + R"(,"timeout_ms":0}]})", "tools[0].timeout_ms: "},
    {R"({"tools":[)" + tool + R"(,"read_only":"yes"}]})",
     "tools[0].read_only: "},
    {R"({"tool_policy":[{"pattern":"a"}]})", "action"},
    {R"({"tool_policy":[{"pattern":"a","action":"allow"}]})",
     "tool_policy[0].action: expected enable, disable or require"},
  };
  for (const auto& [text, piece] : cases) {
    const auto got = verdict(text);
    BOOST_TEST(got.find(piece) != std::string::npos, text << ": " << got);
    BOOST_TEST(got.find("PLANTED") == std::string::npos, got);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_json_object_is_refused) {
  for (const char* text : {"", "[]", "7", "{", "{} x", "{'a':1}"})
    BOOST_TEST(verdict(text) != "ok", text);
  BOOST_TEST(verdict(std::string(1000, '[')) != "ok");
}

BOOST_AUTO_TEST_CASE(the_size_is_bounded) {
  const std::string limit(std::size_t{16} << 20, ' ');
  BOOST_TEST(verdict("{}" + limit.substr(2)) == "ok");
  BOOST_TEST(verdict("{}" + limit).find("16 MiB") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_is_read_and_named_in_its_errors) {
  const folder here;
  BOOST_TEST(load_configuration(here.file(full)).has_value());
  const auto name = here.file(R"({"options":{"max_steps":0}})");
  const auto bad = load_configuration(name);
  BOOST_TEST_REQUIRE(!bad.has_value());
  BOOST_TEST(bad.error().message.starts_with(name + ": options.max_steps: "));
  for (const auto& [none, why] :
       {std::pair{here.path + "/absent", "No such file or directory"},
        std::pair{here.path, "Is a directory"}}) {
    const auto got = load_configuration(none);
    BOOST_TEST_REQUIRE(!got.has_value());
    BOOST_TEST(got.error().message == none + ": cannot be read: " + why);
  }
}

BOOST_AUTO_TEST_CASE(malformed_json_is_found_by_its_line) {
  BOOST_TEST(verdict("{") == "malformed JSON at byte 2");
  BOOST_TEST(verdict("{\n \"tools\": [\n  ,]}")
             == "malformed JSON at byte 17, in line 3");
}
