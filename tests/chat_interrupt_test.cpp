// Goal: Ctrl-C, SIGTERM and a reader that leaves end `penstock chat` at once,
// and the provider sees it, also while nobody reads what it prints.
// Method: the real binary; the server's own log says when its socket closed.
#define BOOST_TEST_MODULE chat_interrupt
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "tests/support/chat_fixture.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

using namespace penstock;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::chat_fixture;
using testing::endless_answer;
using testing::lines_of;
using testing::tool_process;

namespace {

constexpr auto patience = 20s;
constexpr auto socket_limit = 100ms, exit_limit = 500ms;

struct fixture : chat_fixture {
  bool asked() const {
    return server->wait_until([](auto& log) { return !log.answers.empty(); },
                              patience);
  }
  /// When the server saw the first answer cut.
  steady_clock::time_point cut() const {
    BOOST_REQUIRE(server->wait_until(
      [](auto& log) { return log.answers.at(0).cut_by_peer.has_value(); },
      patience));
    return *server->log().answers.at(0).cut_by_peer;
  }

  /// Signals, and holds what follows against the limits.
  void interrupt(tool_process& tool, int signal) {
    const auto begin = steady_clock::now();
    tool.send(signal);
    const int code = tool.exit_code();
    const auto ended = steady_clock::now() - begin;
    BOOST_TEST(code == 130, tool.err());
    BOOST_TEST((ended <= exit_limit), "exit after " << ended / 1ms << " ms");
    const auto closed = cut() - begin;
    BOOST_TEST((closed <= socket_limit), "cut after " << closed / 1ms << " ms");
  }

  /// Runs until its standard output, which nobody reads, takes no more.
  static void fill(const tool_process& tool) {
    const auto latest = steady_clock::now() + patience;
    // A pipe takes 64 KiB; the tool writes in pieces of at most 4 KiB.
    while (tool.unread_bytes() < (60u << 10) && steady_clock::now() < latest)
      std::this_thread::yield();
    BOOST_REQUIRE(tool.unread_bytes() >= 60u << 10);
  }
};

/// More than the pipe, the tool and the runtime hold back: 32 MiB a second.
http_answer flood() {
  return endless_answer(64u << 10, 2ms);
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(interrupts, fixture)

BOOST_AUTO_TEST_CASE(a_signal_aborts_at_once) {
  for (const int signal : {SIGINT, SIGTERM}) {
    serve(http_script{endless_answer()});
    tool_process tool{chat({"Hi"})};
    BOOST_TEST(tool.wait_for_out("on nn"));
    interrupt(tool, signal);
    BOOST_TEST(tool.out().ends_with("n\n"), "the line is ended");
    BOOST_TEST(tool.err().find("aborted") != std::string::npos, tool.err());
  }
}

BOOST_AUTO_TEST_CASE(json_ends_with_the_abort) {
  serve(http_script{endless_answer()});
  tool_process tool{chat({"--json", "Hi"})};
  BOOST_TEST(tool.wait_for_out("text_delta"));
  interrupt(tool, SIGINT);
  const auto lines = lines_of(tool.out());
  const auto last = parse_ordered_json(lines.back()).value();
  BOOST_TEST(last.at("event") == "stream_abort");
  BOOST_TEST(last.at("reason") == "user");
  BOOST_TEST(last.at("seq") == lines.size());
  BOOST_TEST(tool.out().find(testing::planted_key) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_blocked_output_holds_up_no_abort) {
  for (const bool json : {false, true}) {
    serve(http_script{flood()});
    auto call = chat({"Hi"});
    if (json)
      call.arguments.insert(call.arguments.begin() + 1, "--json");
    call.reads_output = false;
    tool_process tool{call};
    fill(tool);
    interrupt(tool, SIGINT);
  }
}

BOOST_AUTO_TEST_CASE(silence_can_be_interrupted) {
  const struct {
    const char* what;
    http_answer answer;
  } rows[] = {{"no head", {.head_delay = http_answer::never}},
              {"no body", {.ends = http_answer::ending::stall}}};
  for (const auto& row : rows) {
    serve(http_script{row.answer});
    tool_process tool{chat({"Hi"})};
    BOOST_TEST(asked(), row.what);
    interrupt(tool, SIGINT);
    BOOST_TEST(tool.out() == "");
  }
}

BOOST_AUTO_TEST_CASE(the_pause_before_a_retry_can_be_interrupted) {
  serve(http_script{error_answer("openai-chat", 500, "server_error", "Oops")});
  tool_process tool{chat({"--set", "backoff_base_ms=30000", "--json", "Hi"})};
  BOOST_TEST(tool.wait_for_out("attempt_retry"));
  const auto begin = steady_clock::now();
  tool.send(SIGINT);
  BOOST_TEST(tool.exit_code() == 130);
  BOOST_TEST((steady_clock::now() - begin <= exit_limit));
  BOOST_TEST(lines_of(tool.out()).back().find("stream_abort")
             != std::string::npos);
  BOOST_TEST(server->log().answers.size() == 1u);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_prompt_can_be_interrupted) {
  int silent[2]; // A standard input that says nothing.
  BOOST_REQUIRE(pipe2(silent, O_CLOEXEC) == 0);
  serve(scripted_turn{}.text("never"));
  auto call = chat({"-"});
  call.input_from = silent[0];
  tool_process tool{call};
  BOOST_TEST(tool.exit_code(300ms) == -1, "it waits");
  const auto begin = steady_clock::now();
  tool.send(SIGINT);
  BOOST_TEST(tool.exit_code() == 130);
  BOOST_TEST((steady_clock::now() - begin <= exit_limit));
  BOOST_TEST(server->log().connections.empty());
  close(silent[0]);
  close(silent[1]);
}

BOOST_AUTO_TEST_CASE(a_soft_interrupt_waits_for_a_boundary) {
  // The text ends only when the server says so; the answer would go on.
  serve(http_script{endless_answer()});
  tool_process tool{chat({"--soft-interrupt", "--json", "Hi"})};
  BOOST_TEST(tool.wait_for_out("text_delta"));
  tool.send(SIGINT);
  BOOST_TEST(tool.exit_code(300ms) == -1, "no boundary has come");
  BOOST_TEST(!server->log().answers.at(0).cut_by_peer);
  interrupt(tool, SIGINT);
}

BOOST_AUTO_TEST_CASE(a_soft_interrupt_leaves_the_natural_end_alone) {
  auto answer = openai_chat_answer(
    scripted_turn{}.text("one two three four five six seven eight nine ten"),
    {.between = 60ms});
  // The end of the text is the end of all: they come together.
  auto& pieces = answer.body;
  const auto last_word =
    std::find_if(pieces.begin(), pieces.end(), [](auto& p) {
      return p.bytes.find("ten\"") != std::string::npos;
    });
  BOOST_REQUIRE((last_word != pieces.end()));
  for (auto p = last_word + 1; p != pieces.end(); ++p)
    last_word->bytes += p->bytes;
  pieces.erase(last_word + 1, pieces.end());
  serve(http_script{answer});
  tool_process tool{chat({"--soft-interrupt", "Hi"})};
  BOOST_TEST(tool.wait_for_out("one"));
  tool.send(SIGINT);
  BOOST_TEST(tool.exit_code() == 0, tool.err());
  BOOST_TEST(tool.out().ends_with("ten\n"));
}

BOOST_AUTO_TEST_CASE(a_reader_that_leaves_ends_the_stream) {
  for (const bool talks : {true, false}) {
    serve(http_script{talks ? endless_answer()
                            : http_answer{.ends = http_answer::ending::stall}});
    auto call = chat({"Hi"});
    call.reads_output = false;
    tool_process tool{call};
    BOOST_TEST(asked());
    const auto begin = steady_clock::now();
    tool.close_output();
    BOOST_TEST(tool.exit_code() == 1);
    BOOST_TEST((cut() - begin <= 5 * socket_limit));
    BOOST_TEST(tool.err().find("standard output") != std::string::npos,
               tool.err());
  }
}

BOOST_AUTO_TEST_CASE(notes_that_nobody_reads_do_not_end_the_answer) {
  // The first attempt fails, which is a note; the second answers.
  serve(http_script{}.in_turn(
    {error_answer("openai-chat", 500, "server_error", "Oops"),
     openai_chat_answer(scripted_turn{}.text("All of it"), {.head = 200ms})}));
  for (const bool closed : {false, true}) {
    auto call = chat({"--verbose", "--set", "backoff_base_ms=1", "Hi"});
    call.reads_errors = false;
    if (closed)
      call.closed = {STDERR_FILENO};
    tool_process tool{call};
    tool.close_errors();
    BOOST_TEST(tool.exit_code() == 0);
    BOOST_TEST(tool.out() == "All of it\n");
  }
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_asks_nobody) {
  serve(scripted_turn{}.text("never"));
  auto call = chat({"Hi"});
  call.closed = {STDOUT_FILENO};
  const auto got = testing::run_tool(call);
  BOOST_TEST(got.code == 1);
  BOOST_TEST(got.err.find("standard output") != std::string::npos, got.err);
  BOOST_TEST(server->log().connections.empty());
}

BOOST_AUTO_TEST_CASE(a_full_disk_aborts_the_stream) {
  serve(http_script{endless_answer()});
  auto call = chat({"Hi"});
  call.output_to = open("/dev/full", O_WRONLY | O_CLOEXEC);
  tool_process tool{call};
  BOOST_TEST(tool.exit_code() == 1);
  close(call.output_to);
  cut();
  BOOST_TEST(lines_of(tool.err()).size() == 1u, tool.err());
  BOOST_TEST(tool.err().find("No space") != std::string::npos, tool.err());
}

BOOST_AUTO_TEST_SUITE_END()
