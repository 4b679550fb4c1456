// Goal: the gauge bounds what is in flight, a paused socket is resumed exactly
// once, and never forgotten. Method: the thresholds byte by byte, then a reader
// and a writer on two threads that wait for each other only.
#define BOOST_TEST_MODULE attempt_link
#include <boost/test/unit_test.hpp>

#include "messages/attempt_link.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <semaphore>
#include <thread>

using namespace penstock;

BOOST_AUTO_TEST_CASE(the_socket_runs_up_to_the_limit_and_pauses_above) {
  attempt_link link{100};
  BOOST_TEST(link.received(60));
  BOOST_TEST(link.received(40));
  BOOST_TEST(!link.paused());
  BOOST_TEST(!link.received(1));
  BOOST_TEST(link.paused());
  BOOST_TEST(link.in_flight_bytes() == 101u);
}

BOOST_AUTO_TEST_CASE(a_quarter_resumes_it_once) {
  attempt_link link{100};
  int resumed = 0;
  link.on_resume([&] { ++resumed; });
  BOOST_TEST(!link.received(101));
  link.consumed(75);
  BOOST_TEST(link.in_flight_bytes() == 26u);
  BOOST_TEST(link.paused());
  BOOST_TEST(resumed == 0);
  link.consumed(1);
  BOOST_TEST(!link.paused());
  BOOST_TEST(resumed == 1);
  link.consumed(25);
  BOOST_TEST(resumed == 1);
  BOOST_TEST(link.in_flight_bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(what_was_not_paused_is_not_resumed) {
  attempt_link link{100};
  int resumed = 0;
  link.on_resume([&] { ++resumed; });
  BOOST_TEST(link.received(100));
  link.consumed(100);
  BOOST_TEST(resumed == 0);
}

BOOST_AUTO_TEST_CASE(it_pauses_and_resumes_again_and_again) {
  attempt_link link{100};
  int resumed = 0;
  link.on_resume([&] { ++resumed; });
  for (int round = 1; round <= 5; ++round) {
    BOOST_TEST(!link.received(1000));
    BOOST_TEST(link.paused());
    link.consumed(1000);
    BOOST_TEST(resumed == round);
    BOOST_TEST(!link.paused());
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_come_while_it_is_paused_still_count) {
  attempt_link link{100};
  int resumed = 0;
  link.on_resume([&] { ++resumed; });
  BOOST_TEST(!link.received(101));
  BOOST_TEST(!link.received(50));
  link.consumed(101);
  BOOST_TEST(resumed == 0);
  link.consumed(25);
  BOOST_TEST(resumed == 1);
}

BOOST_AUTO_TEST_CASE(a_resume_without_a_hook_is_harmless) {
  attempt_link link{0};
  BOOST_TEST(!link.received(1));
  link.consumed(1);
  BOOST_TEST(!link.paused());
}

BOOST_AUTO_TEST_CASE(a_cancel_stays_and_leaves_the_gauge_alone) {
  attempt_link link{100};
  int resumed = 0;
  link.on_resume([&] { ++resumed; });
  BOOST_TEST(!link.cancelled());
  BOOST_TEST(!link.received(101));
  link.cancel();
  link.cancel();
  BOOST_TEST(link.cancelled());
  BOOST_TEST(link.in_flight_bytes() == 101u);
  // What is dropped is subtracted as well, so a cancelled socket is let go.
  link.consumed(101);
  BOOST_TEST(resumed == 1);
  BOOST_TEST(link.cancelled());
}

// The writer sleeps whenever it is paused. The reader takes bytes as soon as
// the gauge has them, so also between the writer's look at the gauge and its
// pause. A forgotten resume stops both, and the deadline fails the test.
BOOST_AUTO_TEST_CASE(no_resume_is_lost_between_two_threads) {
  using namespace std::chrono_literals;
  constexpr std::size_t rounds = 300'000, limit = 3;
  attempt_link link{limit};
  std::counting_semaphore<> resumed{0};
  std::atomic<bool> stuck{false};
  link.on_resume([&] { resumed.release(); });

  std::thread reader{[&] {
    std::size_t looks = 0;
    for (std::size_t read = 0; read < rounds && !stuck;)
      if (link.in_flight_bytes() >= 2) {
        link.consumed(2);
        ++read;
      } else if (++looks % 1'024 == 0) {
        std::this_thread::yield(); // Perhaps in favour of who fills it.
      }
  }};
  std::size_t pauses = 0, largest = 0;
  for (std::size_t i = 0; i < rounds && !stuck; ++i) {
    const bool go_on = link.received(2);
    largest = std::max(largest, link.in_flight_bytes());
    if (!go_on) {
      ++pauses;
      stuck = !resumed.try_acquire_for(20s);
    }
  }
  reader.join();
  BOOST_TEST(!stuck);
  BOOST_TEST(link.in_flight_bytes() == 0u);
  BOOST_TEST(!link.paused());
  BOOST_TEST(pauses > 0u);
  // One read crosses the limit. One more may come, of a reader that drained
  // the gauge, was held up, and resumes the pause after the one it meant.
  BOOST_TEST(largest <= limit + 2 * 2);
  // Nobody was woken who did not wait.
  BOOST_TEST(!resumed.try_acquire());
}

BOOST_AUTO_TEST_CASE(a_cancel_is_seen_by_another_thread) {
  attempt_link link{100};
  std::thread other{[&] { link.cancel(); }};
  while (!link.cancelled())
    std::this_thread::yield();
  other.join();
  BOOST_TEST(link.cancelled());
}

BOOST_AUTO_TEST_CASE(a_mark_calls_each_owner_that_has_not_left) {
  stop_mark mark;
  const int one = 0, other = 0;
  int of_one = 0, of_other = 0, late = 0;
  mark.on_set(&one, [&] { ++of_one; });
  mark.on_set(&other, [&] { ++of_other; });
  mark.forget(&one);
  BOOST_TEST(!mark);
  mark.set();
  BOOST_TEST(!!mark);
  BOOST_TEST(of_one == 0);
  BOOST_TEST(of_other == 1);
  mark.on_set(&one, [&] { ++late; });
  BOOST_TEST(late == 1, "it was set before");
}

BOOST_AUTO_TEST_CASE(no_owner_misses_a_mark_that_is_set_meanwhile) {
  for (int round = 0; round < 2'000; ++round) {
    stop_mark mark;
    std::atomic<int> called{0};
    std::thread setter{[&] { mark.set(); }};
    mark.on_set(&mark, [&] { ++called; });
    setter.join();
    BOOST_REQUIRE(called >= 1);
  }
}
