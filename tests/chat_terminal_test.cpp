// Goal: on a terminal `penstock chat` is a conversation, and no model can move
// its cursor.
// Method: the real binary on a pseudo terminal, which is typed into.
#define BOOST_TEST_MODULE chat_terminal
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "tests/support/chat_fixture.hpp"

#include <csignal>

using namespace penstock;
using namespace std::chrono_literals;
using testing::chat_fixture;
using testing::tool_process;

namespace {

struct fixture : chat_fixture {
  testing::tool_call on_terminal(std::vector<std::string> arguments) const {
    auto call = chat(std::move(arguments));
    call.terminal = true;
    call.environment.emplace_back("TERM", "xterm");
    return call;
  }
  ordered_json messages_of(std::size_t request) const {
    return parse_ordered_json(body_of(request)).value().at("messages");
  }
  /// Waits until the server saw that the answer was cut.
  bool cut(std::size_t answer) const {
    return server->wait_until(
      [&](auto& log) {
        return log.answers.size() > answer
               && log.answers[answer].cut_by_peer.has_value();
      },
      20s);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(terminal, fixture)

BOOST_AUTO_TEST_CASE(a_conversation_remembers_and_ends_with_ctrl_d) {
  serve(http_script{}.in_turn(
    {openai_chat_answer(scripted_turn{}.text("Hello, Ann.")),
     openai_chat_answer(scripted_turn{}.text("Your name is Ann."))}));
  tool_process tool{on_terminal({})};
  BOOST_TEST(tool.wait_for_out("> "));
  tool.type("I am Ann\n");
  BOOST_TEST(tool.wait_for_out("Hello, Ann."));
  tool.type("Who am I?\n");
  BOOST_TEST(tool.wait_for_out("Your name is Ann."));
  tool.type("\x04");
  BOOST_TEST(tool.exit_code() == 0);
  const auto body = parse_ordered_json(body_of(1)).value();
  const auto& messages = body.at("messages");
  BOOST_TEST(messages.size() == 3u);
  BOOST_TEST(messages.at(0).at("content") == "I am Ann");
  BOOST_TEST(messages.at(1).at("content") == "Hello, Ann.");
  BOOST_TEST(messages.at(2).at("content") == "Who am I?");
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_a_turn_and_not_the_conversation) {
  serve(http_script{}
          .on({.body_contains = "Go on"},
              openai_chat_answer(scripted_turn{}.text("Gladly.")))
          .on({}, testing::endless_answer()));
  tool_process tool{on_terminal({})};
  BOOST_TEST(tool.wait_for_out("> "));
  tool.type("Talk\n");
  BOOST_TEST(tool.wait_for_out("on nn"));
  tool.type("\x03");
  BOOST_TEST(tool.wait_for_out("aborted"));
  BOOST_TEST(cut(0));
  tool.type("Go on\n");
  BOOST_TEST(tool.wait_for_out("Gladly."));
  tool.type("\x04");
  BOOST_TEST(tool.exit_code() == 0);
  const auto messages = messages_of(1);
  // What was shown of the answer is what the model is told that it said.
  BOOST_REQUIRE(messages.size() == 3u);
  BOOST_TEST(messages.at(0).at("content") == "Talk");
  BOOST_TEST(messages.at(1).at("role") == "assistant");
  BOOST_TEST(
    messages.at(1).at("content").get<std::string>().starts_with("on nn"));
  BOOST_TEST(messages.at(2).at("content") == "Go on");
}

BOOST_AUTO_TEST_CASE(a_question_without_an_answer_is_forgotten) {
  serve(http_script{}
          .on({.body_contains = "Third"},
              openai_chat_answer(scripted_turn{}.text("At last.")))
          .on({.body_contains = "Second"},
              error_answer("openai-chat", 400, "invalid_request_error", "No"))
          .on({}, http_answer{.head_delay = http_answer::never}));
  tool_process tool{on_terminal({})};
  BOOST_TEST(tool.wait_for_out("> "));
  tool.type("First\n");
  BOOST_REQUIRE(
    server->wait_until([](auto& log) { return log.answers.size() == 1; }, 20s));
  tool.type("\x03");
  BOOST_TEST(tool.wait_for_out("aborted"));
  tool.type("Second\n");
  BOOST_TEST(tool.wait_for_out("invalid_request"));
  tool.type("Third\n");
  BOOST_TEST(tool.wait_for_out("At last."));
  tool.type("\x04");
  BOOST_TEST(tool.exit_code() == 0);
  const auto messages = messages_of(2);
  BOOST_REQUIRE(messages.size() == 1u);
  BOOST_TEST(messages.at(0).at("content") == "Third");
}

BOOST_AUTO_TEST_CASE(a_second_ctrl_c_and_sigterm_end_the_conversation) {
  serve(http_script{testing::endless_answer()});
  tool_process idle{on_terminal({})};
  BOOST_TEST(idle.wait_for_out("> "));
  idle.type("\x03");
  BOOST_TEST(idle.exit_code() == 130);
  BOOST_TEST(idle.out().ends_with("\n")); // The shell's prompt comes next.
  for (const bool terminate : {false, true}) {
    tool_process busy{on_terminal({})};
    BOOST_TEST(busy.wait_for_out("> "));
    busy.type("Hi\n");
    BOOST_TEST(busy.wait_for_out("on nn"));
    if (terminate)
      busy.send(SIGTERM);
    else
      busy.type("\x03");
    BOOST_TEST(busy.wait_for_out("aborted"));
    if (!terminate)
      busy.type("\x03");
    BOOST_TEST(busy.exit_code() == 130);
  }
  BOOST_TEST(cut(1));
}

BOOST_AUTO_TEST_CASE(ctrl_c_ends_a_single_answer) {
  serve(http_script{testing::endless_answer()});
  tool_process busy{on_terminal({"Hi"})};
  BOOST_TEST(busy.wait_for_out("on nn"));
  busy.type("\x03");
  BOOST_TEST(busy.exit_code(500ms) == 130);
  BOOST_TEST(cut(0));
}

BOOST_AUTO_TEST_CASE(a_terminal_that_is_closed_ends_the_stream) {
  serve(http_script{testing::endless_answer()});
  tool_process tool{on_terminal({})};
  BOOST_TEST(tool.wait_for_out("> "));
  tool.type("Hi\n");
  BOOST_TEST(tool.wait_for_out("on nn"));
  tool.send(SIGHUP);
  BOOST_TEST(tool.exit_code() == 130);
  BOOST_TEST(cut(0));
}

BOOST_AUTO_TEST_CASE(json_on_a_terminal_commands_it_no_more) {
  serve(scripted_turn{}.tokens({"a\x1B[2J\xC2\x9B"
                                "2J\x7F"}));
  auto call = on_terminal({"--json", "Hi"});
  tool_process tool{call};
  BOOST_TEST(tool.exit_code() == 0);
  for (const std::string bad : {"\x1B", "\xC2\x9B", "\x7F"})
    BOOST_TEST(tool.out().find(bad) == std::string::npos);
  BOOST_TEST(tool.out().find("\\u009b") != std::string::npos, tool.out());
}

BOOST_AUTO_TEST_CASE(a_model_cannot_command_the_terminal) {
  serve(scripted_turn{}
          .reasoning("Hm\x1B]0;title\a.")
          .tokens({"a\x1B", "[2J\x1B]52;c;aGk=\a b",
                   "\xC2\x9B"
                   "31mc\rd"}));
  for (const bool colors : {true, false}) {
    auto call = on_terminal({"Hi"});
    if (!colors)
      call.environment.emplace_back("NO_COLOR", "1");
    tool_process tool{call};
    BOOST_TEST(tool.exit_code() == 0);
    auto out = tool.out();
    BOOST_TEST(out.find("a[2J") != std::string::npos, out);
    // The only escapes are our own dim and its end.
    std::size_t ours = 0;
    for (const std::string own : {"\x1B[2m", "\x1B[0m"})
      for (std::size_t at; (at = out.find(own)) != out.npos; ++ours)
        out.erase(at, own.size());
    BOOST_TEST((ours != 0) == colors);
    for (const std::string bad : {"\x1B", "\a", "\xC2\x9B", "c\r"})
      BOOST_TEST(out.find(bad) == out.npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
