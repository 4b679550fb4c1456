// Goal: whatever a server or a caller does wrong ends the transfer, once, with
// its class and a reason. Method: the real client against the loopback server.
#define BOOST_TEST_MODULE curl_http_client_faults
#include <boost/test/unit_test.hpp>

#include "tests/support/curl_fixture.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using testing::heard;
using testing::recording_listener;
using namespace penstock::testing;
// ---- faults -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_refused_connection_is_network, curl_fixture) {
  const auto port = std::to_string(closed_port());
  const auto got = run(post("http://127.0.0.1:" + port + "/v1?key=secret"));
  CHECK_CALLS(got, "end");
  BOOST_TEST((got.ended->code == errc::network));
  CHECK_MESSAGE(got, "127.0.0.1:" + port);
  CHECK_MESSAGE(got, "onnect");
  BOOST_TEST(got.ended->message.find("secret") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(an_unknown_host_is_network, curl_fixture) {
  const auto got = run(post("http://no-such-host.invalid/v1"));
  CHECK_CALLS(got, "end");
  BOOST_TEST((got.ended->code == errc::network));
  CHECK_MESSAGE(got, "no-such-host.invalid");
}

BOOST_FIXTURE_TEST_CASE(a_cut_body_is_network, curl_fixture) {
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

BOOST_FIXTURE_TEST_CASE(a_body_until_close_ends_cleanly, curl_fixture) {
  http_answer answer;
  answer.body = {{"all there is", 0ms, 1}};
  answer.framed = http_answer::framing::until_close;
  const auto got = run(answer);
  BOOST_TEST(got.body == "all there is");
  BOOST_TEST((got.ended->code == errc::none));
}

BOOST_FIXTURE_TEST_CASE(garbage_is_network_and_never_a_head, curl_fixture) {
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

BOOST_FIXTURE_TEST_CASE(a_head_without_end_is_a_protocol_error, curl_fixture) {
  http_answer answer = raw("HTTP/1.1 200 OK\r\n");
  answer.body.push_back(
    {"x-padding: " + std::string(1000, 'p') + "\r\n", 0ms, std::size_t(-1)});
  const auto got = run(answer);
  CHECK_CALLS(got, "connected", "end");
  BOOST_TEST((got.ended->code == errc::protocol));
  CHECK_MESSAGE(got, "head_bytes_max");
}

BOOST_FIXTURE_TEST_CASE(endless_interim_answers_are_a_protocol_error,
                        curl_fixture) {
  http_answer answer = raw("");
  answer.body.push_back(
    {"HTTP/1.1 102 Processing\r\n\r\n", 0ms, std::size_t(-1)});
  const auto got = run(answer);
  CHECK_CALLS(got, "connected", "end");
  BOOST_TEST((got.ended->code == errc::protocol));
}

BOOST_FIXTURE_TEST_CASE(endless_trailers_end_the_transfer, curl_fixture) {
  http_answer answer =
    raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n");
  answer.body.push_back(
    {"x-t: " + std::string(1000, 't') + "\r\n", 0ms, std::size_t(-1)});
  const auto got = run(answer);
  BOOST_TEST((got.ended->code == errc::protocol));
}

// ---- requests that are refused ----------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_request_that_cannot_be_sent_is_invalid,
                        curl_fixture) {
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
  for (const auto& options :
       {curl_options{.ca_file = "/no/such/file"}, curl_options{.ca_file = "/"},
        curl_options{.ca_file = "/proc/self/status"},
        curl_options{.buffer_bytes = 1},
        curl_options{.transfers_per_multi_max = 0}}) {
    const auto made = make_curl_http_client(options);
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == errc::invalid_request));
    BOOST_TEST(!made.error().message.empty());
    BOOST_TEST(
      (made.error().message.find(options.ca_file) != std::string::npos));
  }
}

// ---- threads and lifetime ---------------------------------------------------

BOOST_FIXTURE_TEST_CASE(listeners_hear_on_one_thread_that_is_not_the_caller,
                        curl_fixture) {
  const auto server = serve(http_script{http_answer{}});
  const auto a = run(post(server->url()));
  const auto b = run(post("malformed"));
  BOOST_TEST((a.thread == b.thread));
  BOOST_TEST((a.thread != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(two_clients_do_not_see_each_other) {
  curl_fixture a;
  const auto server = curl_fixture::serve(http_script{http_answer{}});
  {
    curl_fixture b;
    BOOST_TEST(
      (b.run(curl_fixture::post(server->url())).ended->code == errc::none));
  } // Its end of libcurl is not the other's.
  BOOST_TEST(
    (a.run(curl_fixture::post(server->url())).ended->code == errc::none));
  BOOST_TEST(server->log().connections.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(the_environment_names_no_proxy, curl_fixture) {
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
  const auto proxy = curl_fixture::serve(http_script{http_answer{}});
  curl_fixture f;
  f.client =
    std::move(make_curl_http_client({.proxy = proxy->url("")}).value());
  setenv("no_proxy", "*", 1);
  BOOST_TEST((f.run(curl_fixture::post("http://192.0.2.1/v1")).ended->code
              == errc::none));
  unsetenv("no_proxy");
  BOOST_TEST(proxy->log().answers.size() == 1u);
}
