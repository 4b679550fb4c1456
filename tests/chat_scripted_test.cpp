// Goal: `penstock chat` answers from a script, with its delays and faults, and
// needs neither key nor network for it.
// Method: the real binary, with nothing in its environment and no server.
#define BOOST_TEST_MODULE chat_scripted
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "tests/support/tool_process.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace penstock;
using testing::lines_of;
using testing::run_tool;

namespace {

/// A configuration that goes with the test.
struct configured {
  std::string folder =
    std::filesystem::temp_directory_path() / "scripted-XXXXXX";
  std::string file;
  explicit configured(const std::string& script) {
    BOOST_REQUIRE(::mkdtemp(folder.data()) != nullptr);
    file = folder + "/penstock.json";
    std::ofstream{file} << R"({"providers":{"scripted":{"script":)" << script
                        << "}}}";
  }
  configured(const configured&) = delete;
  configured& operator=(const configured&) = delete;
  ~configured() { std::filesystem::remove_all(folder); }
};

testing::tool_result chat(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "chat");
  arguments.emplace_back("hi");
  return run_tool({.arguments = std::move(arguments)});
}

std::string value_of(const std::string& event, const char* name) {
  return text_of(parse_json(event).value(), name);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_built_in_script_answers_out_of_nothing) {
  const auto got = chat({"--model", "scripted:hello"});
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out.starts_with("Hello! I am a script"), got.out);
}

BOOST_AUTO_TEST_CASE(a_configured_script_is_played_with_its_faults) {
  const configured config{R"({"flaky": [
    {"status": 503, "error": {"type": "overloaded_error", "message": "busy"}},
    {"parts": ["never seen to its end"], "ends": "reset", "after_events": 1},
    {"parts": [{"reasoning": "Hm."}, "It", " works."], "between_ms": 1,
     "usage": {"input": 3, "output": 4}}]})"};
  const auto got = chat({"--json", "--config", config.file, "--model",
                         "scripted:flaky", "--set", "backoff_base_ms=1"});
  BOOST_TEST(got.code == 0, got.err);
  std::string text;
  std::vector<std::string> retries;
  const auto lines = lines_of(got.out);
  for (const auto& line : lines) {
    if (value_of(line, "event") == "text_delta")
      text += value_of(line, "text");
    if (value_of(line, "event") == "attempt_retry")
      retries.push_back(value_of(line, "error_class"));
  }
  BOOST_TEST(text == "It works.");
  const std::vector<std::string> expected_retries{"overloaded", "network"};
  BOOST_TEST(retries == expected_retries, boost::test_tools::per_element());
  BOOST_TEST(value_of(lines.back(), "event") == "stream_end");
}

BOOST_AUTO_TEST_CASE(a_model_without_a_script_hands_over_to_the_next) {
  const configured config{R"({"broken": {"status": 401, "error":
    {"type": "invalid_api_key", "message": "no"}}, "good": "Fine."})"};
  const auto got =
    chat({"--config", config.file, "--model", "scripted:broken", "--fallback",
          "scripted:good", "--set", "fallback_on_config_error=true"});
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Fine.\n");
}

BOOST_AUTO_TEST_CASE(a_wrong_script_is_wrong_usage_with_its_path) {
  const configured config{R"({"m": [{"parts": ["a", {"txt": "b"}]}]})"};
  const auto got = chat({"--config", config.file, "--model", "scripted:m"});
  BOOST_TEST(got.code == 2);
  BOOST_TEST(got.out == "");
  BOOST_TEST(lines_of(got.err).size() == 1u, got.err);
  BOOST_TEST(
    got.err.find("providers.scripted.script.m[0].parts[1]: there is no "
                 "\"txt\" here")
      != std::string::npos,
    got.err);
}

BOOST_AUTO_TEST_CASE(a_model_that_is_in_no_script_is_wrong_usage) {
  const auto got = chat({"--model", "scripted:helo"});
  BOOST_TEST(got.code == 2);
  BOOST_TEST(got.err.find("no model \"helo\"; there are hello")
               != std::string::npos,
             got.err);
}
