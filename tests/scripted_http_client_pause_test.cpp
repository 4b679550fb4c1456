// Goal: pauses, records and the end of the scripted client are those of the
// real one. Method: scripts on a clock that is moved by hand.
#define BOOST_TEST_MODULE scripted_http_client_pause
#include <boost/test/unit_test.hpp>

#include "tests/support/scripted_network.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using testing::recording_listener;
using testing::virtual_clock;
using namespace penstock::testing;
// ---- pause ------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_pause_holds_until_resume, network_fixture) {
  play(two_pieces());
  listener->on_bytes = [](auto bytes) { return bytes != "a"; };
  const auto id = start();
  time.advance(10'000ms);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a'");
  client->resume(id);
  client->resume(id);
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 10000:'b' 10000:none");
  BOOST_TEST(record().pauses == 1u);
  BOOST_TEST(record().resumes == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_short_pause_changes_no_time, network_fixture) {
  play(two_pieces());
  listener->on_bytes = [](auto bytes) { return bytes != "a"; };
  const auto id = start();
  time.advance(36ms);
  client->resume(id);
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 65:'b' 66:none");
}

BOOST_FIXTURE_TEST_CASE(a_resume_inside_the_pausing_call_is_not_lost,
                        network_fixture) {
  play(two_pieces());
  transfer_id id{};
  listener->on_bytes = [&](auto) {
    client->resume(id);
    return false;
  };
  id = start();
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 65:'b' 66:none");
}

BOOST_FIXTURE_TEST_CASE(a_paused_transfer_can_be_cancelled, network_fixture) {
  play(two_pieces());
  listener->on_bytes = [](auto) { return false; };
  const auto id = start();
  time.advance(1h);
  client->cancel(id);
  time.advance(0ms);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 3600000:aborted");
}

// ---- requests ---------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_bad_request_ends_as_invalid, network_fixture) {
  play(two_pieces());
  start(post("ftp://x/"));
  BOOST_TEST(story == "");
  time.advance(0ms);
  BOOST_TEST(story == "0:invalid_request");
}

BOOST_FIXTURE_TEST_CASE(requests_are_recorded_as_they_came, network_fixture) {
  play(http_answer{});
  auto request = post(url, "{\"model\":\"m\"}");
  request.headers = {{"authorization", "Bearer k"}};
  start(std::move(request));
  const auto r = record();
  BOOST_TEST(r.request.url == url);
  BOOST_TEST(r.request.body == "{\"model\":\"m\"}");
  BOOST_TEST(*find_header(r.request.headers, "authorization") == "Bearer k");
}

BOOST_FIXTURE_TEST_CASE(without_records_nothing_is_kept, network_fixture) {
  play(http_answer{});
  client->keep_records(false);
  for (int i = 0; i < 10; ++i)
    start();
  BOOST_TEST(client->records().size() == 10u); // They run.
  time.advance(0ms);
  BOOST_TEST(client->records().empty());
}

BOOST_FIXTURE_TEST_CASE(two_transfers_interleave_the_same_way_every_time,
                        network_fixture) {
  std::string first;
  for (int round = 0; round < 5; ++round) {
    play(two_pieces());
    story.clear();
    listener = std::make_shared<teller>(time, story);
    start();
    start();
    time.advance(1h);
    if (round == 0)
      first = story;
    BOOST_TEST(story == first);
  }
}

// ---- the end of the client --------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_destructor_aborts_what_runs, network_fixture) {
  play(two_pieces());
  start();
  time.advance(20ms);
  client.reset();
  BOOST_TEST(story == "5:connected 15:head 200 20:aborted");
  time.advance(1h); // A deadline that was left behind would fire here.
  BOOST_TEST(story == "5:connected 15:head 200 20:aborted");
}

BOOST_AUTO_TEST_CASE(works_on_the_real_clock_from_many_threads) {
  const auto time = std::move(make_system_clock().value());
  http_script script;
  script.on({.url_contains = "/stall"}, [](auto&, auto) {
    http_answer answer;
    answer.ends = http_answer::ending::stall;
    return answer;
  });
  script.on({}, recorded_answer("hello world", 2, 1ms));
  std::vector<std::shared_ptr<recording_listener>> listeners(200);
  {
    scripted_http_client client{*time, std::move(script)};
    std::vector<std::thread> crowd;
    for (unsigned t = 0; t < 4; ++t)
      crowd.emplace_back([&, t] {
        for (auto i = t; i < listeners.size(); i += 4) {
          listeners[i] = std::make_shared<recording_listener>(
            [i](auto& h) { return i % 3 == 0 && h.pieces == 1; });
          const auto id = client.start(
            post(i % 5 ? url : "http://api.example/stall"), listeners[i]);
          if (i % 5 == 0 && i % 2)
            client.cancel(id);
          if (i % 3 == 0) {
            if (i % 5) // With its first piece it has paused itself.
              listeners[i]->wait_until([](auto& h) { return h.pieces > 0; });
            client.resume(id);
          }
        }
      });
    for (auto& thread : crowd)
      thread.join();
    for (unsigned i = 0; i < listeners.size(); ++i)
      if (i % 5) {
        BOOST_REQUIRE(listeners[i]->wait_for_end());
        BOOST_TEST(listeners[i]->copy().body == "hello world");
      }
  }
  for (const auto& listener : listeners)
    BOOST_TEST(listener->copy().ends == 1u);
}
