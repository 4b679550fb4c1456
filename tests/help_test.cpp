// Goal: who asks `penstock` for help gets all of it, and what the README says
// to type works.
// Method: the real binary; the README's own line, against a local server; the
// example of docs/CONFIGURATION.md and what is printed below it.
#define BOOST_TEST_MODULE help
#include <boost/test/unit_test.hpp>

#include "providers/codec.hpp"
#include "providers/json.hpp"
#include "providers/model_catalog_tables.hpp"
#include "runtime/option_table.hpp"
#include "tests/support/chat_fixture.hpp"
#include "tests/support/store_calls.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace penstock;
using testing::run_tool;

namespace {

std::string help_of(const std::string& subcommand) {
  testing::tool_call call;
  if (!subcommand.empty())
    call.arguments.push_back(subcommand);
  call.arguments.push_back("--help");
  const auto got = run_tool(call);
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.err == "");
  return got.out;
}

bool holds(const std::string& text, std::string_view piece) {
  return text.find(piece) != text.npos;
}

std::string source_file(const std::string& name) {
  const auto* sources = std::getenv("PENSTOCK_SOURCE");
  BOOST_REQUIRE(sources);
  std::ifstream file{std::string{sources} + "/" + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace

BOOST_AUTO_TEST_CASE(help_names_every_option_and_the_exit_codes) {
  const struct {
    const char* subcommand;
    std::vector<std::string> pieces;
  } rows[] = {
    {"",
     {"Usage: penstock ", "chat", "classify", "decode", "demo", "--version",
      "0 ", "1 ", "2 ", "130 "}},
    {"chat",
     {"Usage: penstock chat ",
      "PROMPT",
      "--workspace",
      "--model",
      "--fallback",
      "--system",
      "--base-url",
      "--api",
      "--store",
      "--config",
      "--set",
      "--json",
      "--soft-interrupt",
      "--verbose",
      "0 ",
      "1 ",
      "2 ",
      "130 ",
      "Ctrl-C",
      "Ctrl-D"}},
    {"decode",
     {"Usage: penstock decode ", "FILE", "--api", "--provider", "--summary",
      "--sse", "--chunk-bytes", "0 ", "1 ", "2 "}},
    {"classify",
     {"Usage: penstock classify ", "FILE", "--api", "--status", "--header",
      "0 ", "1 ", "2 "}},
    {"history",
     {"Usage: penstock history ", "WORKSPACE", "--store", "--json", "0", "2 ",
      "3 "}},
    {"resume",
     {"Usage: penstock resume ", "WORKSPACE", "--store", "--model", "0 ", "1 ",
      "2 ", "3 ", "130 "}},
    {"usage",
     {"Usage: penstock usage ", "WORKSPACE", "--store", "--prices", "--json",
      "0", "1 ", "2 "}},
    {"store", {"Usage: penstock store ", "verify", "dump", "0", "1 ", "2 "}},
    {"demo",
     {"Usage: penstock demo ", "--speed", "--plain", "0 ", "1 ", "2 ", "130 "}},
  };
  for (const auto& [subcommand, pieces] : rows) {
    const auto help = help_of(subcommand);
    BOOST_TEST(help.ends_with('\n'));
    const auto codes = help.find("Exit codes:");
    BOOST_TEST(codes != help.npos, subcommand);
    for (const auto& piece : pieces)
      BOOST_TEST(holds(help, piece), piece << " of " << subcommand);
  }
}

BOOST_AUTO_TEST_CASE(help_names_apis_providers_and_settings) {
  const auto chat = help_of("chat"), decode = help_of("decode");
  for (const auto api : codec_names()) {
    BOOST_TEST(holds(chat, api));
    BOOST_TEST(holds(decode, api));
  }
  for (const auto& each : builtin_endpoints()) {
    BOOST_TEST(holds(chat, each.provider));
    BOOST_TEST(holds(chat, each.key_variable));
  }
  for (const auto& option : option_descriptions())
    BOOST_TEST(holds(chat, std::string{option.name} + "="
                             + std::string{option.expects}));
}

BOOST_AUTO_TEST_CASE(the_configurations_manual_has_a_row_for_every_option) {
  std::string rows;
  for (const auto& option : option_descriptions()) {
    const auto by_default = option_text({}, option.name);
    rows += "| `" + std::string{option.name} + "` | "
            + std::string{option.expects} + " | "
            + (by_default.empty() ? "–" : by_default) + " | "
            + std::string{option.meaning} + " |\n";
  }
  const auto manual = source_file("docs/CONFIGURATION.md");
  BOOST_TEST(manual.ends_with("|---|---|---|---|\n" + rows),
             "docs/CONFIGURATION.md should have this table:\n"
               << rows);
}

BOOST_AUTO_TEST_CASE(the_version_is_that_of_the_build) {
  const auto cmake = source_file("CMakeLists.txt");
  const auto at = cmake.find("VERSION ", cmake.find("project("));
  BOOST_REQUIRE(at != cmake.npos);
  const auto version = cmake.substr(
    at + 8, cmake.find_first_not_of("0123456789.", at + 8) - at - 8);
  const auto got = run_tool({.arguments = {"--version"}});
  BOOST_TEST(got.code == 0);
  BOOST_TEST(got.out == "penstock " + version + "\n");
}

BOOST_FIXTURE_TEST_CASE(the_line_of_the_readme_works, testing::chat_fixture) {
  serve(http_script{anthropic_answer(scripted_turn{}.text("Rayleigh."))});
  const auto readme = source_file("README.md");
  const std::string program = "build/release/tools/penstock";
  const auto at = readme.find("\n" + program + " chat --model anthropic:");
  BOOST_REQUIRE(at != readme.npos);
  const auto line = readme.substr(at + 1, readme.find('\n', at + 1) - at - 1);
  // What the shell makes of it; the address is all that is added.
  testing::tool_call call{.environment = keys()};
  const auto script = "penstock() { for each; do printf \"%s\\n\" \"$each\"; "
                      "done; }\npenstock"
                      + line.substr(program.size());
  auto* words = popen(("sh -c '" + script + "'").c_str(), "r");
  BOOST_REQUIRE(words);
  std::string said;
  for (int c; (c = fgetc(words)) != EOF;)
    said += static_cast<char>(c);
  BOOST_TEST(pclose(words) == 0);
  call.arguments = testing::lines_of(said);
  call.arguments.insert(call.arguments.begin() + 1,
                        {"--base-url", server->url("")});
  const auto got = run_tool(call);
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "Rayleigh.\n");
  const auto body = parse_ordered_json(body_of(0)).value();
  BOOST_TEST(holds(line, body.at("model").get<std::string>()));
}

BOOST_AUTO_TEST_CASE(the_configuration_page_shows_what_happens) {
  const auto page = source_file("docs/CONFIGURATION.md");
  const auto block = [&](const std::string& begin) {
    const auto from = page.find(begin) + begin.size();
    BOOST_REQUIRE(from >= begin.size());
    return page.substr(from, page.find("```", from) - from);
  };
  const testing::temporary_dir dir;
  const auto file = dir.file("penstock.json");
  std::ofstream{file} << block("```json\n");
  std::size_t shown = 0;
  const auto lines = testing::lines_of(block("```\n$ ").insert(0, "$ "));
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    // $ penstock chat --config penstock.json --model NAME "PROMPT"
    BOOST_REQUIRE(line->starts_with("$ penstock chat --config penstock.json "));
    const auto name = line->find("--model ") + 8, prompt = line->find('"') + 1;
    const auto got = run_tool(
      {.arguments = {"chat", "--config", file, "--model",
                     line->substr(name, line->find(' ', name) - name),
                     line->substr(prompt, line->rfind('"') - prompt)}});
    BOOST_TEST(got.code == 0, got.err);
    BOOST_REQUIRE(++line != lines.end());
    BOOST_TEST(got.out == *line + "\n");
    ++shown;
  }
  BOOST_TEST(shown == 2u);
}
