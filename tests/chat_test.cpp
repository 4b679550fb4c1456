// Goal: `penstock chat` gets an answer to a person and to a script, over each
// API, and says nothing else where a script listens.
// Method: the real binary against a real server on loopback.
#define BOOST_TEST_MODULE chat
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "tests/support/chat_fixture.hpp"
#include "tests/support/event_lines.hpp"
#include "tests/support/test_certificate.hpp"

#include <fstream>

using namespace penstock;
using testing::chat_fixture;
using testing::lines_of;
using testing::run_tool;

namespace {

/// The text of a whole and well-formed stream.
std::string text_in(const std::string& out) {
  const auto read = testing::read_event_lines(out);
  BOOST_TEST(read.problem == "");
  return read.text();
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(answers, chat_fixture)

BOOST_AUTO_TEST_CASE(an_answer_goes_to_standard_output_alone) {
  serve(scripted_turn{}.reasoning("Hm, well.").text("Hello, wörld \x1B[31m!"));
  const auto got = run_tool(chat({"--system", "Be kind.", "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  // A pipe gets the model's own bytes.
  BOOST_TEST(got.out == "Hello, wörld \x1B[31m!\n");
  BOOST_TEST(got.err == "");
  const auto body = parse_ordered_json(body_of(0)).value();
  BOOST_TEST(body.at("model") == "m");
  BOOST_TEST(body.at("messages").at(0).at("content") == "Be kind.");
  BOOST_TEST(body.at("messages").at(1).at("content") == "Hi");
}

BOOST_AUTO_TEST_CASE(each_api_is_spoken) {
  serve(http_script{anthropic_answer(scripted_turn{}.text("Good day"))});
  auto call = chat({"Hi"});
  for (auto& argument : call.arguments)
    if (argument == "openai:m")
      argument = "anthropic:claude-haiku-4-5";
  auto got = run_tool(call);
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Good day\n");
  BOOST_TEST(server->log().answers.at(0).request.url.ends_with("/messages"));
  // --api beats what the provider speaks by itself.
  got = run_tool(chat({"--api", "anthropic-messages", "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Good day\n");
}

BOOST_AUTO_TEST_CASE(json_lines_are_whole_and_end_with_the_terminal_event) {
  const std::string said = "One two three, \"four\"\n\x1B[2J fünf 🎈 six";
  serve(
    http_script{}
      .on({.url_contains = "/messages"},
          anthropic_answer(scripted_turn{}.reasoning("Hm.", "sig").text(said)))
      .on({}, openai_chat_answer(scripted_turn{}.reasoning("Hm.").text(said))));
  for (const auto* api : {"openai-chat", "anthropic-messages"}) {
    const auto got = run_tool(chat({"--json", "--api", api, "Hi"}));
    BOOST_TEST(got.code == 0, api << got.err);
    BOOST_TEST(got.err == "");
    const auto read = testing::read_event_lines(got.out);
    BOOST_TEST(read.problem == "", api);
    BOOST_TEST(read.text() == "Hm." + said, api);
    BOOST_TEST(read.events.back().at("event") == "stream_end");
    BOOST_TEST(got.out.find('\x1B') == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_goes_to_the_fallback) {
  serve(http_script{}
          .on({.model_contains = "second"},
              openai_chat_answer(scripted_turn{}.text("Gladly")))
          .on({}, openai_chat_answer(
                    scripted_turn{}.finish(finish_reason::content_filter))));
  auto got = run_tool(chat({"--fallback", "openai:second", "--verbose", "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Gladly\n");
  BOOST_TEST(got.err.find("model_refusal") != std::string::npos, got.err);
  BOOST_TEST(got.err.find("openai:second") != std::string::npos, got.err);
  got = run_tool(chat({"--json", "--fallback", "openai:second", "Hi"}));
  const auto read = testing::read_event_lines(got.out);
  BOOST_TEST(read.problem == "");
  BOOST_TEST(read.text() == "Gladly");
  BOOST_TEST(read.events.back().at("refused_models").dump()
             == R"(["openai:m"])");
}

BOOST_AUTO_TEST_CASE(what_was_withdrawn_is_told_apart) {
  auto wrong =
    openai_chat_answer(scripted_turn{}.tokens({"Wrong"}).truncated());
  // Else it might be withdrawn before anybody was shown it.
  wrong.end_delay = std::chrono::milliseconds{300};
  serve(http_script{}.in_turn(
    {wrong, openai_chat_answer(scripted_turn{}.text("Right"))}));
  const auto got = run_tool(chat({"--set", "on_partial=retract", "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Wrong\nRight\n");
  BOOST_TEST(got.err.find("withdrawn") != std::string::npos, got.err);
}

BOOST_AUTO_TEST_CASE(a_prompt_comes_from_standard_input) {
  serve(scripted_turn{}.text("Yes"));
  std::size_t asked = 0;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"-"}, std::vector<std::string>{}}) {
    auto call = chat(arguments);
    call.input = "First line\nsecond ü \xFF " + std::string{"\0end\n", 5};
    const auto got = run_tool(call);
    BOOST_TEST(got.code == 0, got.err);
    BOOST_TEST(got.out == "Yes\n");
    const auto body = parse_ordered_json(body_of(asked++)).value();
    // One question, and never a byte that JSON cannot hold.
    BOOST_TEST(body.at("messages").size() == 1u);
    const auto want = "First line\nsecond ü \uFFFD " + std::string{"\0end", 4};
    BOOST_TEST(body.at("messages").at(0).at("content") == want);
  }
}

BOOST_AUTO_TEST_CASE(a_long_answer_arrives_whole) {
  std::vector<std::string> deltas;
  std::string said;
  for (int i = 0; i < 20'000; ++i)
    said += deltas.emplace_back("word" + std::to_string(i) + " ");
  serve(scripted_turn{}.tokens(deltas));
  auto got = run_tool(chat({"Hi"}));
  BOOST_TEST((got.out == said + "\n"));
  got = run_tool(chat({"--json", "Hi"}));
  BOOST_TEST((text_in(got.out) == said));
}

BOOST_AUTO_TEST_CASE(a_configuration_is_read_and_the_command_line_wins) {
  serve(scripted_turn{}.text("Configured"));
  const testing::scratch_directory directory;
  const auto path = (directory.path() / "penstock.json").string();
  std::ofstream{path} << R"({"providers": {"mine": {"api": "openai-chat",
    "base_url": ")" << server->url("/v1")
                      << R"(", "api_key_env": "MY_KEY",
    "headers": {"x-tenant": "blue"}}},
    "options": {"temperature": 0.5, "seed": 1}})";
  testing::tool_call call{.arguments = {"chat", "--config", path, "--model",
                                        "mine:m", "--set", "seed=2", "Hi"},
                          .environment = {{"MY_KEY", testing::planted_key}}};
  auto got = run_tool(call);
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Configured\n");
  const auto body = parse_ordered_json(body_of(0)).value();
  BOOST_TEST(body.at("temperature") == 0.5);
  BOOST_TEST(body.at("seed") == 2);
  const auto headers = server->log().answers.at(0).request.headers;
  BOOST_TEST(
    std::count(headers.begin(), headers.end(), header{"x-tenant", "blue"})
    == 1);
  call.environment.clear();
  got = run_tool(call);
  BOOST_TEST(got.code == 2);
  BOOST_TEST(got.err.find("MY_KEY") != std::string::npos, got.err);
}

BOOST_AUTO_TEST_SUITE_END()
