// Goal: the chain of fallbacks (SPEC §6.4), open circuits and the bound on
// restarts. Method: attempts told by hand; then days of random failures.
#define BOOST_TEST_MODULE restart_policy_chain
#include <boost/test/unit_test.hpp>

#include "tests/support/restart_story.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using kind = restart_decision::kind;
using namespace penstock::testing;
// ---- §6.4: the chain -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_fallback_stays_for_the_rest_of_the_stream) {
  story s;
  BOOST_TEST(s.attempt(failed(errc::quota)).next_model == "b:2");
  BOOST_TEST(s.attempt(answered()).what == kind::complete);
  s.step = 2;
  BOOST_TEST(s.attempt(failed(errc::quota)).next_model == "c:3");
  BOOST_TEST(!s.policy->begin("a:1", 2, true));
}

BOOST_AUTO_TEST_CASE(each_model_of_the_chain_is_asked_once) {
  story s;
  s.chain = {"a:1", "b:2", "a:1", "b:2", "c:3"};
  CHECK_MODELS(s.all_fail_with(failed(errc::quota)), "a:1", "b:2", "c:3");
}

BOOST_AUTO_TEST_CASE(the_final_error_is_the_last_and_names_all_models) {
  story s;
  (void)s.attempt(failed(errc::overloaded));
  (void)s.attempt(failed(errc::authentication));
  (void)s.attempt(refusal());
  const auto end = s.attempt(failed(errc::model_not_found, "no such model"));
  BOOST_TEST(end.what == kind::defeat);
  BOOST_TEST(end.why.code == errc::model_not_found);
  BOOST_TEST(end.why.message
             == "no such model (asked a:1: authentication x2, "
                "b:2: model_refusal, c:3: model_not_found)");
}

BOOST_AUTO_TEST_CASE(a_single_models_error_keeps_the_providers_words) {
  story s;
  s.chain = {"a:1"};
  BOOST_TEST(s.attempt(failed(errc::quota, "no credit")).why.message
             == "no credit");
}

BOOST_AUTO_TEST_CASE(a_prompt_too_long_goes_to_a_larger_window_if_known) {
  story s;
  s.windows = {{"a:1", 100'000}, {"b:2", 100'000}, {"c:3", 1'000'000}};
  BOOST_TEST(s.attempt(failed(errc::context_exceeded)).next_model == "c:3");
  story smaller;
  smaller.windows = {{"a:1", 100'000}, {"b:2", 50'000}, {"c:3", 100'000}};
  BOOST_TEST(smaller.attempt(failed(errc::context_exceeded)).what
             == kind::defeat);
  story unknown;
  unknown.windows = {{"a:1", 100'000}, {"c:3", 1'000'000}};
  BOOST_TEST(unknown.attempt(failed(errc::context_exceeded)).next_model
             == "b:2");
  story own_unknown;
  own_unknown.windows = {{"b:2", 8'000}};
  BOOST_TEST(own_unknown.attempt(failed(errc::context_exceeded)).next_model
             == "b:2");
  // Windows decide nothing else.
  story other;
  other.windows = s.windows;
  BOOST_TEST(other.attempt(failed(errc::quota)).next_model == "b:2");
}

// ---- open circuits ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_open_circuit_sends_a_retry_to_the_next_model) {
  story s;
  s.open_until = s.now + 10s;
  BOOST_TEST(s.attempt(failed(errc::server_error)).next_model == "b:2");
}

BOOST_AUTO_TEST_CASE(without_a_next_model_a_retry_waits_for_the_circuit) {
  story s;
  s.chain = {"a:1"};
  s.open_until = s.now + 10s;
  const auto decision = s.attempt(failed(errc::server_error));
  BOOST_TEST(decision.next_model == "a:1");
  BOOST_TEST((decision.delay == 10s));
}

BOOST_AUTO_TEST_CASE(a_circuit_that_closes_before_the_retry_is_no_matter) {
  story s;
  s.open_until = s.now + 249ms; // the backoff is 250 ms
  BOOST_TEST(s.attempt(failed(errc::server_error)).next_model == "a:1");
}

BOOST_AUTO_TEST_CASE(an_attempt_that_was_not_sent_goes_on_or_fails) {
  story s;
  restart_policy policy{s.chain, std::make_shared<restart_options>(s.options),
                        s.on_partial};
  BOOST_REQUIRE(policy.begin("a:1", 1, false));
  CHECK_MODELS(policy.models_left(), "b:2", "c:3");
  const error open{errc::overloaded, "circuit open", 0, {}, {}};
  const auto on = policy.after_blocked(open, "c:3", s.now);
  BOOST_TEST(on.what == kind::retry);
  BOOST_TEST(on.next_model == "c:3");
  const auto end = policy.after_blocked(open, "", s.now);
  BOOST_TEST(end.what == kind::defeat);
  BOOST_TEST(end.why.code == errc::overloaded);
}

// ---- restart intensity: nothing retries for ever ---------------------------

BOOST_AUTO_TEST_CASE(at_most_max_restarts_in_the_window) {
  story s;
  s.chain = {"a:1"};
  s.options.max_attempts_per_model = 1'000'000;
  s.dice = 0.999;
  for (int i = 0; i < 10; ++i)
    BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
  const auto end = s.attempt(failed(errc::network));
  BOOST_TEST(end.what == kind::defeat);
  BOOST_TEST(end.why.code == errc::network);
  BOOST_TEST(end.why.message.find("max_restarts") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(restarts_leave_the_window) {
  story s;
  s.chain = {"a:1"};
  s.options.max_restarts = 2;
  s.options.restart_window_ms = 10'000ms;
  s.options.max_attempts_per_model = 1'000;
  s.dice = 0;
  BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
  s.now += 5s;
  BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
  s.now += 5s;
  BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
  s.now += 4'999ms;
  BOOST_TEST(s.attempt(failed(errc::network)).what == kind::defeat);
}

BOOST_AUTO_TEST_CASE(fallbacks_and_silent_retries_are_restarts) {
  story s;
  s.options.max_restarts = 1;
  BOOST_TEST(s.attempt(failed(errc::quota)).what == kind::retry);
  BOOST_TEST(s.attempt(failed(errc::quota)).what == kind::defeat);
  story t;
  t.options.max_restarts = 0;
  BOOST_TEST(t.attempt(empty()).what == kind::defeat);
}

BOOST_AUTO_TEST_CASE(days_of_random_failures_obey_every_bound) {
  std::mt19937_64 random{20240607};
  const auto pick = [&](auto n) {
    return std::uniform_int_distribution<std::size_t>{0, std::size_t(n)
                                                           - 1}(random);
  };
  for (int round = 0; round < 2'000; ++round) {
    story s;
    s.on_partial = partial_policy(pick(3));
    s.chain.resize(1 + pick(3));
    std::map<std::string, int> attempts_of_step;
    std::deque<steady_time> restarts;
    for (int i = 0;; ++i) {
      // A step makes no progress at all, so its end is near.
      BOOST_REQUIRE_LT(i, 20);
      s.dice = std::uniform_real_distribution<>{0, 1}(random);
      attempt_report outcome;
      switch (pick(8)) {
      case 0:
        outcome = empty();
        break;
      case 1:
        outcome = truncated();
        break;
      case 2:
        outcome = refusal();
        break;
      default:
        outcome = failed(expected_rows[pick(std::size(expected_rows))].code);
        if (pick(2))
          outcome.failure->retry_after = milliseconds(pick(120'000));
        if (pick(4) == 0)
          outcome.failure->should_retry = pick(2) == 0;
      }
      ++attempts_of_step[s.model];
      const auto decision = s.attempt(outcome);
      if (decision.what != kind::retry)
        break;
      s.has_output = outcome.any_part && pick(2);
      restarts.push_back(s.now);
      BOOST_REQUIRE(decision.delay >= 0ms);
      BOOST_REQUIRE(decision.delay <= 60s);
    }
    BOOST_REQUIRE_LE(restarts.size(), 10u);
    for (const auto& [model, count] : attempts_of_step)
      BOOST_REQUIRE_LE(count, 4); // three and a silent one
  }
}
