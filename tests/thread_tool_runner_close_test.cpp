// Goal: a runner that closes ends every call once, and waits for no function
// that hangs. Method: real threads that wait for gates of the test, a clock
// moved by hand; then a storm of random calls.
#define BOOST_TEST_MODULE thread_tool_runner_close
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "runtime/thread_tool_runner.hpp"
#include "tests/support/blocking_calls.hpp"
#include "tests/support/virtual_clock.hpp"

#include <atomic>
#include <future>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(the_destructor_ends_all_calls_that_obey) {
  virtual_clock time;
  std::vector<ending> ends(6);
  {
    gate begun;
    thread_tool_runner runner{time, {.threads = 3}};
    for (auto& end : ends)
      runner.run_blocking(call([&](std::stop_token token) {
                            begun.open();
                            obey(token);
                          }),
                          end.told());
    BOOST_TEST(begun.wait());
  }
  for (auto& end : ends)
    BOOST_TEST((end.get().code == errc::aborted));
  BOOST_TEST(time.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(
  the_destructor_leaves_what_hangs_and_touches_nothing_later) {
  // The thread outlives the runner and the clock: ASan watches.
  const auto hold = std::make_shared<gate>();
  const auto returned = std::make_shared<std::promise<void>>();
  ending end;
  {
    virtual_clock time;
    thread_tool_runner runner{
      time, {.threads = 1, .close_deadline_ms = std::chrono::milliseconds{1}}};
    runner.run_blocking(call([hold, returned](auto) {
                          hold->wait();
                          returned->set_value_at_thread_exit();
                        }),
                        end.told());
    BOOST_TEST(hold->await_waiting(1));
  }
  BOOST_TEST((end.get().code == errc::aborted));
  hold->open();
  BOOST_TEST(
    (returned->get_future().wait_for(patience) == std::future_status::ready));
  BOOST_TEST(end.count() == 1);
}

BOOST_AUTO_TEST_CASE(whoever_closes_is_told_of_threads_left_behind) {
  using ms = std::chrono::milliseconds;
  const auto close = [](bool excused, ms limit) {
    virtual_clock time;
    gate hold;
    const auto returned = std::make_shared<std::promise<void>>();
    thread_tool_runner runner{time, {.threads = 1, .close_deadline_ms = limit}};
    runner.excuse_caller(); // Is none of its threads.
    BOOST_TEST(!runner.is_own_thread());
    ending end;
    bool inside = false;
    runner.run_blocking(call([&, returned](auto) {
                          inside = runner.is_own_thread();
                          if (excused)
                            runner.excuse_caller();
                          hold.wait();
                          returned->set_value_at_thread_exit();
                        }),
                        end.told());
    BOOST_TEST(hold.await_waiting(1));
    BOOST_TEST(inside);
    const bool none_left = runner.close();
    hold.open();
    returned->get_future().wait();
    return none_left;
  };
  BOOST_TEST(!close(false, ms{1}));
  BOOST_TEST(close(true, patience)); // It waits for no deadline.
}

BOOST_AUTO_TEST_CASE(a_function_may_destroy_the_runner) {
  virtual_clock time;
  auto runner = std::make_unique<thread_tool_runner>(time);
  ending end;
  std::promise<void> destroyed;
  gate ready;
  runner->run_blocking(call([&](auto) {
                         ready.wait();
                         runner.reset();
                         destroyed.set_value();
                       }),
                       end.told());
  ready.open();
  BOOST_TEST(
    (destroyed.get_future().wait_for(patience) == std::future_status::ready));
  BOOST_TEST((end.get().code == errc::aborted));
}

BOOST_AUTO_TEST_CASE(in_a_storm_every_call_ends_exactly_once) {
  constexpr int calls = 2'000;
  std::vector<std::atomic<int>> told(calls);
  std::atomic<int> ended = 0;
  {
    virtual_clock time;
    thread_tool_runner runner{time, {.threads = 3, .hung_threads_max = 2}};
    std::vector<std::stop_source> stops(calls);
    std::atomic<bool> over = false;
    std::thread ticks{[&] {
      while (!over) {
        time.advance(5ms);
        std::this_thread::yield();
      }
    }};
    std::vector<std::thread> callers;
    for (int from = 0; from < 4; ++from)
      callers.emplace_back([&, from] {
        std::minstd_rand random(unsigned(from) + 1);
        for (int i = from; i < calls; i += 4) {
          const auto kind = random() % 4;
          const auto at = static_cast<std::size_t>(i);
          runner.run_blocking(call(
                                [kind](std::stop_token token) {
                                  if (kind == 1)
                                    throw std::runtime_error{"no"};
                                  if (kind == 2)
                                    obey(token);
                                },
                                stops[at].get_token(),
                                std::chrono::milliseconds{random() % 20 + 1}),
                              [&, at](const error&) {
                                ++told[at];
                                ++ended;
                              });
          stops[static_cast<std::size_t>(random() % unsigned(i + 1))]
            .request_stop();
        }
      });
    for (auto& caller : callers)
      caller.join();
    const auto until = std::chrono::steady_clock::now() + patience;
    while (ended < calls && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    over = true;
    ticks.join();
  }
  for (const auto& count : told)
    BOOST_REQUIRE(count == 1);
}

// A directory of a stream is removed though the runtime ends.
BOOST_AUTO_TEST_CASE(upkeep_that_waits_is_done_at_the_close) {
  virtual_clock time;
  std::vector<ending> ends(3);
  int done = 0;
  {
    gate begun;
    thread_tool_runner runner{time, {.threads = 1}};
    runner.run_blocking(call([&](std::stop_token token) {
                          begun.open();
                          obey(token);
                        }),
                        ends[0].told());
    BOOST_TEST(begun.wait());
    runner.run_blocking(call([](auto) { throw 1; }), ends[1].told());
    auto upkeep = call([&](auto) { ++done; });
    upkeep.of = blocking_call::kind::upkeep;
    runner.run_blocking(std::move(upkeep), ends[2].told());
  }
  BOOST_TEST(done == 1);
  BOOST_TEST((ends[0].get().code == errc::aborted));
  BOOST_TEST((ends[1].get().code == errc::aborted));
  BOOST_TEST((ends[2].get() == error{}));
  BOOST_TEST(time.pending() == 0u);
}
