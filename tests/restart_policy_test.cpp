// Goal: each sentence of SPEC §6.1 to §6.4 about what follows an attempt.
// Method: the pure policy against a table of its own, and random histories.
#define BOOST_TEST_MODULE restart_policy
#include <boost/test/unit_test.hpp>

#include "tests/support/restart_story.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using kind = restart_decision::kind;
using namespace penstock::testing;

// ---- §6.2: the table -------------------------------------------------------

BOOST_AUTO_TEST_CASE(every_class_follows_its_row) {
  for (const auto& row : expected_rows)
    for (const bool config_fallback : {true, false}) {
      BOOST_TEST_CONTEXT(to_string(row.code) << " " << config_fallback) {
        story s;
        s.options.fallback_on_config_error = config_fallback;
        names expected;
        const bool next =
          config_fallback ? row.next : row.next_without_config_fallback;
        for (const auto& model : s.chain) {
          expected.insert(expected.end(), row.attempts, model);
          if (!next)
            break;
        }
        s.options.max_restarts = 100;
        const auto asked = s.all_fail_with(failed(row.code));
        BOOST_TEST(asked == expected, boost::test_tools::per_element());
        const auto last = s.attempt(failed(row.code));
        BOOST_TEST(last.what == kind::defeat);
        BOOST_TEST(last.why.code == row.code);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_host_can_replace_a_row) {
  story s;
  s.options.rules[errc::protocol] = {2, true};
  s.options.rules[errc::network] = {1, false};
  s.options.rules[errc::timeout] = {5, true};
  CHECK_MODELS(s.all_fail_with(failed(errc::protocol)), "a:1", "a:1", "b:2",
               "b:2", "c:3", "c:3");
  story t;
  t.options.rules = s.options.rules;
  CHECK_MODELS(t.all_fail_with(failed(errc::network)), "a:1");
  story u;
  u.options.rules = s.options.rules;
  u.options.max_restarts = 100;
  BOOST_TEST(u.all_fail_with(failed(errc::timeout)).size() == 15u);
}

BOOST_AUTO_TEST_CASE(attempts_are_counted_per_step) {
  story s;
  s.chain = {"a:1"};
  s.options.max_restarts = 100;
  for (s.step = 1; s.step <= 5; ++s.step) {
    BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
    BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
    BOOST_TEST(s.attempt(answered()).what == kind::complete);
  }
}

BOOST_AUTO_TEST_CASE(a_cut_is_tried_again_once_after_other_failures_too) {
  story s;
  s.chain = {"a:1"};
  BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
  BOOST_TEST(s.attempt(truncated()).what == kind::retry);
  BOOST_TEST(s.attempt(truncated()).what == kind::defeat);
}

// ---- backoff and hints -----------------------------------------------------

BOOST_AUTO_TEST_CASE(backoff_is_full_jitter_under_a_doubling_capped_ceiling) {
  for (const double dice : {0.0, 0.25, 0.999999}) {
    story s;
    s.chain = {"a:1"};
    s.dice = dice;
    s.options.max_attempts_per_model = 20;
    s.options.max_restarts = 100;
    double ceiling = 500;
    for (int i = 0; i < 19; ++i, ceiling = std::min(30'000.0, ceiling * 2)) {
      const auto decision = s.attempt(failed(errc::overloaded));
      BOOST_REQUIRE(decision.what == kind::retry);
      BOOST_TEST(decision.delay.count() == std::int64_t(dice * ceiling));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_huge_factor_cannot_overflow_the_backoff) {
  story s;
  s.dice = 0.999999;
  s.options.max_attempts_per_model = 5000;
  s.options.max_restarts = 10'000;
  s.options.backoff_factor = 4'000'000'000u;
  for (int i = 0; i < 4999; ++i) {
    const auto decision = s.attempt(failed(errc::network));
    BOOST_REQUIRE(decision.delay >= 0ms);
    BOOST_REQUIRE(decision.delay <= 30s);
  }
}

BOOST_AUTO_TEST_CASE(a_hint_within_the_limit_wins_over_the_backoff) {
  story s;
  auto outcome = failed(errc::rate_limit);
  outcome.failure->retry_after = 60'000ms;
  const auto decision = s.attempt(outcome);
  BOOST_TEST(decision.next_model == "a:1");
  BOOST_TEST((decision.delay == 60s));
}

BOOST_AUTO_TEST_CASE(a_hint_beyond_the_limit_goes_to_the_next_model_at_once) {
  story s;
  auto outcome = failed(errc::rate_limit);
  outcome.failure->retry_after = 60'001ms;
  const auto decision = s.attempt(outcome);
  BOOST_TEST(decision.next_model == "b:2");
  BOOST_TEST((decision.delay == 0ms));

  story alone;
  alone.chain = {"a:1"};
  const auto end = alone.attempt(outcome);
  BOOST_TEST(end.what == kind::defeat);
  BOOST_TEST((end.why.retry_after == 60'001ms));
}

BOOST_AUTO_TEST_CASE(a_negative_hint_is_no_delay) {
  story s;
  auto outcome = failed(errc::rate_limit);
  outcome.failure->retry_after = -5s;
  BOOST_TEST((s.attempt(outcome).delay == 0ms));
}

BOOST_AUTO_TEST_CASE(should_retry_false_wins_over_the_table) {
  story s;
  auto outcome = failed(errc::server_error);
  outcome.failure->should_retry = false;
  BOOST_TEST(s.attempt(outcome).next_model == "b:2");
  story alone;
  alone.chain = {"a:1"};
  BOOST_TEST(alone.attempt(outcome).what == kind::defeat);
}

BOOST_AUTO_TEST_CASE(should_retry_true_is_bounded_like_any_retry) {
  story s;
  auto outcome = failed(errc::invalid_request);
  outcome.failure->should_retry = true;
  CHECK_MODELS(s.all_fail_with(outcome), "a:1", "a:1", "a:1");
}

// ---- races -----------------------------------------------------------------

namespace {

story racing() {
  story s;
  s.options.max_restarts = 1;
  s.policy.emplace(s.chain, std::make_shared<restart_options>(s.options),
                   s.on_partial);
  BOOST_REQUIRE(s.policy->begin("a:1", 1, false));
  return s;
}

} // namespace

BOOST_AUTO_TEST_CASE(who_yields_says_why_and_spends_no_restart) {
  auto s = racing();
  for (int i = 0; i < 3; ++i) {
    const auto lost = s.policy->after_race(failed(errc::overloaded), "b:2");
    BOOST_TEST(lost.what == kind::yielded);
    BOOST_TEST(lost.why.code == errc::overloaded);
    BOOST_TEST(!lost.refused);
  }
  const auto declined = s.policy->after_race(refusal(), "b:2");
  BOOST_TEST(declined.why.code == errc::model_refusal);
  BOOST_TEST(declined.refused);
  BOOST_TEST(s.policy->after_race(empty(), "b:2").why.code
             == errc::empty_output);
  BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
}

BOOST_AUTO_TEST_CASE(a_failed_hedge_costs_the_other_model_no_attempt) {
  auto s = racing();
  s.policy->after_race(failed(errc::network), "b:2");
  s.policy->after_race(failed(errc::network), "b:2");
  BOOST_TEST(s.attempt(failed(errc::network)).next_model == "a:1");
}

BOOST_AUTO_TEST_CASE(a_defeat_names_who_yielded) {
  auto s = racing();
  s.policy->after_race(failed(errc::authentication), "b:2");
  const auto last = s.attempt(failed(errc::invalid_request));
  BOOST_TEST(last.what == kind::defeat);
  BOOST_TEST(last.why.message.find(
               "b:2: " + std::string{to_string(errc::authentication)})
               != std::string::npos,
             last.why.message);
}
