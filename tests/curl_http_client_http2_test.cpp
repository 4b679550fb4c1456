// Goal: over HTTP/2 a cancel resets the stream and spares its neighbours, a
// pause holds up nobody else, and a lost connection ends each of its streams.
// Method: nghttpd with its log of frames; a loud skip where there is none.
#define BOOST_TEST_MODULE curl_http_client_http2
#include <boost/test/unit_test.hpp>

#include "providers/curl_http_client.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/recording_listener.hpp"
#include "tests/support/test_certificate.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using testing::heard;
using testing::recording_listener;

namespace {

constexpr std::size_t big_bytes = 96u << 20;

std::uint16_t free_port() {
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

bool has_nghttpd() {
  static const bool found =
    std::system("command -v nghttpd > /dev/null 2>&1") == 0;
  return found;
}

boost::test_tools::assertion_result
nghttpd_is_there(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result answer{has_nghttpd()};
  answer.message() << "SKIPPED: no nghttpd (apt-get install nghttp2-server); "
                      "HTTP/2 is NOT tested";
  return answer;
}

struct fixture {
  testing::test_certificate certificate;
  std::uint16_t port = free_port();
  std::unique_ptr<testing::child_process> server;
  std::unique_ptr<http_client> client;

  fixture() {
    const auto root = certificate.directory();
    std::ofstream{root / "small"} << "hello";
    std::ofstream{root / "big"}.close();
    std::filesystem::resize_file(root / "big", big_bytes);
    server = std::make_unique<testing::child_process>(std::vector<std::string>{
      "stdbuf", "-oL", "nghttpd", "-v", "-a", "127.0.0.1", "-d", root.string(),
      std::to_string(port), certificate.files().key,
      certificate.files().certificate});
    BOOST_REQUIRE(server->wait_for("listen 127.0.0.1"));
    curl_options options;
    options.ca_file = certificate.ca_file();
    options.wait_for_multiplexing = true;
    client = std::move(make_curl_http_client(options).value());
  }

  transfer_id start(const std::string& path,
                    std::shared_ptr<http_listener> listener) {
    http_request request;
    request.url = "https://127.0.0.1:" + std::to_string(port) + path;
    request.body = "{}";
    request.connect_timeout = 10s;
    return client->start(std::move(request), std::move(listener));
  }
  heard run(const std::string& path) {
    const auto listener = std::make_shared<recording_listener>();
    start(path, listener);
    BOOST_REQUIRE(listener->wait_for_end());
    return listener->copy();
  }
  static std::size_t count(const std::string& output, const std::string& mark) {
    std::size_t found = 0;
    for (auto at = output.find(mark); at != output.npos;
         at = output.find(mark, at + 1))
      ++found;
    return found;
  }
  std::size_t count(const std::string& mark) const {
    return count(server->output(), mark);
  }
  std::size_t handshakes() const { return count("handshake completed"); }
};

/// Pauses after the first piece and counts; keeps nothing.
class pausing : public http_listener {
public:
  void on_response(http_response_head) override {}
  bool on_body(std::string_view bytes) override {
    const std::lock_guard lock{mutex_};
    bytes_ += bytes.size();
    changed_.notify_all();
    return !pauses_;
  }
  void on_end(error why) override {
    const std::lock_guard lock{mutex_};
    ended_ = std::move(why);
    changed_.notify_all();
  }
  void go() {
    const std::lock_guard lock{mutex_};
    pauses_ = false;
  }
  bool wait_for_bytes() {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return bytes_ > 0; });
  }
  bool wait_for_end() {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return ended_.has_value(); });
  }
  std::size_t bytes() {
    const std::lock_guard lock{mutex_};
    return bytes_;
  }
  error ended() {
    const std::lock_guard lock{mutex_};
    return *ended_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t bytes_ = 0;
  bool pauses_ = true;
  std::optional<error> ended_;
};

} // namespace

BOOST_AUTO_TEST_CASE(nghttpd_is_installed) {
  BOOST_WARN_MESSAGE(has_nghttpd(),
                     "SKIPPED: no nghttpd (apt-get install nghttp2-server); "
                     "HTTP/2 is NOT tested");
}

BOOST_AUTO_TEST_SUITE(http2, *boost::unit_test::precondition(nghttpd_is_there))

BOOST_FIXTURE_TEST_CASE(many_transfers_share_one_connection, fixture) {
  std::vector<std::shared_ptr<recording_listener>> listeners;
  for (int i = 0; i < 50; ++i) {
    listeners.push_back(std::make_shared<recording_listener>());
    start("/small", listeners.back());
  }
  for (const auto& listener : listeners) {
    BOOST_REQUIRE(listener->wait_for_end());
    const auto got = listener->copy();
    BOOST_TEST((
      got.calls
      == std::vector<std::string>{"connected", "response 200", "body", "end"}));
    BOOST_TEST(got.body == "hello");
  }
  BOOST_TEST(handshakes() == 1u);
}

BOOST_FIXTURE_TEST_CASE(cancel_resets_the_stream_and_spares_its_neighbours,
                        fixture) {
  for (const bool neighbour_pauses : {true, false}) {
    BOOST_TEST_CONTEXT("neighbour pauses: " << neighbour_pauses) {
      const auto neighbour = std::make_shared<pausing>();
      const auto other = start("/big", neighbour);
      BOOST_REQUIRE(neighbour->wait_for_bytes());
      const auto listener = std::make_shared<pausing>();
      const auto id = start("/big", listener);
      BOOST_REQUIRE(listener->wait_for_bytes());
      if (!neighbour_pauses) {
        neighbour->go();
        client->resume(other);
      }
      const auto resets = count("recv RST_STREAM");
      client->cancel(id);
      BOOST_REQUIRE(listener->wait_for_end());
      BOOST_TEST((listener->ended().code == errc::aborted));
      BOOST_TEST(server->wait_until(
        [&](auto& o) { return count(o, "recv RST_STREAM") > resets; }));
      if (neighbour_pauses)
        BOOST_TEST(neighbour->bytes() <= 16u << 10); // It still does.
      neighbour->go();
      client->resume(other);
      BOOST_REQUIRE(neighbour->wait_for_end());
      BOOST_TEST((neighbour->ended().code == errc::none));
      BOOST_TEST(neighbour->bytes() == big_bytes);
    }
  }
  BOOST_TEST(handshakes() == 1u);
}

BOOST_FIXTURE_TEST_CASE(cancel_of_the_last_stream_closes_the_connection,
                        fixture) {
  for (const bool pauses : {true, false}) {
    BOOST_TEST_CONTEXT("pauses: " << pauses) {
      const auto listener = std::make_shared<pausing>();
      if (!pauses)
        listener->go();
      const auto closes = count("] closed");
      const auto id = start("/big", listener);
      BOOST_REQUIRE(listener->wait_for_bytes());
      client->cancel(id);
      BOOST_REQUIRE(listener->wait_for_end());
      BOOST_TEST(server->wait_until(
        [&](auto& o) { return count(o, "] closed") > closes; }));
    }
  }
  BOOST_TEST(run("/small").body == "hello");
}

BOOST_FIXTURE_TEST_CASE(a_paused_stream_holds_up_no_other, fixture) {
  const auto paused = std::make_shared<pausing>();
  start("/big", paused);
  BOOST_REQUIRE(paused->wait_for_bytes());
  for (int i = 0; i < 20; ++i)
    BOOST_TEST(run("/small").body == "hello");
}

BOOST_FIXTURE_TEST_CASE(a_pause_stops_the_bytes_until_resume, fixture) {
  const auto paused = std::make_shared<pausing>();
  const auto id = start("/big", paused);
  BOOST_REQUIRE(paused->wait_for_bytes());
  run("/small");
  BOOST_TEST(paused->bytes() <= 16u << 10);
  paused->go();
  client->resume(id);
  BOOST_REQUIRE(paused->wait_for_end());
  BOOST_TEST((paused->ended().code == errc::none));
  BOOST_TEST(paused->bytes() == big_bytes);
}

BOOST_FIXTURE_TEST_CASE(a_lost_connection_ends_each_of_its_streams, fixture) {
  std::vector<std::shared_ptr<pausing>> streams;
  for (int i = 0; i < 5; ++i) {
    streams.push_back(std::make_shared<pausing>());
    const auto id = start("/big", streams.back());
    BOOST_REQUIRE(streams.back()->wait_for_bytes());
    streams.back()->go();
    if (i == 4)
      server->kill();
    client->resume(id);
  }
  for (const auto& stream : streams) {
    BOOST_REQUIRE(stream->wait_for_end());
    const auto why = stream->ended();
    BOOST_TEST((why.code == errc::network || why.code == errc::none));
    if (why.code == errc::none)
      BOOST_TEST(stream->bytes() == big_bytes);
  }
  BOOST_TEST((streams.back()->ended().code == errc::network));
}

BOOST_FIXTURE_TEST_CASE(the_destructor_ends_shared_streams, fixture) {
  std::vector<std::shared_ptr<pausing>> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(std::make_shared<pausing>());
    start("/big", streams.back());
  }
  BOOST_REQUIRE(streams.front()->wait_for_bytes());
  client.reset();
  for (const auto& stream : streams)
    BOOST_TEST((stream->ended().code == errc::aborted));
}

BOOST_AUTO_TEST_SUITE_END()
