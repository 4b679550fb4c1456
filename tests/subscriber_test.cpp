// Goal: a sink's credit is never lost, never doubled, and nobody sleeps while
// events wait. Method: every interleaving of the two sides by hand, then two
// threads that each wait for the other a million times.
#define BOOST_TEST_MODULE subscriber
#include <boost/test/unit_test.hpp>

#include "messages/subscriber.hpp"

#include <atomic>
#include <cstdint>
#include <semaphore>
#include <thread>
#include <utility>

using namespace penstock;

namespace {

struct silent_sink final : event_sink {
  void deliver(event_batch) override {}
};

} // namespace

BOOST_AUTO_TEST_CASE(a_new_sink_has_credit_for_one_batch) {
  silent_sink sink;
  BOOST_TEST(sink.take_credit());
  BOOST_TEST(!sink.take_credit());
  BOOST_TEST(!sink.take_credit());
}

BOOST_AUTO_TEST_CASE(credit_before_anything_waits_needs_no_word) {
  silent_sink sink;
  BOOST_TEST(sink.take_credit());
  BOOST_TEST(!sink.return_credit());
  BOOST_TEST(sink.take_credit());
}

BOOST_AUTO_TEST_CASE(credit_that_is_waited_for_must_be_told) {
  silent_sink sink;
  BOOST_TEST(sink.take_credit());
  BOOST_TEST(!sink.take_credit());
  BOOST_TEST(sink.return_credit());
  BOOST_TEST(sink.take_credit());
}

BOOST_AUTO_TEST_CASE(who_waits_is_told_once) {
  silent_sink sink;
  BOOST_TEST(sink.take_credit());
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(!sink.take_credit());
  BOOST_TEST(sink.return_credit());
  BOOST_TEST(!sink.return_credit());
}

BOOST_AUTO_TEST_CASE(credit_does_not_add_up) {
  silent_sink sink;
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(!sink.return_credit());
  BOOST_TEST(sink.take_credit());
  BOOST_TEST(!sink.take_credit());
}

BOOST_AUTO_TEST_CASE(a_wish_is_forgotten_once_the_credit_is_back) {
  silent_sink sink;
  BOOST_TEST(sink.take_credit());
  BOOST_TEST(!sink.take_credit());
  BOOST_TEST(sink.return_credit());
  BOOST_TEST(sink.take_credit());
  BOOST_TEST(!sink.return_credit());
}

// The workspace always has something waiting. It sleeps only after it left
// word, so a lost wake-up stops both threads and the deadline fails the test.
BOOST_AUTO_TEST_CASE(no_wake_up_is_lost_between_two_threads) {
  constexpr std::uint64_t rounds = 1'000'000;
  using namespace std::chrono_literals;
  silent_sink sink;
  std::atomic<std::uint64_t> delivered{0};
  std::counting_semaphore<> told{0};
  std::atomic<bool> stuck{false};
  std::uint64_t wakes = 0;

  std::thread host{[&] {
    for (std::uint64_t seen = 0; seen < rounds && !stuck; ++seen) {
      while (delivered == seen && !stuck)
        std::this_thread::yield();
      if (sink.return_credit()) {
        ++wakes;
        told.release();
      }
    }
  }};
  std::uint64_t sleeps = 0;
  while (delivered < rounds && !stuck) {
    if (sink.take_credit())
      ++delivered;
    else if (++sleeps; !told.try_acquire_for(30s))
      stuck = true;
  }
  host.join();
  BOOST_TEST(!stuck);
  BOOST_TEST(delivered == rounds);
  // Whoever left word was told exactly once.
  BOOST_TEST(wakes == sleeps);
}
