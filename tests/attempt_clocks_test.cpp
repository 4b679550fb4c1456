// Goal: each of the five clocks fires at its time, under its own name, and at
// no other. Method: times by hand, and a random sweep against the definition.
#define BOOST_TEST_MODULE attempt_clocks
#include <boost/test/unit_test.hpp>

#include "actors/attempt_clocks.hpp"

#include <random>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

constexpr steady_time t0{100h};

std::string alarm(const attempt_times& times, const attempt_clocks& c = {}) {
  const auto next = next_alarm(c, times);
  if (!next)
    return "none";
  const auto after = std::chrono::ceil<milliseconds>(next->when - t0);
  return std::string{next->option} + "@" + std::to_string(after.count());
}

} // namespace

BOOST_AUTO_TEST_CASE(before_the_connection_its_own_clock_runs) {
  BOOST_TEST(alarm({t0, false, {}, {}}) == "connect_timeout_ms@10000");
}

BOOST_AUTO_TEST_CASE(the_first_byte_is_counted_from_the_request) {
  BOOST_TEST(alarm({t0, true, {}, {}}) == "first_byte_timeout_ms@120000");
}

BOOST_AUTO_TEST_CASE(the_first_token_is_counted_from_the_request) {
  // Pings keep the attempt alive, but are no token.
  BOOST_TEST(alarm({t0, true, t0 + 500s, {}})
             == "first_token_timeout_ms@600000");
}

BOOST_AUTO_TEST_CASE(any_byte_counts_for_liveness) {
  BOOST_TEST(alarm({t0, true, t0 + 1s, {}}) == "liveness_timeout_ms@361000");
}

BOOST_AUTO_TEST_CASE(only_tokens_count_for_progress) {
  BOOST_TEST(alarm({t0, true, t0 + 1500s, t0 + 1000s})
             == "progress_timeout_ms@1600000");
}

BOOST_AUTO_TEST_CASE(a_silence_that_was_seen_in_the_wild_is_legitimate) {
  const auto next = next_alarm({}, {t0, true, t0, t0});
  BOOST_REQUIRE(next);
  BOOST_TEST((next->when - t0 > 304s));
}

BOOST_AUTO_TEST_CASE(zero_switches_a_clock_off) {
  attempt_clocks c;
  c.connect_timeout_ms = c.first_byte_timeout_ms = 0ms;
  BOOST_TEST(alarm({t0, false, {}, {}}, c) == "first_token_timeout_ms@600000");
  c.first_token_timeout_ms = 0ms;
  BOOST_TEST(alarm({t0, false, {}, {}}, c) == "none");
  c.liveness_timeout_ms = c.progress_timeout_ms = 0ms;
  BOOST_TEST(alarm({t0, true, t0, t0}, c) == "none");
  c.liveness_timeout_ms = -1ms;
  BOOST_TEST(alarm({t0, true, t0, t0}, c) == "none");
}

BOOST_AUTO_TEST_CASE(an_endless_limit_is_no_overflow) {
  attempt_clocks c;
  c.connect_timeout_ms = milliseconds::max();
  c.first_byte_timeout_ms = c.first_token_timeout_ms = 0ms;
  const auto next = next_alarm(c, {t0, false, {}, {}});
  BOOST_REQUIRE(next);
  BOOST_TEST((next->when > t0 + 24h));
}

BOOST_AUTO_TEST_CASE(each_message_begins_with_the_options_name) {
  for (const auto option :
       {"connect_timeout_ms", "first_byte_timeout_ms", "first_token_timeout_ms",
        "liveness_timeout_ms", "progress_timeout_ms"}) {
    const auto text = describe({t0, option, 1234ms});
    BOOST_TEST(text.starts_with(option));
    BOOST_TEST(text.find("1234 ms") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(the_earliest_of_those_that_run_wins) {
  std::mt19937 random{11};
  const auto some = [&](int n) { return milliseconds(random() % n); };
  for (int i = 0; i < 20'000; ++i) {
    const attempt_clocks c{some(50), some(50), some(50), some(50), some(50)};
    attempt_times t{t0, random() % 2 == 0, {}, {}};
    if (random() % 2)
      t.last_byte = t0 + some(100);
    if (t.last_byte && random() % 2)
      t.last_progress = t0 + some(100);
    auto earliest = steady_time::max();
    const auto run = [&](bool runs, steady_time since, milliseconds limit) {
      if (runs && limit > 0ms)
        earliest = std::min<steady_time>(earliest, since + limit);
    };
    run(!t.connected, t0, c.connect_timeout_ms);
    run(!t.last_byte, t0, c.first_byte_timeout_ms);
    run(!t.last_progress, t0, c.first_token_timeout_ms);
    run(!!t.last_byte, t.last_byte.value_or(t0), c.liveness_timeout_ms);
    run(!!t.last_progress, t.last_progress.value_or(t0), c.progress_timeout_ms);
    const auto next = next_alarm(c, t);
    BOOST_REQUIRE(next.has_value() == (earliest != steady_time::max()));
    if (next)
      BOOST_REQUIRE((next->when == earliest));
  }
}
