// Goal: with --store `penstock chat` remembers, whatever ends it; `history`
// tells what is kept and `resume` goes on with it.
// Method: the real binary, called again and again on one file, against a server
// on loopback; ended by its answer, by Ctrl-C and by kill -9.
#define BOOST_TEST_MODULE chat_store
#include <boost/test/unit_test.hpp>

#include "tests/support/event_lines.hpp"
#include "tests/support/store_tool.hpp"

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

using namespace penstock;
using testing::counted_words;
using testing::holds;
using testing::lines_of;
using testing::run_tool;
using testing::says;
using testing::store_fixture;
using testing::text_of;
using testing::tool_process;

namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(chat_store, store_fixture)

// ---- the history -----------------------------------------------------------

BOOST_AUTO_TEST_CASE(the_next_turn_knows_the_one_before) {
  serve(http_script{}.in_turn({openai_chat_answer(says("Hello, Ann.")),
                               openai_chat_answer(says("You are Ann."))}));
  auto got = run_tool(kept_chat({"I am Ann"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Hello, Ann.\n");
  BOOST_TEST(got.err == "");
  got = run_tool(kept_chat({"--json", "Who am I?"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(testing::read_event_lines(got.out).problem == "");
  const auto asked = messages_of(1);
  BOOST_REQUIRE(asked.size() == 3u);
  BOOST_TEST(asked.at(0).at("content") == "I am Ann");
  BOOST_TEST(asked.at(1).at("role") == "assistant");
  BOOST_TEST(asked.at(1).at("content") == "Hello, Ann.");
  BOOST_TEST(asked.at(2).at("content") == "Who am I?");

  const auto rows = history();
  BOOST_REQUIRE(rows.size() == 4u);
  const char* said[] = {"I am Ann", "Hello, Ann.", "Who am I?", "You are Ann."};
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(rows[i].at("role") == (i % 2 == 0 ? "user" : "assistant"));
    BOOST_TEST(rows[i].at("outcome") == "completed");
    BOOST_TEST(rows[i].at("workspace_id") == "chat");
    BOOST_TEST(rows[i].at("history_sequence") == i + 1);
    BOOST_TEST(text_of(rows[i]) == said[i]);
  }
}

BOOST_AUTO_TEST_CASE(a_person_reads_the_history) {
  serve(says("Hello\x1B[2J, \xE2\x80\xAE"
             "Ann."));
  run_tool(kept_chat({"I am Ann"}));
  const auto got = run_tool(on_store("history"));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.err == "");
  BOOST_TEST(got.out
             == "== chat\n#1 user:\nI am Ann\n\n"
                "#2 assistant:\nHello[2J, Ann.\n\n");
}

BOOST_AUTO_TEST_CASE(workspaces_are_apart) {
  serve(says("Yes."));
  run_tool(kept_chat({"--workspace", "a", "one"}));
  run_tool(kept_chat({"--workspace", "b", "two"}));
  BOOST_TEST(messages_of(1).size() == 1u);
  const auto a = lines("history", 0, {"a"});
  BOOST_REQUIRE(a.size() == 2u);
  BOOST_TEST(text_of(a[0]) == "one");
  BOOST_TEST(history().size() == 4u);
  for (const auto* command : {"history", "usage", "resume"}) {
    const auto got = run_tool(on_store(command, {"c"}));
    BOOST_TEST(got.code == 2);
    BOOST_TEST(got.out == "");
    BOOST_TEST(holds(got.err, "no workspace \"c\""), got.err);
  }
}

BOOST_AUTO_TEST_CASE(without_a_store_nothing_is_kept) {
  serve(says("Yes."));
  auto call = chat({"Hi"});
  BOOST_TEST(run_tool(call).code == 0);
  BOOST_TEST(std::filesystem::is_empty(directory.path()));
}

BOOST_AUTO_TEST_CASE(a_failed_answer_is_told_as_such) {
  auto cut = openai_chat_answer(scripted_turn{}.tokens({"Half "}).error(
    "server_error", std::string{"Oops "} + testing::planted_key));
  serve(http_script{cut});
  const auto got = run_tool(kept_chat(
    {"--set", "on_partial=stop", "--set", "max_attempts_per_model=1", "Go"}));
  BOOST_TEST(got.code == 1);
  const auto rows = history();
  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST(rows[0].at("outcome") == "completed"); // The question is whole.
  BOOST_TEST(rows[1].at("outcome") == "failed");
  BOOST_TEST(text_of(rows[1]) == "Half ");
  // The key that the provider quoted, and we sent, is on no disk.
  for (const auto& file : std::filesystem::directory_iterator{directory.path()})
    BOOST_TEST(!holds(content_of(file.path()), testing::planted_key),
               file.path());
}

BOOST_AUTO_TEST_CASE(ctrl_c_keeps_what_was_shown_as_aborted) {
  serve(http_script{testing::endless_answer()});
  tool_process tool{kept_chat({"Go"})};
  BOOST_TEST(tool.wait_for_out("on nn"));
  tool.send(SIGINT);
  BOOST_TEST(tool.exit_code() == 130);
  const auto rows = history(); // It was stopped, not interrupted.
  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST(rows[1].at("outcome") == "aborted");
  BOOST_TEST(text_of(rows[1]).starts_with("on nn"));
  const auto text = run_tool(on_store("history")).out;
  BOOST_TEST(holds(text, "#2 assistant (aborted):\non nn"), text);
}

BOOST_AUTO_TEST_CASE(a_conversation_on_a_terminal_is_kept) {
  serve(http_script{}.in_turn({openai_chat_answer(says("Hello, Ann.")),
                               openai_chat_answer(says("You are Ann.")),
                               openai_chat_answer(says("Still Ann."))}));
  auto call = kept_chat({});
  call.terminal = true;
  call.environment.emplace_back("TERM", "xterm");
  tool_process tool{call};
  BOOST_TEST(tool.wait_for_out("> "));
  tool.type("I am Ann\n");
  BOOST_TEST(tool.wait_for_out("Hello, Ann."));
  tool.type("Who am I?\n");
  BOOST_TEST(tool.wait_for_out("You are Ann."));
  tool.type("\x04");
  BOOST_TEST(tool.exit_code() == 0);
  BOOST_TEST(history().size() == 4u);
  BOOST_TEST(run_tool(kept_chat({"And now?"})).out == "Still Ann.\n");
  BOOST_TEST(messages_of(2).size() == 5u);
}

// ---- after a crash ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_killed_answer_is_interrupted_and_told) {
  serve(http_script{}.in_turn(
    {counted_words(400), openai_chat_answer(says("Well."))}));
  const auto shown =
    killed_at("w399 ", {"--set", "partial_flush_interval_ms=50", "Count"});
  const auto got = run_tool(on_store("history", {"--json"}));
  BOOST_TEST(got.code == 3);
  BOOST_TEST(lines_of(got.err).size() == 1u, got.err);
  BOOST_TEST(holds(got.err, "penstock resume --store " + path + " chat"),
             got.err);
  const auto rows = history(3);
  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST(text_of(rows[0]) == "Count");
  BOOST_TEST(rows[0].at("outcome") == "completed");
  BOOST_TEST(rows[1].at("outcome") == "interrupted");
  const auto kept = text_of(rows[1]);
  BOOST_TEST(shown.starts_with(kept), kept);
  // What is a second old was flushed long ago.
  BOOST_TEST(holds(kept, "w199 "), kept);

  const auto next = run_tool(kept_chat({"Go on"}));
  BOOST_TEST(next.code == 0, next.err);
  BOOST_TEST(next.out == "Well.\n");
  BOOST_TEST(lines_of(next.err).size() == 1u, next.err);
  BOOST_TEST(holds(next.err, "\"chat\": an answer was interrupted"), next.err);
  const auto asked = messages_of(1);
  BOOST_REQUIRE(asked.size() == 3u);
  BOOST_TEST(asked.at(1).at("content") == kept);
  BOOST_TEST(asked.at(2).at("content") == "Go on");
  // What another turn has followed is nothing to resume any more.
  BOOST_TEST(history().size() == 4u);
  BOOST_TEST(holds(run_tool(resume()).err, "nothing to resume"));
}

BOOST_AUTO_TEST_CASE(a_resumed_answer_is_completed_in_its_place) {
  serve(http_script{}.in_turn(
    {counted_words(100), openai_chat_answer(says("and so on."))}));
  killed_at("w99 ", {"--system", "Be brief.", "Count"});
  auto got = run_tool(resume({"--json", "--system", "Be brief."}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.err == "");
  const auto read = testing::read_event_lines(got.out);
  BOOST_TEST(read.problem == "");
  const auto asked = messages_of(1);
  BOOST_TEST(asked.at(0).at("content") == "Be brief.");
  BOOST_TEST(asked.at(1).at("content") == "Count");
  BOOST_TEST(asked.at(2).at("role") == "assistant");
  BOOST_TEST(asked.at(2).at("content").get<std::string>().starts_with("w0 "));
  const auto rows = history();
  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST(rows[1].at("outcome") == "completed");
  BOOST_TEST(text_of(rows[1]) == read.text());
  BOOST_TEST(text_of(rows[1])
             == asked.at(2).at("content").get<std::string>() + "and so on.");
  got = run_tool(resume());
  BOOST_TEST(got.code == 0);
  BOOST_TEST(holds(got.err, "nothing to resume"), got.err);
  BOOST_TEST(server->log().answers.size() == 2u);
}

BOOST_AUTO_TEST_CASE(all_or_one_are_resumed) {
  serve(http_script{}
          .on({.body_contains = "Count", .times = 3}, counted_words(100))
          .on({}, openai_chat_answer(says("Done."))));
  for (const auto* id : {"a", "b", "c"})
    killed_at("w99 ", {"--workspace", id, "Count"});
  auto got = run_tool(resume({"b"}));
  BOOST_TEST(got.code == 0, got.err); // Of that one nothing is left.
  BOOST_TEST(got.out.starts_with("w0 "), got.out);
  BOOST_TEST(got.out.ends_with(" Done.\n"), got.out);
  got = run_tool(on_store("history"));
  BOOST_TEST(got.code == 3);
  BOOST_TEST(lines_of(got.err).size() == 2u, got.err);
  got = run_tool(resume());
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(holds(got.err, "\"a\""), got.err);
  BOOST_TEST(holds(got.err, "\"c\""), got.err);
  for (const auto& row : history())
    BOOST_TEST(row.at("outcome") == "completed");
}

BOOST_AUTO_TEST_CASE(a_resume_can_fail_and_be_stopped) {
  serve(http_script{}
          .on({.body_contains = "Count", .times = 1}, counted_words(3))
          .on({.times = 1}, testing::endless_answer())
          .on({.times = 1}, counted_words(3))
          .on({}, error_answer("openai-chat", 400, "invalid_request_error",
                               "no such thing")));
  killed_at("w2 ", {"Count"});
  auto without_key = resume();
  without_key.environment.clear();
  auto got = run_tool(without_key);
  BOOST_TEST(got.code == 2); // Nothing was begun.
  BOOST_TEST(holds(got.err, "OPENAI_API_KEY"), got.err);
  {
    tool_process tool{resume()};
    BOOST_TEST(tool.wait_for_out("on nn"));
    tool.send(SIGINT);
    BOOST_TEST(tool.exit_code() == 130);
  }
  BOOST_TEST(history().at(1).at("outcome") == "aborted");
  killed_at("w2 ", {"Again"});
  got = run_tool(resume());
  BOOST_TEST(got.code == 1);
  BOOST_TEST(holds(got.err, "no such thing"), got.err);
  BOOST_TEST(history().back().at("outcome") == "failed");
}

BOOST_AUTO_TEST_CASE(a_tool_that_may_have_run_is_not_run_again) {
  const auto file = [&](const char* name) {
    return (directory.path() / name).string();
  };
  BOOST_REQUIRE(mkfifo(file("gate").c_str(), 0600) == 0);
  const int gate = open(file("gate").c_str(), O_RDWR | O_CLOEXEC);
  const auto command = to_text(ordered_json{
    "sh", "-c",
    "cd " + directory.path().string() + " && echo x >> ran && read w < gate"});
  std::ofstream{file("config")}
    << R"({"tools": [{"name": "pay", "description": "Pays",
       "input_schema": {"type": "object"}, "command": )"
    << command << "}]}";
  serve(http_script{}.in_turn(
    {openai_chat_answer(scripted_turn{}.tool_call("c1", "pay", "{}")),
     openai_chat_answer(says("I shall ask."))}));
  tool_process tool{kept_chat({"--json", "--config", file("config"), "Pay"})};
  BOOST_TEST(tool.wait_for_out("tool_execution_start"), tool.err());
  tool.send(SIGKILL);
  BOOST_TEST(tool.exit_code() == 128 + SIGKILL);
  BOOST_TEST(write(gate, "go\n", 3) == 3); // So that it ends, if it began.
  const auto got = run_tool(resume({"--config", file("config")}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "I shall ask.\n");
  BOOST_TEST(content_of(file("ran")).size() <= 2u);
  const auto told = messages_of(1).back();
  BOOST_TEST(told.at("role") == "tool");
  BOOST_TEST(holds(told.dump(), "unknown"), told.dump());
  close(gate);
}

BOOST_AUTO_TEST_SUITE_END()
