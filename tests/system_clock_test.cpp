// Goal: the real clock fires each deadline once, in order and not too early,
// from any thread's arming, and sleeps when nothing is due.
// Method: short deadlines, waited for by event; CPU time of an idle clock, and
// how often its thread was woken.
#define BOOST_TEST_MODULE system_clock
#include <boost/test/unit_test.hpp>

#include "providers/system_clock.hpp"

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

struct fixture {
  std::unique_ptr<penstock::clock> time =
    std::move(make_system_clock().value());
};

double process_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// What the system tells of the clock's thread; none if it is not found.
/// Source: proc(5).
std::optional<std::string> status_of_the_clock(const std::string& wanted) {
  for (const auto& thread :
       std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream name_file{thread.path() / "comm"};
    std::string name;
    std::getline(name_file, name);
    if (name != "penstock-clock")
      continue;
    std::ifstream status{thread.path() / "status"};
    for (std::string line; std::getline(status, line);)
      if (line.starts_with(wanted))
        return line.substr(wanted.size());
  }
  return std::nullopt;
}

/// How often it has gone to sleep.
std::optional<unsigned long> sleeps_of_the_clock() {
  const auto told = status_of_the_clock("voluntary_ctxt_switches:");
  return told ? std::optional{std::stoul(*told)} : std::nullopt;
}

bool clock_sleeps() {
  return status_of_the_clock("State:").value_or("").find('S')
         != std::string::npos;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(fires_at_its_time_and_not_before, fixture) {
  std::promise<steady_time> fired;
  const auto when = time->now() + 30ms;
  time->arm(when, [&] { fired.set_value(time->now()); });
  auto at = fired.get_future();
  BOOST_REQUIRE((at.wait_for(10s) == std::future_status::ready));
  BOOST_TEST((at.get() >= when));
}

BOOST_FIXTURE_TEST_CASE(an_earlier_deadline_overtakes_a_later_one, fixture) {
  std::promise<void> early;
  time->arm(time->now() + 1h, [] {});
  time->arm(time->now() + 10ms, [&] { early.set_value(); });
  BOOST_TEST((early.get_future().wait_for(10s) == std::future_status::ready));
}

BOOST_FIXTURE_TEST_CASE(fires_in_order, fixture) {
  std::vector<int> order; // Of the clock's thread until `done`.
  std::promise<void> done;
  const auto base = time->now() + 20ms;
  time->arm(base + 3ms, [&] { done.set_value(); });
  time->arm(base + 2ms, [&] { order.push_back(2); });
  time->arm(base, [&] { order.push_back(0); });
  time->arm(base, [&] { order.push_back(1); });
  BOOST_REQUIRE((done.get_future().wait_for(10s) == std::future_status::ready));
  BOOST_TEST(order == (std::vector{0, 1, 2}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_deadline_does_not_fire, fixture) {
  std::atomic<bool> fired{false};
  std::promise<void> after;
  const auto when = time->now() + 20ms;
  const auto id = time->arm(when, [&] { fired = true; });
  time->arm(when + 1ms, [&] { after.set_value(); });
  time->cancel(id);
  BOOST_REQUIRE(
    (after.get_future().wait_for(10s) == std::future_status::ready));
  BOOST_TEST(!fired);
  time->cancel(id); // Again, and for none: no effect.
  time->cancel(deadline_id{});
}

BOOST_FIXTURE_TEST_CASE(a_firing_may_arm_and_cancel, fixture) {
  std::promise<void> second;
  time->arm(time->now(), [&] {
    const auto other = time->arm(time->now() + 1h, [] {});
    time->cancel(other);
    time->arm(time->now(), [&] { second.set_value(); });
  });
  BOOST_TEST((second.get_future().wait_for(10s) == std::future_status::ready));
}

BOOST_FIXTURE_TEST_CASE(what_a_function_holds_may_call_the_clock_as_it_goes,
                        fixture) {
  struct armer {
    armer(penstock::clock& c, std::promise<void>& g) : time(c), gone(g) {}
    penstock::clock& time;
    std::promise<void>& gone;
    ~armer() {
      time.cancel(time.arm(time.now() + 1h, [] {}));
      gone.set_value();
    }
  };
  std::promise<void> fired_gone;
  std::promise<void> cancelled_gone;
  time->arm(time->now(),
            [a = std::make_shared<armer>(*time, fired_gone)] { (void)a; });
  time->cancel(time->arm(
    time->now() + 1h,
    [a = std::make_shared<armer>(*time, cancelled_gone)] { (void)a; }));
  BOOST_TEST(
    (fired_gone.get_future().wait_for(10s) == std::future_status::ready));
  BOOST_TEST(
    (cancelled_gone.get_future().wait_for(10s) == std::future_status::ready));
}

BOOST_AUTO_TEST_CASE(ends_with_deadlines_armed_and_fires_none_of_them) {
  std::atomic<int> fired{0};
  {
    auto time = std::move(make_system_clock().value());
    for (int i = 0; i < 1000; ++i)
      time->arm(time->now() + 1h, [&] { ++fired; });
    time->arm(steady_time::max(), [&] { ++fired; });
  }
  BOOST_TEST(fired == 0);
}

BOOST_FIXTURE_TEST_CASE(many_threads_arm_and_cancel, fixture) {
  constexpr int threads = 4;
  constexpr int each = 5'000;
  std::atomic<int> fired{0};
  std::atomic<int> kept{0};
  std::vector<std::thread> crowd;
  for (int t = 0; t < threads; ++t)
    crowd.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        const auto when = time->now() + std::chrono::microseconds{i % 7 * 100};
        const auto id =
          time->arm((i + t) % 2 ? when : when + 1h, [&] { ++fired; });
        if ((i + t) % 2)
          ++kept;
        else
          time->cancel(id);
      }
    });
  for (auto& thread : crowd)
    thread.join();
  std::promise<void> last;
  time->arm(time->now() + 5ms, [&] { last.set_value(); });
  BOOST_REQUIRE((last.get_future().wait_for(30s) == std::future_status::ready));
  BOOST_TEST(fired == kept);
}

BOOST_FIXTURE_TEST_CASE(deadlines_that_come_and_go_wake_nobody, fixture) {
  const auto fires = [&](std::chrono::milliseconds after) {
    std::promise<void> fired;
    time->arm(time->now() + after, [&] { fired.set_value(); });
    BOOST_REQUIRE(
      (fired.get_future().wait_for(30s) == std::future_status::ready));
  };
  fires(1ms); // Its thread runs.
  const auto before = sleeps_of_the_clock();
  BOOST_REQUIRE(before.has_value());
  for (int i = 0; i < 1'000; ++i)
    time->cancel(time->arm(time->now() + 1h, [] {}));
  fires(1ms);
  const auto more = sleeps_of_the_clock().value() - *before;
  BOOST_TEST_MESSAGE("sleeps for 1 000 deadlines: " << more);
  BOOST_TEST(more < 20u);
}

// As the starts of streams do: a while after the other, each with a deadline
// that is earlier than all that wait, and over long before.
BOOST_FIXTURE_TEST_CASE(one_that_is_cancelled_wakes_it_once_for_those_to_come,
                        fixture) {
  time->arm(time->now() + 2h, [] {});
  const auto rests = [](int seconds) {
    const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds{seconds};
    while (!clock_sleeps())
      if (std::chrono::steady_clock::now() > until)
        return false;
      else
        std::this_thread::yield();
    return true;
  };
  BOOST_REQUIRE(rests(30));
  const auto before = sleeps_of_the_clock();
  BOOST_REQUIRE(before.has_value());
  for (int i = 0; i < 200; ++i) {
    time->cancel(time->arm(time->now() + 1h, [] {}));
    BOOST_REQUIRE(rests(30));
  }
  const auto more = sleeps_of_the_clock().value() - *before;
  BOOST_TEST_MESSAGE("sleeps for 200 deadlines: " << more);
  BOOST_TEST(more < 20u);
  // What is armed meanwhile is not missed.
  std::promise<void> fired;
  time->arm(time->now() + 1ms, [&] { fired.set_value(); });
  BOOST_TEST((fired.get_future().wait_for(30s) == std::future_status::ready));
}

BOOST_FIXTURE_TEST_CASE(an_idle_clock_costs_nothing, fixture) {
  for (int i = 0; i < 1000; ++i)
    time->arm(time->now() + 1h, [] {});
  std::promise<void> later;
  time->arm(time->now() + 300ms, [&] { later.set_value(); });
  const auto before = process_cpu_s();
  BOOST_REQUIRE(
    (later.get_future().wait_for(30s) == std::future_status::ready));
  const auto used = process_cpu_s() - before;
  BOOST_TEST_MESSAGE("CPU in 300 ms of waiting: " << used * 1e3 << " ms");
  BOOST_TEST(used < 0.05);
}
