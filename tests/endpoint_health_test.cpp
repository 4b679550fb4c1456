// Goal: SPEC §6.6: breaker, cooldown, concurrency, and no herd on a cold
// endpoint. Method: times by hand, and a random day against the invariants.
#define BOOST_TEST_MODULE endpoint_health
#include <boost/test/unit_test.hpp>

#include "actors/endpoint_health.hpp"
#include "tests/support/printed.hpp"

#include <map>
#include <random>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using kind = endpoint_health::admission::kind;
using breaker = endpoint_health::breaker;

namespace {

error of(errc code) {
  return {code, "x"};
}

struct fixture {
  endpoint_options options;
  std::optional<endpoint_health> health_;
  steady_time now{100h};

  endpoint_health& health() {
    return health_ ? *health_ : health_.emplace(options);
  }
  auto ask() { return health().ask(now).what; }
  auto state() { return health().state(now); }
  endpoint_health::ticket start() {
    BOOST_REQUIRE(ask() == kind::granted);
    return health().start(now);
  }
  void end(const endpoint_health::ticket& t, errc code) {
    const auto why = of(code);
    health().end(t, code == errc::none ? nullptr : &why, false, now);
  }
  void attempt(errc code) { end(start(), code); }
  void trip() {
    for (int i = 0; i < 5; ++i)
      attempt(errc::server_error);
    BOOST_REQUIRE(state() == breaker::open);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(s, fixture)

BOOST_AUTO_TEST_CASE(five_failures_open_the_circuit) {
  for (int i = 0; i < 4; ++i)
    attempt(errc::server_error);
  BOOST_TEST(state() == breaker::closed);
  attempt(errc::network);
  BOOST_TEST(state() == breaker::open);
  BOOST_TEST(ask() == kind::open);
  BOOST_TEST((health().ask(now).until == now + 10s));
}

BOOST_AUTO_TEST_CASE(failures_that_are_less_than_half_do_not) {
  for (int i = 0; i < 6; ++i)
    attempt(errc::none);
  for (int i = 0; i < 5; ++i)
    attempt(errc::server_error);
  BOOST_TEST(state() == breaker::closed); // 5 of 11
  attempt(errc::server_error);
  BOOST_TEST(state() == breaker::open); // 6 of 12
}

BOOST_AUTO_TEST_CASE(failures_outside_of_the_window_do_not_count) {
  for (int i = 0; i < 4; ++i)
    attempt(errc::server_error);
  now += 29'999ms;
  BOOST_TEST(health().failures_in_window(now) == 4u);
  now += 1ms;
  BOOST_TEST(health().failures_in_window(now) == 0u);
  attempt(errc::server_error);
  BOOST_TEST(state() == breaker::closed);
}

BOOST_AUTO_TEST_CASE(only_the_endpoints_own_failures_count) {
  for (std::size_t i = 0; i < errc_count; ++i) {
    const auto code = static_cast<errc>(i);
    const bool expected = code == errc::overloaded || code == errc::network
                          || code == errc::timeout
                          || code == errc::server_error;
    BOOST_TEST(counts_against_endpoint(code) == expected);
    fixture f;
    for (int n = 0; n < 20 && f.state() == breaker::closed; ++n)
      f.attempt(code);
    BOOST_TEST((f.state() == breaker::open) == expected);
  }
}

BOOST_AUTO_TEST_CASE(after_the_cooldown_one_probe_goes_through) {
  trip();
  now += 9'999ms;
  BOOST_TEST(ask() == kind::open);
  now += 1ms;
  BOOST_TEST(state() == breaker::half_open);
  const auto probe = start();
  BOOST_TEST(probe.probe);
  BOOST_TEST(ask() == kind::probing);
  end(probe, errc::none);
  BOOST_TEST(state() == breaker::closed);
  BOOST_TEST(ask() == kind::granted);
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_answered_closes_before_it_ends) {
  trip();
  now += 10s;
  auto probe = start();
  health().answered(probe, now);
  BOOST_TEST(state() == breaker::closed);
  BOOST_TEST(ask() == kind::granted);
  end(probe, errc::server_error); // one failure of many now
  BOOST_TEST(state() == breaker::closed);
}

BOOST_AUTO_TEST_CASE(a_probe_that_fails_opens_again_for_the_whole_cooldown) {
  trip();
  now += 10s;
  const auto probe = start();
  now += 3s;
  end(probe, errc::timeout);
  BOOST_TEST(state() == breaker::open);
  BOOST_TEST((health().open_until(now) == now + 10s));
}

BOOST_AUTO_TEST_CASE(a_probe_that_was_cancelled_or_crashed_leaves_its_place) {
  trip();
  now += 10s;
  health().end(start(), nullptr, true, now);
  BOOST_TEST(state() == breaker::half_open);
  end(start(), errc::internal);
  BOOST_TEST(state() == breaker::half_open);
  BOOST_TEST(start().probe);
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_refused_the_key_proves_that_it_lives) {
  trip();
  now += 10s;
  attempt(errc::authentication);
  BOOST_TEST(state() == breaker::closed);
}

BOOST_AUTO_TEST_CASE(attempts_of_before_do_not_speak_for_the_probe) {
  std::vector<endpoint_health::ticket> old;
  auto answered_once = start();
  health().answered(answered_once, now);
  for (int i = 0; i < 3; ++i)
    old.push_back(start());
  trip();
  now += 10s;
  const auto probe = start();
  end(old[0], errc::server_error);
  BOOST_TEST(state() == breaker::half_open);
  end(old[1], errc::none);
  BOOST_TEST(state() == breaker::half_open);
  health().end(old[2], nullptr, true, now);
  end(answered_once, errc::none);
  BOOST_TEST(ask() == kind::probing);
  end(probe, errc::none);
  BOOST_TEST(state() == breaker::closed);
}

BOOST_AUTO_TEST_CASE(the_probe_of_before_does_not_speak_for_the_new_one) {
  trip();
  now += 10s;
  auto first = start();
  health().answered(first, now);
  trip();
  now += 10s;
  const auto second = start();
  end(first, errc::none);
  BOOST_TEST(ask() == kind::probing);
  end(second, errc::none);
}

BOOST_AUTO_TEST_CASE(a_hint_with_a_rate_limit_cools_the_endpoint_down) {
  auto why = of(errc::rate_limit);
  why.retry_after = 20s;
  health().end(start(), &why, false, now);
  BOOST_TEST(ask() == kind::cooling);
  BOOST_TEST((health().ask(now).until == now + 20s));
  BOOST_TEST((health().cooldown_left(now) == 20s));
  BOOST_TEST(state() == breaker::closed);
  now += 19'999ms;
  BOOST_TEST(ask() == kind::cooling);
  now += 1ms;
  BOOST_TEST(ask() == kind::granted);
}

BOOST_AUTO_TEST_CASE(a_shorter_hint_does_not_shorten_the_cooldown) {
  const auto first = start(), second = start();
  auto why = of(errc::rate_limit);
  why.retry_after = 20s;
  health().end(first, &why, false, now);
  why.retry_after = 1s;
  health().end(second, &why, false, now);
  BOOST_TEST((health().cooldown_left(now) == 20s));
}

BOOST_AUTO_TEST_CASE(no_hint_no_cooldown) {
  attempt(errc::rate_limit);
  BOOST_TEST(ask() == kind::granted);
}

BOOST_AUTO_TEST_CASE(one_wrong_hint_does_not_close_the_endpoint_for_days) {
  auto why = of(errc::rate_limit);
  why.retry_after = 24h * 365;
  health().end(start(), &why, false, now);
  BOOST_TEST((health().cooldown_left(now) == 10min));
}

BOOST_AUTO_TEST_CASE(concurrency_is_limited) {
  options.max_concurrent_attempts = 2;
  const auto first = start(), second = start();
  BOOST_TEST(ask() == kind::full);
  end(first, errc::none);
  BOOST_TEST(ask() == kind::granted);
  end(second, errc::none);
  BOOST_TEST(health().running() == 0u);
}

BOOST_AUTO_TEST_CASE(a_cold_endpoint_gets_as_many_as_open_its_circuit) {
  std::vector<endpoint_health::ticket> first;
  for (int i = 0; i < 5; ++i)
    first.push_back(start());
  BOOST_TEST(ask() == kind::cold);
  BOOST_TEST((health().ask(now).until == now + 250ms));
  health().answered(first[2], now);
  BOOST_TEST(ask() == kind::granted);
}

BOOST_AUTO_TEST_CASE(nobody_waits_long_for_a_cold_endpoint) {
  for (int i = 0; i < 5; ++i)
    (void)start();
  now += 250ms;
  for (int i = 0; i < 1000; ++i)
    (void)start();
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_an_endpoint_that_answers) {
  attempt(errc::none);
  for (int i = 0; i < 1000; ++i)
    (void)start();
}

BOOST_AUTO_TEST_CASE(nobody_waits_if_the_host_says_so) {
  options.cold_start_hold_ms = 0ms;
  for (int i = 0; i < 1000; ++i)
    (void)start();
}

BOOST_AUTO_TEST_CASE(a_random_week_keeps_the_invariants) {
  std::mt19937_64 random{99};
  const auto chance = [&](int n) { return random() % n == 0; };
  options.max_concurrent_attempts = 7;
  std::vector<endpoint_health::ticket> running;
  const auto begin = now;
  bool up = true;
  std::map<breaker, int> seen;
  while (now < begin + 24h * 7) {
    now += milliseconds(random() % 20'000);
    if (chance(200))
      up = !up;
    ++seen[state()];
    BOOST_REQUIRE(health().running() == running.size());
    const auto a = health().ask(now);
    if (a.granted()) {
      const bool half = state() == breaker::half_open;
      running.push_back(health().start(now));
      BOOST_REQUIRE(running.back().probe == half);
      BOOST_REQUIRE(running.size() <= 7u);
    }
    if (a.what == kind::open || a.what == kind::cooling)
      BOOST_REQUIRE((a.until > now && a.until <= now + 10min));
    const auto probes =
      std::count_if(running.begin(), running.end(),
                    [](auto& t) { return t.probe && !t.answered; });
    BOOST_REQUIRE((a.what != kind::probing || probes > 0));
    if (running.empty() || chance(3))
      continue;
    const auto who = random() % running.size();
    auto t = running[who];
    running.erase(running.begin() + static_cast<std::ptrdiff_t>(who));
    auto why = of(chance(2) ? errc::overloaded : errc::network);
    if (chance(3))
      why.retry_after = milliseconds(random() % 100'000'000);
    if (up && chance(2))
      health().answered(t, now);
    health().end(t, up ? nullptr : &why, chance(10), now);
  }
  BOOST_TEST(seen[breaker::closed] > 100);
  BOOST_TEST(seen[breaker::open] > 100);
  BOOST_TEST(seen[breaker::half_open] > 100);
}

BOOST_AUTO_TEST_SUITE_END()
