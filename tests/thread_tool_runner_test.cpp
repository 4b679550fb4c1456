// Goal: whatever a function does (return, throw, hang, ignore its token), its
// end is told exactly once, and others go on. Method: real threads that wait
// for gates of the test, and a clock moved by hand.
#define BOOST_TEST_MODULE thread_tool_runner
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

BOOST_AUTO_TEST_CASE(a_function_that_returns_has_ended_well) {
  virtual_clock time;
  thread_tool_runner runner{time};
  int written = 0;
  ending end;
  runner.run_blocking(call([&](auto) { written = 7; }), end.told());
  BOOST_TEST((end.get() == error{}));
  BOOST_TEST(written == 7); // and TSan sees it ordered
  BOOST_TEST(time.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(a_function_that_throws_is_an_error_with_its_words) {
  virtual_clock time;
  thread_tool_runner runner{time};
  ending first, second;
  runner.run_blocking(call([](auto) { throw std::runtime_error{"no disk"}; }),
                      first.told());
  BOOST_TEST((first.get().code == errc::tool));
  BOOST_TEST(first.get().message == "work failed: no disk");
  runner.run_blocking(call([](auto) { throw 42; }), second.told());
  BOOST_TEST(second.get().message == "work failed");
}

BOOST_AUTO_TEST_CASE(no_thread_is_started_before_it_is_needed) {
  virtual_clock time;
  thread_tool_runner runner{time, {.threads = 4}};
  BOOST_TEST(runner.counts().threads == 0u);
  ending end;
  runner.run_blocking(call([](auto) {}), end.told());
  end.get();
  BOOST_TEST(runner.counts().threads == 1u);
}

BOOST_AUTO_TEST_CASE(calls_beyond_the_threads_wait_their_turn) {
  virtual_clock time;
  gate hold;
  std::vector<ending> ends(5);
  thread_tool_runner runner{time, {.threads = 2}};
  for (auto& end : ends)
    runner.run_blocking(call([&](auto) { hold.wait(); }), end.told());
  BOOST_TEST(hold.await_waiting(2));
  BOOST_TEST(runner.counts().threads == 2u);
  BOOST_TEST(runner.counts().busy == 2u);
  BOOST_TEST(runner.counts().queued == 3u);
  hold.open();
  for (auto& end : ends)
    BOOST_TEST((end.get() == error{}));
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_is_cancelled_at_once) {
  virtual_clock time;
  gate hold;
  ending busy, waiting;
  std::stop_source stop;
  std::atomic<bool> ran = false;
  thread_tool_runner runner{time, {.threads = 1}};
  runner.run_blocking(call([&](auto) { hold.wait(); }), busy.told());
  BOOST_TEST(hold.await_waiting(1));
  runner.run_blocking(call([&](auto) { ran = true; }, stop.get_token()),
                      waiting.told());
  stop.request_stop();
  BOOST_TEST(waiting.count() == 1); // without a wait
  BOOST_TEST((waiting.get().code == errc::aborted));
  BOOST_TEST(waiting.get().message == "cancelled");
  BOOST_TEST(runner.counts().queued == 0u);
  hold.open();
  busy.get();
  BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_stopped_already_starts_nothing) {
  virtual_clock time;
  thread_tool_runner runner{time};
  std::stop_source stop;
  stop.request_stop();
  ending end;
  runner.run_blocking(call([](auto) { BOOST_FAIL("ran"); }, stop.get_token()),
                      end.told());
  BOOST_TEST((end.get().code == errc::aborted));
  BOOST_TEST(runner.counts().threads == 0u);
}

BOOST_AUTO_TEST_CASE(a_running_call_is_cancelled_when_it_returns) {
  virtual_clock time;
  thread_tool_runner runner{time};
  std::stop_source stop;
  gate begun;
  ending end;
  runner.run_blocking(call(
                        [&](std::stop_token token) {
                          begun.open();
                          obey(token);
                        },
                        stop.get_token()),
                      end.told());
  BOOST_TEST(begun.wait());
  BOOST_TEST(end.count() == 0);
  stop.request_stop();
  BOOST_TEST((end.get().code == errc::aborted));
  BOOST_TEST(runner.counts().hung_total == 0u);
  BOOST_TEST(time.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(a_hung_call_times_out_and_its_thread_is_replaced) {
  virtual_clock time;
  gate hold;
  ending hung, next;
  thread_tool_runner runner{time, {.threads = 1}};
  std::atomic<bool> asked = false;
  runner.run_blocking(call(
                        [&](std::stop_token token) {
                          hold.wait();
                          asked = token.stop_requested();
                        },
                        {}, 500ms),
                      hung.told());
  runner.run_blocking(call([](auto) {}), next.told());
  BOOST_TEST(hold.await_waiting(1));
  time.advance(499ms);
  BOOST_TEST(hung.count() == 0);
  time.advance(1ms);
  BOOST_TEST((hung.get().code == errc::timeout));
  BOOST_TEST(hung.get().message == "work timed out after 500 ms");
  BOOST_TEST((next.get() == error{})); // on another thread
  BOOST_TEST(runner.counts().hung == 1u);
  BOOST_TEST(runner.counts().threads == 2u);
  hold.open();
  // Back from its hang, one thread is too many and leaves.
  BOOST_TEST(await(runner, [](auto& counts) {
    return counts.threads == 1 && counts.hung == 0;
  }));
  BOOST_TEST(hung.count() == 1);
  BOOST_TEST(asked);
  BOOST_TEST(runner.counts().hung_total == 1u);
}

BOOST_AUTO_TEST_CASE(waiting_in_the_queue_is_not_held_against_the_timeout) {
  virtual_clock time;
  gate first, second;
  ending one, two;
  thread_tool_runner runner{time, {.threads = 1}};
  runner.run_blocking(call([&](auto) { first.wait(); }, {}, 10s), one.told());
  runner.run_blocking(call([&](auto) { second.wait(); }, {}, 1s), two.told());
  BOOST_TEST(first.await_waiting(1));
  time.advance(9s);
  first.open();
  BOOST_TEST((one.get() == error{}));
  BOOST_TEST(second.await_waiting(1));
  time.advance(999ms);
  BOOST_TEST(two.count() == 0);
  second.open();
  BOOST_TEST((two.get() == error{}));
}

BOOST_AUTO_TEST_CASE(a_call_that_ignores_its_cancellation_is_given_up) {
  virtual_clock time;
  gate hold;
  ending deaf, next;
  std::stop_source stop;
  thread_tool_runner runner{time, {.threads = 1, .cancel_grace_ms = 2s}};
  runner.run_blocking(call([&](auto) { hold.wait(); }, stop.get_token()),
                      deaf.told());
  BOOST_TEST(hold.await_waiting(1));
  stop.request_stop();
  runner.run_blocking(call([](auto) {}), next.told());
  time.advance(1'999ms);
  BOOST_TEST(deaf.count() == 0);
  BOOST_TEST(next.count() == 0);
  time.advance(1ms);
  BOOST_TEST((deaf.get().code == errc::aborted));
  BOOST_TEST((next.get() == error{}));
  hold.open();
}

BOOST_AUTO_TEST_CASE(a_cancellation_does_not_prolong_a_call) {
  virtual_clock time;
  gate hold;
  ending end;
  std::stop_source stop;
  thread_tool_runner runner{time, {.threads = 1, .cancel_grace_ms = 2s}};
  runner.run_blocking(call([&](auto) { hold.wait(); }, stop.get_token(), 3s),
                      end.told());
  BOOST_TEST(hold.await_waiting(1));
  time.advance(2'500ms);
  stop.request_stop();
  time.advance(500ms);
  BOOST_TEST((end.get().code == errc::aborted));
  hold.open();
}

BOOST_AUTO_TEST_CASE(hung_threads_are_bounded_and_then_calls_fail_at_once) {
  virtual_clock time;
  gate hold;
  std::vector<ending> hung(3);
  ending waits, late, well;
  thread_tool_runner runner{time, {.threads = 1, .hung_threads_max = 2}};
  for (int i = 0; i < 3; ++i) {
    runner.run_blocking(call([&](auto) { hold.wait(); }, {}, 1s),
                        hung[std::size_t(i)].told());
    BOOST_TEST(hold.await_waiting(i + 1));
    if (i == 2)
      runner.run_blocking(call([](auto) {}), waits.told());
    time.advance(1s);
    BOOST_TEST((hung[std::size_t(i)].get().code == errc::timeout));
  }
  BOOST_TEST(runner.counts().threads == 3u);
  BOOST_TEST(runner.counts().hung == 3u);
  BOOST_TEST((waits.get().code == errc::tool));
  BOOST_TEST(waits.get().message
             == "work was not started: no tool thread is free (3 hang)");
  runner.run_blocking(call([](auto) {}), late.told());
  BOOST_TEST(late.count() == 1);
  hold.open();
  BOOST_TEST(await(runner, [](auto& counts) { return counts.hung == 0; }));
  runner.run_blocking(call([](auto) {}), well.told());
  BOOST_TEST((well.get() == error{}));
  BOOST_TEST(await(runner, [](auto& counts) { return counts.threads == 1; }));
}

BOOST_AUTO_TEST_CASE(a_timeout_that_no_time_point_can_hold_never_comes) {
  virtual_clock time;
  thread_tool_runner runner{time};
  gate hold;
  ending end;
  runner.run_blocking(
    call([&](auto) { hold.wait(); }, {}, std::chrono::milliseconds::max()),
    end.told());
  BOOST_TEST(hold.await_waiting(1));
  time.advance(24h);
  hold.open();
  BOOST_TEST((end.get() == error{}));
}

BOOST_AUTO_TEST_CASE(what_a_function_owns_is_gone_before_its_end_is_told) {
  virtual_clock time;
  thread_tool_runner runner{time};
  auto owned = std::make_shared<int>(1);
  std::weak_ptr<int> seen = owned;
  std::promise<bool> gone;
  runner.run_blocking(call([owned = std::move(owned)](auto) {}),
                      [&](const error&) { gone.set_value(seen.expired()); });
  auto result = gone.get_future();
  BOOST_REQUIRE((result.wait_for(patience) == std::future_status::ready));
  BOOST_TEST(result.get());
}

// Two workspaces never wait for each other: a handler may take minutes.
BOOST_AUTO_TEST_CASE(hooks_do_not_wait_for_handlers) {
  virtual_clock time;
  gate hold;
  ending handler, hook;
  thread_tool_runner runner{time, {.threads = 1}};
  auto slow = call([&](auto) { hold.wait(); });
  slow.of = blocking_call::kind::handler;
  runner.run_blocking(std::move(slow), handler.told());
  BOOST_TEST(hold.await_waiting(1));
  runner.run_blocking(call([](auto) {}), hook.told());
  BOOST_TEST((hook.get() == error{}));
  BOOST_TEST(handler.count() == 0);
  hold.open();
  BOOST_TEST((handler.get() == error{}));
}
