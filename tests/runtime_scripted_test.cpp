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
  void start(const std::string& model) {
    start_request request;
    request.workspace_id = "w";
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
