// Goal: each sentence of SPEC §6.1 to §6.4 about what follows an attempt.
// Method: the pure policy against a table of its own, and random histories.
#define BOOST_TEST_MODULE restart_policy
#include <boost/test/unit_test.hpp>

#include "actors/restart_policy.hpp"

#include <random>
#include <set>

using namespace penstock;
using namespace std::chrono_literals;
using kind = restart_decision::kind;

namespace penstock {
std::ostream& operator<<(std::ostream& out, kind k) {
  constexpr const char* names[] = {"complete", "cut_calls", "retry", "defeat",
                                   "cancelled"};
  return out << names[static_cast<std::size_t>(k)];
}
std::ostream& operator<<(std::ostream& out, errc code) {
  return out << to_string(code);
}
} // namespace penstock

namespace {

constexpr finish stop_finish() {
  return {finish_reason::stop, "stop"};
}

attempt_outcome failed(errc code, std::string message = "provider's words") {
  attempt_outcome outcome;
  outcome.failure = error{code, std::move(message), 0, {}, {}};
  return outcome;
}

attempt_outcome answered() {
  attempt_outcome outcome;
  outcome.finished = stop_finish();
  outcome.any_part = true;
  return outcome;
}

attempt_outcome empty() {
  attempt_outcome outcome;
  outcome.finished = stop_finish();
  return outcome;
}

attempt_outcome truncated() {
  attempt_outcome outcome;
  outcome.any_part = true;
  return outcome;
}

attempt_outcome refusal() {
  attempt_outcome outcome;
  outcome.finished = finish{finish_reason::content_filter, "SAFETY"};
  return outcome;
}

attempt_outcome shown(attempt_outcome outcome) {
  outcome.any_part = true;
  return outcome;
}

attempt_outcome with_calls(attempt_outcome outcome) {
  outcome.any_part = outcome.complete_calls = true;
  return outcome;
}

/// A stream whose attempts end as told; follows the policy's decisions.
struct story {
  std::vector<std::string> chain{"a:1", "b:2", "c:3"};
  restart_options options;
  partial_policy on_partial = partial_policy::proceed;
  double dice = 0.5;
  std::map<std::string, std::uint64_t> windows;
  std::optional<steady_time> open_until;

  std::optional<restart_policy> policy{};
  steady_time now{1h};
  std::string model = chain.front();
  std::uint32_t step = 1;

  restart_world world() {
    restart_world w;
    w.now = now;
    w.dice = [this] { return dice; };
    w.window = [this](const std::string& m) {
      const auto it = windows.find(m);
      return it == windows.end() ? std::nullopt : std::optional{it->second};
    };
    w.open_until = open_until;
    return w;
  }

  restart_decision attempt(const attempt_outcome& outcome) {
    if (!policy)
      policy.emplace(chain, options, on_partial);
    BOOST_REQUIRE(policy->begin(model, step));
    auto decision = policy->after(outcome, world());
    if (decision.what == kind::retry) {
      now += decision.delay;
      model = decision.next_model;
    }
    return decision;
  }

  /// The models asked until something else than a retry follows.
  std::vector<std::string> all_fail_with(const attempt_outcome& outcome) {
    std::vector<std::string> asked;
    for (;;) {
      asked.push_back(model);
      BOOST_REQUIRE_LT(asked.size(), 1000u);
      if (attempt(outcome).what != kind::retry)
        return asked;
    }
  }
};

using names = std::vector<std::string>;

} // namespace

#define CHECK_MODELS(got, ...)                                                 \
  BOOST_TEST((got) == (names{__VA_ARGS__}), boost::test_tools::per_element())

// ---- §6.2: the table -------------------------------------------------------

// Written from SPEC.md by hand, not from the code: attempts on one model, and
// whether the next is asked.
struct expected_row {
  errc code;
  int attempts;
  bool next;
  bool next_without_config_fallback;
};
constexpr expected_row expected_rows[] = {
  {errc::rate_limit, 3, true, true},
  {errc::overloaded, 3, true, true},
  {errc::server_error, 3, true, true},
  {errc::network, 3, true, true},
  {errc::timeout, 3, true, true},
  {errc::internal, 3, true, true},
  {errc::stream_truncated, 2, true, true},
  {errc::empty_output, 1, true, true},
  {errc::model_refusal, 1, true, true},
  {errc::context_exceeded, 1, true, true},
  {errc::model_not_found, 1, true, false},
  {errc::quota, 1, true, false},
  {errc::authentication, 1, true, false},
  {errc::permission, 1, true, false},
  {errc::invalid_request, 1, false, false},
  {errc::protocol, 1, false, false},
};

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

BOOST_AUTO_TEST_CASE(a_refusal_comes_before_emptiness_and_truncation) {
  story s;
  const auto first = s.attempt(refusal());
  BOOST_TEST(first.why.code == errc::model_refusal);
  BOOST_TEST(first.refused);
  BOOST_TEST(!first.silent);
  BOOST_TEST(first.next_model == "b:2");
  attempt_outcome unended;
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
  BOOST_TEST(s.attempt(empty()).what == kind::complete);
}

BOOST_AUTO_TEST_CASE(an_empty_continuation_of_shown_output_is_an_answer) {
  story s;
  BOOST_TEST(s.attempt(shown(failed(errc::network))).what == kind::retry);
  BOOST_TEST(s.attempt(empty()).what == kind::complete);
}

BOOST_AUTO_TEST_CASE(what_was_retracted_is_no_output) {
  story s;
  s.on_partial = partial_policy::retract;
  BOOST_TEST(s.attempt(shown(failed(errc::network))).what == kind::retry);
  BOOST_TEST(s.attempt(empty()).silent);
}

BOOST_AUTO_TEST_CASE(an_end_without_the_terminal_is_truncated) {
  attempt_outcome no_reason = answered();
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

// ---- §6.4: the chain -------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_fallback_stays_for_the_rest_of_the_stream) {
  story s;
  BOOST_TEST(s.attempt(failed(errc::quota)).next_model == "b:2");
  BOOST_TEST(s.attempt(answered()).what == kind::complete);
  s.step = 2;
  BOOST_TEST(s.attempt(failed(errc::quota)).next_model == "c:3");
  BOOST_TEST(!s.policy->begin("a:1", 2));
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
  restart_policy policy{s.chain, s.options, s.on_partial};
  BOOST_REQUIRE(policy.begin("a:1", 1));
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
      attempt_outcome outcome;
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
      restarts.push_back(s.now);
      BOOST_REQUIRE(decision.delay >= 0ms);
      BOOST_REQUIRE(decision.delay <= 60s);
    }
    BOOST_REQUIRE_LE(restarts.size(), 10u);
    for (const auto& [model, count] : attempts_of_step)
      BOOST_REQUIRE_LE(count, 4); // three and a silent one
  }
}
