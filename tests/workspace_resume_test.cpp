// Goal: an interrupted stream goes on in its place, says nothing twice and runs
// no tool that may have run. Method: a workspace in a world of cardboard that
// finds such a stream in its snapshot.
#define BOOST_TEST_MODULE workspace_resume
#include <boost/test/unit_test.hpp>

#include "runtime/stored_parts.hpp"
#include "tests/support/workspace_fixture.hpp"

using namespace penstock;
using namespace penstock::testing;

namespace {

constexpr stream_id old{77};
using state = final_part::state;

final_part kept_text(std::uint32_t part, std::string what, state how) {
  return {part, text_content{std::move(what), {}}, how};
}
final_part kept_call(std::uint32_t part, const char* id, const char* name,
                     state how) {
  return {part, tool_call_content{id, name, "{}", {}, {}, {}, false}, how};
}
final_part kept_result(std::uint32_t part, const char* id, const char* name) {
  return {part, tool_result_content{id, name, "7", false, false, {}},
          state::complete};
}

struct fixture : workspace_fixture {
  std::vector<std::shared_ptr<const tool>> tools;

  fixture() : workspace_fixture(false) {}

  void find(std::vector<final_part> parts, std::uint32_t step = 1) {
    workspace_snapshot found;
    found.history = {
      {1, "m1", {user_text("do it")}, history_row::outcome::completed},
      {2,
       "m2",
       {{role::assistant, {text_content{"old row", {}}}, {}}},
       history_row::outcome::interrupted}};
    found.last_sequence = 2;
    found.interrupted =
      interrupted_stream{"w",
                         old,
                         "m2",
                         2,
                         "test:one",
                         "{}",
                         std::move(parts),
                         {{step, 1, UINT32_MAX, "test-api/test:one", false}}};
    core.emplace("w", settings, world, std::vector<parked_subscriber>{});
    core->on(history_loaded{std::move(found)});
    core->on(penstock::subscribe{"w", subscription_id{1}, sink, std::nullopt});
  }
  start_request resume(stream_id which = old) const {
    start_request request;
    request.workspace_id = "w";
    request.model = "test:one";
    request.with_history = true;
    request.resume = which;
    for (const auto& t : tools)
      request.tools.emplace_back(t);
    return request;
  }
  void add_tool(const std::string& name, bool idempotent) {
    auto made = std::make_shared<tool>();
    made->definition = {name, "", R"({"type":"object"})"};
    made->idempotent = idempotent;
    made->handler = [](const tool_invocation&) { return tool_outcome{}; };
    tools.push_back(std::move(made));
  }
  workspace_view view() {
    workspace_view seen;
    core->on(view_workspace{
      "w", reply<workspace_view>{[&](auto v) { seen = std::move(*v); }}});
    return seen;
  }
  template <class Record>
  std::vector<Record> written() const {
    std::vector<Record> all;
    for (const auto& r : world.durable)
      if (const auto* it = std::get_if<Record>(&r))
        all.push_back(*it);
    return all;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_text_goes_on_on_the_same_message, fixture) {
  find({kept_text(1, "The answer", state::cut)});
  begin(resume());
  const auto& asked = *attempt().prompt;
  BOOST_TEST((asked.ending == continuation::partial));
  BOOST_TEST(attempt().has_output, "an empty continuation is an answer");
  BOOST_REQUIRE(asked.messages.size() == 2u); // No new one of the user's.
  BOOST_TEST((asked.messages[0] == user_text("do it")));
  BOOST_TEST(std::get<text_content>(asked.messages[1].parts.at(0)).text
             == "The answer");
  const auto opened = written<record::stream_opened>();
  BOOST_REQUIRE(opened.size() == 1u);
  BOOST_TEST((opened[0].resumes == old));
  BOOST_TEST((opened[0].stream != old));
  BOOST_TEST(opened[0].message_id == "m2");
  BOOST_TEST(opened[0].history_sequence == 2u);
  parts({part::text{0, " is 42."}, part::text_end{0}}, true);
  finishes();
  BOOST_TEST(sink->heard.text() == "The answer is 42.");
  const auto rows = view().history;
  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST(rows[1].sequence == 2u);
  BOOST_TEST(rows[1].message_id == "m2");
  BOOST_TEST((rows[1].how == history_row::outcome::completed));
  BOOST_REQUIRE(rows[1].messages.size() == 1u);
  BOOST_TEST(std::get<text_content>(rows[1].messages[0].parts.at(0)).text
             == "The answer is 42.");
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(what_was_taken_over_is_written_for_the_new_stream,
                        fixture) {
  find({kept_text(1, "kept", state::cut)});
  begin(resume());
  advance(std::chrono::seconds{1});
  const auto grown = written<record::part_grown>();
  BOOST_REQUIRE(!grown.empty());
  BOOST_TEST((grown[0].stream == *started.at(0)));
  BOOST_TEST(grown[0].bytes == "kept");
  // A second crash knows the attempt that made it; it is nobody's usage.
  const auto spans = written<record::attempt_began>();
  BOOST_REQUIRE(!spans.empty());
  BOOST_TEST(spans[0].attempt.number == 0u);
  BOOST_TEST(spans[0].made_by == "test-api/test:one");
}

// Else a second crash would find less than the first.
BOOST_FIXTURE_TEST_CASE(what_was_taken_over_is_in_the_open_record, fixture) {
  add_tool("pay", false);
  find({kept_text(1, "I will", state::complete),
        kept_call(2, "maybe", "pay", state::unknown_outcome)});
  store_answers = false;
  start(resume());
  BOOST_REQUIRE(world.writes.size() == 1u);
  const auto& records = world.writes.front().records;
  BOOST_TEST(std::holds_alternative<record::stream_opened>(records.front()));
  stored_parts rows;
  for (const auto& r : records)
    if (auto row = growth_of(r))
      rows.apply(std::move(*row));
  const auto parts = rows.parts();
  BOOST_REQUIRE(parts.size() == 2u);
  BOOST_TEST(std::get<text_content>(parts[0].content).text == "I will");
  BOOST_TEST((parts[1].how == state::unknown_outcome));
  answer_writes();
  std::string all;
  for (const auto& r : written<record::part_grown>())
    all += r.bytes;
  BOOST_TEST(all == "I will{}"); // Each byte once.
}

BOOST_FIXTURE_TEST_CASE(a_tool_that_may_have_run_is_not_run_again, fixture) {
  add_tool("pay", false);
  add_tool("look", true);
  find({kept_text(1, "I will", state::complete),
        kept_call(2, "done", "pay", state::complete),
        kept_result(2, "done", "pay"),
        kept_call(3, "maybe", "pay", state::unknown_outcome),
        kept_call(4, "again", "look", state::unknown_outcome),
        kept_call(5, "waiting", "pay", state::complete),
        kept_call(6, "cut", "pay", state::cut)});
  start(resume());
  BOOST_TEST(world.attempts.empty()); // The calls come first.
  std::vector<std::string> run;
  while (!world.tools.empty()) {
    run.push_back(world.tools.front().second.invocation.tool_call_id);
    tool_answers("1");
  }
  BOOST_TEST((run == std::vector<std::string>{"again", "waiting"}));
  BOOST_REQUIRE(world.attempts.size() == 1u);
  const auto& asked = *attempt().prompt;
  BOOST_TEST((asked.ending == continuation::none));
  BOOST_REQUIRE(asked.messages.size() == 3u);
  BOOST_TEST(asked.messages[1].parts.size() == 5u); // Without the cut one.
  const auto& results = asked.messages[2].parts;
  BOOST_REQUIRE(results.size() == 4u);
  const auto& unknown = std::get<tool_result_content>(results[1]);
  BOOST_TEST(unknown.tool_call_id == "maybe");
  BOOST_TEST(unknown.is_error);
  BOOST_TEST(unknown.output_json.find("unknown") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_step_that_was_done_is_followed_by_the_next, fixture) {
  add_tool("look", false);
  find(
    {kept_call(1, "a", "look", state::complete), kept_result(1, "a", "look")},
    3);
  start(resume());
  BOOST_TEST(world.tools.empty());
  BOOST_REQUIRE(world.attempts.size() == 1u);
  BOOST_TEST(attempt().step == 4u);
}

BOOST_FIXTURE_TEST_CASE(a_stream_that_made_nothing_begins_anew, fixture) {
  find({});
  begin(resume());
  BOOST_TEST(attempt().prompt->messages.size() == 1u);
  BOOST_TEST((attempt().prompt->ending == continuation::none));
}

BOOST_FIXTURE_TEST_CASE(only_what_was_interrupted_can_be_resumed, fixture) {
  find({kept_text(1, "x", state::cut)});
  start(resume(stream_id{78}));
  BOOST_TEST((started.back().error().code == errc::invalid_request));
  begin(resume());
  start(resume()); // Not twice, not while it runs.
  BOOST_TEST((started.back().error().code == errc::invalid_request));
  finishes();
  start(resume());
  BOOST_TEST((started.back().error().code == errc::invalid_request));
}

BOOST_FIXTURE_TEST_CASE(a_conversation_that_went_on_is_not_resumed, fixture) {
  find({kept_text(1, "x", state::cut)});
  auto next = ask();
  next.with_history = true;
  begin(std::move(next));
  finishes();
  start(resume());
  BOOST_TEST((started.back().error().code == errc::invalid_request));
}

// Nothing has followed it until another one is registered.
BOOST_FIXTURE_TEST_CASE(a_resumption_overtakes_a_start_that_prepares, fixture) {
  find({kept_text(1, "x", state::cut)});
  store_answers = false;
  start(ask());
  start(resume());
  BOOST_TEST((started[0].error().code == errc::superseded));
  answer_writes();
  BOOST_TEST(started[1].has_value());
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(an_edit_behind_it_leaves_it_to_be_resumed, fixture) {
  find({kept_text(1, "x", state::cut)});
  core->on(edit_history{"w", {"w", 3, {}}, {}});
  settle_store();
  start(resume());
  BOOST_TEST(started.back().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_resumed_stream_that_cannot_be_kept_loses_no_row,
                        fixture) {
  find({kept_text(1, "x", state::cut)});
  begin(resume());
  store_answers = false;
  parts({part::text{0, "y"}, part::text_end{0}}, true);
  finishes();
  answer_writes({errc::storage, "no disk"});
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST((failed[0].why.code == errc::storage));
  BOOST_TEST(failed[0].parts.size() == 2u);
  BOOST_TEST(view().history.size() == 2u);
}
