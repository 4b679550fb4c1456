// Goal: the examples do what they show.
// Method: each is run, offline; its whole output and its exit code are known.
#define BOOST_TEST_MODULE examples
#include <boost/test/unit_test.hpp>

#include "tests/support/child_process.hpp"

#include <cstdlib>
#include <string>

namespace {

struct result {
  int code;
  std::string output;
};

result run(const std::string& example) {
  const auto* const folder = std::getenv("PENSTOCK_EXAMPLES");
  BOOST_REQUIRE(folder);
  penstock::testing::child_process child{{folder + ("/" + example)}};
  const auto code = child.exit_code();
  return {code, child.output()};
}

} // namespace

BOOST_AUTO_TEST_CASE(hello_stream_prints_the_answer) {
  const auto got = run("hello_stream");
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.output == "Hello, you out there!\n");
}

BOOST_AUTO_TEST_CASE(embed_runs_a_tool_aborts_and_replays) {
  const auto got = run("embed");
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.output
             == "alice: [{\"done\":{\"on\":true}}] The lamp is on.\n"
                "bob: Once upon a time [user]\n"
                "carol: one two three four five six seven\n"
                "messages: 2 2 2\n");
}

BOOST_AUTO_TEST_CASE(embed_caf_speaks_by_messages) {
  const auto got = run("embed_caf");
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.output == "Call me Ishmael. Some years ago\nshut down\n");
}
