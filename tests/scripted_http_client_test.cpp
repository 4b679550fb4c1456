// Goal: the network in memory keeps the contract of a real one, to the
// millisecond and in the same order every time.
// Method: scripts on a virtual clock, told as stories of (time, call).
#define BOOST_TEST_MODULE scripted_http_client
#include <boost/test/unit_test.hpp>

#include "tests/support/scripted_network.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using testing::recording_listener;
using testing::virtual_clock;
using namespace penstock::testing;

BOOST_FIXTURE_TEST_CASE(an_answer_keeps_its_times, network_fixture) {
  play(two_pieces());
  start();
  BOOST_TEST(story == ""); // Nothing from inside `start`.
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 65:'b' 66:none");
  const auto r = record();
  BOOST_TEST(r.connected);
  BOOST_TEST(r.answered);
  BOOST_TEST(r.body_bytes == 2u);
  BOOST_TEST((r.ended->code == errc::none));
  BOOST_TEST((r.ended_at - r.started == 66ms));
  BOOST_TEST(client->running() == 0u);
  BOOST_TEST(time.pending() == 0u);
  BOOST_TEST((listener.use_count() == 1));
}

BOOST_FIXTURE_TEST_CASE(an_empty_answer_has_a_head_before_its_end,
                        network_fixture) {
  play(http_answer{});
  start();
  time.advance(0ms);
  BOOST_TEST(story == "0:connected 0:head 200 0:none");
}

BOOST_FIXTURE_TEST_CASE(header_names_are_in_lower_case, network_fixture) {
  http_answer answer;
  answer.headers = {{"Retry-After", "Soon"}};
  play(answer);
  const auto recording = std::make_shared<recording_listener>();
  client->start(post(), recording);
  time.advance(0ms);
  BOOST_TEST(*find_header(recording->copy().head->headers, "retry-after")
             == "Soon");
}

BOOST_FIXTURE_TEST_CASE(repeated_pieces_repeat_their_delay, network_fixture) {
  http_answer answer;
  answer.body = {{"x", 2ms, 3}, {"never", 1ms, 0}, {"y", 1ms, 1}};
  play(answer);
  start();
  time.advance(1h);
  BOOST_TEST(story == "0:connected 0:head 200 2:'x' 4:'x' 6:'x' 7:'y' 7:none");
}

BOOST_FIXTURE_TEST_CASE(faults_end_as_they_would_on_the_wire, network_fixture) {
  auto answer = two_pieces();
  answer.ends = http_answer::ending::reset;
  auto closed = two_pieces();
  closed.ends = http_answer::ending::closed;
  http_answer garbage;
  garbage.framed = http_answer::framing::raw;
  garbage.body = {{"SSH-2.0", 0ms, 1}};
  play(http_script{}.in_turn({answer, closed, garbage}));
  start();
  time.advance(1h);
  start();
  time.advance(1h);
  start();
  time.advance(1h);
  const auto records = client->records();
  for (const auto& r : records) {
    BOOST_TEST((r.ended->code == errc::network));
    BOOST_TEST((r.ended->message.find("api.example:80") == 0u));
  }
  BOOST_TEST(records[0].body_bytes == 2u);
  BOOST_TEST(!records[2].answered);
}

BOOST_FIXTURE_TEST_CASE(a_stall_lasts_until_cancel, network_fixture) {
  auto answer = two_pieces();
  answer.ends = http_answer::ending::stall;
  play(answer);
  const auto id = start();
  time.advance(std::chrono::hours{24 * 365});
  BOOST_TEST(client->running() == 1u);
  BOOST_TEST(!record().ended);
  client->cancel(id);
  time.advance(0ms);
  BOOST_TEST((record().ended->code == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(the_connect_timeout_is_named, network_fixture) {
  for (const auto delay : {http_answer::never, 101ms}) {
    http_answer answer;
    answer.connect_delay = delay;
    play(answer);
    story.clear();
    listener = std::make_shared<teller>(time, story);
    auto request = post();
    request.connect_timeout = 100ms;
    start(std::move(request));
    time.advance(1h);
    BOOST_TEST(story == "100:timeout");
    BOOST_TEST((record().ended->message.find("connect_timeout_ms (100 ms)")
                != std::string::npos));
  }
}

BOOST_FIXTURE_TEST_CASE(a_connection_in_time_is_no_timeout, network_fixture) {
  http_answer answer;
  answer.connect_delay = 100ms;
  answer.head_delay = 1h;
  play(answer);
  auto request = post();
  request.connect_timeout = 100ms;
  start(std::move(request));
  time.advance(2h);
  BOOST_TEST(story == "100:connected 3600100:head 200 3600100:none");
}

BOOST_FIXTURE_TEST_CASE(a_server_that_never_speaks_needs_a_cancel,
                        network_fixture) {
  http_answer answer;
  answer.head_delay = http_answer::never;
  play(answer);
  const auto id = start();
  time.advance(24h);
  client->cancel(id);
  time.advance(0ms);
  BOOST_TEST(story == "0:connected 86400000:aborted");
}

// ---- cancel -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(cancel_wins_at_every_moment, network_fixture) {
  for (const auto moment : {0ms, 4ms, 5ms, 14ms, 20ms, 40ms, 65ms}) {
    BOOST_TEST_CONTEXT(moment.count() << " ms") {
      play(two_pieces());
      story.clear();
      listener = std::make_shared<teller>(time, story);
      const auto id = start();
      time.advance(moment);
      const auto before = story;
      client->cancel(id);
      BOOST_TEST(story == before); // Nothing from inside `cancel`.
      client->cancel(id);
      client->resume(id);
      time.advance(1h);
      BOOST_TEST(story
                 == before + (before.empty() ? "" : " ")
                      + std::to_string(moment.count()) + ":aborted");
      BOOST_TEST(client->running() == 0u);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_cancel_from_any_call_lets_only_the_end_follow,
                        network_fixture) {
  const char* const want[] = {"5:connected 5:aborted",
                              "5:connected 15:head 200 15:aborted",
                              "5:connected 15:head 200 35:'a' 35:aborted"};
  for (int calls = 1; calls <= 3; ++calls) {
    play(two_pieces());
    story.clear();
    listener = std::make_shared<teller>(time, story);
    transfer_id id{};
    int left = calls;
    listener->on_every_call = [&] {
      if (--left == 0)
        client->cancel(id);
    };
    id = start();
    time.advance(1h);
    BOOST_TEST(story == want[calls - 1]);
    listener->on_every_call = {};
  }
}
