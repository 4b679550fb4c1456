// Goal: many transfers and many callers at once: nothing is lost, nothing is
// said twice, nothing hangs.
// Method: 300 real streams; storms of start, cancel and resume from several
// threads; run it under ThreadSanitizer.
#define BOOST_TEST_MODULE curl_http_client_load
#include <boost/test/unit_test.hpp>

#include "providers/curl_http_client.hpp"
#include "providers/scripted_answers.hpp"
#include "tests/support/recording_listener.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using loopback::loopback_server;
using testing::recording_listener;

namespace {

std::unique_ptr<loopback_server> serve(http_script script) {
  loopback::server_options options;
  options.script = std::move(script);
  return std::move(loopback_server::start(std::move(options)).value());
}

http_request post(std::string url) {
  http_request request;
  request.url = std::move(url);
  request.body = "{}";
  return request;
}

struct tally {
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  std::atomic<int> twice{0};
  std::atomic<int> late{0}; ///< Calls after `on_end`.
  std::atomic<int> aborted{0};
  std::atomic<int> complete{0};
  std::atomic<int> other{0};
};

/// Counts, and pauses now and then.
class counting : public http_listener {
public:
  counting(tally& sum, unsigned seed) : sum_(sum), random_(seed) {}
  void on_response(http_response_head) override { sum_.late += ended_; }
  bool on_body(std::string_view) override {
    sum_.late += ended_;
    return random_() % 3 != 0;
  }
  void on_end(error why) override {
    sum_.twice += ended_;
    ended_ = true;
    if (why.code == errc::none)
      ++sum_.complete;
    else if (why.code == errc::aborted)
      ++sum_.aborted;
    else
      ++sum_.other;
    ++sum_.ended;
  }

private:
  tally& sum_;
  std::minstd_rand random_;
  bool ended_ = false;
};

} // namespace

BOOST_AUTO_TEST_CASE(three_hundred_streams_at_once_arrive_whole) {
  constexpr int count = 300;
  const auto answer =
    openai_chat_answer(scripted_turn{}.text("a b c d e f g h i j"),
                       {.first = 50ms, .between = 5ms});
  std::string want;
  for (const auto& piece : answer.body)
    want += piece.bytes;
  const auto server = serve(http_script{answer});
  // Several multi handles, as thousands would need.
  const auto client =
    std::move(make_curl_http_client({.transfers_per_multi_max = 64}).value());
  std::vector<std::shared_ptr<recording_listener>> listeners;
  for (int i = 0; i < count; ++i) {
    listeners.push_back(std::make_shared<recording_listener>());
    client->start(post(server->url()), listeners.back());
  }
  for (const auto& listener : listeners) {
    BOOST_REQUIRE(listener->wait_for_end(60s));
    const auto got = listener->copy();
    BOOST_TEST((got.ended->code == errc::none), got.ended->message);
    BOOST_TEST((got.body == want));
    BOOST_TEST(got.ends == 1u);
  }
  BOOST_TEST(server->log().answers.size() == std::size_t(count));
}

BOOST_AUTO_TEST_CASE(storms_from_several_threads_end_each_transfer_once) {
  constexpr int threads = 4;
  constexpr int each = 150;
  http_script script;
  script.on({.url_contains = "/short"}, recorded_answer("hello", 1, 0ms));
  script.on({.url_contains = "/stall"}, [](auto&, auto) {
    auto answer = recorded_answer("hello", 2, 1ms);
    answer.ends = http_answer::ending::stall;
    return answer;
  });
  script.on({.url_contains = "/reset"}, [](auto&, auto) {
    auto answer = recorded_answer("hello", 2, 1ms);
    answer.ends = http_answer::ending::reset;
    return answer;
  });
  const auto server = serve(std::move(script));
  tally sum;
  {
    const auto client =
      std::move(make_curl_http_client({.transfers_per_multi_max = 50}).value());
    std::vector<std::thread> crowd;
    for (unsigned t = 0; t < threads; ++t)
      crowd.emplace_back([&, t] {
        std::minstd_rand random{t + 1};
        std::vector<transfer_id> mine;
        for (unsigned i = 0; i < each; ++i) {
          const char* const path[] = {"/short", "/stall", "/reset",
                                      "malformed"};
          const auto pick = random() % 4;
          mine.push_back(client->start(
            post(pick == 3 ? "malformed" : server->url(path[pick])),
            std::make_shared<counting>(sum, i)));
          ++sum.started;
          // Any of the last few, so that some are early and some too late.
          const auto recent = std::min<std::size_t>(mine.size(), 20);
          const auto any = mine[mine.size() - 1 - random() % recent];
          if (random() % 2)
            client->cancel(any);
          client->resume(any);
        }
        for (const auto id :
             mine) { // What is paused goes on; what stalls ends.
          client->resume(id);
          if (random() % 4 == 0)
            client->cancel(id);
        }
      });
    for (auto& thread : crowd)
      thread.join();
    for (int i = 0; i < 20; ++i) { // The others go on meanwhile.
      const auto last = std::make_shared<recording_listener>();
      client->start(post(server->url("/short")), last);
      BOOST_REQUIRE(last->wait_for_end());
      BOOST_TEST((last->copy().body == "hello"));
    }
  } // The destructor ends the rest.
  BOOST_TEST(sum.started == threads * each);
  BOOST_TEST(sum.ended == sum.started);
  BOOST_TEST(sum.twice == 0);
  BOOST_TEST(sum.late == 0);
  BOOST_TEST(sum.complete > 0);
  BOOST_TEST(sum.aborted > 0);
  BOOST_TEST(sum.other > 0); // Resets and malformed URLs.
  BOOST_TEST_MESSAGE(sum.complete << " complete, " << sum.aborted
                                  << " aborted, " << sum.other << " failed");
  BOOST_TEST(server->wait_until(
    [](auto& log) { return log.open_connections() == 0; }, 20s));
}

BOOST_AUTO_TEST_CASE(clients_come_and_go_in_many_threads) {
  const auto server = serve(http_script{http_answer{}});
  std::atomic<int> good{0};
  std::vector<std::thread> crowd;
  for (int t = 0; t < 4; ++t)
    crowd.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto client = std::move(make_curl_http_client().value());
        const auto listener = std::make_shared<recording_listener>();
        client->start(post(server->url()), listener);
        good += listener->wait_for_end()
                && listener->copy().ended->code == errc::none;
      }
    });
  for (auto& thread : crowd)
    thread.join();
  BOOST_TEST(good == 40);
}
