// Goal: where a stream may end or go on, and what is kept of it there. Method:
// a workspace in a world of cardboard; each case is one boundary.
#define BOOST_TEST_MODULE workspace_boundary
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "tests/support/contract_fixture.hpp"

using namespace penstock;
using namespace penstock::testing;

BOOST_FIXTURE_TEST_CASE(calls_behind_a_soft_stops_boundary_do_not_run,
                        contract_fixture) {
  const finish calls{finish_reason::tool_calls, {}};
  begin(with_tools());
  text(0, "a");
  stop({}, true);
  parts({part::text_end{0}, part::tool_start{1, "c1", "look", {}, false},
         part::tool_complete{1, "{}", {}, {}}, part::finished{calls}},
        true);
  is_cancelled();
  BOOST_TEST(aborts().size() == 1u);
  BOOST_TEST(sink->all<event::tool_call_start>().empty());

  begin(with_tools()); // The boundary may come behind the call, too.
  text(0, "a");
  stop({}, true);
  parts({part::tool_start{1, "c1", "look", {}, false},
         part::tool_complete{1, "{}", {}, {}}, part::text_end{0},
         part::finished{calls}},
        true);
  finishes(finish_reason::tool_calls);
  BOOST_TEST(aborts().size() == 2u);
  BOOST_TEST(world.tools.empty());
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_turn_that_pauses_is_no_natural_end,
                        contract_fixture) {
  begin();
  text(0, "a");
  stop({}, true);
  parts({part::text_end{0}, part::text{1, "b"},
         part::finished{{finish_reason::other, "pause_turn"}}},
        true);
  BOOST_TEST(sink->heard.text() == "a");
  is_cancelled();
  BOOST_TEST(aborts().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_cut_that_leaves_no_call_fails_the_stream,
                        contract_fixture) {
  begin(with_tools());
  parts({part::tool_start{0, "c1", "look", {}, false},
         part::tool_start{1, "c2", "look", {}, false},
         part::tool_complete{1, "{}", {}, {}}});
  attempt_verdict cut;
  cut.what = attempt_verdict::kind::cut_calls;
  cut.why = {errc::network, "reset", 0, {}, {}};
  cut.report.failure = cut.why;
  settle(cut);
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST((failed[0].why.code == errc::network));
  BOOST_TEST(world.tools.empty());
}

BOOST_FIXTURE_TEST_CASE(a_call_that_never_ran_is_not_worth_a_row,
                        contract_fixture) {
  auto request = with_tools();
  request.with_history = true;
  begin(request);
  call_one();
  BOOST_REQUIRE(world.tools.size() == 1u);
  stop();
  core->on(tool_finished{world.tools[0].first, {}});
  settle_store();
  BOOST_TEST(aborts().size() == 1u);
  core->on(view_workspace{"w", reply<workspace_view>{[](auto view) {
                            BOOST_TEST(view->history.size() == 1u);
                          }}});
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_queued_message_ends_a_turn_that_pauses,
                        contract_fixture) {
  begin();
  text(0, "a");
  core->on(enqueue_message{"w", {"and now?", queue_mode::tool_end}, {}});
  settle_store();
  attempt_verdict paused;
  paused.report.finished = finish{finish_reason::other, "pause_turn"};
  settle(paused);
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(sink->all<event::stream_start>().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_between_two_attempts_returns_the_queue,
                        contract_fixture) {
  begin();
  core->on(enqueue_message{"w", {"later", queue_mode::turn_end}, {}});
  settle_store();
  retries(errc::overloaded);
  stop({}, true);
  is_cancelled();
  BOOST_REQUIRE(stopped.size() == 1u);
  BOOST_TEST(stopped[0]->returned_queue.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(sources_count_as_parts, contract_fixture) {
  begin();
  parts(std::vector<stream_part>(limits::stream_parts_max, part::source{}));
  BOOST_TEST((core->now() == phase::streaming));
  parts({part::source{}});
  is_cancelled();
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST((failed[0].why.code == errc::protocol));
  BOOST_TEST(failed[0].why.message.find("stream_parts_max")
             != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(retract_withdraws_the_sources_before_a_text,
                        contract_fixture) {
  settings.streams->on_partial = partial_policy::retract;
  open();
  begin();
  parts({part::source{0, {}}, part::text{1, "wrong"}});
  retries(errc::network);
  const auto cited = sink->all<event::source>();
  const auto withdrawn = sink->all<event::retract>();
  BOOST_REQUIRE(cited.size() == 1u);
  BOOST_REQUIRE(withdrawn.size() == 1u);
  BOOST_TEST(withdrawn[0].part == cited[0].part);
}
