// Goal: an endpoint that goes down is found out once and not by every stream,
// and a SUPERVISOR or PROVIDER that crashes ends attempts and nothing else.
// Method: real WORKSPACEs, SUPERVISOR and PROVIDERs on virtual time and the
// scripted network.
#define BOOST_TEST_MODULE outage
#include <boost/test/unit_test.hpp>

#include "tests/support/stream_world.hpp"

#include <algorithm>
#include <iostream>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

const std::string first = "chat:prime", second = "claude:claude-opus-5";

http_answer down() {
  return error_answer("openai-chat", 503, "api_error", "down for now");
}

http_answer words(std::string_view text) {
  return openai_chat_answer(scripted_turn{}.text(text));
}

http_answer other_words(std::string_view text) {
  return anthropic_answer(scripted_turn{}.text(text));
}

struct outage : stream_world {
  watched_workspace& begin(const std::string& id, bool with_fallback = true) {
    auto& w = open(id);
    auto request = ask(w, first);
    if (with_fallback)
      request.fallback.push_back({second});
    start(w, std::move(request));
    return w;
  }
  std::size_t requests_to(std::string_view host) const {
    const auto all = transfers();
    return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const transfer_record& t) {
        return t.request.url.find(host) != std::string::npos;
      }));
  }
};

std::string text_of(const watched_workspace& w) {
  return w.sink->heard.text();
}

} // namespace

// ---- an endpoint goes down --------------------------------------------------

// SPEC §6.6: health is the endpoint's, so that 1 000 streams do not discover
// the same outage 1 000 times.
BOOST_FIXTURE_TEST_CASE(a_thousand_streams_find_one_outage_once, outage) {
  constexpr std::size_t streams = 1'000;
  play(http_script{}
         .on({.url_contains = "chat.test"}, down())
         .on({.url_contains = "claude.test"}, other_words("from the other")));
  std::vector<watched_workspace*> all;
  for (std::size_t i = 0; i < streams; ++i)
    all.push_back(&begin("w" + std::to_string(i)));
  advance(1min);
  for (const auto* w : all) {
    const auto* end = w->end<event::stream_end>();
    BOOST_REQUIRE_MESSAGE(end, w->id << " did not complete");
    BOOST_REQUIRE_EQUAL(end->model, second);
    BOOST_REQUIRE_EQUAL(text_of(*w), "from the other");
  }
  BOOST_TEST(requests_to("claude.test") == streams);
  // The threshold, and the probes of a minute at one in ten seconds.
  const auto seen = requests_to("chat.test");
  BOOST_TEST(seen >= endpoints.breaker_failures);
  BOOST_TEST(seen <= endpoints.breaker_failures + 6u);
  std::cout << streams << " streams; the dead endpoint saw " << seen
            << " requests\n";
}

BOOST_FIXTURE_TEST_CASE(a_proven_endpoint_that_goes_down_opens_its_circuit,
                        outage) {
  play(http_script{}.on({.url_contains = "chat.test"}, words("well")));
  begin("before");
  play(http_script{}
         .on({.url_contains = "chat.test"}, down())
         .on({.url_contains = "claude.test"}, other_words("fallback")));
  // One after the other: each learns from those before it.
  std::size_t completed = 0;
  for (int i = 0; i < 100; ++i) {
    auto& w = begin("w" + std::to_string(i));
    advance(10ms);
    completed += w.end<event::stream_end>() != nullptr;
  }
  advance(1min);
  const auto at = health();
  BOOST_REQUIRE(!at.empty());
  // Retries of the first few run into the window too; then it is shut.
  BOOST_TEST(requests_to("chat.test") <= 1u + endpoints.breaker_failures + 6u);
  BOOST_TEST(completed > 80u);
}

BOOST_FIXTURE_TEST_CASE(an_endpoint_that_recovers_is_found_by_one_probe,
                        outage) {
  play(http_script{}
         .on({.url_contains = "chat.test"}, down())
         .on({.url_contains = "claude.test"}, other_words("fallback")));
  for (int i = 0; i < 10; ++i)
    begin("down" + std::to_string(i));
  advance(5s);
  play(http_script{}.on({.url_contains = "chat.test"}, words("well again")));
  const auto before = requests_to("chat.test");
  advance(endpoints.breaker_cooldown_ms);
  auto& probe = begin("probe");
  advance(100ms);
  BOOST_TEST(text_of(probe) == "well again");
  BOOST_TEST(requests_to("chat.test") == before + 1);
  for (const auto& at : health())
    BOOST_TEST(at.breaker == "closed");
}

BOOST_FIXTURE_TEST_CASE(alone_a_stream_waits_for_the_circuit_and_goes_on,
                        outage) {
  play(http_script{}.on({.url_contains = "chat.test"}, down()));
  for (int i = 0; i < 10; ++i)
    begin("down" + std::to_string(i), false);
  advance(3s);
  play(http_script{}.on({.url_contains = "chat.test"}, words("well again")));
  auto& waits = begin("waits", false);
  BOOST_TEST(waits.sink->heard.ends() == 0u);
  advance(endpoints.breaker_cooldown_ms);
  BOOST_TEST(text_of(waits) == "well again");
}

// Two hours, a stream each five seconds: once the circuit is open, each that
// finds it half open is its probe, and goes on with the fallback at once.
BOOST_FIXTURE_TEST_CASE(a_long_outage_costs_one_probe_a_cooldown, outage) {
  http->keep_records(false);
  std::size_t asked = 0;
  play(http_script{}
         .on({.url_contains = "chat.test"},
             [&](const http_request&, std::size_t) {
               ++asked;
               return down();
             })
         .on({.url_contains = "claude.test"}, other_words("fallback")));
  auto& w = open("w");
  constexpr std::size_t streams = 1'440;
  for (std::size_t i = 0; i < streams; ++i) {
    auto request = ask(w, first);
    request.fallback.push_back({second});
    start(w, std::move(request));
    advance(5s);
  }
  BOOST_TEST(w.sink->all<event::stream_end>().size() == streams);
  const auto probes =
    static_cast<std::size_t>(streams * 5s / endpoints.breaker_cooldown_ms);
  BOOST_TEST(asked <= endpoints.breaker_failures + probes);
  BOOST_TEST(asked > probes / 2);
  play(http_script{}.on({.url_contains = "chat.test"}, words("well again")));
  advance(endpoints.breaker_cooldown_ms);
  start(w, ask(w, first));
  advance(1s);
  BOOST_TEST(text_of(w) == "well again");
  for (const auto& at : health())
    BOOST_TEST(at.breaker == "closed");
}

BOOST_FIXTURE_TEST_CASE(backoffs_are_anything_below_a_ceiling_that_doubles,
                        outage) {
  options.restarts.max_attempts_per_model = 9;
  play(http_script{}.on(
    {.url_contains = "chat.test"},
    error_answer("openai-chat", 429, "rate_limit_error", "slow down")));
  constexpr std::size_t retries = 8;
  milliseconds least[retries], most[retries];
  std::fill(std::begin(least), std::end(least), 24h);
  std::fill(std::begin(most), std::end(most), -1ms);
  for (int i = 0; i < 100; ++i) {
    auto& w = begin("w" + std::to_string(i), false);
    advance(10min);
    const auto told = w.sink->all<event::attempt_retry>();
    BOOST_REQUIRE_EQUAL(told.size(), retries);
    for (std::size_t n = 0; n < retries; ++n) {
      least[n] = std::min(least[n], told[n].delay);
      most[n] = std::max(most[n], told[n].delay);
    }
  }
  milliseconds ceiling = 500ms;
  for (std::size_t n = 0; n < retries; ++n) {
    BOOST_TEST_CONTEXT("retry " << n + 1) {
      BOOST_TEST(least[n].count() >= 0);
      BOOST_TEST((most[n] <= ceiling));
      BOOST_TEST((least[n] < ceiling / 4), "it begins at nothing");
      BOOST_TEST((most[n] > ceiling * 3 / 4), "and uses all there is");
    }
    ceiling = std::min<milliseconds>(ceiling * 2, 30s);
  }
}

// SPEC §6.2: at most ten restarts in ten minutes, whatever else is allowed.
BOOST_FIXTURE_TEST_CASE(nothing_restarts_for_ever, outage) {
  options.restarts.max_attempts_per_model = 1'000'000;
  play(http_script{}.on(
    {.url_contains = "chat.test"},
    error_answer("openai-chat", 429, "rate_limit_error", "slow down")));
  auto& w = begin("w", false);
  advance(24h);
  const auto* failed = w.end<event::stream_error>();
  BOOST_REQUIRE(failed);
  BOOST_TEST((failed->why.code == errc::rate_limit));
  BOOST_TEST(failed->why.message.find("max_restarts") != std::string::npos);
  BOOST_TEST(requests_to("chat.test") == 11u);
}

// ---- what crashes -----------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_crash_of_one_provider_touches_no_other_stream,
                        outage) {
  http_answer slow =
    openai_chat_answer(scripted_turn{}.text("a b c d"), {.between = 1s});
  auto crashes = slow;
  crashes.body[2] = {std::string{crash_marker}, 1s, 1};
  play(http_script{}
         .on({.model_contains = "prime", .times = 1}, crashes)
         .on({.model_contains = "prime"}, slow));
  auto& hit = begin("hit", false);
  auto& other = begin("other", false);
  advance(1min);
  BOOST_TEST(text_of(other) == "a b c d");
  BOOST_REQUIRE(hit.end<event::stream_end>());
  const auto retries = hit.sink->all<event::attempt_retry>();
  BOOST_REQUIRE_EQUAL(retries.size(), 1u);
  BOOST_TEST((retries[0].error_class == errc::internal));
  // What it had made before it crashed stays, and its answer is new.
  BOOST_TEST(text_of(hit) == "aa b c d");
}

BOOST_FIXTURE_TEST_CASE(a_supervisors_crash_ends_its_streams_with_internal,
                        outage) {
  play(http_script{}.on({.model_contains = "prime"}, [](const http_request&,
                                                        std::size_t) {
    auto answer = openai_chat_answer(scripted_turn{}.text("kept").truncated());
    answer.ends = http_answer::ending::stall;
    return answer;
  }));
  auto& a = begin("a");
  auto& b = begin("b");
  BOOST_TEST(http->running() == 2u);
  end_supervisor(true);
  for (auto* w : {&a, &b}) {
    const auto* failed = w->end<event::stream_error>();
    BOOST_REQUIRE(failed);
    BOOST_TEST((failed->why.code == errc::internal));
    BOOST_TEST(failed->retryable);
    BOOST_REQUIRE(failed->usage_by_model.size() == 1u);
    BOOST_TEST(failed->usage_by_model.begin()->model == first);
    BOOST_TEST(text_of(*w) == "kept");
    BOOST_TEST(w->sink->violations.empty());
  }
  BOOST_TEST(http->running() == 0u, "the sockets of its attempts are closed");
  // Once per attempt, although nobody could report it.
  BOOST_TEST(store->used.size() == 2u);

  // The workspaces live on, with the fresh one.
  play(http_script{}.on({.model_contains = "prime"}, words("again")));
  start(a, ask(a, first));
  advance(1s);
  BOOST_REQUIRE(a.end<event::stream_end>());
  BOOST_TEST(text_of(a) == "again");
}

BOOST_FIXTURE_TEST_CASE(a_supervisors_crash_during_a_backoff_ends_it_too,
                        outage) {
  play(http_script{}.on({.model_contains = "prime"},
                        error_answer("openai-chat", 429, "rate_limit_error",
                                     "slow down", {{"retry-after", "30"}})));
  auto& w = begin("w", false);
  advance(1s);
  BOOST_TEST(w.sink->heard.ends() == 0u);
  end_supervisor(true);
  const auto* failed = w.end<event::stream_error>();
  BOOST_REQUIRE(failed);
  BOOST_TEST((failed->why.code == errc::internal));
  advance(1h);
  BOOST_TEST(w.sink->heard.ends() == 1u);
}

// ---- the whole chain --------------------------------------------------------

// SPEC §6.4: a model that cannot be started is a failed attempt, never skipped
// in silence, and named in the final error.
BOOST_FIXTURE_TEST_CASE(a_fallback_that_cannot_be_started_is_named, outage) {
  unresolved["chat2:nokey"] = error{errc::authentication, "set CHAT2_API_KEY"};
  unresolved["nowhere:model"] =
    error{errc::model_not_found, "no provider nowhere"};
  play(http_script{}.on(
    {.model_contains = "prime"},
    error_answer("openai-chat", 402, "billing_error", "no credit")));
  auto& w = open("w");
  auto request = ask(w, first);
  request.fallback.push_back({"chat2:nokey"});
  request.fallback.push_back({"nowhere:model"});
  start(w, std::move(request));
  advance(1s);
  const auto* failed = w.end<event::stream_error>();
  BOOST_REQUIRE(failed);
  BOOST_TEST((failed->why.code == errc::model_not_found));
  const std::vector<std::string> all{first, "chat2:nokey", "nowhere:model"};
  BOOST_TEST(failed->failed_models == all, boost::test_tools::per_element());
  for (const auto* part : {"chat:prime: quota", "chat2:nokey: authentication",
                           "nowhere:model: model_not_found"})
    BOOST_TEST(failed->why.message.find(part) != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_stream_deadline_bounds_all_its_attempts, outage) {
  options.stream_deadline_ms = 20s;
  play(http_script{}.on({.model_contains = "prime"},
                        error_answer("openai-chat", 429, "rate_limit_error",
                                     "slow down", {{"retry-after", "15"}})));
  auto& w = begin("w", false);
  advance(19'999ms);
  BOOST_TEST(w.sink->heard.ends() == 0u);
  advance(1ms);
  const auto* failed = w.end<event::stream_error>();
  BOOST_REQUIRE(failed);
  BOOST_TEST((failed->why.code == errc::timeout));
  BOOST_TEST(failed->why.message.find("stream_deadline_ms")
             != std::string::npos);
}

// Refused words stay shown, and no model is asked to go on with them.
BOOST_FIXTURE_TEST_CASE(the_words_of_a_refusal_are_not_sent_on, outage) {
  play(http_script{}
         .on({.model_contains = "prime"},
             openai_chat_answer(scripted_turn{}.refusal("Never will I.")))
         .on({.url_contains = "claude.test"}, other_words("Gladly.")));
  auto& w = begin("w");
  advance(1s);
  BOOST_REQUIRE(w.end<event::stream_end>());
  BOOST_TEST(text_of(w) == "Never will I.Gladly.");
  BOOST_REQUIRE_EQUAL(transfers().size(), 2u);
  BOOST_TEST(transfers()[1].request.body.find("Never") == std::string::npos);
}
