// Goal: what a provider says of a retry decides when and whom we ask, in every
// form in which providers say it (SPEC §6.2, PROVIDERS "Headers to read").
// Method: the real SUPERVISOR and PROVIDERs on virtual time, whose wall clock
// begins at 2024-01-01T00:00:00Z.
#define BOOST_TEST_MODULE supervisor_hints
#include <boost/test/unit_test.hpp>

#include "tests/support/supervisor_fixture.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;
using verdict = attempt_verdict::kind;

namespace {

struct hint {
  header_list headers;
  milliseconds delay;
};

const hint hints[] = {
  {{{"retry-after-ms", "1500"}}, 1500ms},
  {{{"Retry-After", "7"}}, 7s},
  {{{"retry-after", "Mon, 01 Jan 2024 00:00:20 GMT"}}, 20s},
  {{{"retry-after", "Monday, 01-Jan-24 00:00:20 GMT"}}, 20s},
  {{{"retry-after-ms", "250"}, {"retry-after", "7"}}, 250ms},
  {{{"anthropic-ratelimit-requests-remaining", "0"},
    {"anthropic-ratelimit-requests-reset", "2024-01-01T00:00:30Z"}},
   30s},
  {{{"x-ratelimit-remaining-requests", "0"},
    {"x-ratelimit-reset-requests", "1m0s"}},
   60s},
  {{{"x-ratelimit-remaining-tokens", "0"},
    {"x-ratelimit-reset-tokens", "12ms"}},
   12ms},
};

http_answer gemini_answer() {
  auto answer = broken_answer(429);
  answer.body = {
    {R"({"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED",)"
     R"("details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo",)"
     R"("retryDelay":"39s"}]}})",
     0ms, 1}};
  return answer;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_form_of_a_hint_is_the_delay) {
  for (const auto& h : hints)
    BOOST_TEST_CONTEXT(h.headers.back().first << ": "
                                              << h.headers.back().second) {
      supervisor_fixture f;
      f.answer({broken_answer(429, h.headers)});
      f.run_attempt_of(1);
      f.advance();
      BOOST_TEST((f.last().what == verdict::retry));
      BOOST_TEST(f.last().next_model == "a:one");
      BOOST_TEST(f.last().delay.count() == h.delay.count());
    }
}

BOOST_FIXTURE_TEST_CASE(a_hint_in_the_body_is_one_too, supervisor_fixture) {
  answer({gemini_answer()});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().why.code == errc::rate_limit));
  BOOST_TEST(last().next_model == "a:one");
  BOOST_TEST((last().delay == 39s));
}

BOOST_FIXTURE_TEST_CASE(a_hint_beyond_max_retry_after_asks_the_next_at_once,
                        supervisor_fixture) {
  options.restarts.max_retry_after_ms = 5s;
  answer({broken_answer(429, {{"retry-after-ms", "5001"}})});
  run_attempt_of(1);
  advance();
  BOOST_TEST(last().next_model == "b:two");
  BOOST_TEST((last().delay == 0ms));
}

BOOST_FIXTURE_TEST_CASE(a_hint_beyond_max_retry_after_is_the_end_if_alone,
                        supervisor_fixture) {
  models = {"a:one"};
  answer({broken_answer(429, {{"retry-after", "3600"}})});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().what == verdict::defeat));
  BOOST_TEST((last().why.retry_after == 3600s)); // the caller is told
}

BOOST_FIXTURE_TEST_CASE(x_should_retry_false_wins_over_the_table,
                        supervisor_fixture) {
  answer({broken_answer(500, {{"x-should-retry", "false"}})});
  run_attempt_of(1);
  advance();
  BOOST_TEST(last().next_model == "b:two");
}

BOOST_FIXTURE_TEST_CASE(x_should_retry_true_wins_over_the_table,
                        supervisor_fixture) {
  answer({broken_answer(409, {{"x-should-retry", "true"}})});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().what == verdict::retry));
  BOOST_TEST(last().next_model == "a:one");
  BOOST_TEST((last().why.code == errc::invalid_request));
}

BOOST_FIXTURE_TEST_CASE(a_permission_that_lacks_is_not_asked_for_again,
                        supervisor_fixture) {
  models = {"a:one"};
  answer({broken_answer(403)});
  run_attempt_of(1);
  advance(1h);
  BOOST_TEST((last().what == verdict::defeat));
  BOOST_TEST((last().why.code == errc::permission));
  BOOST_TEST(transfers().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_prompt_too_long_asks_a_model_that_takes_more,
                        supervisor_fixture) {
  models = {"a:one", "b:two", "c:three"};
  windows = {{"a:one", 100}, {"b:two", 100}, {"c:three", 1'000}};
  answer({broken_answer(413)});
  run_attempt_of(1);
  advance();
  BOOST_TEST((last().why.code == errc::context_exceeded));
  BOOST_TEST(last().next_model == "c:three");
}

BOOST_FIXTURE_TEST_CASE(a_model_has_clocks_of_its_own, supervisor_fixture) {
  options.clocks_by_model["a:one"] = options.clocks;
  options.clocks_by_model["a:one"].liveness_timeout_ms = 2s;
  answer({stalled_answer("Hi")});
  run_attempt_of(1);
  models = {"b:two"};
  run_attempt_of(2);
  advance(2s);
  BOOST_REQUIRE_EQUAL(heard->settled.size(), 1u);
  BOOST_TEST((heard->settled[0].attempt.stream == stream_id{1}));
  BOOST_TEST((last().why.code == errc::timeout));
  BOOST_TEST(last().why.message.find("liveness_timeout_ms")
             != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_row_of_the_table_is_the_hosts, supervisor_fixture) {
  options.restarts.rules[errc::server_error] = {1, true};
  answer({broken_answer(500)});
  run_attempt_of(1);
  advance();
  BOOST_TEST(last().next_model == "b:two");
}
