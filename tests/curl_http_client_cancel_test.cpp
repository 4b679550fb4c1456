// Goal: a cancelled transfer's socket closes at once, in every phase; a paused
// one takes no more bytes; the last word is said exactly once, whoever calls
// when.
// Method: the server's log says when it saw the close and what it sent.
#define BOOST_TEST_MODULE curl_http_client_cancel
#include <boost/test/unit_test.hpp>

#include "providers/curl_http_client.hpp"
#include "providers/scripted_answers.hpp"
#include "tests/support/recording_listener.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using loopback::server_log;
using testing::heard;
using testing::recording_listener;

namespace {

constexpr auto patience = 20s;
/// SPEC §4: what the provider sees of an abort.
constexpr auto close_limit = 100ms;

http_request post(std::string url) {
  http_request request;
  request.url = std::move(url);
  request.body = "{}";
  return request;
}

http_answer endless(std::size_t piece_bytes, std::chrono::milliseconds pace) {
  http_answer answer;
  answer.body = {{std::string(piece_bytes, 'x'), pace, std::size_t(-1)}};
  return answer;
}

http_answer hung_before_the_head() {
  http_answer answer;
  answer.head_delay = http_answer::never;
  return answer;
}

http_answer hung_in_the_body() {
  http_answer answer;
  answer.body = {{"hello", 0ms, 1}};
  answer.ends = http_answer::ending::stall;
  return answer;
}

struct fixture {
  std::unique_ptr<loopback_server> server;
  std::unique_ptr<http_client> client =
    std::move(make_curl_http_client().value());

  void serve(http_answer answer, int send_buffer_bytes = 0) {
    loopback::server_options options;
    options.script = http_script{std::move(answer)};
    options.send_buffer_bytes = send_buffer_bytes;
    server = std::move(loopback_server::start(std::move(options)).value());
  }
  auto start(std::shared_ptr<recording_listener> listener) {
    return client->start(post(server->url()), std::move(listener));
  }
  auto start() {
    const auto listener = std::make_shared<recording_listener>();
    return std::pair{start(listener), listener};
  }

  /// Cancels, and holds the server's view against the time of the call.
  void cancel_and_check(transfer_id id, const recording_listener& listener) {
    const auto called = std::chrono::steady_clock::now();
    client->cancel(id);
    BOOST_REQUIRE(listener.wait_for_end());
    BOOST_TEST((listener.copy().ended->code == errc::aborted));
    BOOST_REQUIRE(server->wait_until(
      [](auto& log) { return log.open_connections() == 0; }, patience));
    const auto log = server->log();
    BOOST_TEST((log.connections[0].closed_by == loopback::closer::peer));
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      log.connections[0].closed - called);
    BOOST_TEST_MESSAGE("closed after " << took.count() << " us");
    BOOST_TEST((took < close_limit));
    BOOST_TEST(listener.copy().ends == 1u);
  }

  /// Waits until the answer's counter stands still for a while.
  std::uint64_t sent_at_rest() const {
    const auto sent = [&] { return server->log().answers.at(0).bytes_sent; };
    auto before = sent();
    while (server->wait_until(
      [&](auto& log) { return log.answers[0].bytes_sent != before; }, 200ms))
      before = sent();
    return before;
  }
};

/// Listens, but its queue is full: a further connection never stands.
class full_listener {
public:
  full_listener() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    BOOST_REQUIRE(bind(listener_, address(), size) == 0);
    BOOST_REQUIRE(listen(listener_, 0) == 0);
    BOOST_REQUIRE(getsockname(listener_, address(), &size) == 0);
    for (int i = 0; i < 4; ++i) {
      fill_.push_back(
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)connect(fill_.back(), address(), size);
    }
  }
  ~full_listener() {
    close(listener_);
    for (const auto s : fill_)
      close(s);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port));
  }

private:
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }
  int listener_;
  sockaddr_in address_{};
  std::vector<int> fill_;
};

} // namespace

// ---- cancel
// -------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(cancel_closes_an_idle_stream, fixture) {
  serve(hung_in_the_body());
  const auto [id, listener] = start();
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces > 0; }));
  cancel_and_check(id, *listener);
  BOOST_TEST(server->log().answers[0].cut_by_peer.has_value());
}

BOOST_FIXTURE_TEST_CASE(cancel_closes_a_busy_stream, fixture) {
  serve(endless(64u << 10, 0ms));
  const auto [id, listener] = start();
  BOOST_REQUIRE(
    listener->wait_until([](auto& h) { return h.body.size() > 4u << 20; }));
  cancel_and_check(id, *listener);
}

BOOST_FIXTURE_TEST_CASE(cancel_closes_a_stream_hung_before_its_head, fixture) {
  serve(hung_before_the_head());
  const auto [id, listener] = start();
  BOOST_REQUIRE(server->wait_until(
    [](auto& log) { return log.answers.size() == 1; }, patience));
  cancel_and_check(id, *listener);
}

BOOST_FIXTURE_TEST_CASE(cancel_closes_a_paused_stream, fixture) {
  serve(endless(64u << 10, 0ms));
  const auto listener =
    std::make_shared<recording_listener>([](auto&) { return true; });
  const auto id = start(listener);
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces > 0; }));
  sent_at_rest();
  cancel_and_check(id, *listener);
}

BOOST_FIXTURE_TEST_CASE(cancel_is_not_held_up_by_busy_neighbours, fixture) {
  serve({});
  server->change_script([](auto& script) {
    script = http_script{};
    script.on({.url_contains = "/idle"}, hung_in_the_body());
    script.on({}, endless(64u << 10, 0ms));
  });
  // Drops what it gets, so that 16 streams at full speed need no memory.
  struct sink : http_listener {
    void on_response(http_response_head) override {}
    bool on_body(std::string_view) override { return true; }
    void on_end(error) override {}
  };
  for (int i = 0; i < 16; ++i)
    client->start(post(server->url("/busy")), std::make_shared<sink>());
  const auto listener = std::make_shared<recording_listener>();
  const auto id = client->start(post(server->url("/idle")), listener);
  BOOST_REQUIRE(listener->wait_until([](auto& h) { return h.pieces > 0; }));
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

BOOST_FIXTURE_TEST_CASE(cancel_at_once_ends_before_it_begins, fixture) {
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

BOOST_FIXTURE_TEST_CASE(cancelling_twice_or_too_late_does_nothing, fixture) {
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

BOOST_FIXTURE_TEST_CASE(a_listener_may_cancel_its_own_transfer, fixture) {
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

BOOST_FIXTURE_TEST_CASE(a_listener_may_start_the_next_transfer, fixture) {
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

// ---- pause
// --------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_pause_stops_the_bytes_until_resume, fixture) {
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

BOOST_FIXTURE_TEST_CASE(bytes_survive_any_rhythm_of_pauses_in_order, fixture) {
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

BOOST_FIXTURE_TEST_CASE(a_resume_without_a_pause_does_nothing, fixture) {
  serve(recorded_answer(std::string(100'000, 'x'), 1'000, 1ms));
  const auto [id, listener] = start();
  for (int i = 0; i < 100; ++i)
    client->resume(id);
  BOOST_REQUIRE(listener->wait_for_end());
  BOOST_TEST(listener->copy().body.size() == 100'000u);
}

// ---- time
// ---------------------------------------------------------------------

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

BOOST_FIXTURE_TEST_CASE(the_connect_timeout_ends_with_the_connection, fixture) {
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

// ---- the end of the client
// ------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_destructor_aborts_what_runs, fixture) {
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

BOOST_FIXTURE_TEST_CASE(the_destructor_ends_what_has_not_begun, fixture) {
  serve(http_answer{});
  for (int round = 0; round < 50; ++round) {
    const auto [id, listener] = start();
    client = std::move(make_curl_http_client().value());
    BOOST_TEST(listener->copy().ends == 1u);
  }
}
