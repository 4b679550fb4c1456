// Goal: a shutdown ends all in time, wherever it is called from, and says so if
// something of the host's is left behind.
// Method: a whole runtime on the real clock that plays scripts.
#define BOOST_TEST_MODULE runtime_shutdown
#include <boost/test/unit_test.hpp>

#include "runtime/in_memory_store.hpp"
#include "tests/support/faulty_store.hpp"
#include "tests/support/host_fixture.hpp"

#include <atomic>
#include <future>
#include <stop_token>
#include <utility>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

using fixture = testing::host_fixture;
using testing::in_a_tool;

} // namespace

// Whoever shuts down waits for the callback, so that must not wait for it.
BOOST_FIXTURE_TEST_CASE(a_callback_may_shut_down_what_is_shut_down, fixture) {
  open({});
  std::promise<expected<std::size_t>> inner;
  subscription_callbacks calls;
  calls.on_events = [](const event_batch&) {};
  calls.on_closed = [&] { inner.set_value(rt->shutdown(60s)); };
  const auto events = rt->subscribe("w", std::move(calls));
  BOOST_REQUIRE(rt->view("w").has_value());
  BOOST_TEST(rt->shutdown(60s).has_value());
  const auto answer = inner.get_future().get();
  BOOST_REQUIRE(!answer.has_value());
  BOOST_TEST((answer.error().code == errc::aborted));
  BOOST_TEST(rt->shutdown().has_value()); // The first one's answer.
}

BOOST_FIXTURE_TEST_CASE(a_tool_may_shut_down_and_waits_for_itself_no_longer,
                        in_a_tool) {
  std::promise<expected<std::size_t>> answer;
  begin([&](const tool_invocation&) {
    answer.set_value(rt->shutdown(60s));
    return tool_outcome{};
  });
  BOOST_TEST(answer.get_future().get().has_value());
}

struct at_exit { // set_value_at_thread_exit, where ThreadSanitizer sees it
  std::shared_ptr<std::promise<void>> told;
  ~at_exit() { told->set_value(); }
};

BOOST_FIXTURE_TEST_CASE(a_shutdown_tells_of_a_tool_that_does_not_return,
                        in_a_tool) {
  std::promise<void> released;
  const auto returned = std::make_shared<std::promise<void>>();
  begin(
    [returned, until = released.get_future().share()](const tool_invocation&) {
      until.wait();
      thread_local const at_exit leaves{returned};
      return tool_outcome{};
    });
  const auto ended = rt->shutdown(20s);
  BOOST_REQUIRE(!ended.has_value());
  BOOST_TEST((ended.error().code == errc::timeout));
  released.set_value();
  returned->get_future().wait();
}

BOOST_FIXTURE_TEST_CASE(a_store_that_hangs_does_not_hold_the_shutdown,
                        fixture) {
  const auto store = std::make_shared<testing::faulty_store>(
    std::make_shared<in_memory_store>());
  store->hold();
  options.store = store;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  std::promise<expected<stream_id>> begun;
  rt->start(request(), [&](auto answer) { begun.set_value(answer); });
  const auto ended = rt->shutdown(20ms);
  BOOST_REQUIRE(!ended.has_value());
  BOOST_TEST((ended.error().code == errc::timeout));
  BOOST_TEST(!begun.get_future().get().has_value()); // Nobody waits for ever.
}

// Whoever waits for a workspace that is dropped is told why, and of no fault.
BOOST_FIXTURE_TEST_CASE(what_a_shutdown_drops_is_answered_aborted, fixture) {
  const auto store = std::make_shared<testing::faulty_store>(
    std::make_shared<in_memory_store>());
  store->hold();
  options.store = store;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  const auto code = [](const auto& answer) {
    return answer ? errc::none : answer.error().code;
  };
  std::promise<errc> begun, ended;
  rt->start(request(), [&](auto answer) { begun.set_value(code(answer)); });
  rt->wait("w", {}, [&](auto answer) { ended.set_value(code(answer)); });
  auto viewed =
    std::async(std::launch::async, [&] { return code(rt->view("w")); });
  auto edited = std::async(std::launch::async, [&] {
    history_edit all;
    all.workspace_id = "w";
    return code(rt->edit_history(all));
  });
  BOOST_TEST(!rt->shutdown(20ms).has_value());
  BOOST_TEST((begun.get_future().get() == errc::aborted));
  BOOST_TEST((ended.get_future().get() == errc::aborted));
  BOOST_TEST((viewed.get() == errc::aborted));
  BOOST_TEST((edited.get() == errc::aborted));
}

BOOST_FIXTURE_TEST_CASE(a_hook_may_shut_down_and_is_not_waited_for, fixture) {
  std::promise<expected<std::size_t>> answer;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  auto what = request();
  what.prepare_step = [&](step_plan&) { answer.set_value(rt->shutdown(60s)); };
  BOOST_REQUIRE(rt->start(std::move(what)).has_value());
  BOOST_TEST(answer.get_future().get().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_callback_may_shut_down_and_is_not_waited_for,
                        fixture) {
  std::promise<expected<std::size_t>> answer;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  rt->start(request(),
            [&](const auto&) { answer.set_value(rt->shutdown(60s)); });
  BOOST_TEST(answer.get_future().get().has_value());
}

// It is told that somebody waits for it: then somebody does.
BOOST_FIXTURE_TEST_CASE(a_tool_that_hears_of_a_shutdown_is_waited_for,
                        in_a_tool) {
  std::promise<std::shared_future<expected<std::size_t>>> begun;
  std::promise<errc> told;
  std::atomic<bool> ended_before{false};
  begin([&, outer = begun.get_future().share()](const tool_invocation& with) {
    std::promise<void> asked; // By who ends the runtime.
    const std::stop_callback listens{with.cancelled,
                                     [&] { asked.set_value(); }};
    asked.get_future().wait();
    told.set_value(rt->shutdown().error().code);
    ended_before = outer.get().wait_for(200ms) == std::future_status::ready;
    return tool_outcome{};
  });
  const auto outer =
    std::async(std::launch::async, [&] { return rt->shutdown(60s); }).share();
  begun.set_value(outer);
  BOOST_TEST((told.get_future().get() == errc::aborted));
  BOOST_TEST(outer.get().has_value());
  BOOST_TEST(!ended_before);
}

// Whoever comes second holds nothing that the first one has to end.
BOOST_FIXTURE_TEST_CASE(two_shutdowns_at_once_both_wait_for_a_tool, in_a_tool) {
  std::promise<void> goes_on;
  std::atomic<bool> returned{false};
  begin([&, until = goes_on.get_future().share()](const tool_invocation& with) {
    std::promise<void> asked; // By who ends the runtime.
    const std::stop_callback listens{with.cancelled,
                                     [&] { asked.set_value(); }};
    asked.get_future().wait();
    until.wait_for(200ms);
    returned = true;
    return tool_outcome{};
  });
  std::vector<std::future<bool>> both;
  for (int i = 0; i < 2; ++i)
    both.push_back(std::async(std::launch::async, [&] {
      return rt->shutdown(60s).has_value() && returned;
    }));
  for (auto& one : both)
    BOOST_TEST(one.get());
  goes_on.set_value();
}

BOOST_FIXTURE_TEST_CASE(what_a_callback_holds_goes_before_its_subscription,
                        fixture) {
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  for (int i = 0; i < 100; ++i) {
    auto held = std::make_shared<int>(i);
    const std::weak_ptr<int> seen = held;
    auto called = std::make_shared<std::promise<void>>();
    auto events = rt->subscribe(
      "w", {[held, called, told = false](const event_batch&) mutable {
              if (!std::exchange(told, true))
                called->set_value();
            },
            {}});
    held.reset();
    BOOST_REQUIRE(rt->start(request()).has_value());
    called->get_future().wait();
    events = fail(errc::aborted, "over");
    BOOST_REQUIRE(seen.expired());
  }
}
