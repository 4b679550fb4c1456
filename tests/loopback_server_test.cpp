// Goal: the server puts on the wire what its script says, and its log is true:
// it is the witness in other tests.
// Method: plain sockets, byte for byte.
#define BOOST_TEST_MODULE loopback_server
#include <boost/test/unit_test.hpp>

#include "tools/loopback/loopback_server.hpp"
#include "tools/loopback/request_parser.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::closer;
using loopback::loopback_server;

namespace {

constexpr auto patience = 20s;

std::unique_ptr<loopback_server> serve(http_answer answer, bool mute = false) {
  loopback::server_options options;
  options.script = http_script{std::move(answer)};
  options.mute = mute;
  return std::move(loopback_server::start(std::move(options)).value());
}

/// A blocking client that knows no HTTP.
class peer {
public:
  explicit peer(const loopback_server& server)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server.port());
    BOOST_REQUIRE(
      connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address)
      == 0);
  }
  ~peer() { close(socket_); }
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;

  void say(const std::string& bytes) {
    BOOST_REQUIRE(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                  == static_cast<ssize_t>(bytes.size()));
  }
  /// Until `end` was received.
  std::string hear(const std::string& end) {
    std::string all;
    char c = 0;
    while (!all.ends_with(end) && recv(socket_, &c, 1, 0) == 1)
      all += c;
    return all;
  }
  /// Until the server closes; then "|reset" or "|closed".
  std::string hear_all() {
    std::string all;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = recv(socket_, buffer, sizeof buffer, 0)) > 0)
      all.append(buffer, static_cast<std::size_t>(got));
    return all + (got == 0 ? "|closed" : "|reset");
  }
  /// Whether nothing arrives for a while.
  bool silent() {
    pollfd what{socket_, POLLIN, 0};
    return poll(&what, 1, 100) == 0;
  }

private:
  int socket_;
};

constexpr auto get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

http_answer hello() {
  http_answer answer;
  answer.status = 201;
  answer.headers = {{"X-A", "b"}};
  answer.body = {{"hel", 0ms, 1}, {"lo", 0ms, 1}};
  return answer;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_framing_is_as_the_standard_says) {
  struct row {
    http_answer::framing framed;
    const char* want;
  };
  const row table[] = {
    {http_answer::framing::chunked,
     "HTTP/1.1 201 Scripted\r\nX-A: b\r\ntransfer-encoding: chunked\r\n"
     "connection: close\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n|closed"},
    {http_answer::framing::length,
     "HTTP/1.1 201 Scripted\r\nX-A: b\r\ncontent-length: 5\r\n"
     "connection: close\r\n\r\nhello|closed"},
    {http_answer::framing::until_close,
     "HTTP/1.1 201 Scripted\r\nX-A: b\r\nconnection: "
     "close\r\n\r\nhello|closed"},
    {http_answer::framing::raw, "hello|closed"},
  };
  for (const auto& [framed, want] : table) {
    auto answer = hello();
    answer.framed = framed;
    const auto server = serve(answer);
    peer client{*server};
    client.say("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.hear_all() == want);
    BOOST_TEST(server->wait_until(
      [](auto& log) { return log.open_connections() == 0; }, patience));
    const auto log = server->log();
    BOOST_TEST(log.answers.at(0).complete);
    BOOST_TEST(log.answers[0].bytes_sent + 7 == std::string{want}.size());
    BOOST_TEST((log.connections.at(0).closed_by == closer::server));
  }
}

BOOST_AUTO_TEST_CASE(faults_are_told_apart_on_the_wire) {
  struct row {
    http_answer::ending ends;
    const char* want;
  };
  const row table[] = {{http_answer::ending::closed, "hello|closed"},
                       {http_answer::ending::reset, "hello|reset"}};
  for (const auto& [ends, want] : table) {
    auto answer = hello();
    answer.framed = http_answer::framing::raw;
    answer.ends = ends;
    answer.end_delay = 50ms; // So that the bytes are read before the RST.
    const auto server = serve(answer);
    peer client{*server};
    client.say(get);
    BOOST_TEST(client.hear_all() == want);
    BOOST_TEST(!server->log().answers.at(0).complete);
    BOOST_TEST(server->wait_until(
      [](auto& log) { return log.open_connections() == 0; }, patience));
    BOOST_TEST(server->log().connections.at(0).was_reset
               == (ends == http_answer::ending::reset));
  }
}

BOOST_AUTO_TEST_CASE(a_connection_serves_requests_one_after_the_other) {
  auto answer = hello();
  answer.framed = http_answer::framing::length;
  const auto server = serve(answer);
  peer client{*server};
  client.say("POST /1 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
  BOOST_TEST(client.hear("hello").ends_with("hello"));
  client.say(std::string{get} + get); // Pipelined.
  BOOST_TEST(client.hear("hello").ends_with("hello"));
  BOOST_TEST(client.hear("hello").ends_with("hello"));
  const auto log = server->log();
  BOOST_TEST(log.connections.size() == 1u);
  BOOST_REQUIRE(log.answers.size() == 3u);
  BOOST_TEST(log.answers[0].request.body == "abc");
  BOOST_TEST(log.answers[0].request.url == server->url("/1"));
  BOOST_TEST(log.answers[2].request.method == "GET");
}

BOOST_AUTO_TEST_CASE(a_request_may_come_byte_by_byte) {
  const auto server = serve(hello());
  peer client{*server};
  for (const char c : std::string{get})
    client.say({c});
  BOOST_TEST(client.hear("0\r\n\r\n").ends_with("lo\r\n0\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_stall_and_a_mute_server_say_nothing_more) {
  auto answer = hello();
  answer.ends = http_answer::ending::stall;
  const auto stalling = serve(answer);
  peer first{*stalling};
  first.say(get);
  first.hear("2\r\nlo\r\n");
  BOOST_TEST(first.silent());

  const auto mute = serve(hello(), true);
  peer second{*mute};
  second.say(get);
  BOOST_TEST(second.silent());
  BOOST_TEST(mute->log().answers.empty());
  BOOST_TEST(mute->log().connections.size() == 1u);
}

BOOST_AUTO_TEST_CASE(delays_are_kept) {
  auto answer = hello();
  answer.head_delay = 30ms;
  answer.body[1].delay = 40ms;
  const auto server = serve(answer);
  peer client{*server};
  const auto begin = std::chrono::steady_clock::now();
  client.say(get);
  client.hear("0\r\n\r\n");
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= 70ms));
}

BOOST_AUTO_TEST_CASE(an_early_close_of_the_peer_is_logged_with_its_time) {
  auto answer = hello();
  answer.ends = http_answer::ending::stall;
  const auto server = serve(answer);
  steady_time closed;
  {
    peer client{*server};
    client.say(get);
    client.hear("2\r\nlo\r\n");
    closed = std::chrono::steady_clock::now();
  }
  BOOST_REQUIRE(server->wait_until(
    [](auto& log) { return log.answers.at(0).cut_by_peer.has_value(); },
    patience));
  const auto log = server->log();
  BOOST_TEST((*log.answers[0].cut_by_peer >= closed));
  BOOST_TEST((log.connections.at(0).closed_by == closer::peer));
}

BOOST_AUTO_TEST_CASE(what_is_no_request_closes_the_connection) {
  for (const auto* bytes :
       {"\x16\x03\x01", "get lower case\r\n\r\n", "GET /\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n"}) {
    const auto server = serve(hello());
    peer client{*server};
    client.say(bytes);
    BOOST_TEST(client.hear_all() == "|closed");
    BOOST_TEST(server->log().answers.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_taken_port_and_a_bad_certificate_are_errors) {
  const auto server = serve({});
  loopback::server_options options;
  options.port = server->port();
  BOOST_TEST(!loopback_server::start(options).has_value());
  options.port = 0;
  options.tls = loopback::tls_files{"/no/cert", "/no/key"};
  const auto made = loopback_server::start(options);
  BOOST_REQUIRE(!made);
  BOOST_TEST((made.error().code == errc::invalid_request));
}

BOOST_AUTO_TEST_CASE(an_endless_body_leaves_the_others_their_turn) {
  loopback::server_options options;
  http_answer endless;
  endless.body = {{std::string(65'536, 'x'), 0ms, std::size_t(-1)}};
  options.script.on({.url_contains = "/endless"}, endless);
  options.script.on({}, hello());
  const auto server =
    std::move(loopback_server::start(std::move(options)).value());
  peer greedy{*server};
  greedy.say("GET /endless HTTP/1.1\r\n\r\n");
  greedy.hear("\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    peer client{*server};
    client.say(get);
    BOOST_TEST(client.hear("0\r\n\r\n").ends_with("0\r\n\r\n"));
  }
}
