// Goal: whatever becomes of a stream, `penstock chat --json` prints its events
// and nothing else: each valid, none missing, one terminal event, the last.
// Method: the real binary; a table of what a model can do, and both APIs.
#define BOOST_TEST_MODULE chat_json
#include <boost/test/unit_test.hpp>

#include "tests/support/chat_fixture.hpp"
#include "tests/support/event_lines.hpp"
#include "tests/support/test_certificate.hpp"

#include <csignal>
#include <fstream>

using namespace penstock;
using testing::chat_fixture;
using testing::read_event_lines;
using testing::run_tool;
using testing::tool_process;

namespace {

struct row {
  const char* what;
  std::vector<scripted_turn> turns; ///< The last one answers all that follow.
  std::vector<std::string> arguments;
  int code;
  std::string terminal;
  std::string text;                ///< Of all parts that stand.
  std::vector<std::string> events; ///< That must be among them.
};

/// @param tools a configuration with a tool "seven".
std::vector<row> rows(const std::string& tools) {
  const auto call = scripted_turn{}
                      .text("Let me see.")
                      .tool_call("c1", "seven", R"({"of": "nine"})");
  return {
    {"success",
     {scripted_turn{}.reasoning("Hm.").text("Hello \u2028 \x1B[2J wörld")},
     {},
     0,
     "stream_end",
     "Hm.Hello \u2028 \x1B[2J wörld",
     {"reasoning_end", "text_end", "step_end"}},
    {"cut and gone on with",
     {scripted_turn{}.tokens({"Hel"}).truncated(), scripted_turn{}.text("lo")},
     {},
     0,
     "stream_end",
     "Hello",
     {"attempt_retry"}},
    {"cut and withdrawn",
     {scripted_turn{}.reasoning("Hm.").tokens({"Wrong"}).truncated(),
      scripted_turn{}.text("Right")},
     {"--set", "on_partial=retract"},
     0,
     "stream_end",
     "Right",
     {"attempt_retry"}},
    {"tools",
     {call, scripted_turn{}.text("It is 7.")},
     {"--config", tools},
     0,
     "stream_end",
     R"(Let me see.{"of": "nine"}It is 7.)",
     {"tool_call_start", "tool_call", "tool_execution_start", "tool_result"}},
    {"an unknown tool",
     {scripted_turn{}.tool_call("c1", "eight", "{}"),
      scripted_turn{}.text("No.")},
     {"--config", tools},
     0,
     "stream_end",
     "{}No.",
     {"tool_result"}},
    {"a refusal and a fallback",
     {scripted_turn{}.finish(finish_reason::content_filter),
      scripted_turn{}.text("Gladly")},
     {"--fallback", "openai:second"},
     0,
     "stream_end",
     "Gladly",
     {"attempt_retry"}},
    {"a refusal for good",
     {scripted_turn{}.finish(finish_reason::content_filter)},
     {},
     1,
     "stream_error",
     "",
     {}},
    {"an error in the stream",
     {scripted_turn{}.tokens({"Hal"}).error("invalid_request_error", "No")},
     {},
     1,
     "stream_error",
     "Hal",
     {}},
    {"nothing", {scripted_turn{}}, {}, 1, "stream_error", "", {}},
  };
}

http_script script_of(const std::vector<scripted_turn>& turns,
                      const std::string& api) {
  std::vector<http_answer> answers;
  for (const auto& turn : turns) {
    answers.push_back(*scripted_answer(api, turn));
    answers.back().end_delay = std::chrono::milliseconds{50}; // To be shown.
  }
  return http_script{}.in_turn(std::move(answers));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(json_lines, chat_fixture)

BOOST_AUTO_TEST_CASE(every_stream_is_told_whole) {
  const testing::scratch_directory directory;
  const auto tools = (directory.path() / "penstock.json").string();
  std::ofstream{tools} << R"({"options": {"backoff_base_ms": 1}, "tools":
    [{"name": "seven", "input_schema": {"type": "object"},
      "command": ["sh", "-c", "echo 7"]}]})";
  for (const std::string api : {"openai-chat", "anthropic-messages"})
    for (const auto& row : rows(tools))
      BOOST_TEST_CONTEXT(api << ", " << row.what) {
        serve(script_of(row.turns, api));
        std::vector<std::string> arguments{"--json", "--api", api, "--set",
                                           "backoff_base_ms=1"};
        arguments.insert(arguments.end(), row.arguments.begin(),
                         row.arguments.end());
        arguments.push_back("Hi");
        const auto got = run_tool(chat(arguments));
        const auto read = read_event_lines(got.out);
        BOOST_TEST(got.code == row.code, got.err);
        BOOST_TEST(read.problem == "");
        BOOST_REQUIRE(!read.events.empty());
        BOOST_TEST(read.events.back().at("event") == row.terminal);
        BOOST_TEST(read.text() == row.text);
        for (const auto& name : row.events)
          BOOST_TEST(read.count(name) >= 1u, name);
        // Who was not shown it yet need not be told to forget it.
        BOOST_TEST((read.count("retract") != 0)
                   == (got.out.find("\"Wrong\"") != got.out.npos
                       && row.text == "Right"));
        // An event says what went well; a line says what did not.
        BOOST_TEST(testing::lines_of(got.err).size()
                     == (row.code == 0 ? 0u : 1u),
                   got.err);
        BOOST_TEST(got.out.find('\x1B') == got.out.npos);
        BOOST_TEST((got.out + got.err).find(testing::planted_key)
                   == std::string::npos);
      }
}

BOOST_AUTO_TEST_CASE(an_http_error_is_told_whole) {
  serve(http_script{error_answer("openai-chat", 401, "invalid_api_key",
                                 std::string{"No: "} + testing::planted_key)});
  const auto got = run_tool(chat({"--json", "Hi"}));
  const auto read = read_event_lines(got.out);
  BOOST_TEST(got.code == 1);
  BOOST_TEST(read.problem == "");
  BOOST_TEST(read.events.back().at("error_class") == "authentication");
  BOOST_TEST(read.events.back().at("provider_status") == 401);
  BOOST_TEST((got.out + got.err).find(testing::planted_key)
             == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_abort_is_told_whole) {
  serve(http_script{testing::endless_answer()});
  tool_process tool{chat({"--json", "Hi"})};
  BOOST_TEST(tool.wait_for_out("text_delta"));
  tool.send(SIGINT);
  BOOST_TEST(tool.exit_code() == 130);
  const auto read = read_event_lines(tool.out());
  BOOST_TEST(read.problem == "");
  BOOST_TEST(read.events.back().at("event") == "stream_abort");
  BOOST_TEST(read.text().starts_with("on"));
}

BOOST_AUTO_TEST_SUITE_END()
