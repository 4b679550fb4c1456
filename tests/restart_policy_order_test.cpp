// Goal: what follows an attempt is decided in the order of SPEC §6.1, and by
// §6.3 once output was shown. Method: attempts told by hand, verdicts read.
#define BOOST_TEST_MODULE restart_policy_order
#include <boost/test/unit_test.hpp>

#include "tests/support/restart_story.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using kind = restart_decision::kind;
using namespace penstock::testing;
// ---- §6.1: the order of decisions ------------------------------------------

BOOST_AUTO_TEST_CASE(a_stop_of_ours_comes_first) {
  for (auto outcome :
       {failed(errc::network), refusal(), empty(), truncated(), answered()}) {
    story s;
    outcome.stopped = true;
    BOOST_TEST(s.attempt(outcome).what == kind::cancelled);
  }
}

BOOST_AUTO_TEST_CASE(an_error_comes_before_a_refusal) {
  story s;
  auto outcome = refusal();
  outcome.failure = failed(errc::network).failure;
  BOOST_TEST(s.attempt(outcome).why.code == errc::network);
}

BOOST_AUTO_TEST_CASE(an_answer_that_its_provider_gave_up_is_an_error) {
  for (auto outcome : {answered(), empty()}) {
    story s;
    outcome.finished = {finish_reason::error, "insufficient_system_resource"};
    const auto next = s.attempt(outcome);
    BOOST_TEST(next.why.code == errc::server_error);
    BOOST_TEST(next.why.message.find("insufficient_system_resource")
               != std::string::npos);
    BOOST_TEST(next.next_model == "a:1");
    BOOST_TEST(!next.silent);
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_comes_before_emptiness_and_truncation) {
  story s;
  const auto first = s.attempt(refusal());
  BOOST_TEST(first.why.code == errc::model_refusal);
  BOOST_TEST(first.refused);
  BOOST_TEST(!first.silent);
  BOOST_TEST(first.next_model == "b:2");
  attempt_report unended;
  unended.refusal = true;
  BOOST_TEST(s.attempt(unended).why.code == errc::model_refusal);
}

BOOST_AUTO_TEST_CASE(a_refusal_that_ends_with_stop_is_one_too) {
  story s;
  auto outcome = answered();
  outcome.refusal = true;
  BOOST_TEST(s.attempt(outcome).next_model == "b:2");
}

BOOST_AUTO_TEST_CASE(a_refusal_by_the_last_model_is_model_refusal) {
  story s;
  s.chain = {"a:1"};
  const auto end = s.attempt(refusal());
  BOOST_TEST(end.what == kind::defeat);
  BOOST_TEST(end.why.code == errc::model_refusal);
  BOOST_TEST(end.refused);
}

BOOST_AUTO_TEST_CASE(what_the_provider_says_of_its_end_is_in_the_message) {
  story s;
  s.chain = {"a:1"};
  auto outcome = refusal();
  outcome.explanation = "it could harm";
  BOOST_TEST(s.attempt(outcome).why.message
             == "the model declined to answer (SAFETY): it could harm");
  story t;
  t.chain = {"a:1"};
  outcome.finished = finish{finish_reason::error, "MALFORMED"};
  outcome.explanation.clear();
  BOOST_TEST(t.attempt(outcome).why.message
             == "the provider gave up its answer (MALFORMED)");
}

BOOST_AUTO_TEST_CASE(an_empty_answer_is_tried_once_more_in_silence) {
  story s;
  const auto first = s.attempt(empty());
  BOOST_TEST(first.what == kind::retry);
  BOOST_TEST(first.silent);
  BOOST_TEST(first.next_model == "a:1");
  BOOST_TEST((first.delay == 0ms));
  const auto second = s.attempt(empty());
  BOOST_TEST(!second.silent);
  BOOST_TEST(second.why.code == errc::empty_output);
  BOOST_TEST(second.next_model == "b:2");
  // The silent retry is one per stream, not per model.
  BOOST_TEST(s.attempt(empty()).next_model == "c:3");
  const auto end = s.attempt(empty());
  BOOST_TEST(end.what == kind::defeat);
  BOOST_TEST(end.why.code == errc::empty_output);
  BOOST_TEST(retryable(end.why.code));
}

BOOST_AUTO_TEST_CASE(a_clean_end_without_a_part_is_empty_before_it_is_cut) {
  story s;
  BOOST_TEST(s.attempt({}).silent);
}

BOOST_AUTO_TEST_CASE(an_empty_later_step_is_an_answer) {
  story s;
  BOOST_TEST(s.attempt(with_calls(answered())).what == kind::complete);
  s.step = 2;
  s.has_output = true;
  BOOST_TEST(s.attempt(empty()).what == kind::complete);
}

// Also if it is the first attempt: the parts are of a stream that is resumed.
BOOST_AUTO_TEST_CASE(an_empty_continuation_of_kept_output_is_an_answer) {
  story s;
  s.has_output = true;
  BOOST_TEST(s.attempt(empty()).what == kind::complete);
  BOOST_TEST(s.attempt(shown(failed(errc::network))).what == kind::retry);
  BOOST_TEST(s.attempt(empty()).what == kind::complete);
}

// Whatever withdrew it: the policy, or that it was a call that was cut.
BOOST_AUTO_TEST_CASE(what_was_retracted_is_no_output) {
  for (auto policy : {partial_policy::retract, partial_policy::proceed}) {
    story s;
    s.on_partial = policy;
    BOOST_TEST(s.attempt(shown(failed(errc::network))).what == kind::retry);
    BOOST_TEST(s.attempt(empty()).silent);
  }
}

BOOST_AUTO_TEST_CASE(an_end_without_the_terminal_is_truncated) {
  attempt_report no_reason = answered();
  no_reason.finished = finish{finish_reason::other, std::nullopt};
  for (const auto& outcome : {truncated(), no_reason}) {
    story s;
    const auto first = s.attempt(outcome);
    BOOST_TEST(first.what == kind::retry);
    BOOST_TEST(first.why.code == errc::stream_truncated);
    BOOST_TEST(first.next_model == "a:1");
    BOOST_TEST(s.attempt(outcome).next_model == "b:2");
  }
  story s;
  auto named = answered();
  named.finished = finish{finish_reason::other, "pause_turn"};
  BOOST_TEST(s.attempt(named).what == kind::complete);
}

// ---- §6.3: output that was shown -------------------------------------------

BOOST_AUTO_TEST_CASE(stop_fails_once_output_was_shown_and_not_before) {
  for (const auto& row : expected_rows) {
    story s;
    s.on_partial = partial_policy::stop;
    const auto end = s.attempt(shown(failed(row.code)));
    BOOST_TEST(end.what == kind::defeat);
    BOOST_TEST(end.why.code == row.code);
  }
  story s;
  s.on_partial = partial_policy::stop;
  BOOST_TEST(s.attempt(failed(errc::network)).what == kind::retry);
}

BOOST_AUTO_TEST_CASE(a_cut_with_complete_calls_ends_the_step) {
  for (const auto& outcome :
       {with_calls(failed(errc::network)), with_calls(truncated())}) {
    story proceed;
    BOOST_TEST(proceed.attempt(outcome).what == kind::cut_calls);
    story retract;
    retract.on_partial = partial_policy::retract;
    BOOST_TEST(retract.attempt(outcome).what == kind::retry);
    story stop;
    stop.on_partial = partial_policy::stop;
    BOOST_TEST(stop.attempt(outcome).what == kind::defeat);
  }
}

BOOST_AUTO_TEST_CASE(complete_calls_run_even_if_no_retry_is_left) {
  story s;
  s.chain = {"a:1"};
  s.options.max_restarts = 0;
  BOOST_TEST(s.attempt(with_calls(failed(errc::timeout))).what
             == kind::cut_calls);
}

BOOST_AUTO_TEST_CASE(what_can_only_fail_fails_with_complete_calls_too) {
  story s;
  BOOST_TEST(s.attempt(with_calls(failed(errc::protocol))).what
             == kind::defeat);
}

BOOST_AUTO_TEST_CASE(calls_of_a_refusal_never_run) {
  story s;
  BOOST_TEST(s.attempt(with_calls(refusal())).next_model == "b:2");
  story t;
  BOOST_TEST(t.attempt(with_calls(failed(errc::model_refusal))).next_model
             == "b:2");
}
