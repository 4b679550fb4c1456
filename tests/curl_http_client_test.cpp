// Goal: over real sockets bytes arrive in order, every transfer ends exactly
// once, and each fault of the network has its class and a message to act on.
// Method: the loopback server plays scripts; its log is the second witness.
#define BOOST_TEST_MODULE curl_http_client
#include <boost/test/unit_test.hpp>

#include "tests/support/curl_fixture.hpp"

#include <fcntl.h>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using testing::heard;
using testing::recording_listener;
using namespace penstock::testing;

// ---- answers ----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_stream_arrives_whole_and_in_order, curl_fixture) {
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

BOOST_FIXTURE_TEST_CASE(the_request_is_sent_as_it_was_given, curl_fixture) {
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

BOOST_FIXTURE_TEST_CASE(a_large_body_is_sent_without_expect, curl_fixture) {
  const auto server = serve(http_script{http_answer{}});
  const std::string body(3u << 20, 'x');
  const auto got = run(post(server->url(), body));
  BOOST_TEST((got.ended->code == errc::none));
  const auto log = server->log();
  BOOST_REQUIRE(log.answers.size() == 1u);
  BOOST_TEST((log.answers[0].request.body == body));
  BOOST_TEST(!find_header(log.answers[0].request.headers, "expect"));
}

BOOST_FIXTURE_TEST_CASE(other_methods_keep_their_name_and_body, curl_fixture) {
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

BOOST_FIXTURE_TEST_CASE(an_empty_body_still_has_a_head, curl_fixture) {
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

BOOST_FIXTURE_TEST_CASE(error_statuses_are_answers_like_any_other,
                        curl_fixture) {
  const auto got = run(error_answer("openai-chat", 429, "rate_limit_exceeded",
                                    "slow down", {{"Retry-After", "7"}}));
  CHECK_CALLS(got, "connected", "response 429", "body", "end");
  BOOST_TEST(*find_header(got.head->headers, "retry-after") == "7");
  BOOST_TEST((got.ended->code == errc::none));
}

BOOST_FIXTURE_TEST_CASE(redirects_are_not_followed, curl_fixture) {
  const auto target = serve(http_script{http_answer{}});
  http_answer redirect;
  redirect.status = 307;
  redirect.headers = {{"location", target->url()}};
  const auto got = run(redirect);
  CHECK_CALLS(got, "connected", "response 307", "end");
  BOOST_TEST(target->log().connections.empty());
}

BOOST_FIXTURE_TEST_CASE(interim_answers_and_trailers_are_skipped,
                        curl_fixture) {
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

BOOST_FIXTURE_TEST_CASE(a_connection_is_used_again, curl_fixture) {
  const auto server = serve(http_script{http_answer{}});
  for (int i = 0; i < 5; ++i)
    BOOST_TEST((run(post(server->url())).ended->code == errc::none));
  BOOST_TEST(server->log().connections.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_pooled_connection_that_died_is_no_failure,
                        curl_fixture) {
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

// A program that the host starts would keep the connection open.
BOOST_FIXTURE_TEST_CASE(connections_are_not_inherited, curl_fixture) {
  const auto server = serve(http_script{http_answer{}});
  BOOST_TEST((run(post(server->url())).ended->code == errc::none));
  std::size_t found = 0; // the one that may be used again
  for (int fd = 0; fd < 1'024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0
        || peer.sin_family != AF_INET || ntohs(peer.sin_port) != server->port())
      continue;
    ++found;
    BOOST_TEST((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  BOOST_TEST(found == 1u);
}
