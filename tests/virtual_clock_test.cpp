// Goal: virtual time fires what is due, in order, and lets the system come to
// rest in between; nothing moves by itself.
// Method: deadlines that arm deadlines; a settle hook that counts.
#define BOOST_TEST_MODULE virtual_clock
#include <boost/test/unit_test.hpp>

#include "tests/support/virtual_clock.hpp"

#include <string>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using penstock::testing::virtual_clock;

BOOST_AUTO_TEST_CASE(time_stands_still_unless_it_is_moved) {
  virtual_clock time;
  const auto begin = time.now();
  BOOST_TEST((time.now() == begin));
  time.advance(5ms);
  BOOST_TEST((time.now() - begin == 5ms));
  const auto wall = time.wall_now();
  time.advance(24h);
  BOOST_TEST((time.wall_now() - wall == 24h));
}

BOOST_AUTO_TEST_CASE(fires_by_due_time_and_then_by_arming) {
  virtual_clock time;
  const auto base = time.now();
  std::string order;
  time.arm(base + 2ms, [&] { order += 'c'; });
  time.arm(base + 1ms, [&] { order += 'a'; });
  time.arm(base + 1ms, [&] { order += 'b'; });
  time.arm(base + 9ms, [&] { order += 'x'; });
  time.advance(2ms);
  BOOST_TEST(order == "abc");
  BOOST_TEST(time.pending() == 1u);
  BOOST_TEST((time.next() == base + 9ms));
}

BOOST_AUTO_TEST_CASE(a_firing_sees_its_own_due_time) {
  virtual_clock time;
  const auto base = time.now();
  steady_time seen{};
  time.arm(base + 3ms, [&] { seen = time.now(); });
  time.advance(10ms);
  BOOST_TEST((seen == base + 3ms));
  BOOST_TEST((time.now() == base + 10ms));
}

BOOST_AUTO_TEST_CASE(what_is_armed_on_the_way_fires_on_the_way) {
  virtual_clock time;
  int count = 0;
  std::function<void()> tick = [&] {
    ++count;
    time.arm(time.now() + 1ms, tick);
  };
  time.arm(time.now() + 1ms, tick);
  time.advance(100ms);
  BOOST_TEST(count == 100);
}

BOOST_AUTO_TEST_CASE(
  the_system_settles_before_time_moves_and_after_each_firing) {
  std::string story;
  virtual_clock time{[&] { story += '.'; }};
  time.arm(time.now() + 1ms, [&] { story += 'a'; });
  time.arm(time.now() + 2ms, [&] { story += 'b'; });
  time.advance(5ms);
  BOOST_TEST(story == ".a.b.");
}

BOOST_AUTO_TEST_CASE(what_settling_arms_is_not_overtaken) {
  std::string story;
  virtual_clock time;
  bool replied = false;
  time.settle_with([&] {
    if (story == "a" && !replied) {
      replied = true;
      time.arm(time.now() + 1ms, [&] { story += 'r'; });
    }
  });
  time.arm(time.now() + 1ms, [&] { story += 'a'; });
  time.arm(time.now() + 3ms, [&] { story += 'b'; });
  time.advance(5ms);
  BOOST_TEST(story == "arb");
}

BOOST_AUTO_TEST_CASE(a_past_deadline_fires_without_turning_time_back) {
  virtual_clock time;
  const auto base = time.now();
  steady_time seen{};
  time.arm(base - 1h, [&] { seen = time.now(); });
  time.advance(0ms);
  BOOST_TEST((seen == base));
}

BOOST_AUTO_TEST_CASE(cancelled_deadlines_do_not_fire) {
  virtual_clock time;
  bool fired = false;
  time.cancel(time.arm(time.now(), [&] { fired = true; }));
  time.advance(1h);
  BOOST_TEST(!fired);
}

BOOST_AUTO_TEST_CASE(steps_from_deadline_to_deadline) {
  virtual_clock time;
  const auto base = time.now();
  std::string order;
  time.arm(base + 1h, [&] { order += 'a'; });
  time.arm(base + 2h, [&] { order += 'b'; });
  BOOST_TEST(time.advance_to_next());
  BOOST_TEST(order == "a");
  BOOST_TEST((time.now() == base + 1h));
  BOOST_TEST(time.run_dry());
  BOOST_TEST(order == "ab");
  BOOST_TEST(!time.advance_to_next());
}

BOOST_AUTO_TEST_CASE(an_endless_chain_does_not_run_dry_and_does_not_hang) {
  virtual_clock time;
  std::function<void()> again = [&] { time.arm(time.now(), again); };
  time.arm(time.now(), again);
  BOOST_TEST(!time.run_dry(1'000));
}
