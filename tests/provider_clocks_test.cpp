// Goal: each of an attempt's five clocks fires in its time and by its name, and
// those that measure the provider stand still while we hold its socket (SPEC
// §6.5). Method: a real PROVIDER on virtual time and a scripted network.
#define BOOST_TEST_MODULE provider_clocks
#include <boost/test/unit_test.hpp>

#include "tests/support/provider_fixture.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto limit = 10s;

struct clocks_fixture : provider_fixture {
  clocks_fixture() { clocks = {0ms, 0ms, 0ms, 0ms, 0ms}; }

  /// The attempt lives until `limit` after now, and not a moment longer.
  void fires_after_the_limit(const std::string& option) {
    advance(limit - 1ms);
    BOOST_TEST(told->reports.empty());
    advance(1ms);
    BOOST_TEST(failure().starts_with("timeout: "));
    BOOST_TEST(failure().find(option) != std::string::npos, failure());
    BOOST_TEST(failure().find("10000 ms") != std::string::npos, failure());
    BOOST_TEST((transfer_end() != errc::none), "the socket is closed");
  }

  /// Its bytes fill the link, 4 KiB, and stay with whoever has their part.
  static body_piece filling(std::string_view chunk) {
    return {": " + std::string(5'000, '.') + "\n\ndata: " + std::string{chunk}
              + "\n\n",
            0ms, 1};
  }

  /// An answer of this one piece, which makes us hold the socket.
  void is_held_after(body_piece piece) {
    heard->keeps_bytes = true;
    http_answer answer;
    answer.headers = {{"content-type", "text/event-stream"}};
    answer.body = {std::move(piece)};
    answer.ends = http_answer::ending::stall;
    begin(std::move(answer));
    BOOST_TEST(link->paused());
  }

  /// We hold the socket for a day; then the whole limit is left.
  void stands_still_while_held(const std::string& option) {
    advance(24h);
    BOOST_TEST(told->reports.empty());
    heard->give_back();
    BOOST_TEST(!link->paused());
    advance(limit - 1ms);
    BOOST_TEST(told->reports.empty());
    // A clock that stands still is looked at each 100 ms only.
    advance(101ms);
    BOOST_TEST(failure().starts_with("timeout: " + option + ":"), failure());
  }
};

constexpr std::string_view token =
  R"({"id":"r","choices":[{"index":0,"delta":{"content":"Hi"}}]})";
constexpr std::string_view no_token =
  R"({"id":"r","model":"m","choices":[{"index":0,"delta":{"role":"assistant"}}]})";

http_answer with_pings(body_piece first) {
  http_answer answer;
  answer.headers = {{"content-type", "text/event-stream"}};
  answer.body = {std::move(first), {": ping\n\n", 1s, 1'000}};
  return answer;
}

body_piece sse(std::string_view chunk) {
  return {"data: " + std::string{chunk} + "\n\n", 0ms, 1};
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_connection_that_never_stands, clocks_fixture) {
  clocks.connect_timeout_ms = limit;
  http_answer answer;
  answer.connect_delay = http_answer::never;
  begin(answer);
  fires_after_the_limit("connect_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(a_connection_that_stands_has_no_connect_timeout,
                        clocks_fixture) {
  clocks.connect_timeout_ms = limit;
  http_answer answer;
  answer.head_delay = http_answer::never;
  begin(answer);
  advance(24h);
  BOOST_TEST(told->reports.empty());
}

BOOST_FIXTURE_TEST_CASE(no_byte_of_an_answer, clocks_fixture) {
  clocks.first_byte_timeout_ms = limit;
  http_answer answer;
  answer.head_delay = http_answer::never;
  begin(answer);
  fires_after_the_limit("first_byte_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(a_head_is_a_byte, clocks_fixture) {
  clocks.first_byte_timeout_ms = limit;
  http_answer answer;
  answer.headers = {{"content-type", "text/event-stream"}};
  answer.ends = http_answer::ending::stall;
  begin(answer);
  advance(24h);
  BOOST_TEST(told->reports.empty());
}

BOOST_FIXTURE_TEST_CASE(pings_are_no_first_token, clocks_fixture) {
  clocks.first_token_timeout_ms = limit;
  begin(with_pings(sse(no_token)));
  fires_after_the_limit("first_token_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(silence_after_bytes, clocks_fixture) {
  clocks.liveness_timeout_ms = limit;
  begin(stalled_answer("Hi"));
  fires_after_the_limit("liveness_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(pings_are_bytes, clocks_fixture) {
  clocks.liveness_timeout_ms = limit;
  begin(with_pings(sse(token)));
  advance(900s);
  BOOST_TEST(told->reports.empty());
}

BOOST_FIXTURE_TEST_CASE(pings_are_no_progress, clocks_fixture) {
  clocks.progress_timeout_ms = limit;
  begin(with_pings(sse(token)));
  fires_after_the_limit("progress_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(the_defaults_wait_as_long_as_the_contract_says,
                        clocks_fixture) {
  clocks = attempt_clocks{};
  begin(stalled_answer("Hi"));
  advance(359'999ms); // 304 s of silence was legitimate
  BOOST_TEST(told->reports.empty());
  advance(1ms);
  BOOST_TEST(failure().starts_with("timeout: liveness_timeout_ms:"));
}

// ---- held by us -------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(first_token_stands_still_while_we_hold_the_socket,
                        clocks_fixture) {
  clocks.first_token_timeout_ms = limit;
  is_held_after(filling(no_token));
  stands_still_while_held("first_token_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(liveness_stands_still_while_we_hold_the_socket,
                        clocks_fixture) {
  clocks.liveness_timeout_ms = limit;
  is_held_after(filling(token));
  stands_still_while_held("liveness_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(progress_stands_still_while_we_hold_the_socket,
                        clocks_fixture) {
  clocks.progress_timeout_ms = limit;
  is_held_after(filling(token));
  stands_still_while_held("progress_timeout_ms");
}

BOOST_FIXTURE_TEST_CASE(the_linger_stands_still_while_we_hold_the_socket,
                        clocks_fixture) {
  is_held_after(filling(
    R"({"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]})"));
  advance(24h);
  BOOST_TEST(told->reports.empty());
  heard->give_back();
  advance(999ms);
  BOOST_TEST(told->reports.empty());
  advance(101ms);
  BOOST_TEST(failure() == "");
  BOOST_TEST(report().finished.has_value());
}

// Nothing can be held before a byte of the body came: these two have passed by
// then, and do not come back.
BOOST_FIXTURE_TEST_CASE(the_first_two_are_over_when_a_socket_can_be_held,
                        clocks_fixture) {
  clocks.connect_timeout_ms = clocks.first_byte_timeout_ms = limit;
  is_held_after(filling(token));
  advance(24h);
  heard->give_back();
  advance(24h);
  BOOST_TEST(told->reports.empty());
}
