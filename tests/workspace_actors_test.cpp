// Goal: the contract of a workspace holds with all actors between it and its
// caller, and while it leaves memory whenever it is idle.
// Method: real DIRECTORY, WORKSPACEs, SUPERVISOR and PROVIDERs on virtual time
// and the scripted network, `passivate_after_ms` 0; random commands, and a
// network that is faster than everyone who reads. PENSTOCK_LIVES: how many
// random lives (500); PENSTOCK_SEED: the first seed (1).
#define BOOST_TEST_MODULE workspace_actors
#include <boost/test/unit_test.hpp>

#include "actors/directory.hpp"
#include "tests/support/stream_world.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;
using reason = event::stream_abort::reason;

namespace {

constexpr std::size_t burst = 10'000;

std::string delta(std::string_view word) {
  return "data: {\"choices\":[{\"delta\":{\"content\":\"" + std::string{word}
         + "\"}}]}\n\n";
}

/// "seen", and 10 ms later ten thousand words in as many reads.
http_answer seen_then_a_burst(std::string word) {
  http_answer answer;
  answer.headers = {{"content-type", "text/event-stream"}};
  answer.body = {{delta("seen"), 0ms, 1}, {std::move(word), 10ms, 1}};
  answer.body.push_back({answer.body.back().bytes, 0ms, burst - 1});
  answer.ends = http_answer::ending::stall;
  return answer;
}

struct burst_world : stream_world {
  std::vector<stop_outcome> stopped;

  watched_workspace& begin(std::string word) {
    play(http_script{seen_then_a_burst(std::move(word))});
    auto& w = open("w");
    start(w, ask(w, "chat:one"));
    BOOST_REQUIRE_EQUAL(w.sink->heard.text(), "seen");
    return w;
  }
  void stop(const watched_workspace& w) {
    caf_compat::post(w.actor,
                     stop_stream{w.id,
                                 {w.id, {}, false, false},
                                 reason::user,
                                 reply<stop_result>{[&](auto result) {
                                   stopped.push_back(result.value().outcome);
                                 }}});
  }
  /// The network sends it all before anybody has read a word.
  void let_it_burst() {
    is_held = true;
    advance(10ms);
    is_held = false;
    BOOST_REQUIRE(transfers().at(0).body_bytes > burst * 8);
  }
  void check_end(const watched_workspace& w) const {
    BOOST_TEST((stopped == std::vector{stop_outcome::stopped}));
    BOOST_TEST(w.sink->heard.text() == "seen");
    BOOST_TEST(w.sink->violations.empty());
    const auto* abort = w.end<event::stream_abort>();
    BOOST_REQUIRE(abort);
    BOOST_TEST((abort->why == reason::user));
    BOOST_REQUIRE_EQUAL(abort->parts.size(), 1u);
    BOOST_REQUIRE(transfers().at(0).ended.has_value());
    BOOST_TEST((transfers().at(0).ended->code == errc::aborted));
  }
};

} // namespace

// ---- the stop overtakes -----------------------------------------------------

BOOST_FIXTURE_TEST_CASE(ten_thousand_parts_behind_the_stop_are_dropped_unread,
                        burst_world) {
  auto& w = begin(delta("unseen"));
  let_it_burst();
  stop(w); // PROVIDER has ten thousand reads before it hears of this.
  advance();
  check_end(w);
}

BOOST_FIXTURE_TEST_CASE(a_provider_does_not_decode_what_comes_after_the_stop,
                        burst_world) {
  // Who decodes one of these crashes, and is seen to.
  auto& w = begin(delta("unseen") + std::string{crash_marker});
  stop(w);
  let_it_burst();
  advance();
  check_end(w);
  BOOST_TEST(tripwire->trips() == 0u);
}

namespace {

/// Stands where SUPERVISOR stands, and cancels at once.
struct supervisor_probe {
  using shell = caf_compat::shell<supervisor_protocol, supervisor_probe>;
  supervisor_probe(shell&, std::vector<run_attempt>* asked) : asked_(asked) {}
  void on(const run_attempt& m) { asked_->push_back(m); }
  void on(const cancel_attempt& m) {
    attempt_settled settled{m.attempt, {}};
    settled.verdict.what = attempt_verdict::kind::cancelled;
    settled.verdict.report.stopped = true;
    caf_compat::post(asked_->back().report_to, std::move(settled));
  }
  template <class Message>
  void on(const Message&) {}

private:
  std::vector<run_attempt>* const asked_;
};

/// A WORKSPACE whose mailbox the test fills.
struct mailbox_world : stream_world {
  std::vector<run_attempt> asked;
  supervisor_actor probe =
    caf_compat::spawn<supervisor_protocol, supervisor_probe>(system, &asked);
  workspace_actor workspace =
    caf_compat::spawn<workspace_protocol, workspace_state>(
      system, "w", environment(), directory_actor{}, probe,
      std::vector<parked_subscriber>{});
  std::shared_ptr<collecting_sink> sink = std::make_shared<collecting_sink>();
  std::uint32_t batches = 0;
  std::vector<stop_outcome> stopped;

  std::stop_source token;

  mailbox_world() {
    caf_compat::post(workspace,
                     subscribe{"w", subscription_id{1}, sink, std::nullopt});
    auto request = std::make_shared<start_request>();
    request->workspace_id = "w";
    request->model = "chat:one";
    request->messages = {user_text("hi")};
    request->stop_token = token.get_token();
    caf_compat::post(workspace, start_stream{"w", request, {}});
    advance();
    BOOST_REQUIRE_EQUAL(asked.size(), 1u);
    caf_compat::post(workspace,
                     attempt_started{asked[0].attempt, "chat:one", "chat/one"});
    fill(1, "seen");
    advance();
    BOOST_REQUIRE_EQUAL(sink->heard.text(), "seen");
  }
  ~mailbox_world() {
    caf_compat::post_exit(workspace);
    caf_compat::post_exit(probe);
    workspace = workspace_actor{};
    probe = supervisor_actor{};
    asked.clear();
    run();
  }
  void fill(std::size_t parts, const char* word) {
    for (; parts > 0; --parts) {
      (void)asked[0].link->received(10);
      caf_compat::post(workspace, parts_received{asked[0].attempt,
                                                 batches++,
                                                 {part::text{0, word}},
                                                 false,
                                                 asked[0].link,
                                                 10});
    }
  }
  void stop() {
    caf_compat::post(workspace,
                     stop_stream{"w",
                                 {"w", {}, false, false},
                                 reason::user,
                                 reply<stop_result>{[&](auto result) {
                                   stopped.push_back(result.value().outcome);
                                 }}});
    advance();
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(ten_thousand_parts_before_the_stop_are_dropped_too,
                        mailbox_world) {
  fill(burst, "unseen");
  stops->mark("w", asked[0].attempt.stream); // as RUNTIME does before it sends
  stop();
  BOOST_TEST((stopped == std::vector{stop_outcome::stopped}));
  BOOST_TEST(sink->heard.text() == "seen");
  BOOST_TEST(sink->all<event::stream_abort>().size() == 1u);
  BOOST_TEST(sink->violations.empty());
  BOOST_TEST(asked[0].link->in_flight_bytes() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_stop_token_is_linked_and_overtakes_as_well,
                        mailbox_world) {
  fill(burst, "unseen");
  token.request_stop();
  advance();
  BOOST_TEST(sink->heard.text() == "seen");
  const auto aborts = sink->all<event::stream_abort>();
  BOOST_REQUIRE(aborts.size() == 1u);
  BOOST_TEST((aborts[0].why == reason::user));
  BOOST_TEST(asked[0].link->in_flight_bytes() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_mark_of_another_stream_or_workspace_drops_nothing,
                        mailbox_world) {
  fill(2, " too");
  stops->mark("w", stream_id{77});
  stops->mark("v", std::nullopt);
  stop();
  BOOST_TEST(sink->heard.text() == "seen too too");
}

BOOST_FIXTURE_TEST_CASE(a_stream_is_on_the_board_while_it_runs, mailbox_world) {
  BOOST_TEST(stops->size() == 1u);
  stop();
  asked.clear(); // whoever still holds its link
  BOOST_TEST(stops->size() == 0u);
}

// ---- random lives -----------------------------------------------------------

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Workspaces behind a real DIRECTORY.
struct directed_world : stream_world {
  std::mt19937_64 random;
  directory_actor home;
  std::size_t born = 0;
  std::vector<std::string> crashes;
  std::vector<std::pair<std::string, std::shared_ptr<collecting_sink>>> watched;
  std::size_t asked = 0, answered = 0;

  explicit directed_world(std::uint64_t seed) : random(seed) {
    workspaces.passivate_after_ms = 0ms;
    options.kill_deadline_ms = 200ms;
    home = caf_compat::spawn<directory_protocol, directory>(
      system, open_workspace{[this](workspace_birth b) {
        ++born;
        return caf_compat::spawn<workspace_protocol, workspace_state>(
          system, b.id, environment(), b.home, b.supervisor,
          std::move(b.parked));
      }},
      supervisor(),
      workspace_crashed{[this](const std::string& id, const std::string& why) {
        crashes.push_back(id + ": " + why);
      }});
    for (const auto* id : {"a", "b", "c"}) {
      watched.emplace_back(id, std::make_shared<collecting_sink>());
      caf_compat::post(home, subscribe{id, subscription_id{1},
                                       watched.back().second, std::nullopt});
    }
    play(http_script{}
           .on({.model_contains = "slow"}, paced("one two three four", 30ms))
           .on({.model_contains = "stuck"}, stuck())
           .on({}, paced("word by word", 0ms)));
    advance();
  }

  static http_answer paced(std::string_view words,
                           std::chrono::milliseconds between) {
    answer_pace pace;
    pace.between = between;
    return openai_chat_answer(scripted_turn{}.text(words), pace);
  }
  static http_answer stuck() {
    auto answer = openai_chat_answer(scripted_turn{}.text("half").truncated());
    answer.ends = http_answer::ending::stall;
    return answer;
  }

  std::uint64_t pick(std::uint64_t n) { return random() % n; }

  template <class T>
  reply<T> counted() {
    ++asked;
    return reply<T>{[this](const expected<T>&) { ++answered; }};
  }

  void command() {
    const auto& id = watched[pick(watched.size())].first;
    const auto dice = pick(100);
    if (dice < 45) {
      start_request r;
      r.workspace_id = id;
      constexpr const char* models[] = {"chat:one", "chat:slow", "chat:stuck"};
      r.model = models[pick(3)];
      r.messages.push_back(user_text("hi"));
      r.with_history = pick(2) == 0;
      r.options = options;
      caf_compat::post(
        home, start_stream{id, std::make_shared<start_request>(std::move(r)),
                           counted<stream_id>()});
    } else if (dice < 70) {
      caf_compat::post(home, stop_stream{id,
                                         {id, {}, pick(3) == 0, pick(4) == 0},
                                         reason::user,
                                         counted<stop_result>()});
    } else if (dice < 80) {
      caf_compat::post(
        home, enqueue_message{id,
                              {"more", pick(2) == 0 ? queue_mode::tool_end
                                                    : queue_mode::turn_end},
                              counted<std::size_t>()});
    } else if (dice < 90) {
      caf_compat::post(home, await_stream{id, {}, counted<stream_outcome>()});
    } else {
      caf_compat::post(home, view_workspace{id, counted<workspace_view>()});
    }
  }

  void live() {
    for (auto commands = 10 + pick(60); commands > 0; --commands) {
      command();
      if (pick(3) > 0) // else the next one is in the mailbox at once
        advance(std::chrono::milliseconds{pick(60)});
    }
    for (const auto& [id, sink] : watched)
      caf_compat::post(home, stop_stream{id,
                                         {id, {}, false, false},
                                         reason::user,
                                         counted<stop_result>()});
    advance(1min);
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(whoever_leaves_memory_between_streams_keeps_the_contract) {
  const auto lives = number_from("PENSTOCK_LIVES", 500);
  const auto first = number_from("PENSTOCK_SEED", 1);
  std::size_t streams = 0, revivals = 0;
  for (auto seed = first; seed < first + lives; ++seed) {
    BOOST_TEST_CONTEXT("PENSTOCK_SEED=" << seed) {
      directed_world world{seed};
      world.live();
      BOOST_TEST(world.answered == world.asked);
      BOOST_TEST(world.crashes.empty());
      for (const auto& [id, sink] : world.watched) {
        BOOST_TEST(sink->violations.empty());
        BOOST_TEST(sink->heard.starts() == sink->heard.ends());
        streams += sink->heard.starts();
      }
      revivals += world.born - std::min<std::size_t>(world.born, 3);
      // Everybody is out of memory, or would have been counted.
      std::optional<std::size_t> present;
      caf_compat::post(world.home, stop_everything{reply<std::size_t>{
                                     [&](auto n) { present = *n; }}});
      world.advance();
      BOOST_REQUIRE(present.has_value());
      BOOST_TEST(*present == 0u);
      for (const auto& [id, sink] : world.watched)
        BOOST_TEST(sink->is_closed);
    }
  }
  // Else it has shown nothing.
  BOOST_TEST(streams > lives * 3);
  BOOST_TEST(revivals > lives * 3);
}
