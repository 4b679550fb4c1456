// Goal: deadlines come out by time and then in the order of arming, however
// they are armed and cancelled, and cancelled ones cost no memory for long.
// Method: random operations against a std::multimap; growth measured.
#define BOOST_TEST_MODULE deadline_heap
#include <boost/test/unit_test.hpp>

#include "providers/deadline_heap.hpp"

#include <chrono>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

constexpr steady_time epoch{100s};

// The naive twin: a multimap keeps equal keys in the order of insertion.
struct model {
  std::multimap<steady_time, int> armed;
  std::map<int, std::multimap<steady_time, int>::iterator> by_number;

  void arm(steady_time when, int number) {
    by_number[number] = armed.emplace(when, number);
  }
  bool cancel(int number) {
    const auto found = by_number.find(number);
    if (found == by_number.end())
      return false;
    armed.erase(found->second);
    by_number.erase(found);
    return true;
  }
  int take_due(steady_time now) {
    if (armed.empty() || armed.begin()->first > now)
      return -1;
    const auto number = armed.begin()->second;
    cancel(number);
    return number;
  }
};

struct random_walk {
  std::minstd_rand random;
  deadline_heap heap;
  model want;
  std::vector<deadline_id> ids; // By number.
  int fired = -1;
  steady_time now = epoch;

  explicit random_walk(unsigned seed) : random(seed) {}

  void arm() {
    const auto number = static_cast<int>(ids.size());
    const auto when = now + std::chrono::milliseconds(random() % 50);
    ids.push_back(heap.arm(when, [this, number] { fired = number; }));
    want.arm(when, number);
  }
  void cancel() {
    if (ids.empty())
      return;
    const auto number = random() % ids.size();
    const bool was_armed = bool(heap.cancel(ids[number]));
    BOOST_REQUIRE(was_armed == want.cancel(static_cast<int>(number)));
  }
  void take_due() {
    now += std::chrono::milliseconds(random() % 4);
    for (;;) {
      fired = -1;
      if (const auto fire = heap.take_due(now))
        fire();
      BOOST_REQUIRE(fired == want.take_due(now));
      if (fired < 0)
        return;
    }
  }
  void check() {
    BOOST_REQUIRE(heap.size() == want.armed.size());
    BOOST_REQUIRE(heap.entries() <= 2 * heap.size());
    BOOST_REQUIRE(heap.next().has_value() == !want.armed.empty());
    if (heap.next())
      BOOST_REQUIRE((*heap.next() == want.armed.begin()->first));
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(agrees_with_a_multimap_on_random_walks) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      random_walk walk{seed};
      // Walks differ in how much they cancel: from nearly none to nearly all.
      const auto cancel_share = seed % 8;
      for (int i = 0; i < 500; ++i) {
        const auto dice = walk.random() % 10;
        if (dice == 9)
          walk.take_due();
        else if (dice < cancel_share)
          walk.cancel();
        else
          walk.arm();
        walk.check();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(equal_times_fire_in_the_order_of_arming) {
  deadline_heap heap;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i)
    heap.arm(epoch, [&order, i] { order.push_back(i); });
  while (const auto fire = heap.take_due(epoch))
    fire();
  BOOST_REQUIRE(order.size() == 100u);
  for (int i = 0; i < 100; ++i)
    BOOST_TEST(order[static_cast<std::size_t>(i)] == i);
}

BOOST_AUTO_TEST_CASE(nothing_is_due_before_its_time) {
  deadline_heap heap;
  heap.arm(epoch, [] {});
  BOOST_TEST(!heap.take_due(epoch - 1ns));
  BOOST_TEST(bool(heap.take_due(epoch)));
  BOOST_TEST(!heap.take_due(epoch));
}

BOOST_AUTO_TEST_CASE(cancelling_what_fired_or_never_was_does_nothing) {
  deadline_heap heap;
  const auto id = heap.arm(epoch, [] {});
  BOOST_TEST(!heap.cancel(deadline_id{}));
  BOOST_TEST(!heap.cancel(deadline_id{99}));
  BOOST_TEST(bool(heap.take_due(epoch)));
  BOOST_TEST(!heap.cancel(id));
}

BOOST_AUTO_TEST_CASE(a_cancelled_function_is_released_at_once) {
  deadline_heap heap;
  const auto held = std::make_shared<int>(1);
  heap.arm(epoch, [] {});
  const auto id = heap.arm(epoch + 1h, [held] { (void)*held; });
  BOOST_TEST(held.use_count() == 2);
  heap.cancel(id);
  BOOST_TEST(held.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(re_arming_for_ever_needs_no_memory) {
  // What an attempt does with its clocks: arm, cancel, arm.
  deadline_heap heap;
  heap.arm(epoch + 1h, [] {});
  for (int i = 0; i < 100'000; ++i) {
    const auto id = heap.arm(epoch + 2h, [] {});
    heap.cancel(id);
    BOOST_REQUIRE(heap.entries() <= 2 * heap.size());
  }
}

BOOST_AUTO_TEST_CASE(a_hundred_thousand_deadlines_are_cheap) {
  // Linear work per operation would take minutes here.
  constexpr int count = 100'000;
  const auto begin = std::chrono::steady_clock::now();
  std::minstd_rand random{7};
  deadline_heap heap;
  std::vector<deadline_id> ids;
  int fired = 0;
  for (int i = 0; i < count; ++i)
    ids.push_back(
      heap.arm(epoch + std::chrono::microseconds(random() % 1'000'000),
               [&fired] { ++fired; }));
  for (int i = 0; i < count; i += 2)
    heap.cancel(ids[static_cast<std::size_t>(i)]);
  while (const auto fire = heap.take_due(epoch + 1s))
    fire();
  BOOST_TEST(fired == count / 2);
  const auto took = std::chrono::steady_clock::now() - begin;
  BOOST_TEST_MESSAGE(
    "100 000 armed, half cancelled, half fired: "
    << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
    << " ms");
  BOOST_TEST((took < 5s));
}

// One deadline an attempt, moved when it fires and never by a token: as many
// attempts as one process may have look at their clocks each six minutes.
BOOST_AUTO_TEST_CASE(a_hundred_thousand_live_attempts_cost_next_to_nothing) {
  constexpr int attempts = 100'000;
  constexpr auto look_after = 360s, watched = 1'800s;
  std::minstd_rand random{7};
  deadline_heap heap;
  auto now = epoch;
  std::size_t looks = 0;
  const auto begin = std::clock();
  std::function<void()> look = [&] {
    ++looks;
    heap.arm(now + look_after, look);
  };
  for (int i = 0; i < attempts; ++i)
    heap.arm(now + std::chrono::milliseconds(random() % 360'000), look);
  while (*heap.next() <= epoch + watched) {
    now = *heap.next();
    heap.take_due(now)();
  }
  const double used =
    static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const double share = used / std::chrono::duration<double>(watched).count();
  BOOST_TEST_MESSAGE(looks << " looks of " << attempts << " attempts in "
                           << watched.count() << " s took " << used
                           << " s of CPU: " << 100 * share << " % of a core");
  BOOST_TEST(looks >= static_cast<std::size_t>(attempts) * 4);
  BOOST_TEST(share < 0.01);
}
