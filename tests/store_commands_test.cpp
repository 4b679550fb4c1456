// Goal: a store that cannot be had costs no request; `penstock usage` counts
// what was used once, `penstock store` tells whether a file is whole.
// Method: the real binary on files of all kinds, against a server on loopback.
#define BOOST_TEST_MODULE store_commands
#include <boost/test/unit_test.hpp>

#include "runtime/sqlite_connection.hpp"
#include "runtime/sqlite_store.hpp"
#include "tests/support/store_tool.hpp"

#include <cmath>
#include <fstream>

using namespace penstock;
using testing::holds;
using testing::lines_of;
using testing::run_tool;
using testing::says;
using testing::store_fixture;
using testing::text_of;
using testing::tool_process;

BOOST_FIXTURE_TEST_SUITE(store_commands, store_fixture)

// ---- a store that cannot be had --------------------------------------------

BOOST_AUTO_TEST_CASE(a_second_process_is_turned_away) {
  serve(http_script{testing::endless_answer()});
  tool_process first{kept_chat({"Go"})};
  BOOST_TEST(first.wait_for_out("on nn"));
  for (auto call :
       {kept_chat({"Go"}), on_store("history"), on_store("usage"), resume()}) {
    const auto got = run_tool(call);
    BOOST_TEST(got.code == 2);
    BOOST_TEST(got.out == "");
    BOOST_TEST(lines_of(got.err).size() == 1u, got.err);
    BOOST_TEST(holds(got.err, "in use by another process"), got.err);
  }
  BOOST_TEST(server->log().answers.size() == 1u);
  first.send(SIGINT);
  BOOST_TEST(first.exit_code() == 130);
  BOOST_TEST(run_tool(on_store("history")).code == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_store_of_ours_is_refused_before_any_request) {
  serve(says("never"));
  const auto file = [&](const char* name) {
    return (directory.path() / name).string();
  };
  const auto with_pragma = [](const std::string& name, const char* sql) {
    auto db = sqlite_connection::open({name, {}, false}).value();
    BOOST_TEST(db->exec(sql));
  };
  BOOST_REQUIRE(sqlite_store::open({file("newer"), {}, {}}).has_value());
  with_pragma(file("newer"), "PRAGMA user_version = 99");
  with_pragma(file("theirs"), "CREATE TABLE theirs (x)");
  std::ofstream{file("text")} << std::string(5'000, 'x');
  std::filesystem::create_directory(file("folder"));
  const struct {
    const char* name;
    std::vector<std::string> pieces;
  } rows[] = {
    {"newer", {"newer penstock", "99"}}, {"theirs", {"another program"}},
    {"text", {"choose another file"}},   {"folder", {"directory"}},
    {"none/a.db", {"none/a.db"}},        {"text/a.db", {"text/a.db"}},
  };
  for (const auto& row : rows) {
    for (const auto* command : {"chat", "history"}) {
      const auto got = run_tool(
        *command == 'c' ? chat({"--store", file(row.name), "Hi"})
                        : testing::tool_call{
                          .arguments = {command, "--store", file(row.name)},
                          .environment = keys()});
      BOOST_TEST(got.code == 2, row.name);
      BOOST_TEST(got.out == "");
      BOOST_TEST(lines_of(got.err).size() == 1u, got.err);
      for (const auto& piece : row.pieces)
        BOOST_TEST(holds(got.err, piece), piece << " is not in " << got.err);
    }
  }
  BOOST_TEST(!std::filesystem::exists(file("folder-lock")));
  BOOST_TEST(server->log().connections.empty());
}

// ---- usage, verify, dump ---------------------------------------------------

BOOST_AUTO_TEST_CASE(usage_counts_each_attempt_once_and_what_it_costs) {
  serve(http_script{}.in_turn(
    {error_answer("openai-chat", 500, "server_error", "Oops"),
     openai_chat_answer(says("One.", 100, 10)),
     openai_chat_answer(says("Two.", 1'000, 20))}));
  run_tool(kept_chat({"--set", "backoff_base_ms=1", "1"}));
  run_tool(kept_chat({"--workspace", "other", "2"}));
  const auto prices = (directory.path() / "prices.json").string();
  std::ofstream{prices} << R"({"date": "2026-11-26", "currency": "USD",
    "per_tokens": 1000000, "models": {"openai:m": {"input": 2, "output": 8}}})";
  for (int again = 0; again < 2; ++again) { // Opening adds nothing.
    const auto all = lines("usage", 0, {"--prices", prices});
    const auto& total = all.back();
    BOOST_TEST(total.at("total") == "all");
    BOOST_TEST(total.at("attempts") == 3);
    BOOST_TEST(total.at("exact") == 2);
    BOOST_TEST(total.at("unknown") == 1);
    BOOST_TEST(total.at("input_total") == 1'100);
    BOOST_TEST(total.at("output_total") == 30);
    BOOST_TEST(total.at("cost") == "unknown"); // One attempt's is.
    std::size_t workspaces = 0, models = 0, streams = 0;
    for (const auto& row : all) {
      workspaces += row.at("total") == "workspace";
      models += row.at("total") == "model";
      streams += row.at("total") == "stream";
    }
    BOOST_TEST(workspaces == 2u);
    BOOST_TEST(models == 1u);
    BOOST_TEST(streams == 2u);
  }
  const auto other = lines("usage", 0, {"--prices", prices, "other"});
  BOOST_TEST(other.back().at("input_total") == 1'000);
  // 1 000 at 2 and 20 at 8, per million.
  BOOST_TEST(std::abs(other.back().at("cost").get<double>() - 0.00216) < 1e-9);
  BOOST_TEST(other.back().at("currency") == "USD");
  auto got = run_tool(on_store("usage", {"--prices", prices, "other"}));
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out
             == "workspace other: 1000 in, 20 out, 1 attempt, 0.002160 USD\n"
                "model openai:m: 1000 in, 20 out, 1 attempt, 0.002160 USD\n"
                "all: 1000 in, 20 out, 1 attempt, 0.002160 USD\n"
                "prices of 2026-11-26\n");
  got = run_tool(on_store("usage")); // "openai:m" has no price.
  BOOST_TEST(holds(got.out, "all: 1100 in, 30 out, 3 attempts (0 partial, 1 "
                            "unknown), cost unknown\n"),
             got.out);
  got = run_tool(on_store("usage", {"--prices", path}));
  BOOST_TEST(got.code == 2);
  BOOST_TEST(holds(got.err, "--prices"), got.err);
}

BOOST_AUTO_TEST_CASE(a_store_is_verified_and_dumped) {
  serve(says("Hello.", 3, 1));
  run_tool(kept_chat({"Hi"}));
  const auto call = [&](const char* what) {
    return run_tool({.arguments = {"store", what, path}});
  };
  auto got = call("verify");
  BOOST_TEST(got.code == 0, got.err);
  BOOST_TEST(got.out == "sound\n");
  got = call("dump");
  BOOST_TEST(got.code == 0, got.err);
  const auto dumped = lines_of(got.out);
  BOOST_REQUIRE(dumped.size() == 4u); // Two messages, an end, a usage.
  BOOST_TEST(text_of(parse_ordered_json(dumped[1]).value()) == "Hello.");
  BOOST_TEST(parse_ordered_json(dumped[2]).value().at("event") == "stream_end");
  BOOST_TEST(parse_ordered_json(dumped[3]).value().at("input_total") == 3);
  {
    auto db = sqlite_connection::open({path, {}, false}).value();
    BOOST_TEST(db->exec("DELETE FROM growth"));
  }
  got = call("verify");
  BOOST_TEST(got.code == 1);
  BOOST_TEST(got.out != "sound\n");
}

BOOST_AUTO_TEST_SUITE_END()
