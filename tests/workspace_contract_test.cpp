// Goal: soft stops at each boundary, a stop in every state, workers that are
// deaf, and what a stop overtakes (SPEC §4); what a store that hangs must not
// do (SPEC §8). Method: the rules in a world of cardboard; each case is one
// story.
#define BOOST_TEST_MODULE workspace_contract
#include <boost/test/unit_test.hpp>

#include "tests/support/contract_fixture.hpp"

#include <functional>

using namespace penstock;
using namespace penstock::testing;
using std::chrono::milliseconds;
using reason = event::stream_abort::reason;

namespace {

stop_outcome outcome(const expected<stop_result>& stopped) {
  BOOST_REQUIRE_MESSAGE(stopped.has_value(), "the stop was not answered");
  return stopped->outcome;
}

} // namespace

// ---- T2, T3: soft stops -----------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_soft_stop_in_the_middle_of_a_part_waits_for_its_end,
                        contract_fixture) {
  begin();
  text(0, "begun");
  stop({}, true);
  text(0, " and going on");
  advance(milliseconds{60'000});
  BOOST_TEST((core->now() == phase::streaming));
  BOOST_TEST(!stopped[0].has_value());
  parts({part::text_end{0}});
  advance(settings.streams->soft_stop_wait_ms);
  is_cancelled();
  BOOST_TEST(sink->heard.text() == "begun and going on");
  BOOST_TEST((outcome(stopped[0]) == stop_outcome::stopped));
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_ends_at_the_end_of_reasoning,
                        contract_fixture) {
  begin();
  parts({part::reasoning{0, "hm"}});
  stop({}, true);
  parts({part::reasoning_end{0, {}, {}, {}}});
  advance(settings.streams->soft_stop_wait_ms);
  BOOST_TEST((core->now() == phase::stopping));
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_ends_at_the_end_of_a_step,
                        contract_fixture) {
  begin(with_tools());
  call(0, "c1", "look", "{}");
  stop({}, true);
  finishes(finish_reason::tool_calls);
  BOOST_TEST((core->now() == phase::tool_running));
  tool_answers("1");
  BOOST_TEST(world.attempts.size() == 1u);
  BOOST_TEST(sink->all<event::step_end>().size() == 1u);
  BOOST_TEST((sink->all<event::stream_abort>().at(0).why == reason::user));
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_at_the_last_step_is_a_natural_end,
                        contract_fixture) {
  settings.streams->max_steps = 1;
  open();
  begin(with_tools());
  call_one();
  stop({}, true);
  tool_answers("1");
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(sink->all<event::stream_abort>().empty());
  BOOST_TEST((outcome(stopped[0]) == stop_outcome::already_finished));
}

// ---- T4: a stop in every state ----------------------------------------------

BOOST_AUTO_TEST_CASE(a_stop_in_every_state_ends_once_and_counts_once) {
  using story = std::function<void(contract_fixture&)>;
  struct row {
    phase in;
    story before;
    story after; ///< What the workers do then.
    std::ptrdiff_t attempts;
  };
  const story nothing = [](auto&) {}, ends = [](auto&f) { f.is_cancelled(); };
  const row rows[] = {
    {phase::idle, nothing, nothing, 0},
    {phase::preparing,
     [](auto& f) {
       f.store_answers = false;
       f.start(f.ask());
     },
     [](auto& f) { f.answer_writes(); }, 0},
    {phase::streaming, [](auto& f) { f.begin(), f.text(0, "a"); }, ends, 1},
    {phase::tool_running,
     [](auto& f) { f.begin(f.with_tools()), f.call_one(); },
     [](auto& f) { f.tool_answers("1"); }, 1},
    {phase::retry_wait, [](auto& f) { f.begin(), f.retries(errc::network); },
     ends, 2},
    {phase::stopping, [](auto& f) { f.begin(), f.stop(); }, ends, 1},
    {phase::finalizing,
     [](auto& f) {
       f.begin();
       f.store_answers = false;
       f.finishes();
     },
     [](auto& f) { f.answer_writes(); }, 1},
  };
  for (const auto& r : rows)
    for (const bool soft : {false, true}) {
      BOOST_TEST_CONTEXT(to_string(r.in) << (soft ? ", soft" : ", hard")) {
        contract_fixture f;
        r.before(f);
        BOOST_REQUIRE((f.core->now() == r.in));
        f.stop({}, soft);
        if (soft && r.in == phase::streaming) {
          f.parts({part::text_end{0}});
          f.advance(f.settings.streams->soft_stop_wait_ms);
        }
        r.after(f);
        f.advance(milliseconds{1});
        BOOST_TEST((f.core->now() == phase::idle));
        BOOST_TEST(f.stopped.back().has_value());
        const auto starts = f.sink->heard.starts();
        BOOST_TEST(f.ends() == (r.in == phase::idle ? 1u : starts));
        BOOST_TEST(f.usage_records() == r.attempts);
        BOOST_TEST(f.trouble() == "");
      }
    }
}

// ---- T6: deaf workers -------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_replacement_does_not_wait_for_a_deaf_provider,
                        contract_fixture) {
  begin();
  text(0, "old");
  const auto deaf = attempt();
  start(ask("again"));
  advance(settings.streams->kill_deadline_ms - milliseconds{1});
  BOOST_TEST(!started[1].has_value());
  advance(milliseconds{1});
  BOOST_REQUIRE(started[1].has_value());
  attempt_starts();
  core->on(parts_received{
    deaf.attempt, 1, {part::text{0, "late"}}, false, deaf.link, 0});
  text(0, "new");
  finishes();
  BOOST_TEST(world.detached == 1u);
  BOOST_TEST(sink->heard.text() == "new");
  BOOST_TEST((sink->all<event::stream_abort>().at(0).why == reason::replaced));
  BOOST_TEST(trouble() == "");
}

// The deadline was on its way when it was taken back, and its stream's id is
// asked for again: the store has not refused that yet.
BOOST_FIXTURE_TEST_CASE(an_old_deadline_does_not_hit_a_start_with_its_id,
                        workspace_fixture) {
  auto request = ask();
  request.stream = stream_id{77};
  request.options = stream_options{};
  request.options->stream_deadline_ms = milliseconds{1'000};
  begin(request);
  finishes();
  store_answers = false;
  start(request);
  BOOST_REQUIRE((core->now() == phase::preparing));
  core->on(deadline_due{deadline_kind::stream, 0, stream_id{77}});
  BOOST_TEST((core->now() == phase::preparing));
}

// ---- what lies before the stop ---------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_stop_overtakes_ten_thousand_queued_parts,
                        contract_fixture) {
  begin();
  text(0, "seen");
  world.mark->set(); // whoever asks for the stop sets it first
  for (int i = 0; i < 10'000; ++i)
    text(0, "unseen");
  stop();
  is_cancelled();
  BOOST_TEST(sink->heard.text() == "seen");
  BOOST_TEST(aborts().size() == 1u);
}

// Its end lay before the stop, behind parts that were dropped: it was cut.
BOOST_FIXTURE_TEST_CASE(an_end_behind_overtaken_parts_waits_for_the_stop,
                        contract_fixture) {
  begin();
  text(0, "seen");
  world.mark->set();
  text(0, "unseen");
  finishes();
  BOOST_TEST((core->now() == phase::streaming));
  stop();
  BOOST_REQUIRE(aborts().size() == 1u);
  BOOST_TEST((aborts()[0].why == event::stream_abort::reason::user));
  BOOST_TEST(aborts()[0].usage.output_total == 5u);
  BOOST_TEST(sink->heard.text() == "seen");
  BOOST_TEST((stopped[0]->outcome == stop_outcome::stopped));
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(what_stops_an_overtaken_stream_first_ends_it,
                        contract_fixture) {
  begin();
  const auto first = *started[0];
  world.mark->set();
  text(0, "unseen");
  finishes();
  start(ask("next")); // replaces it, before the stop has come
  BOOST_REQUIRE(aborts().size() == 1u);
  BOOST_TEST((aborts()[0].why == event::stream_abort::reason::replaced));
  BOOST_TEST(started[1].has_value());
  stop(first);
  BOOST_TEST((stopped[0]->outcome == stop_outcome::not_active));
  attempt_starts();
  text(0, "new");
  BOOST_TEST(sink->heard.text() == "new"); // It has a mark of its own.
  finishes();
  BOOST_TEST(trouble() == "");
}

// ---- ids that a provider gives twice ----------------------------------------

BOOST_FIXTURE_TEST_CASE(calls_may_share_an_id, contract_fixture) {
  begin(with_tools());
  call(0, "c", "look", R"({"n":1})");
  call(1, "c", "write", R"({"n":2})");
  finishes(finish_reason::tool_calls);
  tool_answers("1");
  tool_answers("2");
  attempt_starts();
  call(0, "c", "look", R"({"n":3})");
  finishes(finish_reason::tool_calls);
  tool_answers("3");
  const auto results = sink->all<event::tool_result>();
  BOOST_REQUIRE(results.size() == 3u);
  for (std::size_t i = 0; i < results.size(); ++i) {
    BOOST_TEST(results[i].output_json == std::to_string(i + 1));
    BOOST_TEST((i == 0 || results[i - 1].part < results[i].part));
  }
  BOOST_TEST((core->now() == phase::streaming));
  BOOST_TEST(trouble() == "");
}

// ---- a store that hangs ----------------------------------------------------

BOOST_AUTO_TEST_CASE(a_history_that_does_not_come_fails_who_waits_for_it) {
  workspace_fixture f{false};
  f.core.emplace("w", f.settings, f.world, std::vector<parked_subscriber>{});
  f.start(f.ask());
  f.await();
  f.advance(f.settings.workspaces.store_deadline_ms - milliseconds{1});
  BOOST_TEST((f.started[0].error().code == errc::none)); // Not answered yet.
  f.advance(milliseconds{1});
  BOOST_TEST((f.started[0].error().code == errc::storage));
  BOOST_TEST(f.started[0].error().message.find("store_deadline_ms")
             != std::string::npos);
  BOOST_TEST((f.ended[0].error().code == errc::storage));
  f.core->on(history_loaded{workspace_snapshot{}}); // Too late.
  f.start(f.ask());
  BOOST_TEST((f.started[1].error().code == errc::storage));
  f.advance(milliseconds{1});
  BOOST_TEST(!f.world.offers.empty()); // For one that may be luckier.
}

BOOST_AUTO_TEST_CASE(a_history_that_comes_takes_its_deadline_back) {
  workspace_fixture f{false};
  f.core.emplace("w", f.settings, f.world, std::vector<parked_subscriber>{});
  f.start(f.ask());
  f.core->on(history_loaded{workspace_snapshot{}});
  f.settle_store();
  f.advance(f.settings.workspaces.store_deadline_ms);
  BOOST_TEST(f.started[0].has_value());
}

BOOST_FIXTURE_TEST_CASE(an_end_that_is_not_found_in_time_is_answered,
                        contract_fixture) {
  begin();
  finishes();
  await(stream_id{5});
  const auto late =
    subscribe(2, position{stream_id{5}, 1, 0}); // Nobody knows of it.
  BOOST_TEST(world.loads.size() == 2u);
  advance(settings.workspaces.store_deadline_ms);
  BOOST_REQUIRE(!ended[0].has_value());
  BOOST_TEST((ended[0].error().code == errc::storage));
  const auto caught = late->all<event::caught_up>();
  BOOST_REQUIRE(caught.size() == 1u);
  BOOST_TEST((caught[0].how == event::caught_up::mode::full));
  for (const auto& [who, stream] : world.loads) // Too late.
    core->on(closed_stream_loaded{who, std::nullopt});
  BOOST_TEST(late->all<event::caught_up>().size() == 1u);
}

// The request waits until the observer has seen it; nothing else does.
BOOST_FIXTURE_TEST_CASE(what_an_observer_has_not_seen_can_be_stopped,
                        contract_fixture) {
  auto request = ask();
  request.on_step = [](std::uint32_t, const prompt&) {};
  store_answers = false;
  core->on(start_stream{"w", std::make_shared<start_request>(request), {}});
  answer_writes();
  BOOST_TEST(world.attempts.empty());
  BOOST_REQUIRE(world.observed.size() == 1u);
  store_answers = true;
  core->on(stop_stream{"w", {"w", {}, false, false}, {}, {}});
  answer_writes();
  BOOST_TEST(aborts().size() == 1u);
  core->on(world.observed.front());
  BOOST_TEST(world.attempts.empty());
  BOOST_TEST((core->now() == phase::idle));
}

// ---- parts ------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(an_attempt_knows_whether_parts_stand_before_it,
                        contract_fixture) {
  begin();
  BOOST_TEST(!attempt().has_output);
  parts({part::tool_start{0, "c1", "look", {}, false}});
  retries(errc::network);
  BOOST_TEST(!attempt().has_output, "a call that was cut is withdrawn");
  attempt_starts();
  text(0, "kept");
  retries(errc::network);
  BOOST_TEST(attempt().has_output);
}
