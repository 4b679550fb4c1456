// Goal: every attempt is settled exactly once, after its PROVIDER has gone, and
// what follows it is what SPEC §6 says.
// Method: the real SUPERVISOR and PROVIDERs on virtual time and the scripted
// network; a probe stands where WORKSPACE is.
#define BOOST_TEST_MODULE supervisor
#include <boost/test/unit_test.hpp>

#include "tests/support/supervisor_fixture.hpp"

#include <algorithm>
#include <random>
#include <set>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;
using verdict = attempt_verdict::kind;

namespace {

http_answer refusal_answer() {
  return openai_chat_answer(
    scripted_turn{}.text("No.").finish(finish_reason::content_filter));
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_whole_answer_completes_the_step, supervisor_fixture) {
  answer({quick_answer("Hello")});
  run_attempt_of(1);
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST((last().what == verdict::complete));
  BOOST_TEST(heard->text() == "Hello");
  BOOST_TEST(heard->decoders_at_settle[0] == 0u, "its PROVIDER is gone");
  BOOST_TEST(heard->started[0].made_by == "openai-chat@a/one");
}

BOOST_FIXTURE_TEST_CASE(an_empty_answer_completes_a_stream_that_has_parts,
                        supervisor_fixture) {
  answer({openai_chat_answer(scripted_turn{})});
  run_attempt_of(1);
  has_output = true;
  run_attempt_of(2);
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 2u);
  BOOST_TEST(heard->settled[0].verdict.silent);
  BOOST_TEST((heard->settled[1].verdict.what == verdict::complete));
}

BOOST_FIXTURE_TEST_CASE(a_server_error_is_tried_again_after_a_backoff,
                        supervisor_fixture) {
  answer({broken_answer(500)});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().what == verdict::retry));
  BOOST_TEST((last().why.code == errc::server_error));
  BOOST_TEST(last().next_model == "a:one");
  BOOST_TEST((last().delay <= 500ms));
}

BOOST_FIXTURE_TEST_CASE(the_delay_of_a_verdict_is_kept, supervisor_fixture) {
  answer({quick_answer()});
  run_attempt_of(1, 700ms);
  advance(699ms);
  BOOST_TEST(transfers().empty());
  advance(1ms);
  BOOST_TEST(transfers().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_hint_of_the_provider_wins_over_the_backoff,
                        supervisor_fixture) {
  answer({broken_answer(429, {{"retry-after", "7"}})});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().why.code == errc::rate_limit));
  BOOST_TEST((last().what == verdict::retry));
  BOOST_TEST((last().next_model == "b:two" || last().delay >= 7s));
}

BOOST_FIXTURE_TEST_CASE(a_refusal_goes_to_the_next_model, supervisor_fixture) {
  answer({refusal_answer()});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().what == verdict::retry));
  BOOST_TEST(last().next_model == "b:two");
  BOOST_TEST(last().refused);
}

BOOST_FIXTURE_TEST_CASE(a_bad_key_of_the_last_model_is_defeat,
                        supervisor_fixture) {
  models = {"a:one"};
  answer({broken_answer(401)});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().what == verdict::defeat));
  BOOST_TEST((last().why.code == errc::authentication));
}

BOOST_FIXTURE_TEST_CASE(a_model_that_cannot_be_asked_is_a_failed_attempt,
                        supervisor_fixture) {
  unresolved["a:one"] = error{errc::authentication, "set A_KEY", 0, {}, {}};
  answer({quick_answer()});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().what == verdict::retry));
  BOOST_TEST(last().next_model == "b:two");
  BOOST_TEST(last().why.message.find("A_KEY") != std::string::npos);
  BOOST_TEST(transfers().empty());
}

BOOST_FIXTURE_TEST_CASE(a_crash_of_a_provider_is_a_failed_attempt,
                        supervisor_fixture) {
  codec.on_push = [](std::string_view) { throw std::runtime_error{"bug"}; };
  answer({quick_answer()});
  run_attempt_of(1);
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST((last().why.code == errc::internal));
  BOOST_TEST((last().what == verdict::retry));
  BOOST_TEST(codec.decoders() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_crash_keeps_what_was_shown_before_it,
                        supervisor_fixture) {
  int pushes = 0;
  codec.on_push = [&](std::string_view) {
    if (++pushes == 3)
      throw std::runtime_error{"bug"};
  };
  answer({slow_answer("one two three four five six", 10ms)});
  run_attempt_of(1);
  advance(1s);
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST(last().report.any_part == !heard->text().empty());
  BOOST_TEST(last().report.batches == heard->parts.size());
  BOOST_TEST(!heard->text().empty());
}

BOOST_FIXTURE_TEST_CASE(a_crash_at_the_start_is_one_too, supervisor_fixture) {
  codec.on_make_decoder = [] { throw std::runtime_error{"bug"}; };
  run_attempt_of(1);
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST((last().why.code == errc::internal));
}

// ---- cancel -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(cancelled_while_it_runs, supervisor_fixture) {
  answer({stalled_answer("Hello")});
  run_attempt_of(1);
  advance();
  BOOST_TEST(heard->settled.empty());
  cancel(1);
  cancel(1);
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST((last().what == verdict::cancelled));
  BOOST_TEST(heard->decoders_at_settle[0] == 0u);
  BOOST_TEST((transfers()[0].ended->code == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(cancelled_during_its_backoff, supervisor_fixture) {
  answer({quick_answer()});
  run_attempt_of(1, 5s);
  cancel(1);
  advance(10s);
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST((last().what == verdict::cancelled));
  BOOST_TEST(transfers().empty());
}

BOOST_FIXTURE_TEST_CASE(cancelled_in_the_queue, supervisor_fixture) {
  limit(1);
  answer({stalled_answer("a")});
  run_attempt_of(1);
  run_attempt_of(2);
  advance();
  cancel(2);
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST((heard->settled[0].attempt.stream == stream_id{2}));
  BOOST_TEST(transfers().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(cancelled_too_late_nothing_follows,
                        supervisor_fixture) {
  answer({quick_answer()});
  run_attempt_of(1);
  advance();
  cancel(1);
  forget(1);
  advance(1min);
  BOOST_TEST(heard->settled.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_forgotten_streams_attempt_is_stopped,
                        supervisor_fixture) {
  answer({stalled_answer("a")});
  run_attempt_of(1);
  advance();
  forget(1);
  advance();
  BOOST_TEST((transfers()[0].ended->code == errc::aborted));
  BOOST_TEST(codec.decoders() == 0u);
}

// Callers give ids, and no workspace knows those of another.
BOOST_FIXTURE_TEST_CASE(streams_of_two_workspaces_may_share_an_id,
                        supervisor_fixture) {
  answer({stalled_answer("a"), stalled_answer("b"), quick_answer()});
  run_attempt_of(1, 0ms, "v");
  run_attempt_of(1, 0ms, "w");
  advance();
  BOOST_REQUIRE_EQUAL(transfers().size(), 2u);
  cancel(1, "w");
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST(!transfers()[0].ended.has_value(), "the other one runs on");
  BOOST_TEST((transfers()[1].ended->code == errc::aborted));
  forget(1, "w");
  run_attempt_of(1, 10s, "w");
  forget(1, "v");
  advance();
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 2u);
  BOOST_TEST((transfers()[0].ended->code == errc::aborted));
  advance(10s);
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 3u);
  BOOST_TEST((last().what == verdict::complete));
}

// ---- endpoints --------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(no_more_run_than_the_endpoint_takes,
                        supervisor_fixture) {
  limit(2);
  answer({stalled_answer("a")});
  for (std::uint64_t s = 1; s <= 5; ++s)
    run_attempt_of(s);
  advance();
  BOOST_TEST(transfers().size() == 2u);
  cancel(1);
  advance();
  BOOST_TEST(transfers().size() == 3u);
}

BOOST_FIXTURE_TEST_CASE(workspaces_take_turns_and_no_newcomer_jumps_the_line,
                        supervisor_fixture) {
  limit(1);
  answer({stalled_answer("a")});
  run_attempt_of(1, 0ms, "first");
  for (std::uint64_t s = 2; s <= 4; ++s)
    run_attempt_of(s, 0ms, "greedy");
  run_attempt_of(5, 0ms, "modest");
  advance();
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 4; ++i) {
    cancel(static_cast<std::uint64_t>(heard->started.back().attempt.stream));
    advance();
    order.push_back(
      static_cast<std::uint64_t>(heard->started.back().attempt.stream));
  }
  const std::vector<std::uint64_t> fair{2, 5, 3, 4};
  BOOST_TEST(order == fair, boost::test_tools::per_element());
}

// It comes at the moment at which the pause ends, before those who waited for
// that have heard of it: there is room, and there is a line.
BOOST_FIXTURE_TEST_CASE(a_newcomer_does_not_pass_the_line, supervisor_fixture) {
  models = {"a:one"};
  limit(1);
  answer({broken_answer(429, {{"retry-after", "5"}}), stalled_answer("a")});
  time->arm(time->now() + 5s, [&] { run_attempt_of(3, 0ms, "newcomer"); });
  run_attempt_of(1);
  advance();
  run_attempt_of(2, 0ms, "patient");
  advance(5s);
  BOOST_REQUIRE_EQUAL(heard->started.size(), 2u);
  BOOST_TEST((heard->started.back().attempt.stream == stream_id{2}));
  cancel(2);
  advance();
  BOOST_REQUIRE_EQUAL(heard->started.size(), 3u);
  BOOST_TEST((heard->started.back().attempt.stream == stream_id{3}));
}

BOOST_FIXTURE_TEST_CASE(one_that_is_told_to_wait_lets_the_others_know,
                        supervisor_fixture) {
  models = {"a:one"};
  answer({broken_answer(429, {{"retry-after", "5"}}), quick_answer()});
  run_attempt_of(1);
  advance();
  run_attempt_of(2);
  advance(4s);
  BOOST_TEST(transfers().size() == 1u, "the second waits with the first");
  advance(2s);
  BOOST_TEST(transfers().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(health_is_shown_without_keys, supervisor_fixture) {
  answer({stalled_answer("a")});
  run_attempt_of(1);
  advance();
  const auto seen = health();
  BOOST_REQUIRE_EQUAL(seen.size(), 1u);
  BOOST_TEST(seen.front().running == 1u);
  BOOST_TEST(seen.front().endpoint.find(planted_key_prefix)
             == std::string::npos);
}

// The verdict on an attempt that has ended in a race is still to come: it asks
// the endpoint.
BOOST_FIXTURE_TEST_CASE(endpoints_are_forgotten_when_no_attempt_needs_them,
                        supervisor_fixture) {
  const auto knows_the_first = [&] {
    const auto all = health();
    return std::any_of(all.begin(), all.end(), [](const endpoint_view& e) {
      return e.endpoint.starts_with("a ");
    });
  };
  auto many_others = [&, n = 1u]() mutable {
    for (int i = 0; i < 70; ++i) {
      models = {"p" + std::to_string(++n) + ":m"};
      run_attempt_of(n);
      advance();
    }
  };
  answer({quick_answer(), stalled_answer("b"), quick_answer()});
  run_attempt_of(1);
  hedge(1);
  advance();
  BOOST_TEST(heard->settled.empty(), "both have shown something");
  many_others();
  BOOST_TEST(knows_the_first());
  cancel_hedge(1);
  advance();
  const auto& all = heard->settled;
  BOOST_TEST(std::count_if(all.begin(), all.end(),
                           [](const auto& m) {
                             return m.attempt == attempt_id{stream_id{1}, 1}
                                    && m.verdict.what == verdict::complete;
                           })
             == 1);
  many_others();
  BOOST_TEST(!knows_the_first());
}

// ---- storms -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(in_any_storm_each_attempt_is_settled_once) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random{seed};
    supervisor_fixture f;
    f.limit(1 + random() % 4);
    std::vector<http_answer> answers;
    for (int i = 0; i < 40; ++i)
      switch (random() % 6) {
      case 0:
        answers.push_back(broken_answer(429, {{"retry-after", "1"}}));
        break;
      case 1:
        answers.push_back(broken_answer(503));
        break;
      case 2:
        answers.push_back(stalled_answer("x"));
        break;
      case 3:
        answers.push_back(slow_answer("a b c d", 100ms));
        break;
      default:
        answers.push_back(quick_answer());
      }
    f.play(std::move(answers));
    for (std::uint64_t s = 1; s <= 30; ++s) {
      f.run_attempt_of(s, milliseconds{random() % 300},
                       "w" + std::to_string(random() % 5));
      if (random() % 3 == 0)
        f.cancel(1 + random() % s);
      f.advance(milliseconds{random() % 200});
    }
    f.advance(10min);
    for (std::uint64_t s = 1; s <= 30; ++s)
      f.cancel(s);
    f.advance(1min);
    std::multiset<stream_id> settled;
    for (const auto& m : f.heard->settled)
      settled.insert(m.attempt.stream);
    for (std::uint64_t s = 1; s <= 30; ++s)
      BOOST_TEST(settled.count(stream_id{s}) == 1u,
                 "seed " << seed << " stream " << s);
    BOOST_TEST(f.codec.decoders() == 0u);
  }
}
