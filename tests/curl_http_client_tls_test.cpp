// Goal: what is not trusted gets no byte of a request, whatever the
// environment says; what is trusted streams, pauses and cancels as plain HTTP.
// Method: the loopback server with certificates made for the test.
#define BOOST_TEST_MODULE curl_http_client_tls
#include <boost/test/unit_test.hpp>

#include "providers/curl_http_client.hpp"
#include "providers/scripted_answers.hpp"
#include "tests/support/recording_listener.hpp"
#include "tests/support/test_certificate.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using testing::heard;
using testing::recording_listener;
using testing::test_certificate;

namespace {

constexpr auto patience = 20s;

struct fixture {
  test_certificate certificate;
  std::unique_ptr<loopback_server> server;
  std::unique_ptr<http_client> client = make(certificate.ca_file());

  static std::unique_ptr<http_client> make(std::string ca_file) {
    return std::move(
      make_curl_http_client({.ca_file = std::move(ca_file)}).value());
  }
  void serve(http_answer answer) { serve(std::move(answer), certificate); }
  void serve(http_answer answer, const test_certificate& shown,
             bool mute = false) {
    loopback::server_options options;
    options.script = http_script{std::move(answer)};
    options.tls = shown.files();
    options.mute = mute;
    server = std::move(loopback_server::start(std::move(options)).value());
  }
  transfer_id start(std::shared_ptr<recording_listener> listener,
                    std::string url = {},
                    std::chrono::milliseconds connect_timeout = 10s) {
    http_request request;
    request.url = url.empty() ? server->url("/v1?key=planted") : url;
    request.headers = {{"authorization", "Bearer planted"}};
    request.body = "{}";
    request.connect_timeout = connect_timeout;
    return client->start(std::move(request), std::move(listener));
  }
  heard run(std::string url = {},
            std::chrono::milliseconds connect_timeout = 10s) {
    const auto listener = std::make_shared<recording_listener>();
    start(listener, std::move(url), connect_timeout);
    BOOST_REQUIRE(listener->wait_for_end());
    return listener->copy();
  }
  void check_refused(const heard& got, const std::string& why) {
    BOOST_TEST((got.calls == std::vector<std::string>{"end"}));
    BOOST_TEST((got.ended->code == errc::network));
    const auto& message = got.ended->message;
    BOOST_TEST((message.find(why) != message.npos),
               "'" << message << "' lacks '" << why << "'");
    BOOST_TEST((message.find("127.0.0.1:") != message.npos));
    BOOST_TEST((message.find("planted") == message.npos));
    BOOST_TEST((message.find('\n') == message.npos));
    BOOST_TEST(server->log().answers.empty());
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_self_signed_certificate_is_refused_and_named,
                        fixture) {
  serve({});
  client = make({});
  const auto got = run();
  check_refused(got, "self-signed certificate");
  BOOST_TEST((got.ended->message.find("ca_file") != std::string::npos));
}

BOOST_FIXTURE_TEST_CASE(with_its_ca_the_server_is_trusted, fixture) {
  serve(openai_chat_answer(scripted_turn{}.text("over TLS")));
  for (int i = 0; i < 3; ++i) {
    const auto got = run();
    BOOST_TEST((got.ended->code == errc::none));
    BOOST_TEST((got.body.find("[DONE]") != std::string::npos));
  }
  BOOST_TEST(server->log().connections.size() == 1u); // Used again.
}

BOOST_FIXTURE_TEST_CASE(another_certificate_is_not_trusted, fixture) {
  const test_certificate other;
  serve({}, other);
  check_refused(run(), "certificate");
}

BOOST_FIXTURE_TEST_CASE(a_certificate_for_another_host_is_refused, fixture) {
  const test_certificate other{"DNS:elsewhere.example"};
  serve({}, other);
  client = make(other.ca_file());
  check_refused(run(), "127.0.0.1");
}

BOOST_FIXTURE_TEST_CASE(no_environment_variable_changes_what_is_trusted,
                        fixture) {
  serve({});
  const auto& cert = certificate.ca_file();
  const auto directory = certificate.directory().string();
  const std::pair<const char*, std::string> settings[] = {
    {"SSL_CERT_FILE", cert},      {"SSL_CERT_DIR", directory},
    {"CURL_CA_BUNDLE", cert},     {"CURL_CA_PATH", directory},
    {"REQUESTS_CA_BUNDLE", cert}, {"CURL_INSECURE", "1"},
    {"SSL_NO_VERIFY", "1"},       {"HOME", directory},
    {"CURL_HOME", directory},
  };
  std::vector<std::pair<const char*, const char*>> before;
  for (const auto& [name, value] : settings) {
    before.emplace_back(name, std::getenv(name));
    setenv(name, value.c_str(), 1);
  }
  std::system(("printf 'insecure\\n' > " + directory + "/.curlrc").c_str());
  client = make({});
  check_refused(run(), "self-signed certificate");
  for (const auto& [name, value] : before)
    value ? setenv(name, value, 1) : unsetenv(name);
}

BOOST_FIXTURE_TEST_CASE(a_ca_file_that_lost_its_certificate_is_invalid,
                        fixture) {
  serve({});
  const auto trusted = certificate.directory() / "trusted.pem";
  std::filesystem::copy_file(certificate.ca_file(), trusted);
  client = make(trusted.string());
  std::filesystem::copy_file(certificate.files().key, trusted,
                             std::filesystem::copy_options::overwrite_existing);
  const auto got = run();
  BOOST_TEST((got.ended->code == errc::invalid_request));
  BOOST_TEST((got.ended->message.find("ca_file") != std::string::npos));
  BOOST_TEST(server->log().answers.empty());
}

BOOST_FIXTURE_TEST_CASE(plain_http_behind_https_is_network, fixture) {
  loopback::server_options options;
  options.script = http_script{http_answer{}};
  server = std::move(loopback_server::start(std::move(options)).value());
  check_refused(run("https" + server->url().substr(4)), "SSL");
}

BOOST_FIXTURE_TEST_CASE(tls_behind_http_is_network, fixture) {
  serve({});
  const auto got = run("http" + server->url().substr(5));
  BOOST_TEST((got.ended->code == errc::network));
  BOOST_TEST(server->log().answers.empty());
}

BOOST_FIXTURE_TEST_CASE(a_hung_handshake_runs_into_the_connect_timeout,
                        fixture) {
  serve({}, certificate, true);
  const auto got = run(server->url(), 150ms);
  BOOST_TEST((got.calls == std::vector<std::string>{"end"}));
  BOOST_TEST((got.ended->code == errc::timeout));
  BOOST_TEST(
    (got.ended->message.find("connect_timeout_ms") != std::string::npos));
}

BOOST_FIXTURE_TEST_CASE(cancel_closes_in_the_handshake_and_in_the_body,
                        fixture) {
  for (const bool mute : {true, false}) {
    BOOST_TEST_CONTEXT("in the handshake: " << mute) {
      http_answer answer;
      answer.body = {{"hello", 0ms, 1}};
      answer.ends = http_answer::ending::stall;
      serve(answer, certificate, mute);
      const auto listener = std::make_shared<recording_listener>();
      const auto id = start(listener);
      if (mute)
        BOOST_REQUIRE(server->wait_until(
          [](auto& log) { return log.connections.size() == 1; }, patience));
      else
        BOOST_REQUIRE(
          listener->wait_until([](auto& h) { return h.pieces > 0; }));
      const auto called = std::chrono::steady_clock::now();
      client->cancel(id);
      BOOST_REQUIRE(listener->wait_for_end());
      BOOST_REQUIRE(server->wait_until(
        [](auto& log) { return log.open_connections() == 0; }, patience));
      BOOST_TEST((server->log().connections[0].closed - called < 100ms));
      BOOST_TEST((listener->copy().ended->code == errc::aborted));
    }
  }
}

// TLS keeps decrypted bytes that no socket event announces.
BOOST_FIXTURE_TEST_CASE(pauses_lose_nothing_and_do_not_hang, fixture) {
  std::string text;
  for (int i = 0; i < 300'000; ++i)
    text += std::to_string(i) + ' ';
  serve(recorded_answer(text, 30'000));
  const auto listener =
    std::make_shared<recording_listener>([](auto&) { return true; });
  const auto id = start(listener);
  // From this thread, so that pauses last and the socket runs dry in between.
  for (std::size_t seen = 0; listener->copy().ends == 0;) {
    BOOST_REQUIRE(listener->wait_until(
      [&](auto& h) { return h.pieces > seen || h.ends > 0; }, patience));
    seen = listener->copy().pieces;
    client->resume(id);
  }
  BOOST_TEST((listener->copy().ended->code == errc::none));
  BOOST_TEST((listener->copy().body == text));
}

BOOST_FIXTURE_TEST_CASE(a_reset_under_tls_is_network, fixture) {
  http_answer answer;
  answer.body = {{"half", 0ms, 1}};
  answer.end_delay = 20ms;
  answer.ends = http_answer::ending::reset;
  serve(answer);
  const auto got = run();
  BOOST_TEST(got.body == "half");
  BOOST_TEST((got.ended->code == errc::network));
}
