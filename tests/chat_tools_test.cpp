// Goal: the tools of a configuration work through `penstock chat`: the model's
// input reaches the command, its answer the model, its failures too, and it is
// killed with all that it started.
// Method: the real binary, a server that calls tools, commands that are scripts
// of sh; a pipe that all of a command's processes hold open tells that they are
// gone.
#define BOOST_TEST_MODULE chat_tools
#include <boost/test/unit_test.hpp>

#include "providers/json.hpp"
#include "tests/support/chat_fixture.hpp"
#include "tests/support/event_lines.hpp"
#include "tests/support/test_certificate.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace penstock;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::chat_fixture;
using testing::run_tool;
using testing::tool_process;

namespace {

constexpr auto patience_ms = 20'000;
constexpr auto exit_limit = 500ms;

/// A pipe with a name, "held" in the directory.
class held_pipe {
public:
  explicit held_pipe(const std::string& path) {
    BOOST_REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    end_ = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    BOOST_REQUIRE(end_ >= 0);
  }
  ~held_pipe() { close(end_); }
  held_pipe(const held_pipe&) = delete;
  held_pipe& operator=(const held_pipe&) = delete;

  /// Somebody has written into it.
  bool wait_for_word() const {
    char word[64];
    return ready() && read(end_, word, sizeof word) > 0;
  }
  /// Nobody holds it open any more.
  bool wait_for_end() const {
    char word[64];
    while (ready())
      if (read(end_, word, sizeof word) == 0)
        return true;
    return false;
  }

private:
  bool ready() const {
    pollfd what{end_, POLLIN, 0};
    return poll(&what, 1, patience_ms) == 1;
  }
  int end_ = -1;
};

struct fixture : chat_fixture {
  testing::scratch_directory directory;

  std::string path(const std::string& name) const {
    return (directory.path() / name).string();
  }
  std::string content(const std::string& name) const {
    std::ifstream file{path(name)};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  /// A configuration with one tool "f" that is a script of sh, run in the
  /// directory. @param more members of the tool; of the configuration.
  std::string configure(const std::string& script, const std::string& of_tool,
                        const std::string& of_all = {}) const {
    const auto command = to_text(ordered_json{
      "sh", "-c", "cd " + directory.path().string() + "\n" + script});
    std::ofstream{path("penstock.json")}
      << R"({"tools": [{"name": "f", "description": "Adds",
         "input_schema": {"type": "object", "required": ["a"],
           "properties": {"a": {"type": "integer"}}}, "command": )"
      << command << of_tool << "}]" << of_all << "}";
    return path("penstock.json");
  }

  /// The model calls "f", then says "Done."
  void call_once(const std::string& input = R"({"a": 1})",
                 const std::string& name = "f") {
    serve(http_script{}.in_turn(
      {openai_chat_answer(scripted_turn{}.tool_call("c1", name, input)),
       openai_chat_answer(scripted_turn{}.text("Done."))}));
  }

  /// What the model was told of the result of its call.
  std::string told() const {
    const auto body = parse_ordered_json(body_of(1)).value();
    const auto& last = body.at("messages").back();
    BOOST_TEST(last.at("role") == "tool");
    BOOST_TEST(last.at("tool_call_id") == "c1");
    return last.at("content").get<std::string>();
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(tools, fixture)

BOOST_AUTO_TEST_CASE(a_command_gets_the_input_and_the_model_its_answer) {
  serve(http_script{}.in_turn(
    {openai_chat_answer(scripted_turn{}.text("I look.").tool_call(
       "c1", "f", R"({"a": 1, "b": "ü\n"})")),
     openai_chat_answer(scripted_turn{}.text("It is 7."))}));
  const auto config =
    configure("cat > input; env > environment; echo '{\"sum\": [7]}'", "");
  const auto got = run_tool(chat({"--config", config, "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "I look.\nIt is 7.\n");
  BOOST_TEST(got.err == "");
  BOOST_TEST(content("input") == R"({"a": 1, "b": "ü\n"})");
  BOOST_TEST(content("environment").find(testing::planted_key)
             == std::string::npos);
  BOOST_TEST(parse_ordered_json(told()).value()
             == parse_ordered_json(R"({"sum": [7]})").value());
  const auto asked = parse_ordered_json(body_of(0)).value();
  const auto& tool = asked.at("tools").at(0).at("function");
  BOOST_TEST(tool.at("name") == "f");
  BOOST_TEST(tool.at("description") == "Adds");
  BOOST_TEST(tool.at("parameters").at("required").at(0) == "a");
}

BOOST_AUTO_TEST_CASE(what_went_wrong_goes_to_the_model) {
  const struct {
    std::string script, of_tool, input, name, told;
    bool runs;
  } rows[] = {
    {"echo 1; echo 'no luck' >&2; exit 3", "", R"({"a": 1})", "f",
     "status 3; its stderr ends: no luck", true},
    {"kill -9 $$", "", R"({"a": 1})", "f", "signal 9", true},
    {"echo this is no JSON", "", R"({"a": 1})", "f", "not JSON", true},
    {"exit 0", "", R"({"a": 1})", "f", "no output", true},
    {"sleep 100", R"(, "timeout_ms": 500)", R"({"a": 1})", "f",
     "longer than 500 ms", true},
    {"echo 1", "", R"({"a": "one"})", "f", "/a", false},
    {"echo 1", "", "{}", "f", "a", false},
    {"echo 1", "", R"({"a": )", "f", "JSON", false},
    {"echo 1", "", "{}", "g", "g", false},
  };
  for (const auto& row : rows)
    BOOST_TEST_CONTEXT(row.script << " with " << row.input) {
      std::filesystem::remove(path("ran"));
      call_once(row.input, row.name);
      const auto config = configure("echo > ran; " + row.script, row.of_tool);
      const auto got = run_tool(chat({"--config", config, "--json", "Hi"}));
      BOOST_TEST(got.code == 0, got.err);
      const auto read = testing::read_event_lines(got.out);
      BOOST_TEST(read.problem == "");
      std::size_t errors = 0;
      for (const auto& e : read.events)
        if (e.at("event") == "tool_result" && e.at("is_error") == true)
          ++errors;
      BOOST_TEST(errors == 1u);
      BOOST_TEST(told().find(row.told) != std::string::npos, told());
      BOOST_TEST(std::filesystem::exists(path("ran")) == row.runs);
    }
}

BOOST_AUTO_TEST_CASE(a_command_that_is_not_there_is_told_to_the_model) {
  call_once();
  std::ofstream{path("penstock.json")}
    << R"({"tools": [{"name": "f", "input_schema": {"type": "object"},
       "command": ["/no/such/program"]}]})";
  const auto got = run_tool(chat({"--config", path("penstock.json"), "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(told().find("/no/such/program") != std::string::npos, told());
}

BOOST_AUTO_TEST_CASE(the_policy_of_the_file_is_followed) {
  call_once();
  auto config =
    configure("echo 1", "",
              R"(, "tool_policy": [{"pattern": "f|g", "action": "disable"}])");
  auto got = run_tool(chat({"--config", config, "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  const auto asked = parse_ordered_json(body_of(0)).value();
  BOOST_TEST(!asked.contains("tools"), "it is not offered");
  BOOST_TEST(told().find("f") != std::string::npos, "and not run");

  call_once();
  config =
    configure("echo '{\"success\": true}'", "",
              R"(, "tool_policy": [{"pattern": "f", "action": "require"}])");
  got = run_tool(chat({"--config", config, "--json", "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(testing::read_event_lines(got.out).problem == "");
  BOOST_TEST(server->log().answers.size() == 1u, "its success ends the stream");
}

BOOST_AUTO_TEST_CASE(a_timeout_kills_the_children_too) {
  const held_pipe held{path("held")};
  call_once();
  const auto config = configure("exec 3>held; trap '' TERM; sleep 300 & wait",
                                R"(, "timeout_ms": 1000)");
  const auto got = run_tool(chat({"--config", config, "Hi"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(held.wait_for_end());
  BOOST_TEST(told().find("longer than 1000 ms") != std::string::npos, told());
}

BOOST_AUTO_TEST_CASE(a_signal_kills_the_command_with_its_children) {
  const struct {
    const char* manners;
    std::vector<int> signals;
  } rows[] = {{"", {SIGINT}},
              {"", {SIGTERM}},
              {"", {SIGHUP}},
              {"trap '' TERM INT HUP;", {SIGINT}},
              {"trap '' TERM INT HUP;", {SIGINT, SIGINT}}};
  for (const auto& [manners, signals] : rows)
    BOOST_TEST_CONTEXT(manners << signals.front() << ' ' << signals.size()) {
      std::filesystem::remove(path("held"));
      const held_pipe held{path("held")};
      call_once();
      const auto config =
        configure(std::string{"exec 3>held; "} + manners
                    + " (sleep 300 & echo up >&3; wait) & sleep 300 & wait",
                  "");
      tool_process tool{chat({"--config", config, "--json", "Hi"})};
      BOOST_REQUIRE(held.wait_for_word());
      const auto begin = steady_clock::now();
      for (const int signal : signals)
        tool.send(signal);
      BOOST_TEST(tool.exit_code() == 130, tool.err());
      const auto took = steady_clock::now() - begin;
      BOOST_TEST((took <= exit_limit), took / 1ms << " ms");
      BOOST_TEST(held.wait_for_end());
      BOOST_TEST(server->log().answers.size() == 1u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
