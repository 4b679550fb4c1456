// Goal: whatever a handler does, the model gets JSON that it can act on, once.
// Method: handlers that misbehave in every way, on the manual runner and a
// virtual clock.
#define BOOST_TEST_MODULE tool_runner
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "messages/tool.hpp"
#include "providers/json.hpp"
#include "tests/support/manual_tool_runner.hpp"
#include "tests/support/virtual_clock.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using penstock::testing::manual_tool_runner;
using penstock::testing::virtual_clock;

namespace {

struct recorder final : tool_report {
  std::vector<std::string> heard;
  void call_started(nested_call call) override {
    heard.push_back("started " + call.tool_call_id);
  }
  void call_finished(std::string tool_call_id, tool_outcome) override {
    heard.push_back("finished " + tool_call_id);
  }
  void used(std::string model, token_usage) override {
    heard.push_back("used " + model);
  }
};

struct fixture {
  virtual_clock time;
  manual_tool_runner runner{time};
  std::vector<tool_outcome> outcomes;
  std::stop_source stop;
  std::shared_ptr<recorder> report = std::make_shared<recorder>();

  void start(tool_handler handler, std::chrono::milliseconds timeout_ms = 5s) {
    auto what = std::make_shared<tool>();
    what->definition.name = "probe";
    what->handler = std::move(handler);
    what->timeout_ms = timeout_ms;
    runner.run_tool(
      {.tool = what,
       .invocation = {.workspace_id = "w",
                      .stream = stream_id{7},
                      .tool_call_id = "call_1",
                      .tool_name = "probe",
                      .input_json = R"({"x":1})",
                      .scratch_dir = "/scratch",
                      .cancelled = stop.get_token(),
                      .report = report}},
      [this](tool_outcome outcome) { outcomes.push_back(std::move(outcome)); });
  }

  tool_outcome run(tool_handler handler) {
    start(std::move(handler));
    BOOST_REQUIRE(runner.run_next());
    BOOST_REQUIRE(outcomes.size() == 1u);
    return outcomes[0];
  }
};

std::string error_of(const tool_outcome& outcome) {
  BOOST_TEST(outcome.is_error);
  const auto value = parse_json(outcome.output_json);
  BOOST_TEST_REQUIRE(value.has_value());
  return text_of(*value, "error");
}

tool_handler answers(std::string output_json) {
  return [=](const tool_invocation&) {
    return tool_outcome{output_json, false, {}};
  };
}

} // namespace

BOOST_FIXTURE_TEST_CASE(a_handler_gets_all_of_its_invocation, fixture) {
  const auto outcome = run([](const tool_invocation& with) {
    BOOST_TEST(with.workspace_id == "w");
    BOOST_TEST((with.stream == stream_id{7}));
    BOOST_TEST(with.tool_call_id == "call_1");
    BOOST_TEST(with.input_json == R"({"x":1})");
    BOOST_TEST(with.scratch_dir == "/scratch");
    BOOST_TEST(with.cancelled.stop_possible());
    with.report->call_started({"n1", "sub", "{}"});
    with.report->call_finished("n1", {});
    with.report->used("a:b", {});
    return tool_outcome{R"({"y": 1.10})", false, {}};
  });
  BOOST_TEST(outcome.output_json == R"({"y": 1.10})"); // as it was written
  BOOST_TEST(!outcome.is_error);
  const std::vector<std::string> want{"started n1", "finished n1", "used a:b"};
  BOOST_TEST(report->heard == want, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_report_is_deaf_once_the_call_is_done, fixture) {
  std::shared_ptr<tool_report> kept;
  run([&](const tool_invocation& with) {
    kept = with.report;
    return tool_outcome{};
  });
  kept->used("late:model", {});
  kept->call_started({"late", "x", "{}"});
  kept->call_finished("late", {});
  BOOST_TEST(report->heard.empty());
  BOOST_TEST(report.use_count() == 1); // and nothing keeps the listener
}

BOOST_FIXTURE_TEST_CASE(a_missing_listener_is_no_null_for_the_handler,
                        fixture) {
  report = nullptr;
  run([](const tool_invocation& with) {
    BOOST_TEST_REQUIRE((with.report != nullptr));
    with.report->used("a:b", {});
    return tool_outcome{};
  });
}

BOOST_FIXTURE_TEST_CASE(an_exception_is_an_error_result, fixture) {
  BOOST_TEST(error_of(run([](const tool_invocation&) -> tool_outcome {
               throw std::runtime_error{"disk full"};
             }))
             == "probe failed: disk full");
}

BOOST_FIXTURE_TEST_CASE(an_exception_with_odd_bytes_is_still_json, fixture) {
  const auto what = std::string(5'000, 'x') + "\xff\"\n";
  const auto outcome = run([&](const tool_invocation&) -> tool_outcome {
    throw std::runtime_error{"\xff\"\n\xc3" + what};
  });
  BOOST_TEST(error_of(outcome).size() < limits::tool_error_bytes_max + 16);
  BOOST_TEST(json::accept(outcome.output_json));
}

BOOST_FIXTURE_TEST_CASE(output_that_is_not_json_is_an_error_result, fixture) {
  BOOST_TEST(error_of(run(answers("done!"))).find("not JSON")
             != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(no_output_is_an_error_result, fixture) {
  error_of(run(answers("")));
}

BOOST_FIXTURE_TEST_CASE(output_nested_too_deep_is_an_error_result, fixture) {
  error_of(run(answers(std::string(100, '[') + std::string(100, ']'))));
}

BOOST_FIXTURE_TEST_CASE(output_that_is_too_large_is_an_error_result, fixture) {
  std::string output(limits::tool_output_bytes_max + 2, 'x');
  output.front() = output.back() = '"';
  error_of(run(answers(std::move(output))));
}

BOOST_FIXTURE_TEST_CASE(files_that_are_too_large_are_an_error_result, fixture) {
  error_of(run([](const tool_invocation&) {
    file_content file;
    file.bytes.assign(limits::tool_files_bytes_max + 1, 'x');
    return tool_outcome{"{}", false, {std::move(file)}};
  }));
}

BOOST_FIXTURE_TEST_CASE(output_with_broken_utf8_is_mended, fixture) {
  const auto outcome = run(answers("{\"b\":\"\xff\",\"a\":\"\\ud83d\"}"));
  BOOST_TEST(!outcome.is_error);
  BOOST_TEST(json::accept(outcome.output_json));
}

BOOST_FIXTURE_TEST_CASE(an_error_result_of_the_handler_stays_one, fixture) {
  const auto outcome = run([](const tool_invocation&) {
    return tool_outcome{R"("no such file")", true, {}};
  });
  BOOST_TEST(outcome.is_error);
  BOOST_TEST(outcome.output_json == R"("no such file")");
}

BOOST_FIXTURE_TEST_CASE(a_tool_without_a_handler_is_an_error_result, fixture) {
  BOOST_TEST(error_of(run(nullptr)) == "the tool has no handler");
}

BOOST_FIXTURE_TEST_CASE(a_hung_handler_times_out_once, fixture) {
  start(answers("{}"), 300ms);
  BOOST_TEST(runner.begin_next());
  time.advance(299ms);
  BOOST_TEST(outcomes.empty());
  time.advance(1ms);
  BOOST_TEST_REQUIRE(outcomes.size() == 1u);
  BOOST_TEST(error_of(outcomes[0]) == "probe timed out after 300 ms");
  BOOST_TEST(!runner.end_next());
  BOOST_TEST(runner.hung_total() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_call_is_cancelled_whatever_it_returns,
                        fixture) {
  start(answers(R"({"success": true})"));
  BOOST_TEST(runner.begin_next());
  stop.request_stop();
  BOOST_TEST(outcomes.empty());
  BOOST_TEST(runner.end_next());
  BOOST_TEST_REQUIRE(outcomes.size() == 1u);
  BOOST_TEST(error_of(outcomes[0]) == "cancelled");
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_call_that_waits_never_runs, fixture) {
  start([](const tool_invocation&) -> tool_outcome {
    BOOST_FAIL("ran");
    return {};
  });
  stop.request_stop();
  BOOST_TEST_REQUIRE(outcomes.size() == 1u);
  BOOST_TEST(error_of(outcomes[0]) == "cancelled");
  BOOST_TEST(runner.waiting().empty());
}

BOOST_FIXTURE_TEST_CASE(a_deaf_handler_is_given_up_after_the_grace, fixture) {
  start(answers("{}"));
  runner.begin_next();
  stop.request_stop();
  time.advance(1'999ms);
  BOOST_TEST(outcomes.empty());
  time.advance(1ms);
  BOOST_TEST(outcomes.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_error_message_is_cut_between_characters) {
  const std::string message =
    std::string(limits::tool_error_bytes_max - 1, 'a') + "€";
  const auto text = error_of(error_outcome(message));
  BOOST_TEST(text == std::string(limits::tool_error_bytes_max - 1, 'a'));
}

// Part of the history, it would make every prompt after it fail.
BOOST_AUTO_TEST_CASE(a_file_that_no_prompt_can_hold_is_an_error_result) {
  const auto outcome_with = [](file_content file) {
    fixture f;
    return f.run([&](const tool_invocation&) {
      return tool_outcome{"1", false, {file}};
    });
  };
  const file_content wrong[] = {{"image/png", "", "", ""},
                                {"image/png", "x", "https://h/y", ""},
                                {"", "x", "", ""}};
  for (const auto& file : wrong)
    BOOST_TEST(error_of(outcome_with(file)).find("needs bytes")
               != std::string::npos);
  for (const file_content& file : {file_content{"image/png", "x", "", ""},
                                   file_content{"", "", "https://h/y", ""}})
    BOOST_TEST(!outcome_with(file).is_error);
}
