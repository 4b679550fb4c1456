// Goal: a program that embeds the runtime gives a model a script, beside its
// own network, and shuts down while a script has more to say.
// Method: a whole runtime on the real clock, its network a script that tells
// whether it was asked.
#ifndef BOOST_TEST_DYN_LINK
#define BOOST_TEST_DYN_LINK
#endif
#define BOOST_TEST_MODULE runtime_scripted
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "providers/system_clock.hpp"
#include "runtime/runtime.hpp"

#include <future>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

struct fixture {
  std::shared_ptr<penstock::clock> time = std::move(*make_system_clock());
  std::shared_ptr<scripted_http_client> network =
    std::make_shared<scripted_http_client>(
      *time, http_script{openai_chat_answer(scripted_turn{}.text("net"))});
  std::unique_ptr<runtime> rt;

  void open(model_script script) {
    runtime_options options;
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
  auto endless = openai_chat_answer(scripted_turn{}.text("on").truncated());
  endless.ends = http_answer::ending::stall;
  open({{"a", {endless}}});
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
