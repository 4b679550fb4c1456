// Goal: whatever was seen of a workspace is there after a kill -9, whole, and
// nothing is half. Method: a child streams in many workspaces into one file and
// tells through a pipe what it shows and what its store has acknowledged; it is
// killed at a random instant, while it opens the file as well, and in every
// fourth run between a terminal record's commit and its event. We, outside,
// open the file and hold it against what came through the pipe; the next child
// goes on with it.
//
// PENSTOCK_KILLS: how many (default 500).
// PENSTOCK_SEED: of the instants (default 1).
#define BOOST_TEST_MODULE store_kill
#include <boost/test/unit_test.hpp>

#include "tests/support/kill_child.hpp"
#include "tests/support/kill_observer.hpp"
#include "tests/support/store_calls.hpp"

#include "runtime/sqlite_store.hpp"

#include <cstdlib>
#include <mutex>
#include <random>
#include <set>
#include <thread>

using namespace penstock;
using namespace penstock::testing;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t lanes = 4, kills_per_file = 6;

std::size_t number_from(const char* name, std::size_t otherwise) {
  const auto* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// The instant of one kill.
kill_plan plan_of(std::size_t number, std::mt19937_64& random) {
  kill_plan plan;
  if (number % 4 == 3)
    plan.hold = 1 + random() % 12;
  else if (number % 10 == 0) // It may not have opened its store yet.
    plan.after_spawn = milliseconds{random() % 60};
  else if (number % 25 == 1) // Old bytes can be told from young ones.
    plan.after_ready = milliseconds{1'200 + random() % 600};
  else
    plan.after_ready = milliseconds{random() % 120};
  return plan;
}

struct totals {
  std::size_t kills = 0, held = 0, streams = 0, ends = 0, interrupted = 0;
  std::size_t tools = 0, old_bytes = 0;
  std::vector<std::string> faults;

  void add(const totals& t) {
    kills += t.kills;
    held += t.held;
    streams += t.streams;
    ends += t.ends;
    interrupted += t.interrupted;
    tools += t.tools;
    old_bytes += t.old_bytes;
    faults.insert(faults.end(), t.faults.begin(), t.faults.end());
  }
};

/// Kills one child and looks at what is left.
/// @param ran tool calls whose handlers ran, of all children of this file.
totals kill_once(const std::string& path, const kill_plan& plan,
                 std::set<std::string>& ran) {
  totals t;
  const auto seen = watch_kill(path, plan);
  t.kills = 1;
  t.faults = seen.faults;
  for (const auto& call : seen.ran)
    if (!ran.insert(call).second)
      t.faults.push_back("the tool of " + call + " ran twice");
  const auto opened = sqlite_store::open({path, {}, {}});
  if (!opened) {
    t.faults.push_back(opened.error().message);
    return t;
  }
  store_calls on{**opened};
  for (const auto& [id, s] : seen.streams) {
    if (const auto wrong = fault_of(on, id, s); !wrong.empty())
      t.faults.push_back("stream " + id + " of " + s.workspace + ": " + wrong);
    ++t.streams;
    t.ends += s.end == "stream_end";
    t.held += s.held;
    for (const auto& call : s.started)
      t.tools += !s.answered.contains(call);
    t.old_bytes += s.old_bytes;
  }
  if (const auto wrong = fault_of_usage(on, seen); !wrong.empty())
    t.faults.push_back(wrong);
  t.interrupted = on.interrupted().size();
  const auto unsound =
    answer_of<expected<std::vector<std::string>>>([&](auto done) {
      (*opened)->verify(std::move(done));
    }).value();
  t.faults.insert(t.faults.end(), unsound.begin(), unsound.end());
  return t;
}

/// Every `lanes`-th kill, on files of its own.
totals run_lane(std::size_t lane, std::size_t kills, std::uint64_t seed) {
  totals all;
  std::unique_ptr<temporary_dir> dir;
  std::set<std::string> ran;
  std::size_t on_file = 0;
  for (std::size_t i = lane; i < kills; i += lanes) {
    if (on_file++ % kills_per_file == 0)
      dir = std::make_unique<temporary_dir>();
    std::mt19937_64 random{seed * 1'000'003 + i};
    auto one = kill_once(dir->file("store"), plan_of(i / lanes, random), ran);
    for (auto& fault : one.faults)
      fault = "kill " + std::to_string(i) + ": " + fault;
    all.add(one);
    if (all.faults.size() > 20)
      break;
  }
  return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_was_seen_survives_a_kill) {
  const auto kills = number_from("PENSTOCK_KILLS", 500);
  const auto seed = number_from("PENSTOCK_SEED", 1);
  totals all;
  std::mutex mutex; // guards all
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < lanes; ++lane)
    threads.emplace_back([&, lane] {
      const auto t = run_lane(lane, kills, seed);
      const std::lock_guard lock{mutex};
      all.add(t);
    });
  for (auto& t : threads)
    t.join();
  std::printf("%zu kills (PENSTOCK_SEED=%zu), %zu between a terminal and its "
              "event; %zu streams seen, %zu ends seen, %zu left interrupted, "
              "%zu tools of unknown outcome, %zu bytes older than the flush "
              "interval\n",
              all.kills, seed, all.held, all.streams, all.ends, all.interrupted,
              all.tools, all.old_bytes);
  for (const auto& fault : all.faults)
    BOOST_ERROR(fault);
  BOOST_TEST(all.kills == kills);
  // Each plan that holds a terminal has held one.
  BOOST_TEST(all.held >= kills / lanes / 4 * lanes);
  if (kills < 100)
    return; // Too few to have met everything.
  BOOST_TEST(all.ends > kills / 10);
  BOOST_TEST(all.interrupted > kills / 10);
  BOOST_TEST(all.old_bytes > 0u);
}

// Not a test: the process that is killed.
BOOST_AUTO_TEST_CASE(the_child, *boost::unit_test::disabled()) {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  BOOST_REQUIRE(suite.argc == 3);
  run_kill_child(suite.argv[1], kill_pipe,
                 std::strtoul(suite.argv[2], nullptr, 10));
}
