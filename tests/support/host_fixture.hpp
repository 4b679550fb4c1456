// A host with one conversation, "w", on the real clock.
#pragma once

#include "providers/scripted_answers.hpp"
#include "runtime/runtime.hpp"

#include <boost/test/unit_test.hpp>
#include <future>

namespace penstock::testing {

/// A runtime whose one model, "mine:a", plays a script.
struct host_fixture {
  runtime_options options;
  std::unique_ptr<runtime> rt;

  void open(model_script script) {
    auto& mine = options.providers["mine"];
    mine.api = "scripted";
    mine.script = std::move(script);
    auto opened = runtime::open(options);
    BOOST_REQUIRE(opened.has_value());
    rt = std::move(*opened);
  }
  static start_request request() {
    start_request made;
    made.workspace_id = "w";
    made.messages = {user_text("hi")};
    made.model = "mine:a";
    return made;
  }
  void ask(start_request what) {
    BOOST_REQUIRE(rt->start(std::move(what)).has_value());
    const auto outcome = rt->wait("w", std::nullopt, std::chrono::seconds{20});
    BOOST_REQUIRE(outcome.has_value());
    BOOST_TEST((outcome->how == stream_outcome::kind::completed));
    BOOST_TEST(outcome->text == "one");
  }
};

/// A stream whose tool is inside of its handler.
struct in_a_tool : host_fixture {
  std::promise<void> entered;

  void begin(tool_handler handler) {
    auto made = std::make_shared<tool>();
    made->definition = {"probe", "", R"({"type":"object"})"};
    made->handler = [this, handler](const tool_invocation& with) {
      entered.set_value();
      return handler(with);
    };
    options.tools = {made};
    options.streams.kill_deadline_ms = milliseconds{1};
    open(
      {{"a",
        {openai_chat_answer(scripted_turn{}.tool_call("c", "probe", "{}"))}}});
    auto what = request();
    what.tools = {std::string{"probe"}};
    BOOST_REQUIRE(rt->start(std::move(what)).has_value());
    entered.get_future().wait();
  }
};

} // namespace penstock::testing
