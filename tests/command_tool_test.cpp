// Goal: whatever a command does, its call ends in time, tells what happened,
// and leaves no process and no descriptor. Method: real children, which tell
// through a FIFO that they are there and, by its end, that they are gone.
#define BOOST_TEST_MODULE command_tool
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/json.hpp"
#include "providers/named_thread.hpp"
#include "providers/owned_fd.hpp"
#include "tests/support/test_certificate.hpp"
#include "tools/command_tool.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <poll.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 60s; // A test that waits longer has failed.
constexpr auto soon = 20s;     // Far below what the commands would take.

cli::command_tool shell(std::string script) {
  cli::command_tool from;
  from.definition.name = "work";
  from.command = {"sh", "-c", std::move(script)};
  from.timeout_ms = patience;
  from.kill_grace_ms = 100ms;
  return from;
}

tool_outcome run(const cli::command_tool& from, std::string input = "{}",
                 std::stop_token cancelled = {}, std::string scratch = {}) {
  tool_invocation call;
  call.input_json = std::move(input);
  call.cancelled = std::move(cancelled);
  call.scratch_dir = std::move(scratch);
  return cli::make_command_tool(from).value()->handler(call);
}

void says(const tool_outcome& outcome, const std::string& what) {
  BOOST_TEST(outcome.is_error);
  BOOST_TEST_INFO(outcome.output_json);
  BOOST_TEST(outcome.output_json.find(what) != std::string::npos);
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
    std::distance(std::filesystem::directory_iterator{"/proc/self/fd"},
                  std::filesystem::directory_iterator{}));
}

// A FIFO. Processes that hold it open for writing are alive; its end says that
// all of them are gone.
class sign_of_life {
public:
  sign_of_life() : path_((home_.path() / "fifo").string()) {
    BOOST_REQUIRE(mkfifo(path_.c_str(), 0600) == 0);
    read_ = owned_fd{open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    BOOST_REQUIRE(bool(read_));
  }
  const std::string& path() const { return path_; }
  std::string home() const { return home_.path().string(); }
  // The next byte, 0 at the end, -1 if neither comes in time.
  int next() {
    pollfd on{read_.get(), POLLIN, 0};
    char byte = 0;
    if (poll(&on, 1, std::chrono::milliseconds{patience}.count()) != 1)
      return -1;
    return read(read_.get(), &byte, 1) == 1 ? byte : 0;
  }

private:
  penstock::testing::scratch_directory home_;
  std::string path_;
  owned_fd read_;
};

class stopwatch {
public:
  bool ran_less_than(std::chrono::milliseconds limit) const {
    return std::chrono::steady_clock::now() - begin_ < limit;
  }

private:
  std::chrono::steady_clock::time_point begin_ =
    std::chrono::steady_clock::now();
};

} // namespace

BOOST_AUTO_TEST_CASE(input_goes_in_and_json_comes_out) {
  auto from = shell("");
  from.command = {"cat"};
  from.read_only = true;
  const auto made = cli::make_command_tool(from).value();
  BOOST_TEST(made->read_only);
  BOOST_TEST(!made->idempotent);
  BOOST_TEST((made->timeout_ms > from.timeout_ms + from.kill_grace_ms));
  const auto outcome = run(from, R"({"a": [1, "ü"]})");
  BOOST_TEST(!outcome.is_error);
  BOOST_TEST(outcome.output_json == R"({"a": [1, "ü"]})");
}

BOOST_AUTO_TEST_CASE(arguments_pass_no_shell) {
  auto from = shell("");
  from.command = {"printf", "\"%s\"", "$HOME; `id` *"};
  BOOST_TEST(run(from).output_json == "\"$HOME; `id` *\"");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_tool_is_refused) {
  const auto code = [](auto change) {
    auto from = shell("true");
    change(from);
    const auto made = cli::make_command_tool(from);
    return made ? errc::none : made.error().code;
  };
  BOOST_TEST((code([](auto&) {}) == errc::none));
  const auto wrong = errc::invalid_request;
  BOOST_TEST((code([](auto& f) { f.command.clear(); }) == wrong));
  BOOST_TEST((code([](auto& f) { f.command = {""}; }) == wrong));
  const std::string nul("a\0b", 3);
  BOOST_TEST((code([&](auto& f) { f.command.push_back(nul); }) == wrong));
  BOOST_TEST((code([&](auto& f) { f.hidden_env = {nul}; }) == wrong));
  BOOST_TEST((code([](auto& f) { f.hidden_env = {"KEY=x"}; }) == wrong));
  BOOST_TEST((code([](auto& f) { f.timeout_ms = 0ms; }) == wrong));
  BOOST_TEST((code([](auto& f) { f.timeout_ms = -1ms; }) == wrong));
  BOOST_TEST((code([](auto& f) { f.kill_grace_ms = -1ms; }) == wrong));
  BOOST_TEST((code([](auto& f) {
                f.timeout_ms = f.kill_grace_ms =
                  std::chrono::milliseconds::max();
              })
              == errc::none));
}

BOOST_AUTO_TEST_CASE(every_failure_is_told_to_the_model) {
  says(run(shell("echo one >&2; echo 'last words' >&2; exit 3")), "status 3");
  says(run(shell("echo 'last words' >&2; echo 1; exit 3")), "last words");
  says(run(shell("kill -9 $$")), "signal 9");
  says(run(shell("true")), "no output");
  says(run(shell("echo; echo '  '")), "no output");
  says(run(shell("echo hello")), "not JSON");
  auto from = shell("");
  from.command = {"/nowhere/at all"};
  says(run(from), "/nowhere/at all: No such file");
  from.command = {"no-such-command-in-the-path"};
  says(run(from), "No such file");
  from.command = {"/etc/passwd"};
  says(run(from), "Permission denied");
}

BOOST_AUTO_TEST_CASE(stderr_is_shown_by_its_end_and_without_keys) {
  const auto outcome = run(shell("i=0; while [ $i -lt 20000 ]; do echo line$i "
                                 ">&2; i=$((i+1)); done; echo 'api_key="
                                 "abcdefgh12345678' >&2; exit 1"));
  says(outcome, "line19999");
  BOOST_TEST(outcome.output_json.find("line1 ") == std::string::npos);
  BOOST_TEST(outcome.output_json.find("12345678") == std::string::npos);
  BOOST_TEST(outcome.output_json.size() < limits::tool_error_bytes_max);
}

BOOST_AUTO_TEST_CASE(the_environment_has_the_scratch_directory_and_no_keys) {
  setenv("PENSTOCK_TEST_KEY", "secret", 1);
  setenv("PENSTOCK_TEST_KEY_NOT", "shown", 1);
  setenv("PENSTOCK_SCRATCH_DIR", "/of/another", 1);
  auto from =
    shell("echo \"\\\"${PENSTOCK_TEST_KEY-none} "
          "$PENSTOCK_TEST_KEY_NOT ${PENSTOCK_SCRATCH_DIR-none}\\\"\"");
  from.hidden_env = {"PENSTOCK_TEST_KEY"};
  BOOST_TEST(run(from, "{}", {}, "/x y").output_json
             == "\"none shown /x y\"\n");
  BOOST_TEST(run(from).output_json == "\"none shown none\"\n");
  unsetenv("PENSTOCK_SCRATCH_DIR");
}

BOOST_AUTO_TEST_CASE(much_in_and_much_out_at_once_do_not_lock) {
  auto from = shell("");
  from.command = {"cat"};
  const auto input =
    '"' + std::string(limits::tool_output_bytes_max - 2, 'x') + '"';
  const auto outcome = run(from, input);
  BOOST_TEST(!outcome.is_error);
  BOOST_TEST((outcome.output_json == input));
  says(run(from, input + ' '), "exceeds");
}

BOOST_AUTO_TEST_CASE(output_without_end_is_cut_off) {
  const stopwatch time;
  says(run(shell("exec cat /dev/zero")), "exceeds");
  BOOST_TEST(time.ran_less_than(soon));
}

BOOST_AUTO_TEST_CASE(a_command_may_leave_its_input_unread) {
  const std::string input(4u << 20, ' ');
  // SIGPIPE as a host may have it: neither blocked nor ignored.
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  const auto outcome = run(shell("exec <&-; echo 7; exec 1>&-"), input);
  std::signal(SIGPIPE, before);
  BOOST_TEST(outcome.output_json == "7\n");
}

BOOST_AUTO_TEST_CASE(the_child_has_the_signals_of_a_login_shell) {
  std::signal(SIGPIPE, SIG_IGN);
  std::promise<std::string> seen;
  auto thread = start_named_thread("test", [&] { // all signals blocked
    seen.set_value(
      run(
        shell("grep -cE '^Sig(Blk|Ign):\\s*0+(180000000)?$' /proc/self/status"))
        .output_json);
  });
  thread->join();
  std::signal(SIGPIPE, SIG_DFL);
  BOOST_TEST(seen.get_future().get() == "2\n"); // glibc ignores its 32 and 33
}

BOOST_AUTO_TEST_CASE(the_child_has_three_descriptors) {
  const owned_fd low{open("/dev/null", O_RDONLY)}; // not close-on-exec
  const owned_fd high{fcntl(low.get(), F_DUPFD, 500)};
  BOOST_REQUIRE(high.get() >= 500);
  BOOST_REQUIRE(high.get() < 600);
  const auto outcome =
    run(shell("n=0; i=0; while [ $i -lt 600 ]; do [ -e /proc/$$/fd/$i ] && "
              "n=$((n+1)); i=$((i+1)); done; echo $n"));
  BOOST_TEST(outcome.output_json == "3\n");
}

BOOST_AUTO_TEST_CASE(no_call_leaks_a_descriptor) {
  const auto before = open_descriptors();
  (void)run(shell("echo 1"));
  (void)run(shell("exit 1"));
  auto absent = shell("");
  absent.command = {"/nowhere"};
  (void)run(absent);
  BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(a_cancelled_command_is_asked_and_then_killed) {
  for (const bool obeys : {true, false}) {
    sign_of_life life;
    std::stop_source stop;
    auto from =
      shell(std::string{"trap '"} + (obeys ? "printf t >&9; exit" : "")
            + "' TERM; exec 9>" + life.path()
            + "; printf a >&9; while :; do sleep 1000 & wait; done");
    from.kill_grace_ms = obeys ? 10'000ms : 50ms;
    auto ended = std::async(std::launch::async,
                            [&] { return run(from, "{}", stop.get_token()); });
    BOOST_TEST(life.next() == 'a');
    stop.request_stop();
    BOOST_REQUIRE((ended.wait_for(soon) == std::future_status::ready));
    says(ended.get(), "cancelled");
    if (obeys)
      BOOST_TEST(life.next() == 't');
    BOOST_TEST(life.next() == 0); // its sleeping child is gone, too
  }
}

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_before_starts_nothing) {
  sign_of_life life;
  std::stop_source stop;
  stop.request_stop();
  says(run(shell("touch " + life.home() + "/ran"), "{}", stop.get_token()),
       "cancelled");
  BOOST_TEST(!std::filesystem::exists(life.home() + "/ran"));
}

BOOST_AUTO_TEST_CASE(a_command_that_takes_too_long_is_killed) {
  sign_of_life life;
  auto from = shell("trap '' TERM; exec 9>" + life.path()
                    + "; printf a >&9; while :; do sleep 1000; done");
  from.timeout_ms = 500ms;
  const stopwatch time;
  says(run(from), "longer than 500 ms");
  BOOST_TEST(time.ran_less_than(soon));
  BOOST_TEST(life.next() == 'a');
  BOOST_TEST(life.next() == 0);
}

BOOST_AUTO_TEST_CASE(what_it_leaves_behind_holds_up_nothing_and_is_ended) {
  for (const std::string trap : {"", "trap '' TERM; "}) {
    sign_of_life life;
    // It keeps stdout open, and writes to it for ever.
    const auto script = "(" + trap + "exec 9>" + life.path()
                        + "; printf a >&9; while :; do echo; done) & "
                          "read x < "
                        + life.home() + "/go; echo 5";
    BOOST_REQUIRE(mkfifo((life.home() + "/go").c_str(), 0600) == 0);
    auto ended =
      std::async(std::launch::async, [&] { return run(shell(script)); });
    BOOST_TEST(life.next() == 'a');
    std::ofstream{life.home() + "/go"} << "\n";
    BOOST_REQUIRE((ended.wait_for(soon) == std::future_status::ready));
    (void)ended.get(); // "5", or too much of what the other wrote
    BOOST_TEST(life.next() == 0);
  }
}

BOOST_AUTO_TEST_CASE(who_left_the_group_holds_up_nothing) {
  sign_of_life life;
  BOOST_REQUIRE(mkfifo((life.home() + "/go").c_str(), 0600) == 0);
  auto ended = std::async(std::launch::async, [&] {
    return run(shell("setsid sh -c 'echo $$ > " + life.home() + "/pid; exec 9>"
                     + life.path()
                     + "; printf a >&9; exec sleep 1000' & read x < "
                     + life.home() + "/go; echo 5"));
  });
  BOOST_TEST(life.next() == 'a');
  std::ofstream{life.home() + "/go"} << "\n";
  BOOST_REQUIRE((ended.wait_for(soon) == std::future_status::ready));
  BOOST_TEST(ended.get().output_json == "5\n");
  pid_t pid = 0;
  std::ifstream{life.home() + "/pid"} >> pid;
  BOOST_REQUIRE(pid > 1);
  kill(pid, SIGKILL);
  BOOST_TEST(life.next() == 0);
}
