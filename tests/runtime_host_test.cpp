// Goal: whatever a host writes into its options, and wherever it calls from, it
// gets an answer, and in time.
// Method: a whole runtime on the real clock that plays scripts.
#define BOOST_TEST_MODULE runtime_host
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "runtime/in_memory_store.hpp"
#include "runtime/runtime.hpp"
#include "tests/support/faulty_store.hpp"
#include "tests/support/host_fixture.hpp"
#include "tests/support/store_calls.hpp"

#include <functional>
#include <future>
#include <stdexcept>
#include <string>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

using fixture = testing::host_fixture;

} // namespace

BOOST_FIXTURE_TEST_CASE(a_time_without_end_is_none_that_has_passed, fixture) {
  constexpr auto for_ever = milliseconds::max();
  auto& streams = options.streams;
  streams.stream_deadline_ms = for_ever;
  streams.finish_linger_ms = streams.kill_deadline_ms = for_ever;
  streams.clocks.first_token_timeout_ms = for_ever;
  options.workspaces = {for_ever, for_ever};
  options.endpoints.cold_start_hold_ms = for_ever;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  ask(request());
  auto own = request();
  own.options = streams;
  own.options->stream_deadline_ms = for_ever;
  ask(std::move(own));
  BOOST_TEST(rt->counts().workers_detached == 0u);
}

BOOST_AUTO_TEST_CASE(options_that_cannot_work_open_nothing) {
  using edit = std::function<void(runtime_options&)>;
  constexpr milliseconds bad{-1};
  const edit edits[] = {
    [&](auto& o) { o.streams.kill_deadline_ms = bad; },
    [&](auto& o) { o.streams.clocks_by_model["m"].connect_timeout_ms = bad; },
    [&](auto& o) { o.streams.max_steps = 0; },
    [&](auto& o) { o.workspaces.passivate_after_ms = bad; },
    [&](auto& o) { o.workspaces.store_deadline_ms = bad; },
    [&](auto& o) { o.endpoints.breaker_window_ms = bad; },
    [&](auto& o) { o.endpoints_by_provider["p"].cooldown_max_ms = bad; }};
  for (const auto& change : edits) {
    runtime_options options;
    change(options);
    const auto opened = runtime::open(std::move(options));
    BOOST_REQUIRE(!opened.has_value());
    BOOST_TEST((opened.error().code == errc::invalid_request));
  }
}

BOOST_FIXTURE_TEST_CASE(a_look_up_of_a_key_may_throw, fixture) {
  options.environment = [](const char*) -> const char* {
    throw std::runtime_error{"the vault is closed"};
  };
  open({});
  const auto checked = rt->check_model("openai:gpt-5");
  BOOST_REQUIRE(!checked.has_value());
  BOOST_TEST((checked.error().code == errc::authentication));
  const auto& why = checked.error().message;
  BOOST_TEST(why.find("OPENAI_API_KEY") != std::string::npos);
  BOOST_TEST(why.find("the vault is closed") != std::string::npos);
}

// A start that is refused stops nothing.
BOOST_AUTO_TEST_CASE(a_directory_that_cannot_be_had_is_refused_at_once) {
  const testing::temporary_dir dir;
  auto endless = openai_chat_answer(scripted_turn{}.text("one").truncated());
  endless.ends = http_answer::ending::stall;
  const std::pair<std::string, scratch_request> wishes[] = {
    {"", {scratch_request::mode::create, {}}},
    {"", {scratch_request::mode::path, dir.path.string()}},
    {dir.path.string(), {scratch_request::mode::path, "/etc"}},
    {dir.path.string(), {scratch_request::mode::path, dir.file("absent")}}};
  for (const auto& [root, wish] : wishes) {
    fixture f;
    f.options.scratch_root = root;
    f.open({{"a", {endless}}});
    const auto first = f.rt->start(fixture::request());
    BOOST_REQUIRE(first.has_value());
    auto second = fixture::request();
    second.scratch_dir = wish;
    const auto refused = f.rt->start(std::move(second));
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::invalid_request));
    BOOST_TEST((f.rt->view("w")->active == *first));
  }
}

BOOST_FIXTURE_TEST_CASE(a_store_that_hangs_fails_starts_by_its_name, fixture) {
  const auto store = std::make_shared<testing::faulty_store>(
    std::make_shared<in_memory_store>());
  store->hold();
  options.store = store;
  options.workspaces.store_deadline_ms = 20ms;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  const auto begun = rt->start(request());
  BOOST_REQUIRE(!begun.has_value());
  BOOST_TEST((begun.error().code == errc::storage));
  BOOST_TEST(begun.error().message.find("store_deadline_ms")
             != std::string::npos);
  store->release();
  // The one that failed leaves; the next one is luckier.
  const auto until = std::chrono::steady_clock::now() + 20s;
  bool loaded = false;
  while (!loaded && std::chrono::steady_clock::now() < until)
    loaded = rt->view("w").has_value();
  BOOST_TEST(loaded);
}

BOOST_FIXTURE_TEST_CASE(a_store_that_hangs_fails_reports_by_its_name, fixture) {
  const auto store = std::make_shared<testing::faulty_store>(
    std::make_shared<in_memory_store>());
  options.store = store;
  options.workspaces.store_deadline_ms = 20ms;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  ask(request());
  store->hold();
  const auto names_the_deadline = [](const auto& answer) {
    BOOST_REQUIRE(!answer.has_value());
    BOOST_TEST((answer.error().code == errc::storage));
    BOOST_TEST(answer.error().message.find("store_deadline_ms")
               != std::string::npos);
  };
  names_the_deadline(rt->interrupted());
  names_the_deadline(rt->usage("w"));
  store->release();
  BOOST_REQUIRE(rt->usage("w").has_value());
  BOOST_TEST(rt->usage("w")->size() == 1u);
  BOOST_TEST(rt->interrupted()->empty());
}

BOOST_FIXTURE_TEST_CASE(an_observer_sees_each_step_before_its_request,
                        fixture) {
  std::vector<std::string> seen; // By one at a time.
  auto probe = std::make_shared<tool>();
  probe->definition = {"probe", "", R"({"type":"object"})"};
  probe->handler = [&](const tool_invocation&) {
    seen.push_back("tool");
    return tool_outcome{"1", false, {}};
  };
  options.tools = {probe};
  open({{"a",
         {openai_chat_answer(scripted_turn{}.tool_call("c", "probe", "{}")),
          openai_chat_answer(scripted_turn{}.text("one"))}}});
  auto what = request();
  what.tools = {std::string{"probe"}};
  what.on_step = [&](std::uint32_t step, const prompt&) {
    seen.push_back("step " + std::to_string(step));
  };
  ask(std::move(what));
  BOOST_TEST(seen == (std::vector<std::string>{"step 1", "tool", "step 2"}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(an_observer_that_blocks_holds_up_no_stream, fixture) {
  const auto held = std::make_shared<std::promise<void>>();
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  auto what = request();
  what.on_step = [until = held->get_future().share()](
                   std::uint32_t, const prompt&) { until.wait(); };
  ask(std::move(what));
  held->set_value();
}

// A hook has a thread of its own, and what it asks of its stream is answered.
BOOST_FIXTURE_TEST_CASE(hooks_may_call_back, fixture) {
  std::promise<std::string> seen;
  std::promise<expected<stop_result>> stopped;
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  auto what = request();
  what.on_step = [&](std::uint32_t, const prompt&) {
    seen.set_value(rt->view("w")->state);
  };
  ask(what);
  BOOST_TEST(seen.get_future().get() == "streaming");
  what.on_step = nullptr;
  what.prepare_step = [&](step_plan&) {
    stopped.set_value(rt->stop({"w", {}, false, false}));
  };
  BOOST_REQUIRE(rt->start(what).has_value());
  const auto answer = stopped.get_future().get();
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST((answer->outcome == stop_outcome::stopped));
  // It replaces its own stream.
  std::promise<expected<stream_id>> next;
  what.prepare_step = [&](step_plan&) { next.set_value(rt->start(request())); };
  const auto first = rt->start(what);
  BOOST_REQUIRE(first.has_value());
  const auto second = next.get_future().get();
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST((rt->wait("w", *first)->how == stream_outcome::kind::aborted));
  BOOST_TEST((rt->wait("w", *second)->how == stream_outcome::kind::completed));
}

BOOST_FIXTURE_TEST_CASE(callbacks_may_call_back, fixture) {
  open({{"a", {openai_chat_answer(scripted_turn{}.text("one"))}}});
  std::promise<expected<stream_outcome>> ended;
  // Each waits inside of the one thread that calls them.
  rt->start(request(), [&](const expected<stream_id>& first) {
    const auto second = rt->start(request());
    if (!first || !second || !rt->enqueue("w", {"more", queue_mode::turn_end})
        || !rt->wait("w", *first))
      return ended.set_value(fail(errc::internal, "not begun"));
    ended.set_value(rt->wait("w", *second));
  });
  BOOST_TEST(ended.get_future().get().has_value());
  // What throws is told, and what comes behind it is called.
  std::promise<void> called;
  rt->start(request(), [](const auto&) { throw 1; });
  rt->wait("w", std::nullopt, [&](const auto&) { called.set_value(); });
  called.get_future().wait();
}

BOOST_FIXTURE_TEST_CASE(what_a_tool_throws_is_an_error_result, fixture) {
  for (const bool standard : {true, false}) {
    auto made = std::make_shared<tool>();
    made->definition = {"probe", "", R"({"type":"object"})"};
    made->handler = [standard](const tool_invocation&) -> tool_outcome {
      if (standard)
        throw std::runtime_error{"no lamp"};
      throw 1;
    };
    options.tools = {made};
    open({{"a",
           {openai_chat_answer(scripted_turn{}.tool_call("c", "probe", "")),
            openai_chat_answer(scripted_turn{}.text("one"))}}});
    auto what = request();
    what.tools = {std::string{"probe"}};
    ask(std::move(what));
  }
}
