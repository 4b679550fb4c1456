// Goal: a pause stops the bytes and loses none, a connection that does not
// stand in time is a timeout, and a client that goes ends all it has. Method:
// the real client against the loopback server.
#define BOOST_TEST_MODULE curl_http_client_pause
#include <boost/test/unit_test.hpp>

#include "tests/support/curl_streams.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using loopback::server_log;
using testing::heard;
using testing::recording_listener;
using namespace penstock::testing;
// ---- pause ------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_pause_stops_the_bytes_until_resume, stream_fixture) {
  constexpr std::size_t total = 64u << 20;
  http_answer answer;
  answer.body = {{std::string(64u << 10, 'x'), 0ms, total / (64u << 10)}};
  serve(std::move(answer), 64 << 10);
  std::atomic<bool> stop{true};
  const auto listener =
    std::make_shared<recording_listener>([&](auto&) { return stop.load(); });
  const auto id = start(listener);
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces == 1; }));
  const auto sent = sent_at_rest();
  BOOST_TEST(sent < total / 2); // What the kernel's buffers hold.
  BOOST_TEST(listener->copy().pieces == 1u);
  BOOST_TEST(listener->copy().ends == 0u);

  client->resume(id); // One more piece, and it pauses again.
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces >= 2; }));
  sent_at_rest();
  BOOST_TEST(listener->copy().pieces == 2u);

  stop = false;
  client->resume(id);
  BOOST_REQUIRE(listener->wait_for_end());
  const auto got = listener->copy();
  BOOST_TEST((got.ended->code == errc::none));
  BOOST_TEST(got.body.size() == total);
}

BOOST_FIXTURE_TEST_CASE(bytes_survive_any_rhythm_of_pauses_in_order,
                        stream_fixture) {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += std::to_string(i) + ' ';
  serve(recorded_answer(text, 10'000));
  transfer_id id{};
  std::promise<transfer_id> started;
  auto when_started = started.get_future().share();
  // Every piece pauses, and resumes from inside the call.
  const auto listener = std::make_shared<recording_listener>(
    [](auto&) { return true; },
    [&, when_started] { client->resume(when_started.get()); });
  id = start(listener);
  started.set_value(id);
  BOOST_REQUIRE(listener->wait_for_end());
  BOOST_TEST((listener->copy().body == text));
}

BOOST_FIXTURE_TEST_CASE(a_resume_without_a_pause_does_nothing, stream_fixture) {
  serve(recorded_answer(std::string(100'000, 'x'), 1'000, 1ms));
  const auto [id, listener] = start();
  for (int i = 0; i < 100; ++i)
    client->resume(id);
  BOOST_REQUIRE(listener->wait_for_end());
  BOOST_TEST(listener->copy().body.size() == 100'000u);
}

// ---- time -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_connection_that_does_not_stand_in_time_is_a_timeout) {
  const full_listener server;
  const auto client = std::move(make_curl_http_client().value());
  auto request = post(server.url());
  request.connect_timeout = 150ms;
  const auto listener = std::make_shared<recording_listener>();
  const auto begin = std::chrono::steady_clock::now();
  client->start(std::move(request), listener);
  BOOST_REQUIRE(listener->wait_for_end());
  const auto took = std::chrono::steady_clock::now() - begin;
  const auto got = listener->copy();
  BOOST_TEST((got.calls == std::vector<std::string>{"end"}));
  BOOST_TEST((got.ended->code == errc::timeout));
  BOOST_TEST(got.ended->message.find("connect_timeout_ms (150 ms)")
             != std::string::npos);
  BOOST_TEST((took >= 140ms));
  BOOST_TEST((took < 5s));
}

BOOST_FIXTURE_TEST_CASE(the_connect_timeout_ends_with_the_connection,
                        stream_fixture) {
  auto slow = hung_in_the_body();
  slow.head_delay = 400ms;
  slow.ends = http_answer::ending::complete;
  serve(slow);
  auto request = post(server->url());
  request.connect_timeout = 100ms;
  const auto listener = std::make_shared<recording_listener>();
  client->start(std::move(request), listener);
  BOOST_REQUIRE(listener->wait_for_end());
  BOOST_TEST((listener->copy().ended->code == errc::none));
}

// ---- the end of the client --------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_destructor_aborts_what_runs, stream_fixture) {
  serve({});
  server->change_script([](auto& script) {
    script = http_script{};
    script.on({.times = 10}, hung_before_the_head());
    script.on({.times = 10}, hung_in_the_body());
    script.on({}, endless(64u << 10, 0ms));
  });
  const full_listener nowhere;
  std::vector<std::shared_ptr<recording_listener>> listeners;
  for (int i = 0; i < 40; ++i) {
    listeners.push_back(
      std::make_shared<recording_listener>([i](auto&) { return i % 2 == 0; }));
    client->start(post(i < 35 ? server->url() : nowhere.url()),
                  listeners.back());
  }
  BOOST_REQUIRE(server->wait_until(
    [](auto& log) { return log.answers.size() == 35; }, patience));
  const auto begin = std::chrono::steady_clock::now();
  client.reset();
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 2s));
  for (const auto& listener : listeners) {
    BOOST_TEST(listener->copy().ends == 1u);
    BOOST_TEST((listener->copy().ended->code == errc::aborted));
    BOOST_TEST(listener.use_count() == 1);
  }
  BOOST_TEST(server->wait_until(
    [](auto& log) { return log.open_connections() == 0; }, patience));
}

BOOST_FIXTURE_TEST_CASE(the_destructor_ends_what_has_not_begun,
                        stream_fixture) {
  serve(http_answer{});
  for (int round = 0; round < 50; ++round) {
    const auto [id, listener] = start();
    client = std::move(make_curl_http_client().value());
    BOOST_TEST(listener->copy().ends == 1u);
  }
}
