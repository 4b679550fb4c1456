// Goal: no option that is mistyped, and no configuration that is wrong, is
// taken in silence: exit code 2 and one line that says where and what.
// Method: the table of all options, and of configurations; the real binary.
#define BOOST_TEST_MODULE wrong_settings
#include <boost/test/unit_test.hpp>

#include "runtime/option_table.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/usage_fixture.hpp"

#include <cstdlib>
#include <fstream>

using namespace penstock;
using testing::chat_row;
using testing::planted_key;
using testing::set_row;
using testing::usage_fixture;
using testing::words;
using testing::wrong_call;

namespace {

/// The same with a configuration, written into the directory.
wrong_call config_row(const std::string& text, words pieces) {
  static int number = 0;
  return chat_row({"--config",
                   "<dir>/config-" + std::to_string(number++) + ".json", "--",
                   text},
                  std::move(pieces));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(settings, usage_fixture)

BOOST_AUTO_TEST_CASE(of_settings) {
  check_all({
    set_row("", {"KEY=VALUE"}),
    set_row("max_steps", {"KEY=VALUE"}),
    set_row("=1", {"KEY=VALUE"}),
    set_row("max_stepz=1", {"max_stepz", "max_steps"}),
    set_row("MAX_STEPS=1", {"MAX_STEPS"}),
    set_row("x\x1B[2J=1", {"no option"}),
    set_row(std::string{"api_key="} + planted_key, {"api_key"}),
    set_row("max_steps=0", {"max_steps: expected a count, at least 1"}),
    set_row("max_steps=-1", {"max_steps: expected"}),
    set_row("max_steps=0x10", {"max_steps: expected"}),
    set_row("max_steps=4294967296", {"max_steps: expected"}),
    set_row("connect_timeout_ms=1.5", {"expected milliseconds"}),
    set_row("connect_timeout_ms=10s", {"expected milliseconds"}),
    set_row("top_p=1.1", {"a number from 0 to 1"}),
    set_row("temperature=nan", {"a number from 0 to 100"}),
    set_row("on_partial=Retract", {"continue, retract or stop"}),
    set_row("trim_repeated_text=yes", {"true or false"}),
    set_row("ca_file=/no/such.pem", {"ca_file", "/no/such.pem"}),
  });
  for (const auto& option : option_descriptions())
    for (const std::string value : {"", "/nonsense"})
      check_all({set_row(std::string{option.name} + "=" + value,
                         {std::string{option.name}})});
}

BOOST_AUTO_TEST_CASE(of_configurations) {
  const std::vector<wrong_call> rows{
    config_row("", {"--config: ", ".json: "}),
    config_row("{", {"--config: ", ".json: "}),
    config_row("[]", {".json: expected an object"}),
    config_row("{} {}", {"--config: ", ".json: "}),
    config_row(std::string(100, '['), {"--config: ", ".json: "}),
    config_row("\xFF\xFE\x80", {"--config: ", ".json: "}),
    config_row(R"({"optionz": {}})", {".json: ", "optionz", "options"}),
    config_row(R"({"options": {"max_stepz": 1}})",
               {".json: options.max_stepz", "max_steps"}),
    config_row(R"({"options": {"max_steps": "5"}})",
               {".json: options.max_steps", "without quotes"}),
    config_row(R"({"options": {"max_steps": [5]}})",
               {".json: options.max_steps"}),
    config_row(R"({"providers": {"p": {"api": "x"}}})",
               {".json: providers.p.api"}),
    config_row(R"({"providers": {"p": {"base_url": "x"}}})",
               {".json: providers.p.base_url"}),
    config_row(R"({"providers": {"p": {"api_key": "geheim"}}})",
               {".json: providers.p", "api_key_env"}),
    config_row(R"({"providers": {"p": {"headers": {"a": "b\r\nc: d"}}}})",
               {".json: providers.p.headers"}),
    config_row(R"({"providers": {"p": {"headers": {"a b": "c"}}}})",
               {".json: providers.p.headers"}),
    config_row(R"({"tools": [{"name": "f"}]})", {".json: tools[0]"}),
    config_row(R"({"tools": [{"name": "a b", "input_schema": {},
                   "command": ["true"]}]})",
               {"tool \"a b\""}),
    config_row(R"({"tools": [{"name": "f", "input_schema": {"type": "number"},
                   "command": []}]})",
               {".json: tools[0].command"}),
    config_row(R"({"tools": [{"name": "f", "input_schema": {"type": "nope"},
                   "command": ["true"]}]})",
               {"tool \"f\"", "type"}),
    config_row(R"({"tools": [{"name": "f", "input_schema": {},
                   "command": ["true"], "timeout_ms": 0}]})",
               {".json: tools[0].timeout_ms"}),
    config_row(R"({"tool_policy": [{"pattern": "(", "action": "enable"}]})",
               {"tool_policy", "\"(\""}),
    config_row(R"({"tool_policy": [{"pattern": "f", "action": "allow"}]})",
               {".json: tool_policy[0].action", "disable"}),
  };
  for (auto each : rows) {
    const auto file =
      testing::with_directory(each.line[4], directory.path().string());
    std::ofstream{file, std::ios::binary} << each.line.back();
    each.line.back() = "Hi";
    BOOST_TEST_CONTEXT(file)
    check_all({each});
  }
  check_all({
    chat_row({"--config", "<dir>/none.json", "Hi"},
             {"none.json", "cannot be read", "No such file"}),
    chat_row({"--config", "<dir>", "Hi"}, {"--config"}),
    chat_row({"--config", "", "Hi"}, {"--config", "empty"}),
  });
}

BOOST_AUTO_TEST_CASE(threads_that_are_not_there_are_an_error) {
  constexpr int too_small = 77; // A sanitizer needs more addresses than that.
  const auto* tool = std::getenv("PENSTOCK_TOOL");
  BOOST_REQUIRE(tool);
  testing::child_process chat{
    {"sh", "-c",
     "ulimit -s 8192 && ulimit -v 3000000 || exit 1\n"
     "\"$0\" --version > /dev/null 2>&1 || exit 77\n"
     "exec \"$0\" chat --model scripted:hello --set threads=1024 Hi",
     tool}};
  const int code = chat.exit_code();
  BOOST_WARN_MESSAGE(code != too_small, "SKIPPED: the tool is too large");
  if (code == too_small)
    return;
  BOOST_TEST(code == 1);
  BOOST_TEST(chat.output().find("no 1025 threads") != std::string::npos,
             chat.output());
}

BOOST_AUTO_TEST_SUITE_END()
