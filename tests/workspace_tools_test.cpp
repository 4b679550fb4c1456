// Goal: the tool loop: durable before told, errors go back to the model, the
// conditions are looked at when all calls are settled.
// Method: the rules in a world of cardboard; each case is one step.
#define BOOST_TEST_MODULE workspace_tools
#include <boost/test/unit_test.hpp>

#include "runtime/stored_parts.hpp"
#include "tests/support/workspace_fixture.hpp"

#include <utility>

using namespace penstock;
using namespace penstock::testing;

namespace {

struct tool_fixture : workspace_fixture {
  tool_fixture() {
    add("look", true);
    add("read", true);
    add("write", false);
  }

  void add(std::string name, bool read_only) {
    auto made = std::make_shared<tool>();
    made->definition.name = std::move(name);
    made->definition.input_schema_json =
      R"({"type":"object","properties":{"n":{"type":"integer"}}})";
    made->handler = [](const tool_invocation&) { return tool_outcome{}; };
    made->read_only = read_only;
    registered.emplace(made->definition.name, *check_tool(made));
  }

  start_request with_tools() const {
    auto request = ask();
    request.tools = {"look", "read", "write"};
    return request;
  }

  std::vector<std::string> results() const {
    std::vector<std::string> all;
    for (const auto& r : sink->all<event::tool_result>())
      all.push_back(r.output_json);
    return all;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_call_runs_and_its_result_goes_back, tool_fixture) {
  begin(with_tools());
  BOOST_TEST(attempt().prompt->tools.size() == 3u);
  call(0, "c1", "look", R"({"n":1})");
  finishes(finish_reason::tool_calls);
  BOOST_TEST((core->now() == phase::tool_running));
  BOOST_REQUIRE(world.tools.size() == 1u);
  BOOST_TEST(world.tools[0].second.invocation.input_json == R"({"n":1})");
  tool_answers(R"({"seen":true})");
  BOOST_TEST((core->now() == phase::streaming));
  const auto& messages = attempt().prompt->messages;
  BOOST_REQUIRE(messages.size() == 3u);
  BOOST_TEST((messages[1].from == role::assistant));
  BOOST_TEST((messages[2].from == role::tool));
  attempt_starts();
  text(0, "I saw it");
  finishes();
  BOOST_TEST(sink->all<event::step_end>().size() == 2u);
  BOOST_TEST(trouble() == "");
}

// Its own flush may be half a second away.
BOOST_FIXTURE_TEST_CASE(a_call_is_kept_with_its_start_or_result, tool_fixture) {
  const auto kept = [&] {
    stored_parts rows;
    for (const auto& r : world.durable)
      if (auto row = growth_of(r))
        rows.apply(std::move(*row));
    return rows.parts();
  };
  begin(with_tools());
  text(0, "Let me see.");
  call(1, "c1", "look", "{}");
  call(2, "c2", "unheard of", "{}");
  finishes(finish_reason::tool_calls);
  BOOST_REQUIRE(!world.tools.empty());
  auto got = kept();
  BOOST_REQUIRE(got.size() >= 2u);
  BOOST_TEST(std::get<tool_call_content>(got[1].content).id == "c1");
  BOOST_TEST((got[1].how == final_part::state::unknown_outcome));
  tool_answers("7");
  got = kept();
  BOOST_REQUIRE(got.size() == 5u); // Two calls, each with its result.
  BOOST_TEST(std::get<tool_result_content>(got[2].content).output_json == "7");
  BOOST_TEST(std::get<tool_result_content>(got[4].content).is_error);
}

BOOST_FIXTURE_TEST_CASE(start_and_result_are_durable_before_they_are_told,
                        tool_fixture) {
  begin(with_tools());
  call(0, "c1", "look", "{}");
  store_answers = false;
  finishes(finish_reason::tool_calls);
  BOOST_TEST(world.tools.empty());
  BOOST_TEST(sink->all<event::tool_execution_start>().empty());
  answer_writes();
  BOOST_TEST(world.tools.size() == 1u);
  BOOST_TEST(sink->all<event::tool_execution_start>().size() == 1u);
  tool_answers("1");
  BOOST_TEST(results().empty());
  answer_writes();
  BOOST_TEST(results().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(bad_calls_are_errors_for_the_model, tool_fixture) {
  begin(with_tools());
  call(0, "c1", "unknown", "{}");
  call(1, "c2", "look", R"({"n":"one"})");
  call(2, "c3", "look", "not json");
  finishes(finish_reason::tool_calls);
  const auto told = sink->all<event::tool_result>();
  BOOST_REQUIRE((told.size() == 3u && world.tools.empty()));
  BOOST_TEST((told[0].is_error && told[1].is_error && told[2].is_error));
  BOOST_TEST(told[0].output_json.find("; there are look") != std::string::npos);
  BOOST_TEST((core->now() == phase::streaming)); // the loop goes on
}

BOOST_FIXTURE_TEST_CASE(read_only_calls_run_together_exclusive_ones_alone,
                        tool_fixture) {
  begin(with_tools());
  call(0, "c1", "look", "{}");
  call(1, "c2", "read", "{}");
  call(2, "c3", "write", "{}");
  call(3, "c4", "look", "{}");
  finishes(finish_reason::tool_calls);
  BOOST_TEST(world.tools.size() == 2u);
  tool_answers("1");
  BOOST_TEST(world.tools.size() == 1u); // write still waits for c2
  tool_answers("2");
  BOOST_REQUIRE(world.tools.size() == 1u);
  BOOST_TEST(world.tools[0].second.invocation.tool_name == "write");
  tool_answers("3");
  BOOST_TEST(world.tools[0].second.invocation.tool_call_id == "c4");
  tool_answers("4");
  BOOST_TEST((core->now() == phase::streaming));
}

BOOST_FIXTURE_TEST_CASE(complete_calls_of_a_cut_answer_run_and_end_the_step,
                        tool_fixture) {
  begin(with_tools());
  call(0, "c1", "look", "{}");
  parts({part::tool_start{1, "c2", "write", {}, false},
         part::tool_input{1, "{\"half"}});
  attempt_verdict verdict;
  verdict.what = attempt_verdict::kind::cut_calls;
  verdict.report.failure = error{errc::network, "reset"};
  settle(verdict);
  BOOST_TEST(sink->all<event::retract>().size() == 1u);
  BOOST_REQUIRE(world.tools.size() == 1u);
  BOOST_TEST(world.tools[0].second.invocation.tool_call_id == "c1");
}

BOOST_FIXTURE_TEST_CASE(stop_cancels_the_tool_and_waits_for_it, tool_fixture) {
  begin(with_tools());
  call(0, "c1", "look", "{}");
  finishes(finish_reason::tool_calls);
  const auto cancelled = world.tools[0].second.invocation.cancelled;
  stop();
  BOOST_TEST(cancelled.stop_requested());
  BOOST_TEST((core->now() == phase::stopping));
  tool_answers("1");
  BOOST_TEST(sink->all<event::stream_abort>().size() == 1u);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_ends_after_the_result_is_recorded,
                        tool_fixture) {
  begin(with_tools());
  call(0, "c1", "write", "{}");
  call(1, "c2", "write", "{}");
  finishes(finish_reason::tool_calls);
  stop({}, true);
  tool_answers("1");
  BOOST_TEST(results().size() == 1u);
  BOOST_TEST(sink->all<event::stream_abort>().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_required_tool_that_succeeds_ends_the_stream,
                        tool_fixture) {
  auto request = with_tools();
  request.tool_policy = {{"look", tool_rule::verdict::require}};
  begin(request);
  call(0, "c1", "look", "{}");
  finishes(finish_reason::tool_calls);
  tool_answers(R"({"success":false})");
  BOOST_TEST((core->now() == phase::streaming));
  attempt_starts();
  call(0, "c2", "look", "{}");
  finishes(finish_reason::tool_calls);
  tool_answers(R"({"success":true})");
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_disabled_tool_is_not_offered, tool_fixture) {
  auto request = with_tools();
  request.tool_policy = {{"look|read", tool_rule::verdict::disable}};
  begin(request);
  BOOST_REQUIRE(attempt().prompt->tools.size() == 1u);
  BOOST_TEST(attempt().prompt->tools[0].name == "write");
}

BOOST_FIXTURE_TEST_CASE(max_steps_ends_the_stream, tool_fixture) {
  auto request = with_tools();
  request.options = stream_options{};
  request.options->max_steps = 2;
  begin(request);
  for (int step = 0; step < 2; ++step) {
    call(0, "c" + std::to_string(step), "look", "{}");
    finishes(finish_reason::tool_calls);
    tool_answers("1");
    if (step == 0)
      attempt_starts();
  }
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
}

// Anthropic's, of a long turn of its own tools, or after a compaction.
BOOST_FIXTURE_TEST_CASE(a_turn_that_the_provider_paused_goes_on_as_it_is,
                        tool_fixture) {
  begin(with_tools());
  int round = 0;
  for (const char* raw : {"pause_turn", "compaction"}) {
    const auto id = "srv" + std::to_string(++round);
    parts({part::tool_result{0, id, "compaction", R"({"x":1})", false}});
    attempt_verdict paused;
    paused.report.finished = finish{finish_reason::other, raw};
    settle(std::move(paused));
    BOOST_TEST_REQUIRE(sink->heard.ends() == 0u);
    const auto& last = attempt().prompt->messages.back();
    const auto* kept = std::get_if<tool_result_content>(&last.parts.back());
    BOOST_TEST_REQUIRE(kept);
    BOOST_TEST(kept->tool_call_id == id);
    attempt_starts();
  }
  text(0, "done");
  finishes();
  BOOST_TEST(sink->heard.ends() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_queued_message_ends_the_step_and_follows,
                        tool_fixture) {
  begin(with_tools());
  core->on(enqueue_message{"w", {"stop that", queue_mode::tool_end}, {}});
  core->on(enqueue_message{"w", {"do this", queue_mode::tool_end}, {}});
  call(0, "c1", "look", "{}");
  finishes(finish_reason::tool_calls);
  tool_answers("1");
  BOOST_TEST(sink->heard.ends() == 1u);
  BOOST_TEST(sink->heard.starts() == 2u);
  const auto& last = attempt().prompt->messages.back();
  BOOST_TEST((last.from == role::user));
  BOOST_TEST(std::get<text_content>(last.parts[0]).text
             == "stop that\ndo this");
}

BOOST_FIXTURE_TEST_CASE(a_provider_that_runs_its_own_tool_is_shown,
                        tool_fixture) {
  begin(with_tools());
  parts({part::tool_result{0, "srv1", "search", R"({"hits":3})", false}});
  text(1, "found");
  finishes();
  const auto calls = sink->all<event::tool_call>();
  BOOST_REQUIRE(calls.size() == 1u);
  BOOST_TEST(calls[0].input_json == "null");
  BOOST_TEST(calls[0].provider_executed);
  BOOST_TEST(results().size() == 1u);
  BOOST_TEST(world.tools.empty());
}

BOOST_FIXTURE_TEST_CASE(a_providers_result_is_durable_before_it_is_told,
                        tool_fixture) {
  begin(with_tools());
  text(0, "searching");
  store_answers = false;
  parts({part::tool_result{1, "srv1", "search", R"({"hits":3})", false}});
  text(2, "found");
  BOOST_TEST(results().empty());
  BOOST_TEST(sink->heard.text() == "searching"); // What follows waits too.
  // It does not wait for the next flush to be due.
  BOOST_REQUIRE(world.writes.size() == 1u);
  BOOST_TEST(
    std::holds_alternative<record::tool_ended>(world.writes[0].records.back()));
  answer_writes();
  BOOST_TEST(results().size() == 1u);
  BOOST_TEST(sink->heard.text() == "searchingfound");
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(each_of_two_results_waits_for_its_own_record,
                        tool_fixture) {
  begin(with_tools());
  store_answers = false;
  parts({part::tool_result{0, "srv1", "search", "1", false}});
  parts({part::tool_result{1, "srv2", "search", "2", false}});
  auto first = std::move(world.writes.front());
  world.writes.pop_front();
  core->on(records_durable{first.token, {}});
  BOOST_TEST(results().size() == 1u);
  answer_writes();
  BOOST_TEST(results().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_providers_result_that_is_lost_ends_the_stream,
                        tool_fixture) {
  begin(with_tools());
  store_answers = false;
  parts({part::tool_result{0, "srv1", "search", "1", false}});
  answer_writes({errc::storage, "disk full"});
  BOOST_TEST(results().empty());
  BOOST_TEST((core->now() == phase::stopping));
  store_answers = true;
  is_cancelled();
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST((failed[0].why.code == errc::storage));
}

BOOST_FIXTURE_TEST_CASE(a_write_that_succeeds_does_not_stand_in_for_one_before,
                        tool_fixture) {
  begin(with_tools());
  store_answers = false;
  parts({part::tool_result{0, "srv1", "search", "1", false}});
  call(1, "c1", "look", "{}");
  finishes(finish_reason::tool_calls);
  const auto under_way = std::exchange(world.writes, {});
  BOOST_REQUIRE(under_way.size() > 1u);
  core->on(
    records_durable{under_way.front().token, {errc::storage, "disk full"}});
  for (std::size_t i = 1; i < under_way.size(); ++i)
    core->on(records_durable{under_way[i].token, {}});
  const auto late = subscribe(2);
  BOOST_TEST(sink->heard.ends() == 0u);
  BOOST_TEST(results().empty());
  BOOST_TEST(late->all<event::tool_result>().empty());
}

// Whoever comes meanwhile is shown what may be shown.
BOOST_FIXTURE_TEST_CASE(a_replay_ends_before_a_result_that_is_not_durable,
                        tool_fixture) {
  begin(with_tools());
  text(0, "searching");
  store_answers = false;
  parts({part::tool_result{1, "srv1", "search", "1", false}});
  const auto late = subscribe(2);
  BOOST_TEST(late->names().back() == "caught_up");
  BOOST_TEST(late->all<event::tool_result>().empty());
  answer_writes();
  BOOST_TEST(late->all<event::tool_result>().size() == 1u);
  BOOST_TEST(late->violations.empty());
}

BOOST_FIXTURE_TEST_CASE(a_tools_own_calls_are_told_under_it_and_are_no_parts,
                        tool_fixture) {
  begin(with_tools());
  call(0, "c1", "write", "{}");
  finishes(finish_reason::tool_calls);
  const auto running = world.tools.at(0).first;
  core->on(tool_reported{running, nested_call{"n1", "inner", R"({"a":1})"}});
  core->on(tool_reported{
    running, std::pair{std::string{"n1"}, tool_outcome{"2", false, {}}}});
  tool_answers("3");
  core->on(tool_reported{running, nested_call{"n2", "late", "{}"}});
  const auto calls = sink->all<event::tool_call>();
  BOOST_REQUIRE(calls.size() == 2u);
  BOOST_TEST(calls[1].tool_name == "inner");
  BOOST_TEST(calls[1].parent_tool_call_id == "c1");
  const auto told = sink->all<event::tool_result>();
  BOOST_REQUIRE(told.size() == 2u);
  BOOST_TEST(told[0].tool_call_id == "n1");
  BOOST_TEST(told[0].parent_tool_call_id == "c1");
  BOOST_TEST(told[1].parent_tool_call_id == "");
  attempt_starts();
  finishes();
  const auto ends = sink->all<event::stream_end>();
  BOOST_REQUIRE(ends.size() == 1u);
  BOOST_TEST(ends[0].parts.size() == 2u); // its call and its result
}

// It will not be told: what an older part said behind it need not wait.
BOOST_FIXTURE_TEST_CASE(a_result_that_is_withdrawn_holds_up_nothing,
                        tool_fixture) {
  begin(with_tools());
  text(0, "one");
  store_answers = false;
  parts({part::tool_result{1, "srv1", "search", "1", false}});
  text(0, " two");
  BOOST_TEST(sink->heard.text() == "one");
  retries(errc::model_refusal, "other:two");
  BOOST_TEST(sink->heard.text() == "one two");
  BOOST_TEST(results().empty());
}
