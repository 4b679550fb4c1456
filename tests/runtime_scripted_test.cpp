// Goal: a program that embeds the runtime gives a model a script, beside its
// own network, shuts down while a script has more to say, and has of each
// command what runtime.hpp says.
// Method: a whole runtime on the real clock, its network a script that tells
// whether it was asked.
#define BOOST_TEST_MODULE runtime_scripted
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "providers/system_clock.hpp"
#include "runtime/runtime.hpp"

#include <algorithm>
#include <future>
#include <thread>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

struct fixture {
  std::shared_ptr<penstock::clock> time = std::move(*make_system_clock());
  std::shared_ptr<scripted_http_client> network =
    std::make_shared<scripted_http_client>(
      *time, http_script{openai_chat_answer(scripted_turn{}.text("net"))});
  std::unique_ptr<runtime> rt;

  void open(model_script script, runtime_options options = {}) {
    options.time = time;
    options.http = network;
    auto& mine = options.providers["mine"];
    mine.api = "scripted";
    mine.script = std::move(script);
    auto& real = options.providers["real"];
    real.api = "openai-chat";
    real.base_url = "http://127.0.0.1:9/v1";
    auto opened = runtime::open(std::move(options));
    BOOST_REQUIRE(opened.has_value());
    rt = std::move(*opened);
  }
  void start(const std::string& model,
             std::shared_ptr<event_sink> sink = nullptr,
             const std::string& workspace = "w") {
    start_request request;
    request.subscriber = std::move(sink);
    request.workspace_id = workspace;
    request.messages = {user_text("hi")};
    request.model = model;
    const auto started = rt->start(std::move(request));
    BOOST_REQUIRE_MESSAGE(started.has_value(),
                          (started ? "" : started.error().message));
  }
  std::string ask(const std::string& model) {
    start(model);
    const auto outcome = rt->wait("w", std::nullopt, 20s);
    BOOST_REQUIRE(outcome.has_value());
    BOOST_TEST((outcome->how == stream_outcome::kind::completed));
    return outcome->text;
  }
};

/// A script of one model, "a", that says "on" and then nothing more.
model_script endless_script() {
  auto endless = openai_chat_answer(scripted_turn{}.text("on").truncated());
  endless.ends = http_answer::ending::stall;
  return {{"a", {std::move(endless)}}};
}

/// What a command with a function answered, and that it did so on another
/// thread than the caller's.
template <class T>
struct told {
  std::promise<expected<T>> answer;
  std::thread::id caller = std::this_thread::get_id();

  runtime::answer<T> function() {
    return [this](expected<T> value) {
      if (std::this_thread::get_id() == caller)
        value = fail(errc::internal, "on the caller's thread");
      answer.set_value(std::move(value));
    };
  }
  expected<T> get() { return answer.get_future().get(); }
};

template <class T>
errc code_of(const expected<T>& answer) {
  return answer ? errc::none : answer.error().code;
}

/// WORKSPACE stands still in it from the first delta on, until it is told.
struct blocking_sink final : event_sink {
  std::promise<void> entered, released;
  std::string text; ///< Read it when the stream is over.

  void deliver(event_batch batch) override {
    const bool first = text.empty();
    for (const auto& e : batch)
      if (auto* delta = std::get_if<event::text_delta>(e.body.get()))
        text += delta->text;
    if (first && !text.empty()) {
      entered.set_value();
      released.get_future().wait();
    }
    (void)return_credit();
  }
};

/// A stream whose whole answer, and its end, lie in WORKSPACE's mailbox.
struct overtaken : fixture {
  std::shared_ptr<blocking_sink> sink = std::make_shared<blocking_sink>();

  overtaken() {
    answer_pace pace;
    pace.between = 1ms;
    open(
      {{"a", {openai_chat_answer(scripted_turn{}.text("a b c d e"), pace)}}});
    start("mine:a", sink);
    sink->entered.get_future().wait();
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    for (bool runs = true; runs;) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < deadline);
      const auto seen = rt->health();
      BOOST_REQUIRE((seen.has_value() && seen->size() == 1u));
      runs = seen->front().running > 0;
    }
  }
  stream_outcome stop(bool soft) {
    rt->stop({"w", {}, soft, false}, [](const auto&) {});
    sink->released.set_value();
    const auto outcome = rt->wait("w", std::nullopt, 20s);
    BOOST_REQUIRE(outcome.has_value());
    BOOST_TEST(outcome->text == sink->text);
    return *outcome;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_script_answers_beside_the_network, fixture) {
  answer_pace pace;
  pace.between = 1ms;
  open({{"a",
         {openai_chat_answer(scripted_turn{}.text("one two"), pace),
          openai_chat_answer(scripted_turn{}.text("three"))}}});
  BOOST_TEST(ask("mine:a") == "one two");
  BOOST_TEST(ask("mine:a") == "three");
  BOOST_TEST(network->records().empty());
  BOOST_TEST(ask("real:m") == "net");
  BOOST_TEST(network->records().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_script_that_never_ends_does_not_hold_the_shutdown,
                        fixture) {
  open(endless_script());
  start("mine:a");
  BOOST_TEST(rt->shutdown(10s).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_hard_stop_overtakes_what_the_workspace_has_not_read,
                        overtaken) {
  const auto outcome = stop(false);
  BOOST_TEST((outcome.how == stream_outcome::kind::aborted));
  BOOST_TEST(outcome.text.starts_with("a"));
  BOOST_TEST(!outcome.text.ends_with("e"));
}

BOOST_FIXTURE_TEST_CASE(a_soft_stop_and_one_of_another_stream_overtake_nothing,
                        overtaken) {
  rt->stop({"w", stream_id{77}, false, false}, [](const auto&) {});
  const auto outcome = stop(true);
  BOOST_TEST((outcome.how == stream_outcome::kind::completed));
  BOOST_TEST(outcome.text == "a b c d e");
}

BOOST_FIXTURE_TEST_CASE(a_workspace_that_stands_still_holds_up_no_other,
                        overtaken) {
  for (int i = 0; i < 20; ++i) { // whatever shard it falls to
    const auto other = "v" + std::to_string(i);
    start("mine:a", nullptr, other);
    const auto outcome = rt->wait(other, std::nullopt, 20s);
    BOOST_REQUIRE(outcome.has_value());
    BOOST_TEST(outcome->text == "a b c d e");
  }
  (void)stop(false);
}

BOOST_FIXTURE_TEST_CASE(a_command_with_a_function_is_answered_elsewhere,
                        fixture) {
  open(endless_script());
  told<stream_id> refused, registered;
  rt->start({.workspace_id = "w", .model = "mine:a"}, refused.function());
  BOOST_TEST((code_of(refused.get()) == errc::invalid_request));
  rt->start(
    {.workspace_id = "w", .messages = {user_text("hi")}, .model = "mine:a"},
    registered.function());
  const auto id = registered.get();
  BOOST_REQUIRE(id.has_value());
  told<stream_outcome> ended;
  rt->wait("w", *id, ended.function());
  told<stop_result> stopped;
  rt->stop({.workspace_id = "w", .stream = *id}, stopped.function());
  const auto result = stopped.get();
  BOOST_REQUIRE(result.has_value());
  BOOST_TEST((result->outcome == stop_outcome::stopped));
  const auto outcome = ended.get();
  BOOST_REQUIRE(outcome.has_value());
  BOOST_TEST((outcome->how == stream_outcome::kind::aborted));
  BOOST_TEST((outcome->stream == *id));
}

BOOST_FIXTURE_TEST_CASE(a_wait_has_a_limit_and_the_stream_goes_on, fixture) {
  open(endless_script());
  BOOST_TEST((code_of(rt->wait("w")) == errc::invalid_request)); // None yet.
  start("mine:a");
  BOOST_TEST((code_of(rt->wait("w", {}, 1ms)) == errc::timeout));
  BOOST_TEST(rt->view("w").value().state == "streaming");
}

BOOST_FIXTURE_TEST_CASE(what_is_queued_comes_back_with_a_hard_stop, fixture) {
  open(endless_script());
  start("mine:a");
  BOOST_TEST((code_of(rt->enqueue("w", {""})) == errc::invalid_request));
  BOOST_TEST(rt->enqueue("w", {"first"}).value() == 1u);
  BOOST_TEST(rt->enqueue("w", {"second"}).value() == 2u);
  BOOST_TEST(rt->view("w").value().queue.size() == 2u);
  const auto stopped = rt->stop({.workspace_id = "w"}).value();
  BOOST_REQUIRE(stopped.returned_queue.size() == 2u);
  BOOST_TEST(stopped.returned_queue[1].text == "second");
  BOOST_TEST(rt->view("w").value().queue.empty());
}

BOOST_FIXTURE_TEST_CASE(the_history_is_cut_where_the_host_says, fixture) {
  open({{"a", {openai_chat_answer(scripted_turn{}.text("yes"))}}});
  for (int i = 0; i < 2; ++i) {
    BOOST_REQUIRE(rt->start({.workspace_id = "w",
                             .messages = {user_text("hi")},
                             .model = "mine:a",
                             .with_history = true})
                    .has_value());
    BOOST_REQUIRE(rt->wait("w", {}, 20s).has_value());
  }
  const auto rows = rt->view("w").value().history;
  BOOST_REQUIRE(rows.size() == 4u);
  const auto removed = rt->edit_history({"w", rows[2].sequence, {}}).value();
  BOOST_TEST((
    removed == std::vector<std::uint64_t>{rows[2].sequence, rows[3].sequence}));
  BOOST_TEST((rt->view("w").value().history
              == std::vector<history_row>{rows[0], rows[1]}));
  BOOST_TEST(
    (code_of(rt->edit_history({"w", 1, message{}})) == errc::invalid_request));
}

BOOST_FIXTURE_TEST_CASE(a_thinking_level_is_for_a_stream_that_runs, fixture) {
  open(endless_script());
  BOOST_TEST(!rt->set_thinking("w", thinking_level::high).value());
  start("mine:a");
  BOOST_TEST(rt->set_thinking("w", thinking_level::high).value());
}

BOOST_FIXTURE_TEST_CASE(models_are_known_by_their_providers_names, fixture) {
  open(endless_script());
  BOOST_TEST(rt->check_model("mine:a").has_value());
  BOOST_TEST((code_of(rt->check_model("mine:b")) == errc::model_not_found));
  BOOST_TEST((code_of(rt->check_model("nobodys:a")) == errc::model_not_found));
  const auto names = rt->provider_names();
  BOOST_TEST(std::is_sorted(names.begin(), names.end()));
  for (const char* name : {"mine", "real", "openai", "scripted"})
    BOOST_TEST(std::count(names.begin(), names.end(), name) == 1, name);
}

BOOST_FIXTURE_TEST_CASE(a_deaf_tool_is_counted_and_one_that_is_gone_refused,
                        fixture) {
  runtime_options options;
  options.streams.kill_deadline_ms = 1ms;
  open(
    {{"a", {openai_chat_answer(scripted_turn{}.tool_call("c", "deaf", "{}"))}}},
    std::move(options));
  std::promise<void> entered, released;
  auto deaf = std::make_shared<tool>();
  deaf->definition = {"deaf", "Hears nothing", R"({"type":"object"})"};
  deaf->handler = [&entered, over = released.get_future().share()](auto&) {
    entered.set_value();
    over.wait();
    return tool_outcome{};
  };
  BOOST_TEST(rt->register_tool(deaf).has_value());
  BOOST_TEST((code_of(rt->register_tool(deaf)) == errc::invalid_request));
  start_request request{.workspace_id = "w",
                        .messages = {user_text("hi")},
                        .model = "mine:a",
                        .tools = {std::string{"deaf"}}};
  BOOST_REQUIRE(rt->start(request).has_value());
  entered.get_future().wait();
  BOOST_TEST(rt->counts().workers_detached == 0u);
  BOOST_TEST(rt->counts().tool_threads.busy == 1u);
  BOOST_TEST(rt->stop({.workspace_id = "w"}).has_value());
  BOOST_TEST(rt->counts().workers_detached == 1u);
  released.set_value();
  BOOST_TEST(rt->unregister_tool("deaf"));
  BOOST_TEST(!rt->unregister_tool("deaf"));
  BOOST_TEST((code_of(rt->start(request)) == errc::invalid_request));
}

BOOST_FIXTURE_TEST_CASE(after_the_shutdown_every_command_is_aborted, fixture) {
  open(endless_script());
  bool closed = false;
  subscription_callbacks calls;
  calls.on_events = [](const event_batch&) {};
  calls.on_closed = [&closed] { closed = true; };
  const auto events = rt->subscribe("w", std::move(calls)).value();
  auto polled = rt->subscribe("w").value();
  start("mine:a");
  BOOST_TEST(rt->shutdown(20s).value() == 1u);
  BOOST_TEST(rt->shutdown(20s).value() == 1u); // Does nothing.
  BOOST_TEST(rt->counts().tool_threads.threads == 0u);
  BOOST_TEST(closed);
  std::size_t ends = 0;
  while (!polled.ended())
    for (const auto& e : polled.wait(20s))
      ends += terminal(*e.body) ? 1 : 0;
  BOOST_TEST(ends == 1u);
  const start_request request{
    .workspace_id = "w", .messages = {user_text("hi")}, .model = "mine:a"};
  for (const auto code :
       {code_of(rt->start(request)), code_of(rt->stop({.workspace_id = "w"})),
        code_of(rt->wait("w")), code_of(rt->subscribe("w")),
        code_of(rt->enqueue("w", {"more"})),
        code_of(rt->edit_history({"w", 1, {}})),
        code_of(rt->set_thinking("w", thinking_level::low)),
        code_of(rt->view("w")), code_of(rt->interrupted()),
        code_of(rt->usage()), code_of(rt->health())})
    BOOST_TEST((code == errc::aborted), to_string(code));
}
