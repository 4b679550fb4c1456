// Transfers of the real client that hang, trickle or pour, for tests that stop
// them.
#pragma once

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

namespace penstock::testing {

using namespace std::chrono_literals;
using loopback::loopback_server;
using loopback::server_log;

inline constexpr auto patience = 20s;
/// SPEC §4: what the provider sees of an abort.
inline constexpr auto close_limit = 100ms;

inline http_request post(std::string url) {
  http_request request;
  request.url = std::move(url);
  request.body = "{}";
  return request;
}

inline http_answer endless(std::size_t piece_bytes,
                           std::chrono::milliseconds pace) {
  http_answer answer;
  answer.body = {{std::string(piece_bytes, 'x'), pace, std::size_t(-1)}};
  return answer;
}

inline http_answer hung_before_the_head() {
  http_answer answer;
  answer.head_delay = http_answer::never;
  return answer;
}

inline http_answer hung_in_the_body() {
  http_answer answer;
  answer.body = {{"hello", 0ms, 1}};
  answer.ends = http_answer::ending::stall;
  return answer;
}

struct stream_fixture {
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

} // namespace penstock::testing
