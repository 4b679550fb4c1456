// Goal: a standard stream that is closed, full or a directory is told, whatever
// was to be done with it.
// Method: the real binary, with such descriptors.
#define BOOST_TEST_MODULE standard_streams
#include <boost/test/unit_test.hpp>

#include "tests/support/usage_fixture.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace penstock;
using testing::chat_row;
using testing::planted_key;
using testing::run_tool;
using testing::usage_fixture;
using testing::words;
using testing::wrong_call;

BOOST_FIXTURE_TEST_SUITE(streams, usage_fixture)

BOOST_AUTO_TEST_CASE(of_standard_input) {
  const int nothing = open(directory.path().c_str(), O_RDONLY | O_CLOEXEC);
  const wrong_call rows[] = {
    chat_row({"-"}, {"standard input", "directory"}),
    {{"decode", "--sse", "-"}, {"standard input", "directory"}},
    {{"classify", "--api", "ollama", "--status", "400", "-"},
     {"standard input", "directory"}},
  };
  for (const auto& each : rows) {
    auto call = call_of(each);
    call.input_from = nothing;
    check(run_tool(call), each);
    call.input_from = -1;
    call.closed = {STDIN_FILENO};
    check(run_tool(call), {each.line, {"standard input"}});
  }
  close(nothing);
  auto blank = call_of(chat_row({"-"}, {}));
  blank.input = " \r\n\n";
  check(run_tool(blank), chat_row({}, {"prompt is empty"}));
  blank.input.assign((16u << 20) + 1, 'x');
  check(run_tool(blank), chat_row({}, {"16 MiB"}));
}

BOOST_AUTO_TEST_CASE(of_standard_output) {
  const words lines[] = {
    {"--help"},
    {"--version"},
    {"chat", "--help"},
    {"decode", "--sse", "<dir>/body"},
    {"decode", "--api", "openai-chat", "<dir>/body"},
    {"classify", "--api", "ollama", "--status", "400", "<dir>/body"}};
  for (const auto& line : lines) {
    auto call = call_of({line, {}});
    call.output_to = open("/dev/full", O_WRONLY | O_CLOEXEC);
    BOOST_TEST_CONTEXT(line.front()) {
      check(run_tool(call), {line, {"standard output: "}}, 1);
      close(call.output_to);
      call.output_to = -1;
      call.closed = {STDOUT_FILENO};
      check(run_tool(call), {line, {"standard output"}}, 1);
    }
  }
}

// ulimit -f: it is told like a full disk.
BOOST_AUTO_TEST_CASE(of_a_file_that_may_not_grow) {
  const words line{"--help"};
  auto call = call_of({line, {}});
  call.output_to = memfd_create("output", MFD_CLOEXEC);
  rlimit usual{};
  BOOST_REQUIRE(getrlimit(RLIMIT_FSIZE, &usual) == 0);
  rlimit tight = usual;
  tight.rlim_cur = 10;
  BOOST_REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const auto done = run_tool(call);
  BOOST_REQUIRE(setrlimit(RLIMIT_FSIZE, &usual) == 0);
  check(done, {line, {"standard output: "}}, 1);
  close(call.output_to);
}

BOOST_AUTO_TEST_SUITE_END()
