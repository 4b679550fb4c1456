// Goal: a name lookup that hangs holds up nobody: not its own cancel, not
// another transfer, not the end of the client.
// Method: getaddrinfo is replaced in this program, and blocks for one name.
#define BOOST_TEST_MODULE curl_http_client_dns
#include <boost/test/unit_test.hpp>

#include "providers/curl_http_client.hpp"
#include "tests/support/recording_listener.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <chrono>
#include <condition_variable>
#include <dlfcn.h>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <string_view>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using testing::recording_listener;

namespace {

constexpr std::string_view slow_host = "slow.invalid";

/// Where lookups of `slow_host` wait. Never destroyed: one may outlive a test.
struct gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int inside = 0;

  static gate& get() {
    static auto* const one = new gate;
    return *one;
  }
  void pass() {
    std::unique_lock lock{mutex};
    ++inside;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    --inside;
    changed.notify_all();
  }
  bool wait_until_inside(int count) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 20s, [&] { return inside == count; });
  }
  void set(bool to) {
    const std::lock_guard lock{mutex};
    open = to;
    changed.notify_all();
  }
};

} // namespace

// The dynamic linker prefers this one to libc's, also for libcurl.
extern "C" int getaddrinfo(const char* node, const char* service,
                           const addrinfo* hints, addrinfo** result) {
  using function =
    int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real =
    reinterpret_cast<function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node && node == slow_host) {
    gate::get().pass();
    return EAI_NONAME;
  }
  return real(node, service, hints, result);
}

namespace {

struct fixture {
  std::unique_ptr<loopback_server> server =
    std::move(loopback_server::start({}).value());
  std::unique_ptr<http_client> client =
    std::move(make_curl_http_client().value());
  std::shared_ptr<recording_listener> slow =
    std::make_shared<recording_listener>();

  fixture() { gate::get().set(false); }
  ~fixture() {
    gate::get().set(true);
    BOOST_TEST(gate::get().wait_until_inside(0));
  }
  transfer_id start_slow(std::chrono::milliseconds connect_timeout = 0ms) {
    http_request request;
    request.url = "http://slow.invalid/";
    request.connect_timeout = connect_timeout;
    const auto id = client->start(std::move(request), slow);
    BOOST_REQUIRE(gate::get().wait_until_inside(1));
    return id;
  }
  void check_that_others_go_on() {
    http_request request;
    request.url = server->url();
    const auto other = std::make_shared<recording_listener>();
    client->start(std::move(request), other);
    BOOST_REQUIRE(other->wait_for_end());
    BOOST_TEST((other->copy().ended->code == errc::none));
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(others_go_on_during_a_lookup, fixture) {
  start_slow();
  check_that_others_go_on();
  BOOST_TEST(slow->copy().ends == 0u);
}

BOOST_FIXTURE_TEST_CASE(cancel_does_not_wait_for_the_lookup, fixture) {
  const auto id = start_slow();
  const auto called = std::chrono::steady_clock::now();
  client->cancel(id);
  BOOST_REQUIRE(slow->wait_for_end());
  BOOST_TEST((std::chrono::steady_clock::now() - called < 100ms));
  BOOST_TEST((slow->copy().ended->code == errc::aborted));
  check_that_others_go_on();
}

BOOST_FIXTURE_TEST_CASE(the_connect_timeout_does_not_wait_for_the_lookup,
                        fixture) {
  start_slow(100ms);
  BOOST_REQUIRE(slow->wait_for_end());
  BOOST_TEST((slow->copy().ended->code == errc::timeout));
  check_that_others_go_on();
}

BOOST_FIXTURE_TEST_CASE(the_destructor_does_not_wait_for_the_lookup, fixture) {
  start_slow();
  const auto begin = std::chrono::steady_clock::now();
  client.reset();
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 2s));
  BOOST_TEST((slow->copy().ended->code == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(a_lookup_that_fails_is_network, fixture) {
  start_slow();
  gate::get().set(true);
  BOOST_REQUIRE(slow->wait_for_end());
  BOOST_TEST((slow->copy().ended->code == errc::network));
  BOOST_TEST(
    (slow->copy().ended->message.find("slow.invalid") != std::string::npos));
}
