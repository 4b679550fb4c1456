// Goal: whatever threads ask of workspaces at the same time, each stream that
// began ends once, in order, and its connection is closed.
// Method: a whole runtime and a server on loopback; threads that do not wait
// for each other, and evidence from both ends. PENSTOCK_RACE_SCALE: how many
// workspaces, and commands of each (20).
#define BOOST_TEST_MODULE workspace_race
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "runtime/callback_threads.hpp"
#include "runtime/event_feed.hpp"
#include "runtime/runtime.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <thread>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;
using reason = event::stream_abort::reason;

namespace {

// Nobody waits so long unless something hangs.
constexpr auto patience = 120s;

std::size_t scale() {
  const char* text = std::getenv("PENSTOCK_RACE_SCALE");
  return text ? std::strtoull(text, nullptr, 10) : 20;
}

/// One workspace as a client sees it.
struct watcher {
  std::string id;
  subscription listens;
  std::mutex mutex; ///< Guards what follows.
  transcript heard;
  std::vector<std::string> violations;
  std::vector<std::string> story; ///< "start ID", "end ID", "abort ID why".
  std::uint64_t last_seq = 0;
  bool is_closed = false;

  void take(const event_batch& batch) {
    const std::lock_guard lock{mutex};
    for (const auto& e : batch) {
      if (e.seq != ++last_seq)
        violations.push_back("a gap before " + std::to_string(e.seq));
      if (auto wrong = heard.take(e); !wrong.empty())
        violations.push_back(wrong);
      const auto stream = to_string(e.of->stream);
      if (std::holds_alternative<event::stream_start>(*e.body))
        story.push_back("start " + stream);
      else if (auto* abort = std::get_if<event::stream_abort>(e.body.get())) {
        if (e.of->stream != stream_id{})
          story.push_back("abort " + stream + " "
                          + std::string{to_string(abort->why)});
      } else if (terminal(*e.body))
        story.push_back("end " + stream);
    }
  }
};

struct race {
  std::unique_ptr<loopback::loopback_server> server;
  std::vector<std::unique_ptr<watcher>> watched;
  /// Last: ends before what its callbacks write into.
  std::unique_ptr<runtime> rt;

  explicit race(std::chrono::milliseconds passivate_after =
                  workspace_options{}.passivate_after_ms) {
    loopback::server_options options;
    // Some end by themselves at once, some after a while, some never.
    options.script.on({}, [](const http_request&, std::size_t number) {
      answer_pace pace;
      pace.between = number % 3 == 0 ? 0ms : 3ms;
      auto turn = scripted_turn{}.text("a few words that come one by one");
      if (number % 3 != 2)
        return openai_chat_answer(turn, pace);
      auto answer = openai_chat_answer(turn.truncated(), pace);
      answer.ends = http_answer::ending::stall;
      return answer;
    });
    server = loopback::loopback_server::start(std::move(options)).value();
    runtime_options how;
    how.workspaces.passivate_after_ms = passivate_after;
    auto& mine = how.providers["mine"];
    mine.api = "openai-chat";
    mine.base_url = server->url("/v1");
    rt = runtime::open(std::move(how)).value();
  }

  watcher& watch(const std::string& id) {
    auto& w = *watched.emplace_back(std::make_unique<watcher>());
    w.id = id;
    subscription_callbacks calls;
    calls.on_events = [&w](const event_batch& batch) { w.take(batch); };
    calls.on_closed = [&w] {
      const std::lock_guard lock{w.mutex};
      w.is_closed = true;
    };
    w.listens = rt->subscribe(id, std::move(calls)).value();
    return w;
  }

  start_request ask(const std::string& id) const {
    start_request request;
    request.workspace_id = id;
    request.model = "mine:m";
    request.messages = {user_text("go on")};
    return request;
  }

  /// Ends the runtime and holds both ends' evidence against each other.
  void check_end() {
    BOOST_REQUIRE(rt->shutdown(patience).has_value());
    std::size_t begun = 0;
    for (const auto& w : watched) {
      const std::lock_guard lock{w->mutex};
      BOOST_TEST_CONTEXT("workspace " << w->id) {
        BOOST_TEST(w->is_closed);
        BOOST_TEST(w->violations.empty(),
                   (w->violations.empty() ? "" : w->violations.front()));
        BOOST_TEST(w->heard.starts() == w->heard.ends());
        begun += w->heard.starts();
      }
    }
    BOOST_TEST(begun > 0u);
    BOOST_TEST(server->wait_until(
      [](const loopback::server_log& log) {
        return log.open_connections() == 0;
      },
      patience));
    const auto log = server->log();
    const auto closed = std::count_if(
      log.connections.begin(), log.connections.end(),
      [](const auto& c) { return c.closed_by != loopback::closer::nobody; });
    BOOST_TEST(static_cast<std::size_t>(closed) == log.connections.size());
  }
};

void play_at_random(race& with) {
  auto& rt = with.rt;
  auto& watched = with.watched;
  const auto size = scale();
  for (std::size_t i = 0; i < size; ++i)
    with.watch("w" + std::to_string(i));
  constexpr std::size_t threads = 4;
  std::atomic<std::size_t> answered = 0;
  std::atomic<std::size_t> strange = 0; ///< Answers that nobody may get.
  const auto expect = [&](const auto& got, std::initializer_list<errc> may) {
    ++answered;
    if (!got
        && std::find(may.begin(), may.end(), got.error().code) == may.end())
      ++strange;
  };
  std::vector<std::jthread> all;
  for (std::size_t t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      std::mt19937_64 random{t};
      for (std::size_t i = 0; i < size * size / threads; ++i) {
        const auto& id = watched[random() % size]->id;
        if (random() % 5 < 2) {
          expect(rt->start(with.ask(id)), {errc::superseded, errc::aborted});
        } else if (random() % 3 == 0) { // The store is asked about its id.
          auto named = with.ask(id);
          named.message_id = "new " + std::to_string(t * size * size + i);
          expect(rt->start(named), {errc::superseded, errc::aborted});
          named.message_id = "used";
          expect(rt->start(named),
                 {errc::superseded, errc::aborted, errc::invalid_request});
          --answered; // Of two.
        } else if (random() % 4 > 0)
          expect(rt->stop({id, {}, false, false}), {});
        else // Its boundary may be far away: nobody waits for it.
          rt->stop({id, {}, true, false},
                   [&](expected<stop_result> got) { expect(got, {}); });
      }
    });
  all.clear();
  for (const auto& w : watched) {
    BOOST_TEST(rt->stop({w->id, {}, false, false}).has_value());
    const auto view = rt->view(w->id);
    BOOST_REQUIRE(view.has_value());
    BOOST_TEST(!view->active.has_value());
  }
  with.check_end();
  BOOST_TEST(answered == size * size / threads * threads);
  BOOST_TEST(strange == 0u);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(what_threads_do_at_random_ends_each_stream_once, race) {
  play_at_random(*this);
}

// Whoever has nothing to do for a moment leaves memory and comes back.
BOOST_AUTO_TEST_CASE(whoever_leaves_memory_at_once_ends_each_stream_once) {
  race leavers{1ms};
  play_at_random(leavers);
}

BOOST_FIXTURE_TEST_CASE(of_starts_at_one_moment_one_is_left_running, race) {
  const auto size = scale();
  auto& w = watch("w");
  std::latch together{static_cast<std::ptrdiff_t>(size)};
  std::vector<expected<stream_id>> got(size, fail(errc::internal, "none"));
  // They shall not end by themselves, so that only a successor ends them.
  server->change_script([](http_script& script) {
    auto answer = openai_chat_answer(scripted_turn{}.text("on").truncated());
    answer.ends = http_answer::ending::stall;
    script = http_script{std::move(answer)};
  });
  std::vector<std::jthread> all;
  for (std::size_t i = 0; i < size; ++i)
    all.emplace_back([&, i] {
      together.arrive_and_wait();
      got[i] = rt->start(ask("w"));
    });
  all.clear();
  std::set<std::string> registered;
  for (const auto& one : got)
    if (one)
      registered.insert(to_string(*one));
    else
      BOOST_TEST((one.error().code == errc::superseded));
  const auto view = rt->view("w");
  BOOST_REQUIRE(view.has_value());
  BOOST_REQUIRE(view->active.has_value());
  const auto newest = to_string(*view->active);
  BOOST_TEST(registered.contains(newest));
  BOOST_TEST(rt->stop({"w", {}, false, false}).has_value());
  check_end();

  // start A, abort A replaced, start B, abort B replaced, … start Z, abort Z.
  BOOST_REQUIRE_EQUAL(w.story.size(), 2 * registered.size());
  std::set<std::string> begun;
  for (std::size_t i = 0; i < w.story.size(); i += 2) {
    const auto id = w.story[i].substr(6);
    const bool last = i + 2 == w.story.size();
    BOOST_TEST(w.story[i] == "start " + id);
    BOOST_TEST(w.story[i + 1]
               == "abort " + id + (last ? " user" : " replaced"));
    begun.insert(id);
    if (last)
      BOOST_TEST(id == newest);
  }
  BOOST_TEST((begun == registered));
}

// Its last events are being told when the runtime ends: what is to follow them
// is not dropped.
BOOST_AUTO_TEST_CASE(a_feed_is_told_of_its_end_while_its_threads_end) {
  auto made = callback_threads::start(1, {}).value();
  const std::shared_ptr<callback_threads> threads{std::move(made)};
  std::promise<void> runs, go_on;
  std::atomic<bool> told{false};
  subscription_callbacks calls;
  calls.on_events = [&](const event_batch&) {
    runs.set_value();
    go_on.get_future().wait();
  };
  calls.on_closed = [&] { told = true; };
  const auto feed =
    std::make_shared<event_feed>(std::move(calls), threads, [] {});
  auto sink = feed->make_sink();
  sink->deliver(event_batch(1));
  sink->round_over();
  runs.get_future().wait();
  sink->closed();
  bool in_time = false;
  std::thread ends{[&] { in_time = threads->close(patience); }};
  while (threads->post([] {})) // Until it is closing.
    std::this_thread::yield();
  go_on.set_value();
  ends.join();
  BOOST_TEST(in_time);
  BOOST_TEST(told);
}
