// Goal: stop and replace in every state: one terminal event, everyone
// answered, nothing after the end.
// Method: the rules in a world of cardboard; each case is one race.
#define BOOST_TEST_MODULE workspace_stop
#include <boost/test/unit_test.hpp>

#include "tests/support/workspace_fixture.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using namespace penstock::testing;
using reason = event::stream_abort::reason;
using std::chrono::milliseconds;

namespace {

stop_outcome outcome(const expected<stop_result>& stopped) {
  BOOST_REQUIRE_MESSAGE(stopped.has_value(), "the stop was not answered");
  return stopped->outcome;
}

#define CHECK_STOP(stopped, what)                                              \
  BOOST_TEST((outcome(stopped) == stop_outcome::what))

std::vector<event::stream_abort> aborts(const collecting_sink& sink) {
  return sink.all<event::stream_abort>();
}

} // namespace

BOOST_FIXTURE_TEST_CASE(stop_when_nothing_runs_clears_the_spinner,
                        workspace_fixture) {
  stop();
  CHECK_STOP(stopped[0], nothing_running);
  const auto told = aborts(*sink);
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST((told[0].why == reason::startup));
  BOOST_TEST((sink->events.back().of->stream == stream_id{}));
}

BOOST_FIXTURE_TEST_CASE(a_late_stop_cannot_hit_the_successor,
                        workspace_fixture) {
  begin();
  const auto first = *started[0];
  finishes();
  stop(first);
  CHECK_STOP(stopped[0], not_active);
  begin();
  stop(first);
  CHECK_STOP(stopped[1], not_active);
  BOOST_TEST((core->now() == phase::streaming));
}

BOOST_FIXTURE_TEST_CASE(stop_while_preparing_leaves_no_trace,
                        workspace_fixture) {
  store_answers = false;
  start(ask());
  stop();
  CHECK_STOP(stopped[0], stopped);
  BOOST_REQUIRE(!started[0].has_value());
  BOOST_TEST((started[0].error().code == errc::aborted));
  answer_writes();
  BOOST_TEST(world.attempts.empty());
  BOOST_TEST(sink->names().size() == 1u); // caught_up
}

BOOST_FIXTURE_TEST_CASE(a_hard_stop_waits_for_the_worker_and_the_record,
                        workspace_fixture) {
  begin();
  text(0, "part of it");
  stop();
  BOOST_TEST((core->now() == phase::stopping));
  BOOST_TEST(attempt().link->cancelled());
  BOOST_TEST(world.cancelled.size() == 1u);
  BOOST_TEST(aborts(*sink).empty());
  store_answers = false;
  is_cancelled();
  BOOST_TEST((core->now() == phase::finalizing));
  BOOST_TEST(aborts(*sink).empty());
  answer_writes();
  BOOST_REQUIRE(aborts(*sink).size() == 1u);
  BOOST_TEST(aborts(*sink)[0].usage.output_total == 5u);
  CHECK_STOP(stopped[0], stopped);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(two_stops_one_event_both_answered, workspace_fixture) {
  begin();
  stop();
  stop();
  is_cancelled();
  BOOST_TEST(aborts(*sink).size() == 1u);
  CHECK_STOP(stopped[0], stopped);
  CHECK_STOP(stopped[1], stopped);
}

BOOST_FIXTURE_TEST_CASE(stop_while_finalizing_lets_it_end_by_itself,
                        workspace_fixture) {
  begin();
  store_answers = false;
  finishes();
  stop();
  answer_writes();
  CHECK_STOP(stopped[0], already_finished);
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(aborts(*sink).empty());
}

BOOST_FIXTURE_TEST_CASE(stop_during_the_pause_wins, workspace_fixture) {
  begin();
  retries(errc::overloaded);
  BOOST_TEST((core->now() == phase::retry_wait));
  stop();
  is_cancelled();
  BOOST_TEST(aborts(*sink).size() == 1u);
  BOOST_TEST(world.attempts.size() == 2u); // the one that waited
}

BOOST_FIXTURE_TEST_CASE(a_worker_that_ignores_its_cancellation_is_detached,
                        workspace_fixture) {
  begin();
  text(0, "a");
  const auto deaf = attempt();
  stop();
  advance(milliseconds{1'999});
  BOOST_TEST(aborts(*sink).empty());
  advance(milliseconds{1});
  BOOST_TEST(aborts(*sink).size() == 1u);
  BOOST_TEST(world.detached == 1u);
  begin();
  core->on(parts_received{
    deaf.attempt, 1, {part::text{0, "late"}}, false, deaf.link, 0});
  core->on(attempt_settled{deaf.attempt, {}});
  text(0, "b");
  finishes();
  BOOST_TEST(sink->heard.text() == "b");
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_ends_at_the_end_of_a_part,
                        workspace_fixture) {
  begin();
  text(0, "first");
  stop({}, true);
  BOOST_TEST((core->now() == phase::streaming));
  text(0, " part");
  parts({part::text_end{0}});
  advance(settings.streams->soft_stop_wait_ms - 1ms);
  BOOST_TEST((core->now() == phase::streaming));
  advance(1ms);
  BOOST_TEST((core->now() == phase::stopping));
  is_cancelled();
  BOOST_TEST(sink->heard.text() == "first part");
  BOOST_TEST(aborts(*sink).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_at_the_natural_end_is_no_abort,
                        workspace_fixture) {
  begin();
  text(0, "all");
  stop({}, true);
  parts({part::text_end{0}}, true);
  finishes();
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(aborts(*sink).empty());
  CHECK_STOP(stopped[0], already_finished);
}

BOOST_FIXTURE_TEST_CASE(the_natural_end_may_come_behind_the_parts_end,
                        workspace_fixture) {
  begin();
  text(0, "all");
  stop({}, true);
  parts({part::text_end{0}});
  parts({part::finished{}}, true);
  advance(1s);
  BOOST_TEST((core->now() == phase::streaming));
  finishes();
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(aborts(*sink).empty());
}

BOOST_FIXTURE_TEST_CASE(what_goes_on_behind_a_soft_stops_boundary_is_not_shown,
                        workspace_fixture) {
  begin();
  text(0, "first");
  stop({}, true);
  parts({part::text_end{0}});
  text(1, "second");
  BOOST_TEST((core->now() == phase::stopping));
  is_cancelled();
  BOOST_TEST(sink->heard.text() == "first");
  BOOST_TEST(aborts(*sink).size() == 1u);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(what_the_same_read_holds_behind_a_boundary_is_not_shown,
                        workspace_fixture) {
  begin();
  text(0, "fir");
  stop({}, true);
  parts({part::text{0, "st"}, part::text_end{0}, part::text{1, "second"},
         part::text_end{1}});
  BOOST_TEST((core->now() == phase::stopping));
  is_cancelled();
  BOOST_TEST(sink->heard.text() == "first");
  BOOST_TEST(aborts(*sink).size() == 1u);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_before_any_output_is_at_a_boundary,
                        workspace_fixture) {
  begin();
  stop({}, true);
  BOOST_TEST((core->now() == phase::stopping));
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_prevents_a_retry, workspace_fixture) {
  begin();
  text(0, "a");
  stop({}, true);
  retries(errc::network);
  BOOST_TEST(world.attempts.size() == 1u);
  BOOST_TEST(aborts(*sink).size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_defeat_at_a_soft_stops_boundary_is_the_abort,
                        workspace_fixture) {
  begin();
  text(0, "whole");
  stop({}, true);
  parts({part::text_end{0}});
  is_defeated(errc::invalid_request);
  BOOST_TEST(aborts(*sink).size() == 1u);
  BOOST_TEST(sink->all<event::stream_error>().empty());
  CHECK_STOP(stopped[0], stopped);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_defeat_before_the_boundary_is_a_failure,
                        workspace_fixture) {
  begin();
  text(0, "half");
  stop({}, true);
  is_defeated(errc::invalid_request);
  BOOST_TEST(aborts(*sink).empty());
  BOOST_TEST(sink->all<event::stream_error>().size() == 1u);
  CHECK_STOP(stopped[0], already_finished);
}

// Its natural end was under way, and turned out to be a refusal.
BOOST_FIXTURE_TEST_CASE(a_defeat_behind_the_finish_is_a_failure,
                        workspace_fixture) {
  begin();
  text(0, "all");
  stop({}, true);
  parts({part::text_end{0}});
  parts({part::finished{}}, true);
  is_defeated(errc::model_refusal);
  BOOST_TEST(aborts(*sink).empty());
  BOOST_TEST(sink->all<event::stream_error>().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_hard_stop_overrides_a_soft_one, workspace_fixture) {
  begin();
  text(0, "a");
  stop({}, true);
  stop();
  BOOST_TEST((core->now() == phase::stopping));
  is_cancelled();
  BOOST_TEST(aborts(*sink).size() == 1u);
  CHECK_STOP(stopped[0], stopped);
  CHECK_STOP(stopped[1], stopped);
}

BOOST_FIXTURE_TEST_CASE(an_abandoned_stream_leaves_usage_but_no_history,
                        workspace_fixture) {
  begin();
  text(0, "a");
  stop({}, false, true);
  is_cancelled();
  BOOST_TEST(aborts(*sink)[0].abandoned);
  workspace_view seen;
  core->on(view_workspace{
    "w", reply<workspace_view>{[&](auto view) { seen = *view; }}});
  BOOST_TEST(seen.history.empty());
  BOOST_TEST(seen.usage.output_total == 5u);
}

BOOST_FIXTURE_TEST_CASE(a_start_replaces_the_stream_that_runs,
                        workspace_fixture) {
  begin();
  text(0, "old");
  start(ask("again"));
  BOOST_TEST((core->now() == phase::stopping));
  BOOST_TEST(!started[1].has_value());
  is_cancelled();
  BOOST_TEST(started[1].has_value());
  attempt_starts();
  text(0, "new");
  finishes();
  const auto told = aborts(*sink);
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST((told[0].why == reason::replaced));
  BOOST_TEST(sink->heard.starts() == 2u);
  BOOST_TEST(trouble() == ""); // the abort came before the next start
}

BOOST_FIXTURE_TEST_CASE(the_newest_of_many_starts_wins, workspace_fixture) {
  begin();
  for (int i = 0; i < 5; ++i)
    start(ask(std::to_string(i)));
  is_cancelled();
  for (std::size_t i = 1; i < 5; ++i) {
    BOOST_REQUIRE(!started[i].has_value());
    BOOST_TEST((started[i].error().code == errc::superseded));
  }
  BOOST_TEST(started[5].has_value());
  BOOST_TEST(std::get<text_content>(attempt().prompt->messages[0].parts[0]).text
             == "4");
}

BOOST_FIXTURE_TEST_CASE(a_start_that_is_overtaken_emits_nothing,
                        workspace_fixture) {
  store_answers = false;
  start(ask("old"));
  start(ask("new"));
  answer_writes();
  BOOST_TEST((started[0].error().code == errc::superseded));
  BOOST_TEST(started[1].has_value());
  BOOST_TEST(sink->heard.starts() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_start_while_finalizing_waits_for_the_end,
                        workspace_fixture) {
  begin();
  store_answers = false;
  finishes();
  start(ask("next"));
  BOOST_TEST(world.attempts.size() == 1u);
  answer_writes();
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(started[1].has_value());
}

BOOST_FIXTURE_TEST_CASE(a_stop_hits_the_start_that_waits_too,
                        workspace_fixture) {
  begin();
  start(ask("next"));
  stop();
  is_cancelled();
  BOOST_REQUIRE(!started[1].has_value());
  BOOST_TEST((started[1].error().code == errc::aborted));
  BOOST_TEST((core->now() == phase::idle));
}

BOOST_FIXTURE_TEST_CASE(an_exceeded_deadline_ends_the_stream,
                        workspace_fixture) {
  auto request = ask();
  request.options = stream_options{};
  request.options->stream_deadline_ms = milliseconds{1'000};
  begin(request);
  advance(milliseconds{1'000});
  is_cancelled();
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST((failed[0].why.code == errc::timeout));
}

BOOST_FIXTURE_TEST_CASE(shutdown_stops_and_leaves, workspace_fixture) {
  begin();
  std::size_t left = 0;
  core->on(stop_everything{reply<std::size_t>{[&](auto n) { left = *n; }}});
  is_cancelled();
  BOOST_TEST(left == 1u);
  BOOST_TEST((aborts(*sink)[0].why == reason::shutdown));
  BOOST_TEST(sink->is_closed);
  BOOST_TEST(world.retired.has_value());
}

BOOST_FIXTURE_TEST_CASE(a_stop_by_the_user_gives_the_queue_back,
                        workspace_fixture) {
  begin();
  core->on(enqueue_message{"w", {"later", queue_mode::turn_end}, {}});
  settle_store();
  stop();
  is_cancelled();
  BOOST_REQUIRE(stopped[0].has_value());
  BOOST_TEST(stopped[0]->returned_queue.size() == 1u);
  BOOST_TEST((core->now() == phase::idle));
}

BOOST_FIXTURE_TEST_CASE(one_that_crashes_lets_go_of_its_workers,
                        workspace_fixture) {
  begin();
  const auto link = attempt().link;
  core.reset();
  BOOST_TEST(link->cancelled());
  BOOST_TEST((world.forgotten == std::vector{*started[0]}));
}
