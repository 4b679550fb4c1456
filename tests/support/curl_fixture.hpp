// The real client and the loopback server.
#pragma once

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

namespace penstock::testing {

using namespace std::chrono_literals;
using loopback::loopback_server;

using strings = std::vector<std::string>;

struct curl_fixture {
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

inline http_answer raw(std::string bytes) {
  http_answer answer;
  answer.framed = http_answer::framing::raw;
  answer.body = {{std::move(bytes), 0ms, 1}};
  return answer;
}

/// A port on which nobody listens.
inline std::uint16_t closed_port() {
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

} // namespace penstock::testing
