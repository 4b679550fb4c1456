// Goal: what a stream holds in memory grows with its bytes and not with its
// deltas (SPEC §3), whoever listens.
// Method: a million deltas through the rules of a workspace; every allocation
// of this program is counted.
#define BOOST_TEST_MODULE stream_memory
#include <boost/test/unit_test.hpp>

#include "tests/support/counted_new.hpp"
#include "tests/support/workspace_fixture.hpp"

#include <iostream>

namespace {

std::size_t live_bytes = 0, live_objects = 0;

} // namespace

void count_block(std::size_t bytes, int more) noexcept {
  live_bytes += more > 0 ? bytes : -bytes;
  live_objects += more > 0 ? 1 : -1;
}

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t deltas = 1'000'000;

/// Keeps nothing. A stuck one takes a batch and never returns its credit.
struct forgetful_sink final : event_sink {
  explicit forgetful_sink(bool is_stuck) : is_stuck_(is_stuck) {}
  void deliver(event_batch) override {
    if (!is_stuck_)
      (void)return_credit();
  }

private:
  const bool is_stuck_;
};

struct long_stream {
  cardboard_world world;
  tool_set tools;
  workspace_settings settings = make_settings();
  workspace_core core{"w", settings, world, {}};

  workspace_settings make_settings() {
    workspace_settings made;
    made.tools = [this] { return std::make_shared<const tool_set>(tools); };
    return made;
  }

  /// The store and the clock keep up, and keep nothing.
  void keep_up() {
    while (!world.writes.empty()) {
      const auto token = world.writes.front().token;
      world.writes.pop_front();
      core.on(records_durable{token, {}});
    }
    while (!world.deadlines.empty()
           && world.deadlines.begin()->first <= world.time) {
      const auto due = world.deadlines.begin()->second.second;
      world.deadlines.erase(world.deadlines.begin());
      core.on(due);
    }
    world.disarmed.clear();
  }

  void begin() {
    core.on(history_loaded{workspace_snapshot{}});
    std::uint64_t id = 0;
    for (const bool is_stuck : {false, true})
      core.on(subscribe{"w",
                        subscription_id{++id},
                        std::make_shared<forgetful_sink>(is_stuck),
                        {}});
    auto request = std::make_shared<start_request>();
    request->workspace_id = "w";
    request->model = "test:one";
    request->messages = {user_text("hi")};
    core.on(start_stream{"w", request, {}});
    keep_up();
    const auto& attempt = world.attempts.at(0);
    core.on(attempt_started{attempt.attempt, attempt.model, "api/one"});
  }

  void send(std::uint32_t index, std::string word) {
    world.time += 1ms;
    core.on(parts_received{world.attempts[0].attempt,
                           index,
                           {part::text{0, std::move(word)}},
                           false,
                           world.attempts[0].link,
                           0});
    keep_up();
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_million_deltas_cost_their_bytes, long_stream) {
  begin();
  const std::string word = "token ";
  send(0, word);
  const auto bytes_before = live_bytes, objects_before = live_objects;
  for (std::uint32_t i = 1; i < deltas; ++i)
    send(i, word);
  BOOST_REQUIRE((core.now() == phase::streaming));
  const auto text = deltas * word.size();
  const auto bytes = live_bytes - bytes_before;
  std::cout << deltas << " deltas of " << word.size() << " bytes: " << bytes
            << " bytes in " << live_objects - objects_before
            << " more objects\n";
  BOOST_TEST(bytes >= text / 2); // Else it is somewhere else.
  BOOST_TEST(bytes <= 3 * text);
  BOOST_TEST(live_objects <= objects_before + 100);

  // The end: the log that clients may come back to, the terminal event with
  // its parts, and the row of the history.
  attempt_verdict whole;
  whole.model = "test:one";
  whole.report.batches = deltas;
  whole.report.finished = finish{finish_reason::stop, {}};
  core.on(attempt_settled{world.attempts[0].attempt, whole});
  keep_up();
  BOOST_REQUIRE((core.now() == phase::idle));
  const auto after = live_bytes - bytes_before;
  std::cout << "after the end: " << after << " bytes\n";
  BOOST_TEST(after >= text);
  BOOST_TEST(after <= 3 * text + text / 10);
  BOOST_TEST(live_objects <= objects_before + 100);
}
