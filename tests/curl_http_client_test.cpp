// Goal: over real sockets bytes arrive in order, every transfer ends exactly
// once, and each fault of the network has its class and a message to act on.
// Method: the loopback server plays scripts; its log is the second witness.
#define BOOST_TEST_MODULE curl_http_client
#include <boost/test/unit_test.hpp>

#include "providers/curl_http_client.hpp"
#include "providers/scripted_answers.hpp"
#include "tests/support/recording_listener.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using testing::heard;
using testing::recording_listener;

namespace {

using strings = std::vector<std::string>;

struct fixture {
  std::unique_ptr<http_client> client =
    std::move(make_curl_http_client().value());

  static std::unique_ptr<loopback_server> serve(http_script script) {
    loopback::server_options options;
    options.script = std::move(script);
    return std::move(loopback_server::start(std::move(options)).value());
  }
  static http_request post(std::string url, std::string body = "{}") {
    http_request request;
    request.url = std::move(url);
    request.headers = {{"content-type", "application/json"}};
    request.body = std::move(body);
    request.connect_timeout = 10s;
    return request;
  }
  heard run(http_request request) {
    const auto listener = std::make_shared<recording_listener>();
    client->start(std::move(request), listener);
    BOOST_REQUIRE(listener->wait_for_end());
    return listener->copy();
  }
  heard run(http_answer answer) {
    const auto server = serve(http_script{std::move(answer)});
    return run(post(server->url()));
  }
};

http_answer raw(std::string bytes) {
  http_answer answer;
  answer.framed = http_answer::framing::raw;
  answer.body = {{std::move(bytes), 0ms, 1}};
  return answer;
}

/// A port on which nobody listens.
std::uint16_t closed_port() {
  const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  BOOST_REQUIRE(bind(s, any, size) == 0);
  BOOST_REQUIRE(getsockname(s, any, &size) == 0);
  close(s);
  return ntohs(address.sin_port);
}

#define CHECK_CALLS(result, ...)                                               \
  BOOST_TEST((result).calls == (strings{__VA_ARGS__}),                         \
             boost::test_tools::per_element())

#define CHECK_MESSAGE(result, part)                                            \
  BOOST_TEST(((result).ended->message.find(part) != std::string::npos),        \
             "'" << (result).ended->message << "' lacks '" << (part) << "'")

} // namespace

// ---- answers
// ------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_stream_arrives_whole_and_in_order, fixture) {
  const auto answer =
    openai_chat_answer(scripted_turn{}.text("one two three"), {.between = 2ms});
  std::string want;
  for (const auto& piece : answer.body)
    want += piece.bytes;
  const auto got = run(answer);
  CHECK_CALLS(got, "connected", "response 200", "body", "end");
  BOOST_TEST(got.body == want);
  BOOST_TEST(got.ended->message == "");
  BOOST_TEST((got.ended->code == errc::none));
  BOOST_TEST((*find_header(got.head->headers, "content-type")
              == "text/event-stream; charset=utf-8"));
}

BOOST_FIXTURE_TEST_CASE(the_request_is_sent_as_it_was_given, fixture) {
  const auto server = serve(http_script{http_answer{}});
  auto request = post(server->url("/v1/x?a=b"), "{\"a\":1}");
  request.headers.emplace_back("x-empty", "");
  request.headers.emplace_back("authorization", "Bearer k");
  run(request);
  const auto log = server->log();
  BOOST_REQUIRE(log.answers.size() == 1u);
  const auto& seen = log.answers[0].request;
  BOOST_TEST(seen.method == "POST");
  BOOST_TEST(seen.url == server->url("/v1/x?a=b"));
  BOOST_TEST(seen.body == "{\"a\":1}");
  BOOST_TEST(*find_header(seen.headers, "authorization") == "Bearer k");
  BOOST_TEST(*find_header(seen.headers, "content-type") == "application/json");
  BOOST_TEST(*find_header(seen.headers, "x-empty") == "");
  BOOST_TEST(!find_header(seen.headers, "expect"));
  BOOST_TEST(!find_header(seen.headers, "accept-encoding"));
}

BOOST_FIXTURE_TEST_CASE(a_large_body_is_sent_without_expect, fixture) {
  const auto server = serve(http_script{http_answer{}});
  const std::string body(3u << 20, 'x');
  const auto got = run(post(server->url(), body));
  BOOST_TEST((got.ended->code == errc::none));
  const auto log = server->log();
  BOOST_REQUIRE(log.answers.size() == 1u);
  BOOST_TEST((log.answers[0].request.body == body));
  BOOST_TEST(!find_header(log.answers[0].request.headers, "expect"));
}

BOOST_FIXTURE_TEST_CASE(other_methods_keep_their_name_and_body, fixture) {
  for (const std::string method : {"GET", "PUT", "DELETE", "HEAD"}) {
    BOOST_TEST_CONTEXT(method) {
      http_answer answer;
      answer.body = {{"hello", 0ms, 1}};
      answer.framed = http_answer::framing::length;
      const auto server = serve(http_script{answer});
      auto request = post(server->url(), method == "PUT" ? "data" : "");
      request.method = method;
      const auto got = run(request);
      BOOST_TEST((got.ended->code == errc::none));
      BOOST_TEST(got.body == (method == "HEAD" ? "" : "hello"));
      const auto log = server->log();
      BOOST_TEST(log.answers[0].request.method == method);
      BOOST_TEST(log.answers[0].request.body == request.body);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(an_empty_body_still_has_a_head, fixture) {
  for (const auto framed :
       {http_answer::framing::chunked, http_answer::framing::length,
        http_answer::framing::until_close}) {
    http_answer answer;
    answer.framed = framed;
    CHECK_CALLS(run(answer), "connected", "response 200", "end");
  }
  http_answer no_content;
  no_content.status = 204;
  CHECK_CALLS(run(no_content), "connected", "response 204", "end");
}

BOOST_FIXTURE_TEST_CASE(error_statuses_are_answers_like_any_other, fixture) {
  const auto got = run(error_answer("openai-chat", 429, "rate_limit_exceeded",
                                    "slow down", {{"Retry-After", "7"}}));
  CHECK_CALLS(got, "connected", "response 429", "body", "end");
  BOOST_TEST(*find_header(got.head->headers, "retry-after") == "7");
  BOOST_TEST((got.ended->code == errc::none));
}

BOOST_FIXTURE_TEST_CASE(redirects_are_not_followed, fixture) {
  const auto target = serve(http_script{http_answer{}});
  http_answer redirect;
  redirect.status = 307;
  redirect.headers = {{"location", target->url()}};
  const auto got = run(redirect);
  CHECK_CALLS(got, "connected", "response 307", "end");
  BOOST_TEST(target->log().connections.empty());
}

BOOST_FIXTURE_TEST_CASE(interim_answers_and_trailers_are_skipped, fixture) {
  const auto got = run(raw("HTTP/1.1 100 Continue\r\nx-interim: 1\r\n\r\n"
                           "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
                           "HTTP/1.1 200 OK\r\nX-Real:  yes \r\n"
                           "Transfer-Encoding: chunked\r\n\r\n"
                           "2\r\nhi\r\n0\r\nX-Trailer: t\r\n\r\n"));
  CHECK_CALLS(got, "connected", "response 200", "body", "end");
  BOOST_TEST(got.body == "hi");
  BOOST_TEST(*find_header(got.head->headers, "x-real") == "yes");
  BOOST_TEST(!find_header(got.head->headers, "x-interim"));
  BOOST_TEST(!find_header(got.head->headers, "x-trailer"));
}

BOOST_FIXTURE_TEST_CASE(a_connection_is_used_again, fixture) {
  const auto server = serve(http_script{http_answer{}});
  for (int i = 0; i < 5; ++i)
    BOOST_TEST((run(post(server->url())).ended->code == errc::none));
  BOOST_TEST(server->log().connections.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_pooled_connection_that_died_is_no_failure, fixture) {
  loopback::server_options options;
  options.script = http_script{http_answer{}};
  {
    const auto first = serve(options.script);
    BOOST_TEST((run(post(first->url())).ended->code == errc::none));
    options.port = first->port();
  } // Closes its end of the pooled connection.
  const auto second = std::move(loopback_server::start(options).value());
  BOOST_TEST((run(post(second->url())).ended->code == errc::none));
  BOOST_TEST(second->log().answers.size() == 1u);
}

// ---- faults
// -------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_refused_connection_is_network, fixture) {
  const auto port = std::to_string(closed_port());
  const auto got = run(post("http://127.0.0.1:" + port + "/v1?key=secret"));
  CHECK_CALLS(got, "end");
  BOOST_TEST((got.ended->code == errc::network));
  CHECK_MESSAGE(got, "127.0.0.1:" + port);
  CHECK_MESSAGE(got, "onnect");
  BOOST_TEST(got.ended->message.find("secret") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(an_unknown_host_is_network, fixture) {
  const auto got = run(post("http://no-such-host.invalid/v1"));
  CHECK_CALLS(got, "end");
  BOOST_TEST((got.ended->code == errc::network));
  CHECK_MESSAGE(got, "no-such-host.invalid");
}

BOOST_FIXTURE_TEST_CASE(a_cut_body_is_network, fixture) {
  for (const auto ends :
       {http_answer::ending::reset, http_answer::ending::closed})
    for (const auto framed :
         {http_answer::framing::chunked, http_answer::framing::length}) {
      http_answer answer;
      answer.body = {{"half", 0ms, 1}};
      answer.ends = ends;
      answer.end_delay = 20ms; // A RST would overtake bytes not yet read.
      answer.framed = framed;
      const auto got = run(answer);
      CHECK_CALLS(got, "connected", "response 200", "body", "end");
      BOOST_TEST(got.body == "half");
      BOOST_TEST((got.ended->code == errc::network));
      BOOST_TEST(got.ended->message.find('\n') == std::string::npos);
    }
}

BOOST_FIXTURE_TEST_CASE(a_body_until_close_ends_cleanly, fixture) {
  http_answer answer;
  answer.body = {{"all there is", 0ms, 1}};
  answer.framed = http_answer::framing::until_close;
  const auto got = run(answer);
  BOOST_TEST(got.body == "all there is");
  BOOST_TEST((got.ended->code == errc::none));
}

BOOST_FIXTURE_TEST_CASE(garbage_is_network_and_never_a_head, fixture) {
  for (const auto& bytes :
       {std::string{"SSH-2.0-OpenSSH_9.2\r\n"}, std::string("\0\0\0\0", 4),
        std::string{"HTTP/1.1 abc\r\n\r\n"}, std::string{"HTTP/1.1\r\n\r\n"},
        std::string{}, std::string{"HTTP/1.1 200 OK\r\nx: y\r\n"},
        std::string{"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                    "zz\r\n"}}) {
    BOOST_TEST_CONTEXT(bytes) {
      const auto got = run(raw(bytes));
      BOOST_TEST((got.ended->code == errc::network),
                 to_string(got.ended->code) << ": " << got.ended->message);
      CHECK_MESSAGE(got, "127.0.0.1:");
      BOOST_TEST(got.ends == 1u);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_head_without_end_is_a_protocol_error, fixture) {
  http_answer answer = raw("HTTP/1.1 200 OK\r\n");
  answer.body.push_back(
    {"x-padding: " + std::string(1000, 'p') + "\r\n", 0ms, std::size_t(-1)});
  const auto got = run(answer);
  CHECK_CALLS(got, "connected", "end");
  BOOST_TEST((got.ended->code == errc::protocol));
  CHECK_MESSAGE(got, "head_bytes_max");
}

BOOST_FIXTURE_TEST_CASE(endless_interim_answers_are_a_protocol_error, fixture) {
  http_answer answer = raw("");
  answer.body.push_back(
    {"HTTP/1.1 102 Processing\r\n\r\n", 0ms, std::size_t(-1)});
  const auto got = run(answer);
  CHECK_CALLS(got, "connected", "end");
  BOOST_TEST((got.ended->code == errc::protocol));
}

BOOST_FIXTURE_TEST_CASE(endless_trailers_end_the_transfer, fixture) {
  http_answer answer =
    raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n");
  answer.body.push_back(
    {"x-t: " + std::string(1000, 't') + "\r\n", 0ms, std::size_t(-1)});
  const auto got = run(answer);
  BOOST_TEST((got.ended->code == errc::protocol));
}

// ---- requests that are refused
// --------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_request_that_cannot_be_sent_is_invalid, fixture) {
  const auto server = serve(http_script{http_answer{}});
  struct row {
    const char* why;
    std::function<void(http_request&)> spoil;
    const char* message;
  };
  const std::string nul("a\0b", 3);
  const row table[] = {
    {"no URL", [](auto& r) { r.url = ""; }, "empty"},
    {"no scheme", [](auto& r) { r.url = "localhost:80/x"; }, "https://"},
    {"scheme", [](auto& r) { r.url = "ftp://localhost/x"; }, "https://"},
    {"file", [](auto& r) { r.url = "file:///etc/passwd"; }, "https://"},
    {"port", [](auto& r) { r.url = "http://localhost:99999/"; }, "URL"},
    {"host", [](auto& r) { r.url = "http:///x"; }, "URL"},
    {"blank", [](auto& r) { r.url = "http://local host/"; }, "URL"},
    {"CRLF in URL", [](auto& r) { r.url += "\r\nx: y"; }, "CR, LF or NUL"},
    {"NUL in URL", [&](auto& r) { r.url += nul; }, "CR, LF or NUL"},
    {"credentials", [](auto& r) { r.url = "http://u:p@localhost/"; },
     "credentials"},
    {"LF in value", [](auto& r) { r.headers.emplace_back("a", "b\nc: d"); },
     "CR, LF or NUL"},
    {"CR in value", [](auto& r) { r.headers.emplace_back("a", "b\rc"); },
     "CR, LF or NUL"},
    {"NUL in value", [&](auto& r) { r.headers.emplace_back("a", nul); },
     "CR, LF or NUL"},
    {"CRLF in name", [](auto& r) { r.headers.emplace_back("a\r\nb", "c"); },
     "token"},
    {"empty name", [](auto& r) { r.headers.emplace_back("", "c"); }, "token"},
    {"smuggling",
     [](auto& r) { r.headers.emplace_back("Content-Length", "0"); },
     "transport"},
    {"long value",
     [](auto& r) { r.headers.emplace_back("a", std::string(1 << 20, 'v')); },
     "header_bytes_max"},
    {"method", [](auto& r) { r.method = "POST /evil HTTP/1.1\r\n"; }, "method"},
  };
  for (const auto& [why, spoil, message] : table) {
    BOOST_TEST_CONTEXT(why) {
      auto request = post(server->url());
      spoil(request);
      const auto got = run(request);
      CHECK_CALLS(got, "end");
      BOOST_TEST((got.ended->code == errc::invalid_request));
      CHECK_MESSAGE(got, message);
      BOOST_TEST(got.ended->message.find('\n') == std::string::npos);
    }
  }
  BOOST_TEST(server->log().connections.empty());
}

BOOST_AUTO_TEST_CASE(options_that_cannot_work_are_refused) {
  for (const auto& options : {curl_options{.ca_file = "/no/such/file"},
                              curl_options{.buffer_bytes = 1},
                              curl_options{.transfers_per_multi_max = 0}}) {
    const auto made = make_curl_http_client(options);
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == errc::invalid_request));
    BOOST_TEST(!made.error().message.empty());
  }
}

// ---- threads and lifetime
// -------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(listeners_hear_on_one_thread_that_is_not_the_caller,
                        fixture) {
  const auto server = serve(http_script{http_answer{}});
  const auto a = run(post(server->url()));
  const auto b = run(post("malformed"));
  BOOST_TEST((a.thread == b.thread));
  BOOST_TEST((a.thread != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(two_clients_do_not_see_each_other) {
  fixture a;
  const auto server = fixture::serve(http_script{http_answer{}});
  {
    fixture b;
    BOOST_TEST((b.run(fixture::post(server->url())).ended->code == errc::none));
  } // Its end of libcurl is not the other's.
  BOOST_TEST((a.run(fixture::post(server->url())).ended->code == errc::none));
  BOOST_TEST(server->log().connections.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(the_environment_names_no_proxy, fixture) {
  const auto proxy = serve(http_script{http_answer{}});
  const auto server = serve(http_script{http_answer{}});
  for (const auto* name : {"http_proxy", "all_proxy", "ALL_PROXY"})
    setenv(name, proxy->url("").c_str(), 1);
  BOOST_TEST((run(post(server->url())).ended->code == errc::none));
  for (const auto* name : {"http_proxy", "all_proxy", "ALL_PROXY"})
    unsetenv(name);
  BOOST_TEST(proxy->log().connections.empty());
  BOOST_TEST(server->log().answers.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_configured_proxy_is_used_whatever_no_proxy_says) {
  const auto proxy = fixture::serve(http_script{http_answer{}});
  fixture f;
  f.client =
    std::move(make_curl_http_client({.proxy = proxy->url("")}).value());
  setenv("no_proxy", "*", 1);
  BOOST_TEST(
    (f.run(fixture::post("http://192.0.2.1/v1")).ended->code == errc::none));
  unsetenv("no_proxy");
  BOOST_TEST(proxy->log().answers.size() == 1u);
}
