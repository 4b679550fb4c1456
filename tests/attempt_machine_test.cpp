// Goal: an attempt's phase changes as its PROVIDER and WORKSPACE may make it
// change, and in no other way; the rules use every cell and no other.
// Method: every cell against a list of its own, and storms on supervisor_core.
#define BOOST_TEST_MODULE attempt_machine
#include <boost/test/unit_test.hpp>

#include "tests/support/supervisor_world.hpp"

#include <random>
#include <utility>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

using kind = attempt_cell::kind;

attempt_phase phase_of(std::size_t row) {
  return static_cast<attempt_phase>(row);
}
attempt_input input_of(std::size_t column) {
  return static_cast<attempt_input>(column);
}
std::string named(attempt_phase p, attempt_input in) {
  return std::string{to_string(p)} + " + " + std::string{to_string(in)};
}

using moves = std::map<std::pair<attempt_phase, attempt_input>, attempt_phase>;

/// Written from what SUPERVISOR promises, apart from the table.
const moves& expected_moves() {
  using enum attempt_phase;
  using in = attempt_input;
  static const moves all{
    {{asking, in::delay}, delayed},
    {{asking, in::queue}, queued},
    {{asking, in::launch}, running},
    {{asking, in::settle}, settled},
    {{delayed, in::due}, asking},
    {{queued, in::due}, queued}, // It keeps its place when it asks again.
    {{queued, in::queue}, queued},
    {{queued, in::recall}, asking},
    {{queued, in::launch}, running},
    {{queued, in::settle}, settled},

    {{running, in::answered}, running},
    {{running, in::report}, reported},
    {{running, in::exit}, exited},
    {{reported, in::exit}, ended},
    {{exited, in::answered}, exited},
    {{exited, in::report}, ended},
    {{ended, in::settle}, settled},
    {{ended, in::hold}, held},
    {{held, in::settle}, settled},

    // Who has no PROVIDER is settled at once, the others when it has left.
    {{asking, in::cancel}, settled},
    {{delayed, in::cancel}, settled},
    {{queued, in::cancel}, settled},
    {{held, in::cancel}, settled},
    {{running, in::cancel}, stopping},
    {{reported, in::cancel}, stopping_reported},
    {{exited, in::cancel}, stopping_exited},
    {{stopping, in::answered}, stopping},
    {{stopping, in::report}, stopping_reported},
    {{stopping, in::exit}, stopping_exited},
    {{stopping_reported, in::exit}, settled},
    {{stopping_exited, in::answered}, stopping_exited},
    {{stopping_exited, in::report}, settled},
  };
  return all;
}

const std::set<std::pair<attempt_phase, attempt_input>>& expected_late() {
  using enum attempt_phase;
  using in = attempt_input;
  static const std::set<std::pair<attempt_phase, attempt_input>> all{
    {held, in::report}, // Ours, in the place of one that came after all.
    {stopping, in::cancel},
    {stopping_reported, in::cancel},
    {stopping_exited, in::cancel},
  };
  return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_cell_is_decided) {
  std::size_t never = 0;
  for (std::size_t row = 0; row < attempt_phase_count; ++row)
    for (std::size_t column = 0; column < attempt_input_count; ++column) {
      const auto p = phase_of(row);
      const auto in = input_of(column);
      const auto& c = attempt_table::at(p, in);
      const auto move = expected_moves().find({p, in});
      const auto wanted = move != expected_moves().end()      ? kind::go
                          : expected_late().contains({p, in}) ? kind::late
                                                              : kind::never;
      BOOST_TEST((c.means == wanted), named(p, in));
      if (c.means == kind::go && wanted == kind::go)
        BOOST_TEST((c.to == move->second), named(p, in));
      never += c.means == kind::never;
    }
  BOOST_TEST(never == 85u);
}

BOOST_AUTO_TEST_CASE(wherever_a_message_finds_it_a_cancel_is_taken) {
  for (std::size_t row = 0; row < attempt_phase_count; ++row)
    if (phase_of(row) != attempt_phase::ended)
      BOOST_TEST((attempt_table::at(phase_of(row), attempt_input::cancel).means
                  != kind::never),
                 to_string(phase_of(row)));
}

BOOST_AUTO_TEST_CASE(names_are_distinct) {
  std::set<std::string_view> names;
  for (std::size_t row = 0; row <= attempt_phase_count; ++row)
    names.insert(to_string(phase_of(row)));
  BOOST_TEST(names.size() == attempt_phase_count + 1);
  names.clear();
  for (std::size_t column = 0; column < attempt_input_count; ++column)
    names.insert(to_string(input_of(column)));
  BOOST_TEST(names.size() == attempt_input_count);
}

// ---- storms -----------------------------------------------------------------

namespace {

/// PROVIDERs and WORKSPACEs that do what such may do, in any order.
struct storm {
  explicit storm(std::uint64_t seed) : random(seed) {
    world.models = {"a:one", "b:two", "a:three"};
    world.endpoints.max_concurrent_attempts = 1 + pick(3);
    world.endpoints.breaker_failures = 3;
    world.endpoints.cold_start_hold_ms = 100ms * pick(3);
    for (std::uint64_t s = 1; s <= streams; ++s)
      world.workspaces[s] = "w" + std::to_string(s % 3);
  }

  static constexpr std::uint64_t streams = 8;

  std::mt19937_64 random;
  supervisor_world world{};
  struct line {
    std::uint32_t last = 0; ///< Number of its last attempt.
    std::vector<std::uint32_t> live;
    std::uint32_t steps = 0;
  };
  std::map<std::uint64_t, line> lines;
  struct worker {
    attempt_id id;
    bool said = false;
  };
  std::vector<worker> workers;   ///< That have not left.
  std::vector<attempt_id> exits; ///< Whose news overtakes.
  std::deque<std::function<void()>> mailbox;
  std::size_t seen = 0, spawned = 0;
  std::map<std::pair<std::uint64_t, std::uint32_t>, int> asked, settled;

  std::size_t pick(std::size_t n) { return random() % n; }
  static std::uint64_t number(attempt_id id) {
    return static_cast<std::uint64_t>(id.stream);
  }

  void run(std::uint64_t s, const std::string& model, milliseconds delay,
           std::uint32_t hedges = 0) {
    auto& l = lines[s];
    const attempt_id id{stream_id{s}, ++l.last};
    l.live.push_back(id.number);
    ++asked[{s, id.number}];
    world.run(id, model, delay, hedges, pick(20) == 0);
  }

  // What the core has done meanwhile.
  void look() {
    for (; spawned < world.spawned.size(); ++spawned)
      workers.push_back({world.spawned[spawned].attempt, false});
    for (; !world.later.empty(); world.later.pop_front())
      mailbox.push_back([this, m = world.later.front()] { world.core->on(m); });
    std::vector<std::pair<std::uint64_t, attempt_verdict>> retries;
    for (; seen < world.settled.size(); ++seen) {
      const auto& m = world.settled[seen];
      const auto s = number(m.attempt);
      ++settled[{s, m.attempt.number}];
      BOOST_TEST(std::erase(lines[s].live, m.attempt.number) == 1u);
      if (m.verdict.what == attempt_verdict::kind::retry)
        retries.emplace_back(s, m.verdict);
    }
    for (const auto& [s, v] : retries)
      if (lines[s].live.empty())
        run(s, v.next_model, v.delay);
    for (const auto& e : world.health())
      BOOST_TEST(e.running <= world.endpoints.max_concurrent_attempts);
  }

  void work() {
    if (workers.empty())
      return;
    const auto at = pick(workers.size());
    auto& w = workers[at];
    const auto in = world.workspace_of(number(w.id));
    if (!w.said && pick(2) == 0) {
      mailbox.push_back([this, id = w.id, in] {
        world.core->on(attempt_answered{id, in});
      });
      w.said = true;
      return;
    }
    constexpr const char* ends[] = {"report", "empty", "cut", "fail", "busy"};
    if (pick(4) != 0) { // Else it crashes, and nothing is said.
      const auto order = std::find_if(
        world.spawned.begin(), world.spawned.end(),
        [&](const provider_order& o) { return o.attempt == w.id; });
      const bool stopped = order->link->cancelled();
      mailbox.push_back(
        [this, id = w.id,
         r = supervisor_world::ending(stopped ? "stopped" : ends[pick(5)])] {
          world.report(id, r);
        });
    }
    exits.push_back(w.id);
    workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void hear() {
    if (!mailbox.empty()) {
      const auto next = std::move(mailbox.front());
      mailbox.pop_front();
      next();
    }
  }
  void hear_of_an_exit() {
    if (exits.empty())
      return;
    const auto at = pick(exits.size());
    const auto id = exits[at];
    exits.erase(exits.begin() + static_cast<std::ptrdiff_t>(at));
    world.exit(id, pick(2) ? "" : "crash");
  }

  void command() {
    const auto s = 1 + pick(streams);
    auto& l = lines[s];
    if (l.live.empty() && l.last < 30) {
      if (l.last != 0) // A stream's end; its next one has the same id here.
        world.core->on(forget_stream{stream_id{s}, world.workspace_of(s)});
      return run(s, world.models.front(), 100ms * pick(3));
    }
    if (l.live.empty())
      return;
    const auto one = l.live[pick(l.live.size())];
    if (l.live.size() == 1 && pick(2) == 0) {
      const bool runs =
        std::any_of(workers.begin(), workers.end(), [&](const worker& w) {
          return w.id == attempt_id{stream_id{s}, one};
        });
      const auto order =
        std::find_if(world.spawned.begin(), world.spawned.end(),
                     [&](const provider_order& o) {
                       return o.attempt == attempt_id{stream_id{s}, one};
                     });
      if (runs && order->model->name == "a:one")
        run(s, "b:two", {}, one);
    } else if (pick(3) == 0) {
      world.cancel({stream_id{s}, one});
    }
  }

  void blow(std::size_t steps) {
    for (; steps > 0; --steps) {
      switch (pick(8)) {
      case 0:
        command();
        break;
      case 1:
        world.tick(50ms * pick(10));
        break;
      case 2:
      case 3:
        hear_of_an_exit();
        break;
      case 4:
        work();
        break;
      default:
        hear();
      }
      look();
    }
  }

  void calm() {
    for (int round = 0; round < 400; ++round) {
      for (auto& [s, l] : lines)
        for (const auto one : std::vector{l.live})
          world.cancel({stream_id{s}, one});
      look();
      work();
      while (!mailbox.empty())
        hear();
      hear_of_an_exit();
      look();
    }
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(in_any_storm_each_is_settled_once_and_each_cell_is_used) {
  attempt_counts used{};
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    storm s{seed};
    s.blow(400);
    s.calm();
    BOOST_TEST(s.asked == s.settled, "seed " << seed);
    BOOST_TEST(s.world.armed() == 0u, "seed " << seed);
    for (const auto& e : s.world.health())
      BOOST_TEST(e.running + e.waiting == 0u, "seed " << seed);
    for (std::size_t row = 0; row < attempt_phase_count; ++row)
      for (std::size_t column = 0; column < attempt_input_count; ++column)
        used[row][column] += s.world.counts[row][column];
  }
  for (std::size_t row = 0; row < attempt_phase_count; ++row)
    for (std::size_t column = 0; column < attempt_input_count; ++column) {
      const auto p = phase_of(row);
      const auto in = input_of(column);
      const bool may = attempt_table::at(p, in).means != kind::never;
      BOOST_TEST((used[row][column] > 0) == may, named(p, in));
    }
}
