// Goal: a cancelled transfer's socket closes at once, in every phase; a paused
// one takes no more bytes; the last word is said exactly once, whoever calls
// when.
// Method: the server's log says when it saw the close and what it sent.
#define BOOST_TEST_MODULE curl_http_client_cancel
#include <boost/test/unit_test.hpp>

#include "tests/support/curl_streams.hpp"

#include <future>
#include <mutex>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using loopback::server_log;
using testing::heard;
using testing::recording_listener;
using namespace penstock::testing;

// ---- cancel -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(cancel_closes_an_idle_stream, stream_fixture) {
  serve(hung_in_the_body());
  const auto [id, listener] = start();
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces > 0; }));
  cancel_and_check(id, *listener);
  BOOST_TEST(server->log().answers[0].cut_by_peer.has_value());
}

BOOST_FIXTURE_TEST_CASE(cancel_closes_a_busy_stream, stream_fixture) {
  serve(endless(64u << 10, 0ms));
  const auto [id, listener] = start();
  BOOST_REQUIRE(
    listener->wait_until([](auto& h) { return h.body.size() > 4u << 20; }));
  cancel_and_check(id, *listener);
}

BOOST_FIXTURE_TEST_CASE(cancel_closes_a_stream_hung_before_its_head,
                        stream_fixture) {
  serve(hung_before_the_head());
  const auto [id, listener] = start();
  BOOST_REQUIRE(server->wait_until(
    [](auto& log) { return log.answers.size() == 1; }, patience));
  cancel_and_check(id, *listener);
}

BOOST_FIXTURE_TEST_CASE(cancel_closes_a_paused_stream, stream_fixture) {
  serve(endless(64u << 10, 0ms));
  const auto listener =
    std::make_shared<recording_listener>([](auto&) { return true; });
  const auto id = start(listener);
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces > 0; }));
  sent_at_rest();
  cancel_and_check(id, *listener);
}

BOOST_FIXTURE_TEST_CASE(cancel_is_not_held_up_by_busy_neighbours,
                        stream_fixture) {
  serve({});
  server->change_script([](auto& script) {
    script = http_script{};
    script.on({.url_contains = "/idle"}, hung_in_the_body());
    script.on({}, endless(64u << 10, 0ms));
  });
  // Drops what it gets, so that 16 streams at full speed need no memory, and
  // tells once that it has come.
  struct sink : http_listener {
    void on_response(http_response_head) override {}
    bool on_body(std::string_view) override {
      std::call_once(told, [this] { busy.set_value(); });
      return true;
    }
    void on_end(error) override {}
    std::once_flag told;
    std::promise<void> busy;
  };
  const auto listener = std::make_shared<recording_listener>();
  const auto id = client->start(post(server->url("/idle")), listener);
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces > 0; }));
  const auto neighbours = std::make_shared<sink>();
  for (int i = 0; i < 16; ++i)
    client->start(post(server->url("/busy")), neighbours);
  neighbours->busy.get_future().wait(); // For one at least.
  const auto called = std::chrono::steady_clock::now();
  client->cancel(id);
  BOOST_REQUIRE(listener->wait_for_end());
  const auto took = std::chrono::steady_clock::now() - called;
  BOOST_TEST((took < close_limit));
}

BOOST_AUTO_TEST_CASE(cancel_ends_a_transfer_that_does_not_connect) {
  const full_listener server;
  const auto client = std::move(make_curl_http_client().value());
  const auto listener = std::make_shared<recording_listener>();
  const auto id = client->start(post(server.url()), listener);
  const auto called = std::chrono::steady_clock::now();
  client->cancel(id);
  BOOST_REQUIRE(listener->wait_for_end());
  BOOST_TEST((std::chrono::steady_clock::now() - called < close_limit));
  BOOST_TEST((listener->copy().calls == std::vector<std::string>{"end"}));
  BOOST_TEST((listener->copy().ended->code == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(cancel_at_once_ends_before_it_begins, stream_fixture) {
  serve({});
  for (int i = 0; i < 200; ++i) {
    const auto [id, listener] = start();
    client->cancel(id);
    BOOST_REQUIRE(listener->wait_for_end());
    const auto got = listener->copy();
    BOOST_TEST(got.ends == 1u);
    BOOST_TEST(
      (got.ended->code == errc::aborted || got.ended->code == errc::none));
  }
}

BOOST_FIXTURE_TEST_CASE(cancelling_twice_or_too_late_does_nothing,
                        stream_fixture) {
  serve(http_answer{});
  const auto [id, listener] = start();
  BOOST_REQUIRE(listener->wait_for_end());
  client->cancel(id);
  client->cancel(id);
  client->resume(id);
  client->cancel(transfer_id{});
  client->cancel(transfer_id{12345});
  const auto [next, other] = start(); // Commands are taken in order.
  BOOST_REQUIRE(other->wait_for_end());
  BOOST_TEST(listener->copy().ends == 1u);
  BOOST_TEST((listener->copy().ended->code == errc::none));
}

BOOST_FIXTURE_TEST_CASE(a_listener_may_cancel_its_own_transfer,
                        stream_fixture) {
  serve(endless(1024, 0ms));
  std::promise<transfer_id> started;
  auto id = started.get_future().share();
  const auto listener = std::make_shared<recording_listener>(
    recording_listener::pause_rule{}, [&, id] { client->cancel(id.get()); });
  started.set_value(start(listener));
  BOOST_REQUIRE(listener->wait_for_end());
  BOOST_TEST((listener->copy().ended->code == errc::aborted));
  BOOST_TEST(listener->copy().ends == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_listener_may_start_the_next_transfer,
                        stream_fixture) {
  serve(http_answer{});
  struct chain : http_listener {
    http_client& client;
    std::string url;
    std::atomic<int>& left;
    std::promise<void>& done;
    chain(http_client& c, std::string u, std::atomic<int>& n,
          std::promise<void>& d)
      : client(c), url(std::move(u)), left(n), done(d) {}
    void on_response(http_response_head) override {}
    bool on_body(std::string_view) override { return true; }
    void on_end(error) override {
      if (--left == 0)
        done.set_value();
      else
        client.start(post(url),
                     std::make_shared<chain>(client, url, left, done));
    }
  };
  std::atomic<int> left{50};
  std::promise<void> done;
  client->start(post(server->url()),
                std::make_shared<chain>(*client, server->url(), left, done));
  BOOST_TEST(
    (done.get_future().wait_for(patience) == std::future_status::ready));
}
