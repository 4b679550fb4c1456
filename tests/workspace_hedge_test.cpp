// Goal: a race that is stopped, whose loser is deaf, or whose deadline is late,
// ends as any stream does.
// Method: the rules in a world of cardboard; SUPERVISOR says what the test
// says.
#define BOOST_TEST_MODULE workspace_hedge
#include <boost/test/unit_test.hpp>

#include "tests/support/contract_fixture.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;
using verdict = attempt_verdict::kind;

namespace {

struct fixture : contract_fixture {
  std::map<std::size_t, std::uint32_t> sent; ///< Batches, by attempt.

  start_request hedged(std::size_t models = 2) const {
    auto request = ask();
    request.options = stream_options{};
    request.options->hedge_after_ms = 100ms;
    for (const auto* model : {"test:two", "test:three"})
      if (request.fallback.size() + 1 < models)
        request.fallback.push_back({model});
    return request;
  }
  /// The first attempt and its hedge run; neither has shown anything.
  void race(std::size_t models = 2) {
    begin(hedged(models));
    advance(100ms);
    BOOST_REQUIRE(world.attempts.size() == 2u);
    BOOST_TEST(world.attempts[1].hedges == world.attempts[0].attempt.number);
    BOOST_TEST(world.attempts[1].model == "test:two");
    attempt_starts();
  }
  /// The attempts are 0 (there first) and 1 (its hedge).
  void says(std::size_t attempt, std::vector<stream_part> what) {
    const auto& a = world.attempts[attempt];
    core->on(parts_received{a.attempt, sent[attempt]++, std::move(what), false,
                            a.link, 0});
    settle_store();
  }
  void ends_as(std::size_t attempt, verdict what) {
    const auto& a = world.attempts[attempt];
    attempt_verdict v;
    v.what = what;
    v.model = a.model;
    v.report.usage = usage;
    v.report.batches = sent[attempt];
    if (what == verdict::complete)
      v.report.finished = finish{finish_reason::stop, {}};
    else if (what == verdict::cancelled)
      v.report.stopped = true;
    else
      v.why = {errc::network, "as the test says"};
    if (v.why.code != errc::none)
      v.report.failure = v.why;
    core->on(attempt_settled{a.attempt, std::move(v)});
    settle_store();
  }
  std::vector<attempt_id> ids(std::vector<std::size_t> attempts) const {
    std::vector<attempt_id> made;
    for (const auto n : attempts)
      made.push_back(world.attempts[n].attempt);
    return made;
  }
  /// Of the attempts whose hedge is still to be opened.
  std::vector<std::uint64_t> hedges_armed() const {
    std::vector<std::uint64_t> found;
    for (const auto& [when, due] : world.deadlines)
      if (due.second.kind == deadline_kind::hedge)
        found.push_back(due.second.generation);
    return found;
  }
};

} // namespace

// ---- the deadline ----------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_deadline_goes_with_its_attempt, fixture) {
  begin(hedged());
  BOOST_TEST(hedges_armed() == std::vector<std::uint64_t>{1});
  retries(errc::network);
  BOOST_TEST(hedges_armed().empty());
  advance(100ms);
  attempt_starts();
  BOOST_TEST(hedges_armed() == std::vector<std::uint64_t>{2});
  text(0, "hi");
  finishes();
  BOOST_TEST(hedges_armed().empty());
  BOOST_TEST(world.attempts.size() == 2u);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_deadline_goes_with_a_stopped_stream, fixture) {
  begin(hedged());
  stop();
  is_cancelled();
  BOOST_REQUIRE(ends() == 1u);
  BOOST_TEST(hedges_armed().empty());
  // Of one that had to be detached nobody hears again.
  begin(hedged());
  advance(99ms);
  stop();
  advance(settings.streams->kill_deadline_ms);
  BOOST_REQUIRE(ends() == 2u);
  BOOST_TEST(hedges_armed().empty());
  BOOST_TEST(trouble() == "");
}

// The hedge that goes on alone may be slow as well.
BOOST_FIXTURE_TEST_CASE(who_is_left_of_a_race_has_a_deadline_of_its_own,
                        fixture) {
  race(3);
  ends_as(0, verdict::yielded);
  BOOST_TEST(hedges_armed() == std::vector<std::uint64_t>{2});
  advance(100ms);
  BOOST_REQUIRE(world.attempts.size() == 3u);
  BOOST_TEST(world.attempts[2].hedges == 2u);
  BOOST_TEST(world.attempts[2].model == "test:three");
}

// It was on its way when it was taken back.
BOOST_FIXTURE_TEST_CASE(an_old_deadline_hedges_no_start_with_its_id, fixture) {
  auto request = hedged();
  request.stream = stream_id{77};
  begin(request);
  text(0, "hi");
  finishes();
  store_answers = false;
  start(request);
  BOOST_REQUIRE((core->now() == phase::preparing));
  core->on(deadline_due{deadline_kind::hedge, 1, stream_id{77}});
  BOOST_TEST((core->now() == phase::preparing));
  BOOST_TEST(world.attempts.size() == 1u);
}

// ---- who lost and is deaf --------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_deaf_loser_holds_up_the_end_until_it_is_killed,
                        fixture) {
  race();
  says(0, {part::text{0, "won"}});
  BOOST_TEST((world.cancelled == ids({1})));
  says(1, {part::text{0, "lost"}});
  ends_as(0, verdict::complete);
  advance(settings.streams->kill_deadline_ms - 1ms);
  BOOST_TEST(ends() == 0u);
  advance(1ms);
  BOOST_REQUIRE(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(sink->all<event::stream_end>()[0].model == "test:one");
  BOOST_TEST(sink->heard.text() == "won");
  BOOST_TEST(world.detached == 1u);
  BOOST_TEST(usage_records() == 2);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_loser_that_hears_is_waited_for_and_no_longer,
                        fixture) {
  race();
  says(1, {part::text{0, "won"}});
  BOOST_TEST((world.cancelled == ids({0})));
  ends_as(1, verdict::complete);
  BOOST_TEST(ends() == 0u);
  ends_as(0, verdict::cancelled);
  BOOST_REQUIRE(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(sink->all<event::stream_end>()[0].model == "test:two");
  BOOST_TEST(world.detached == 0u);
  BOOST_TEST(usage_records() == 2);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(two_deaf_racers_are_killed_together, fixture) {
  race();
  stop();
  BOOST_TEST((world.cancelled == ids({0, 1})));
  advance(settings.streams->kill_deadline_ms - 1ms);
  BOOST_TEST(ends() == 0u);
  advance(1ms);
  BOOST_TEST(sink->all<event::stream_abort>().size() == 1u);
  BOOST_TEST(world.detached == 2u);
  BOOST_TEST(usage_records() == 2);
  BOOST_TEST(trouble() == "");
}

// ---- soft stops ------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(after_a_soft_stop_no_race_begins, fixture) {
  begin(hedged());
  stop({}, true);
  advance(10s);
  BOOST_TEST(world.attempts.size() == 1u);
}

// While a race runs nothing was shown, which is a boundary.
BOOST_FIXTURE_TEST_CASE(a_soft_stop_in_a_race_stops_both_at_once, fixture) {
  race();
  stop({}, true);
  BOOST_TEST((world.cancelled == ids({0, 1})));
  BOOST_TEST((core->now() == phase::stopping));
  ends_as(0, verdict::cancelled);
  BOOST_TEST(ends() == 0u);
  ends_as(1, verdict::cancelled);
  BOOST_TEST(sink->all<event::stream_abort>().size() == 1u);
  BOOST_TEST(usage_records() == 2);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_stop_overtakes_both_racers, fixture) {
  race();
  world.mark->set();
  says(0, {part::text{0, "unseen"}});
  says(1, {part::text{0, "unseen"}});
  ends_as(1, verdict::cancelled);
  ends_as(0, verdict::complete);
  BOOST_TEST((core->now() == phase::streaming));
  stop();
  BOOST_TEST((core->now() == phase::idle));
  BOOST_TEST(sink->all<event::stream_abort>().size() == 1u);
  BOOST_TEST(sink->heard.text() == "");
  BOOST_TEST(usage_records() == 2);
  BOOST_TEST(trouble() == "");
}
