// Goal: the network in memory keeps the contract of a real one, to the
// millisecond and in the same order every time.
// Method: scripts on a virtual clock, told as stories of (time, call).
#define BOOST_TEST_MODULE scripted_http_client
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "providers/system_clock.hpp"
#include "tests/support/recording_listener.hpp"
#include "tests/support/virtual_clock.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using testing::recording_listener;
using testing::virtual_clock;

namespace {

constexpr auto url = "http://api.example/v1/chat/completions";

http_request post(std::string to = url, std::string body = "{}") {
  http_request request;
  request.url = std::move(to);
  request.body = std::move(body);
  return request;
}

/// Writes each call with its time since the start: "5:head 200".
class teller : public http_listener {
public:
  teller(penstock::clock& time, std::string& story)
    : time_(time), begin_(time.now()), story_(story) {}
  std::function<bool(std::string_view)> on_bytes; ///< Whether to go on.
  std::function<void()> on_every_call;

  void on_connected() override { tell("connected"); }
  void on_response(http_response_head head) override {
    tell("head " + std::to_string(head.status));
  }
  bool on_body(std::string_view bytes) override {
    tell("'" + std::string{bytes} + "'");
    return !on_bytes || on_bytes(bytes);
  }
  void on_end(error why) override { tell(std::string{to_string(why.code)}); }

private:
  void tell(const std::string& what) {
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
      time_.now() - begin_);
    story_ +=
      (story_.empty() ? "" : " ") + std::to_string(at.count()) + ":" + what;
    if (on_every_call)
      on_every_call();
  }
  penstock::clock& time_;
  steady_time begin_;
  std::string& story_;
};

struct fixture {
  virtual_clock time;
  std::string story;
  std::shared_ptr<teller> listener = std::make_shared<teller>(time, story);
  std::unique_ptr<scripted_http_client> client;

  void play(http_script script) {
    client = std::make_unique<scripted_http_client>(time, std::move(script));
  }
  void play(http_answer answer) { play(http_script{std::move(answer)}); }
  transfer_id start(http_request request = post()) {
    return client->start(std::move(request), listener);
  }
  transfer_record record() const { return client->records().at(0); }
};

http_answer two_pieces() {
  http_answer answer;
  answer.connect_delay = 5ms;
  answer.head_delay = 10ms;
  answer.body = {{"a", 20ms, 1}, {"b", 30ms, 1}};
  answer.end_delay = 1ms;
  return answer;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(an_answer_keeps_its_times, fixture) {
  play(two_pieces());
  start();
  BOOST_TEST(story == ""); // Nothing from inside `start`.
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 65:'b' 66:none");
  const auto r = record();
  BOOST_TEST(r.connected);
  BOOST_TEST(r.answered);
  BOOST_TEST(r.body_bytes == 2u);
  BOOST_TEST((r.ended->code == errc::none));
  BOOST_TEST((r.ended_at - r.started == 66ms));
  BOOST_TEST(client->running() == 0u);
  BOOST_TEST(time.pending() == 0u);
  BOOST_TEST((listener.use_count() == 1));
}

BOOST_FIXTURE_TEST_CASE(an_empty_answer_has_a_head_before_its_end, fixture) {
  play(http_answer{});
  start();
  time.advance(0ms);
  BOOST_TEST(story == "0:connected 0:head 200 0:none");
}

BOOST_FIXTURE_TEST_CASE(header_names_are_in_lower_case, fixture) {
  http_answer answer;
  answer.headers = {{"Retry-After", "Soon"}};
  play(answer);
  const auto recording = std::make_shared<recording_listener>();
  client->start(post(), recording);
  time.advance(0ms);
  BOOST_TEST(*find_header(recording->copy().head->headers, "retry-after")
             == "Soon");
}

BOOST_FIXTURE_TEST_CASE(repeated_pieces_repeat_their_delay, fixture) {
  http_answer answer;
  answer.body = {{"x", 2ms, 3}, {"never", 1ms, 0}, {"y", 1ms, 1}};
  play(answer);
  start();
  time.advance(1h);
  BOOST_TEST(story == "0:connected 0:head 200 2:'x' 4:'x' 6:'x' 7:'y' 7:none");
}

BOOST_FIXTURE_TEST_CASE(faults_end_as_they_would_on_the_wire, fixture) {
  auto answer = two_pieces();
  answer.ends = http_answer::ending::reset;
  auto closed = two_pieces();
  closed.ends = http_answer::ending::closed;
  http_answer garbage;
  garbage.framed = http_answer::framing::raw;
  garbage.body = {{"SSH-2.0", 0ms, 1}};
  play(http_script{}.in_turn({answer, closed, garbage}));
  start();
  time.advance(1h);
  start();
  time.advance(1h);
  start();
  time.advance(1h);
  const auto records = client->records();
  for (const auto& r : records) {
    BOOST_TEST((r.ended->code == errc::network));
    BOOST_TEST((r.ended->message.find("api.example:80") == 0u));
  }
  BOOST_TEST(records[0].body_bytes == 2u);
  BOOST_TEST(!records[2].answered);
}

BOOST_FIXTURE_TEST_CASE(a_stall_lasts_until_cancel, fixture) {
  auto answer = two_pieces();
  answer.ends = http_answer::ending::stall;
  play(answer);
  const auto id = start();
  time.advance(std::chrono::hours{24 * 365});
  BOOST_TEST(client->running() == 1u);
  BOOST_TEST(!record().ended);
  client->cancel(id);
  time.advance(0ms);
  BOOST_TEST((record().ended->code == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(the_connect_timeout_is_named, fixture) {
  for (const auto delay : {http_answer::never, 101ms}) {
    http_answer answer;
    answer.connect_delay = delay;
    play(answer);
    story.clear();
    listener = std::make_shared<teller>(time, story);
    auto request = post();
    request.connect_timeout = 100ms;
    start(std::move(request));
    time.advance(1h);
    BOOST_TEST(story == "100:timeout");
    BOOST_TEST((record().ended->message.find("connect_timeout_ms (100 ms)")
                != std::string::npos));
  }
}

BOOST_FIXTURE_TEST_CASE(a_connection_in_time_is_no_timeout, fixture) {
  http_answer answer;
  answer.connect_delay = 100ms;
  answer.head_delay = 1h;
  play(answer);
  auto request = post();
  request.connect_timeout = 100ms;
  start(std::move(request));
  time.advance(2h);
  BOOST_TEST(story == "100:connected 3600100:head 200 3600100:none");
}

BOOST_FIXTURE_TEST_CASE(a_server_that_never_speaks_needs_a_cancel, fixture) {
  http_answer answer;
  answer.head_delay = http_answer::never;
  play(answer);
  const auto id = start();
  time.advance(24h);
  client->cancel(id);
  time.advance(0ms);
  BOOST_TEST(story == "0:connected 86400000:aborted");
}

// ---- cancel -----------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(cancel_wins_at_every_moment, fixture) {
  for (const auto moment : {0ms, 4ms, 5ms, 14ms, 20ms, 40ms, 65ms}) {
    BOOST_TEST_CONTEXT(moment.count() << " ms") {
      play(two_pieces());
      story.clear();
      listener = std::make_shared<teller>(time, story);
      const auto id = start();
      time.advance(moment);
      const auto before = story;
      client->cancel(id);
      BOOST_TEST(story == before); // Nothing from inside `cancel`.
      client->cancel(id);
      client->resume(id);
      time.advance(1h);
      BOOST_TEST(story
                 == before + (before.empty() ? "" : " ")
                      + std::to_string(moment.count()) + ":aborted");
      BOOST_TEST(client->running() == 0u);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_cancel_from_any_call_lets_only_the_end_follow,
                        fixture) {
  const char* const want[] = {"5:connected 5:aborted",
                              "5:connected 15:head 200 15:aborted",
                              "5:connected 15:head 200 35:'a' 35:aborted"};
  for (int calls = 1; calls <= 3; ++calls) {
    play(two_pieces());
    story.clear();
    listener = std::make_shared<teller>(time, story);
    transfer_id id{};
    int left = calls;
    listener->on_every_call = [&] {
      if (--left == 0)
        client->cancel(id);
    };
    id = start();
    time.advance(1h);
    BOOST_TEST(story == want[calls - 1]);
    listener->on_every_call = {};
  }
}

// ---- pause ------------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_pause_holds_until_resume, fixture) {
  play(two_pieces());
  listener->on_bytes = [](auto bytes) { return bytes != "a"; };
  const auto id = start();
  time.advance(10'000ms);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a'");
  client->resume(id);
  client->resume(id);
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 10000:'b' 10000:none");
  BOOST_TEST(record().pauses == 1u);
  BOOST_TEST(record().resumes == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_short_pause_changes_no_time, fixture) {
  play(two_pieces());
  listener->on_bytes = [](auto bytes) { return bytes != "a"; };
  const auto id = start();
  time.advance(36ms);
  client->resume(id);
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 65:'b' 66:none");
}

BOOST_FIXTURE_TEST_CASE(a_resume_inside_the_pausing_call_is_not_lost, fixture) {
  play(two_pieces());
  transfer_id id{};
  listener->on_bytes = [&](auto) {
    client->resume(id);
    return false;
  };
  id = start();
  time.advance(1h);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 65:'b' 66:none");
}

BOOST_FIXTURE_TEST_CASE(a_paused_transfer_can_be_cancelled, fixture) {
  play(two_pieces());
  listener->on_bytes = [](auto) { return false; };
  const auto id = start();
  time.advance(1h);
  client->cancel(id);
  time.advance(0ms);
  BOOST_TEST(story == "5:connected 15:head 200 35:'a' 3600000:aborted");
}

// ---- requests ---------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_bad_request_ends_as_invalid, fixture) {
  play(two_pieces());
  start(post("ftp://x/"));
  BOOST_TEST(story == "");
  time.advance(0ms);
  BOOST_TEST(story == "0:invalid_request");
}

BOOST_FIXTURE_TEST_CASE(requests_are_recorded_as_they_came, fixture) {
  play(http_answer{});
  auto request = post(url, "{\"model\":\"m\"}");
  request.headers = {{"authorization", "Bearer k"}};
  start(std::move(request));
  const auto r = record();
  BOOST_TEST(r.request.url == url);
  BOOST_TEST(r.request.body == "{\"model\":\"m\"}");
  BOOST_TEST(*find_header(r.request.headers, "authorization") == "Bearer k");
}

BOOST_FIXTURE_TEST_CASE(without_records_nothing_is_kept, fixture) {
  play(http_answer{});
  client->keep_records(false);
  for (int i = 0; i < 10; ++i)
    start();
  BOOST_TEST(client->records().size() == 10u); // They run.
  time.advance(0ms);
  BOOST_TEST(client->records().empty());
}

BOOST_FIXTURE_TEST_CASE(two_transfers_interleave_the_same_way_every_time,
                        fixture) {
  std::string first;
  for (int round = 0; round < 5; ++round) {
    play(two_pieces());
    story.clear();
    listener = std::make_shared<teller>(time, story);
    start();
    start();
    time.advance(1h);
    if (round == 0)
      first = story;
    BOOST_TEST(story == first);
  }
}

// ---- the end of the client --------------------------------------------------

BOOST_FIXTURE_TEST_CASE(the_destructor_aborts_what_runs, fixture) {
  play(two_pieces());
  start();
  time.advance(20ms);
  client.reset();
  BOOST_TEST(story == "5:connected 15:head 200 20:aborted");
  time.advance(1h); // A deadline that was left behind would fire here.
  BOOST_TEST(story == "5:connected 15:head 200 20:aborted");
}

BOOST_AUTO_TEST_CASE(works_on_the_real_clock_from_many_threads) {
  const auto time = std::move(make_system_clock().value());
  http_script script;
  script.on({.url_contains = "/stall"}, [](auto&, auto) {
    http_answer answer;
    answer.ends = http_answer::ending::stall;
    return answer;
  });
  script.on({}, recorded_answer("hello world", 2, 1ms));
  std::vector<std::shared_ptr<recording_listener>> listeners(200);
  {
    scripted_http_client client{*time, std::move(script)};
    std::vector<std::thread> crowd;
    for (unsigned t = 0; t < 4; ++t)
      crowd.emplace_back([&, t] {
        for (auto i = t; i < listeners.size(); i += 4) {
          listeners[i] = std::make_shared<recording_listener>(
            [i](auto& h) { return i % 3 == 0 && h.pieces == 1; });
          const auto id = client.start(
            post(i % 5 ? url : "http://api.example/stall"), listeners[i]);
          if (i % 5 == 0 && i % 2)
            client.cancel(id);
          if (i % 3 == 0) {
            listeners[i]->wait_until(
              [](auto& h) { return h.pieces > 0 || h.ends > 0; }, 50ms);
            client.resume(id);
          }
        }
      });
    for (auto& thread : crowd)
      thread.join();
    for (unsigned i = 0; i < listeners.size(); ++i)
      if (i % 5) {
        BOOST_REQUIRE(listeners[i]->wait_for_end());
        BOOST_TEST(listeners[i]->copy().body == "hello world");
      }
  }
  for (const auto& listener : listeners)
    BOOST_TEST(listener->copy().ends == 1u);
}
