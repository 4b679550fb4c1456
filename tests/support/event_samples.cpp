#include "tests/support/event_samples.hpp"

#include <algorithm>

namespace penstock::testing {

namespace {

using std::chrono::milliseconds;
using quality = token_usage::quality;
using state = final_part::state;

const token_usage usage{quality::exact, 10, 4, 2, 7, 3};
const std::vector<model_usage> by_model{{"a:1", usage}};
constexpr auto metadata = R"({"mine":{"x":[1,null]}})";

const file_content by_bytes{"image/png", "\x89PNG", "", "dot.png"};
const file_content by_url{"image/png", "", "https://x/y.png", ""};

std::vector<final_part> all_parts() {
  return {
    {1, text_content{"Hi", "sig"}, state::complete},
    {2, reasoning_content{"Hm", "sig", "enc", "rs_1"}, state::complete},
    {3, refusal_content{"No"}, state::cut},
    {4, by_bytes, state::complete},
    {5,
     tool_call_content{"c1", "f", R"({"b":1,"a":2})", "custom", "sig", "fc_1",
                       true},
     state::complete},
    {5, tool_result_content{"c1", "f", "[1]", true, true, {by_url}},
     state::complete},
    {6, tool_call_content{"c2", "f", "{}", "", "", "", false},
     state::unknown_outcome},
  };
}

const std::string parts =
  R"("parts":[{"part":1,"type":"text","text":"Hi","signature":"sig",)"
  R"("state":"complete"},{"part":2,"type":"reasoning","text":"Hm",)"
  R"("signature":"sig","encrypted":"enc","item_id":"rs_1",)"
  R"("state":"complete"},{"part":3,"type":"refusal","text":"No",)"
  R"("state":"cut"},{"part":4,"type":"file","media_type":"image/png",)"
  R"("data":"iVBORw==","name":"dot.png","state":"complete"},{"part":5,)"
  R"("type":"tool_call","tool_call_id":"c1","tool_name":"f",)"
  R"("input":{"b":1,"a":2},"kind":"custom","signature":"sig",)"
  R"("item_id":"fc_1","provider_executed":true,"state":"complete"},)"
  R"({"part":5,"type":"tool_result","tool_call_id":"c1","tool_name":"f",)"
  R"("output":[1],"is_error":true,"provider_executed":true,"files":[)"
  R"({"media_type":"image/png","url":"https://x/y.png"}],)"
  R"("state":"complete"},{"part":6,"type":"tool_call","tool_call_id":"c2",)"
  R"("tool_name":"f","input":{},"state":"unknown_outcome"}])";

} // namespace

stream_event sample_of(event_body body) {
  static const auto of = std::make_shared<const stream_identity>(
    stream_identity{"w", stream_id{255}, "m"});
  stream_event e;
  e.of = of;
  e.seq = 9;
  e.at =
    std::chrono::system_clock::from_time_t(1'785'499'200) + milliseconds{250};
  if (!std::holds_alternative<event::caught_up>(body)
      && !std::holds_alternative<event::queue_changed>(body)
      && !std::holds_alternative<event::history_changed>(body))
    e.after = position{stream_id{255}, 3, 4};
  e.replay = true;
  e.body = std::make_shared<const event_body>(std::move(body));
  return e;
}

std::vector<event_body> full_samples() {
  return {
    event::stream_start{"a:1", "b:2", 5, metadata},
    event::text_delta{3, 7, "Hi"},
    event::text_end{3},
    event::refusal_delta{3, 7, "No"},
    event::reasoning_delta{3, 7, "Hm", "sig"},
    event::reasoning_end{3},
    event::file{3, by_bytes},
    event::file{3, by_url},
    event::source{3, {"https://x", "X", "s1", R"({"page":2})"}},
    event::tool_call_start{3, "c1", "f"},
    event::tool_call_delta{3, "c1", 7, "{\"a"},
    event::tool_call{3, "c1", "f", R"({"b":1,"a":2})", true, "c0"},
    event::tool_execution_start{3, "c1", "c0"},
    event::tool_result{3, "c1", "[1]", true, true, "c0"},
    event::step_end{2, {finish_reason::stop, "end_turn"}, usage, usage},
    event::attempt_retry{
      1, errc::rate_limit, milliseconds{500}, "a:1", "b:2", {1, 2}},
    event::retract{3, 0},
    event::caught_up{event::caught_up::mode::full,
                     position{stream_id{255}, 3, 4}, "streaming"},
    event::queue_changed{{"one", "two"}},
    event::history_changed{{4, 5}},
    event::stream_end{{finish_reason::length, "max_tokens"},
                      usage,
                      by_model,
                      milliseconds{1'200},
                      milliseconds{300},
                      "b:2",
                      "a:1",
                      {"r:1"},
                      {"f:1"},
                      metadata,
                      all_parts()},
    event::stream_abort{event::stream_abort::reason::user, true, usage,
                        by_model, metadata, all_parts()},
    event::stream_error{{errc::rate_limit, "slow down", 429, {}, {}},
                        true,
                        usage,
                        by_model,
                        "a:1",
                        {"r:1"},
                        {"f:1"},
                        metadata,
                        all_parts()},
  };
}

std::vector<event_body> bare_samples() {
  event::stream_end end;
  event::stream_error failure;
  failure.why.code = errc::internal;
  std::vector<event_body> all{
    event::stream_start{},
    event::text_delta{},
    event::text_end{},
    event::refusal_delta{},
    event::reasoning_delta{},
    event::reasoning_end{},
    event::file{},
    event::source{},
    event::tool_call_start{},
    event::tool_call_delta{},
    event::tool_call{},
    event::tool_execution_start{},
    event::tool_result{},
    event::step_end{1, {}, {}, {}},
    event::attempt_retry{1, errc::network, {}, {}, {}, {}},
    event::retract{},
    event::caught_up{},
    event::queue_changed{},
    event::history_changed{},
    end,
    event::stream_abort{},
    failure,
  };
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return name_of(a) < name_of(b);
  });
  return all;
}

std::vector<std::string> full_sample_lines() {
  const std::string tokens =
    R"({"input_total":10,"cache_read":4,"cache_write":2,"output_total":7,)"
    R"("reasoning":3,"quality":"exact"})";
  const std::string spent = "\"usage\":" + tokens
                            + R"(,"usage_by_model":[{"model":"a:1","usage":)"
                            + tokens + "}],";
  const std::string mine = R"("metadata":{"mine":{"x":[1,null]})";
  const std::string chain =
    R"("refused_models":["r:1"],"failed_models":["f:1"])";
  return {
    R"(stream_start{"model":"a:1","requested_model":"b:2",)"
    R"("history_sequence":5,)"
      + mine + "}}",
    R"(text_delta{"part":3,"offset":7,"text":"Hi"})",
    R"(text_end{"part":3})",
    R"(refusal_delta{"part":3,"offset":7,"text":"No"})",
    R"(reasoning_delta{"part":3,"offset":7,"text":"Hm","signature":"sig"})",
    R"(reasoning_end{"part":3})",
    R"(file{"part":3,"media_type":"image/png","data":"iVBORw==",)"
    R"("name":"dot.png"})",
    R"(file{"part":3,"media_type":"image/png","url":"https://x/y.png"})",
    R"(source{"part":3,"url":"https://x","title":"X","id":"s1",)"
    R"("detail":{"page":2}})",
    R"(tool_call_start{"part":3,"tool_call_id":"c1","tool_name":"f"})",
    R"(tool_call_delta{"part":3,"tool_call_id":"c1","offset":7,)"
    R"("input_text":"{\"a"})",
    R"(tool_call{"part":3,"tool_call_id":"c1","tool_name":"f",)"
    R"("input":{"b":1,"a":2},"provider_executed":true,)"
    R"("parent_tool_call_id":"c0"})",
    R"(tool_execution_start{"part":3,"tool_call_id":"c1",)"
    R"("parent_tool_call_id":"c0"})",
    R"(tool_result{"part":3,"tool_call_id":"c1","output":[1],)"
    R"("is_error":true,"provider_executed":true,"parent_tool_call_id":"c0"})",
    R"(step_end{"step":2,"finish_reason":"stop",)"
    R"("raw_finish_reason":"end_turn","usage":)"
      + tokens + ",\"cumulative_usage\":" + tokens + "}",
    R"(attempt_retry{"attempt":1,"error_class":"rate_limit","delay_ms":500,)"
    R"("model":"a:1","next_model":"b:2","kept_parts":[1,2]})",
    R"(retract{"part":3,"offset":0})",
    R"(caught_up{"position":{"stream_id":"00000000000000ff","part":3,)"
    R"("offset":4},"state":"streaming","mode":"full"})",
    R"(queue_changed{"texts":["one","two"]})",
    R"(history_changed{"removed":[4,5]})",
    R"(stream_end{"finish_reason":"length","raw_finish_reason":"max_tokens",)"
    R"("duration_ms":1200,"time_to_first_token_ms":300,"model":"b:2",)"
    R"("requested_model":"a:1",)"
      + chain + "," + spent + mine
      + R"(,"requested_model":"a:1","model":"b:2",)" + chain + "}," + parts
      + "}",
    R"(stream_abort{"reason":"user","abandoned":true,)" + spent + mine + "},"
      + parts + "}",
    R"(stream_error{"error_class":"rate_limit","message":"slow down",)"
    R"("retryable":true,"provider_status":429,"requested_model":"a:1",)"
      + chain + "," + spent + mine + "}," + parts + "}",
  };
}

} // namespace penstock::testing
