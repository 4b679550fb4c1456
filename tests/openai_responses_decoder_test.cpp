// Goal: whatever a server of the Responses API sends, the parts are right, and
// the same however the network cuts it.
// Method: tables of (events, parts), each run at several piece sizes; the
// recordings are judged in conformance_test.py.
#define BOOST_TEST_MODULE openai_responses_decoder
#include <boost/test/unit_test.hpp>

#include "tests/support/openai_responses_streams.hpp"

using namespace penstock;
using namespace penstock::test;

namespace {

struct row {
  const char* why;
  lines events, want;
  const char* provider = "openai";
};

std::string delta(const std::string& what, int index, const std::string& text,
                  const std::string& place = R"("content_index":0,)") {
  return responses_event(what + ".delta", index,
                         place + R"("delta":)" + '"' + text + '"');
}

std::string text_done(const std::string& what, int index,
                      const std::string& text,
                      const std::string& place = R"("content_index":0,)") {
  return responses_event(what + ".done", index,
                         place + R"("text":)" + '"' + text + '"');
}

std::string summary_delta(int index, int part, const std::string& text) {
  return delta("reasoning_summary_text", index, text,
               R"("summary_index":)" + std::to_string(part) + ",");
}

std::string message_item(const std::string& content) {
  return R"({"type":"message","id":"m","content":[)" + content + "]}";
}

std::string call_item(const std::string& arguments,
                      const std::string& more = {}) {
  return R"({"type":"function_call","id":"f","call_id":"c","name":"go",)"
         R"("arguments":)"
         + arguments + more + "}";
}

std::string ended(const std::string& type, const std::string& response) {
  return R"({"type":"response.)" + type + R"(","response":{)" + response + "}}";
}

const std::string usage = "usage 3 0 0 2 0 exact";
const std::string stop = "finished stop -";
const std::string calls = "finished tool-calls -";
const std::string out_of_tokens = ended(
  "incomplete",
  R"("status":"incomplete","incomplete_details":{"reason":"max_output_tokens"})");

// clang-format off
const row text_table[] = {
  {"text", {item_added(0, message_item("")), delta("output_text", 0, "a"), delta("output_text", 0, "b"),
            text_done("output_text", 0, "ab"),
            responses_event("content_part.done", 0, R"("content_index":0,"part":{"type":"output_text","text":"ab"})"),
            item_done(0, message_item(R"({"type":"output_text","text":"ab"})")), response_completed},
   {"text0 ab", "text_end0", usage, stop}},
  {"a text that only its end brings", {item_added(0, message_item("")), text_done("output_text", 0, "ab"),
            item_done(0, message_item(R"({"type":"output_text","text":"ab"})")), response_completed},
   {"text0 ab", "text_end0", usage, stop}},
  {"a text that only its item brings", {item_done(0, message_item(R"({"type":"output_text","text":"ab"})")), response_completed},
   {"text0 ab", "text_end0", usage, stop}},
  {"a text that only the end of the answer brings",
   {ended("completed", R"("output":[)" + message_item(R"({"type":"output_text","text":"ab"})") + "]")},
   {"text0 ab", "text_end0", stop}},
  {"an end that says more than the deltas is not told",
   {delta("output_text", 0, "a"), text_done("output_text", 0, "ab"),
    ended("completed", R"("output":[)" + message_item(R"({"type":"output_text","text":"ab"})") + "]")},
   {"text0 a", "text_end0", stop}},
  {"an answer that ends before its items", {item_added(0, message_item("")), delta("output_text", 0, "a"), response_completed},
   {"text0 a", usage, "text_end0", stop}},
  {"no event begins the item", {delta("output_text", 4, "a"), response_completed}, {"text0 a", usage, "text_end0", stop}},
  {"two contents of one item", {delta("output_text", 0, "a"), delta("output_text", 0, "b", R"("content_index":1,)"), delta("output_text", 0, "c"),
    text_done("output_text", 0, "ac"), response_completed},
   {"text0 a", "text1 b", "text0 c", usage, "text_end0", "text_end1", stop}},
  {"two items at once", {delta("output_text", 1, "b"), delta("output_text", 0, "a"), delta("output_text", 1, "d"),
    text_done("output_text", 0, "a"), text_done("output_text", 1, "bd"), response_completed},
   {"text0 b", "text1 a", "text0 d", usage, "text_end0", "text_end1", stop}},
  {"ids that rotate", {item_added(0, R"({"type":"message","id":"x1"})"),
    responses_event("output_text.delta", 0, R"("item_id":"x2","content_index":0,"delta":"a")"),
    responses_event("output_text.delta", 0, R"("item_id":"x3","content_index":0,"delta":"b")"),
    item_done(0, R"({"type":"message","id":"x4","content":[{"type":"output_text","text":"ab"}]})"),
    response_completed},
   {"text0 ab", "text_end0", usage, stop}},
  {"a message has a phase, said when it begins or ends",
   {R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"a","phase":"commentary"}})",
    delta("output_text", 0, "x"),
    R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message","id":"a","phase":"commentary"}})",
    R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"b"}})",
    delta("output_text", 1, "y"),
    R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message","id":"b","phase":"final_answer"}})"},
   {"text0 x", "text_end0 phase=commentary", "text1 y", "text_end1 phase=final_answer", "unfinished"}},
  {"a phase that comes with the item's end reaches a text that was whole before",
   {item_added(0, R"({"type":"message","id":"a"})"), delta("output_text", 0, "x"), text_done("output_text", 0, "x"),
    responses_event("content_part.done", 0, R"("content_index":0,"part":{"type":"output_text","text":"x"})"),
    item_done(0, R"({"type":"message","id":"a","phase":"commentary","content":[{"type":"output_text","text":"x"}]})"),
    item_added(1, R"({"type":"message","id":"b","phase":"final_answer"})"), delta("output_text", 1, "y"), text_done("output_text", 1, "y"),
    item_done(1, R"({"type":"message","id":"b","phase":"final_answer"})"), response_completed},
   {"text0 x", "text_end0 phase=commentary", "text1 y", "text_end1 phase=final_answer", usage, stop}},
  {"or with the response's end",
   {item_added(0, R"({"type":"message","id":"a"})"), delta("output_text", 0, "x"), text_done("output_text", 0, "x"),
    ended("completed", R"("output":[{"type":"message","id":"a","phase":"commentary","content":[{"type":"output_text","text":"x"}]}])")},
   {"text0 x", "text_end0 phase=commentary", stop}},
  {"no output_index: the id tells",
   {R"({"type":"response.output_item.added","item":{"type":"message","id":"a"}})",
    R"({"type":"response.output_item.added","item":{"type":"message","id":"b"}})",
    R"({"type":"response.output_text.delta","item_id":"a","delta":"A"})",
    R"({"type":"response.output_text.delta","item_id":"b","delta":"B"})",
    R"({"type":"response.output_item.done","item":{"type":"message","id":"a","content":[{"type":"output_text","text":"A"}]}})",
    response_completed},
   {"text0 A", "text1 B", "text_end0", usage, "text_end1", stop}},
  {"items at one place: the id tells",
   {item_added(0, message_item("")), delta("output_text", 0, "a"), item_added(0, call_item(R"("")")),
    R"({"type":"response.output_text.delta","output_index":0,"item_id":"m","content_index":0,"delta":"b"})",
    delta("function_call_arguments", 0, "[]", ""), item_done(1, message_item(R"({"type":"output_text","text":"ab"})")),
    item_done(0, call_item(R"("[]")")), response_completed},
   {"text0 a", "call1 c go", "text0 b", "input1 []", "text_end0", R"(complete1 [] item={"id":"f"})", usage, calls}},
  {"neither: the last item", {R"({"type":"response.output_text.delta","delta":"A"})",
    R"({"type":"response.output_text.delta","delta":"B"})", response_completed},
   {"text0 AB", usage, "text_end0", stop}},
  {"refusal", {delta("refusal", 0, "no"), responses_event("refusal.done", 0, R"("content_index":0,"refusal":"no")"), response_completed},
   {"refusal0 no", usage, stop}},
  {"a refusal that only the item brings", {item_done(0, message_item(R"({"type":"refusal","refusal":"no"})")), response_completed},
   {"refusal0 no", usage, stop}},
  {"half a pair", {delta("output_text", 0, R"(\ud83d)"), delta("output_text", 0, R"(\ude00)"), text_done("output_text", 0, ""), response_completed},
   {"text0 \xF0\x9F\x98\x80", usage, "text_end0", stop}},
  {"half a pair that stays half", {delta("output_text", 0, R"(\ud83d)"), text_done("output_text", 0, "x"), response_completed},
   {"text0 \xEF\xBF\xBD", usage, "text_end0", stop}},
  {"what is unknown is skipped", {R"({"type":"response.future.delta","output_index":0,"delta":"x"})", R"({"type":"keepalive"})", "[DONE]", "[]", "7",
    item_added(0, R"("x")"), responses_event("output_text.delta", 0, R"("delta":7)"), response_completed}, {usage, stop}},
};

const row reasoning_table[] = {
  {"a summary in two parts is two parts; the last has the proof",
   {item_added(0, R"({"type":"reasoning","id":"r","encrypted_content":"E0"})"), summary_delta(0, 0, "a"), summary_delta(0, 1, "b"),
    item_done(0, R"({"type":"reasoning","id":"r","encrypted_content":"E","summary":[{"type":"summary_text","text":"a"},{"type":"summary_text","text":"b"}]})"),
    response_completed},
   {"reasoning0 a", "reasoning_end0 item=r", "reasoning1 b", "reasoning_end1 encrypted=E item=r", usage, stop}},
  {"reasoning text", {delta("reasoning_text", 0, "a"), text_done("reasoning_text", 0, "a"), item_done(0, R"({"type":"reasoning","id":"r"})"), response_completed},
   {"reasoning0 a", "reasoning_end0 item=r", usage, stop}},
  {"reasoning that its item calls a summary is told once",
   {delta("reasoning_text", 0, "a"), item_done(0, R"({"type":"reasoning","id":"r","encrypted_content":"E","summary":[{"type":"summary_text","text":"a"}]})"), response_completed},
   {"reasoning0 a", "reasoning_end0 encrypted=E item=r", usage, stop}},
  {"reasoning that only its item brings",
   {item_done(0, R"({"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"a"}],"content":[{"type":"reasoning_text","text":"b"}]})"), response_completed},
   {"reasoning0 a", "reasoning_end0 item=r", "reasoning1 b", "reasoning_end1 item=r", usage, stop}},
  {"reasoning that is nothing but opaque", {item_done(0, R"({"type":"reasoning","id":"r","encrypted_content":"E","summary":[]})"), response_completed},
   {"reasoning_end0 encrypted=E item=r", usage, stop}},
  {"reasoning that is nothing", {item_added(0, R"({"type":"reasoning","id":"r"})"), item_done(0, R"({"type":"reasoning","id":"r","encrypted_content":null})"), response_completed},
   {usage, stop}},
};

const row call_table[] = {
  {"a call", {item_added(0, call_item(R"("")")), delta("function_call_arguments", 0, R"({\"a\":)", ""), delta("function_call_arguments", 0, "1}", ""),
    item_done(0, call_item(R"("{\"a\":1}")", R"(,"status":"completed")")), response_completed},
   {"call0 c go", R"(input0 {"a":1})", R"(complete0 {"a":1} item={"id":"f","status":"completed"})", usage, calls}},
  {"a call without deltas", {item_added(0, call_item(R"("")")), item_done(0, call_item(R"("{\"a\":1}")")), response_completed},
   {"call0 c go", R"(input0 {"a":1})", R"(complete0 {"a":1} item={"id":"f"})", usage, calls}},
  {"a call whose end says more", {item_added(0, call_item(R"("")")), delta("function_call_arguments", 0, R"({\"a\")", ""), item_done(0, call_item(R"("{\"a\":1}")")), response_completed},
   {"call0 c go", R"(input0 {"a":1})", R"(complete0 {"a":1} item={"id":"f"})", usage, calls}},
  {"a call whose end says other: the end is right",
   {item_added(0, call_item(R"("")")), delta("function_call_arguments", 0, R"({\"b\")", ""), item_done(0, call_item(R"("{\"a\":1}")")), response_completed},
   {"call0 c go", R"(input0 {"b")", R"(complete0 {"a":1} item={"id":"f"})", usage, calls}},
  {"an input that only its end brings, and no end of the item",
   {item_added(0, call_item(R"("")")), responses_event("function_call_arguments.done", 0, R"("arguments":"{\"a\":1}")"), response_completed},
   {"call0 c go", R"(input0 {"a":1})", usage, R"(complete0 {"a":1})", calls}},
  {"no arguments are an empty object", {item_done(0, call_item(R"("")")), response_completed}, {"call0 c go", R"(complete0 {} item={"id":"f"})", usage, calls}},
  {"an object instead of its text", {item_done(0, call_item(R"({"a":1})")), response_completed},
   {"call0 c go", R"(input0 {"a":1})", R"(complete0 {"a":1} item={"id":"f"})", usage, calls}},
  {"deltas before the item", {delta("function_call_arguments", 0, "{}", ""), item_done(0, call_item(R"("{}")")), response_completed},
   {"call0 c go", "input0 {}", R"(complete0 {} item={"id":"f"})", usage, calls}},
  {"calls at once", {item_added(0, R"({"type":"function_call","call_id":"c0","name":"f"})"), item_added(1, R"({"type":"function_call","call_id":"c1","name":"g"})"),
    delta("function_call_arguments", 1, "{\\\"b\\\":1}", ""), delta("function_call_arguments", 0, "{}", ""),
    item_done(1, R"({"type":"function_call","call_id":"c1","name":"g","arguments":"{\"b\":1}"})"),
    item_done(0, R"({"type":"function_call","call_id":"c0","name":"f","arguments":"{}"})"), response_completed},
   {"call0 c0 f", "call1 c1 g", R"(input1 {"b":1})", "input0 {}", R"(complete1 {"b":1})", "complete0 {}", usage, calls}},
  {"an id that only its end brings", {item_added(0, R"({"type":"function_call","id":"f","name":"go","arguments":""})"), delta("function_call_arguments", 0, "{", ""),
    delta("function_call_arguments", 0, "}", ""), item_done(0, call_item(R"("{}")")), response_completed}, {"call0 c go", "input0 {}", R"(complete0 {} item={"id":"f"})", usage, calls}},
  {"no id but the item's", {item_added(0, R"({"type":"function_call","id":"f","name":"go","arguments":""})"), delta("function_call_arguments", 0, "{}", ""), response_completed},
   {usage, "call0 f go", "input0 {}", "complete0 {}", calls}},
  {"calls that only the end of the answer brings, behind a text that was streamed",
   {delta("output_text", 0, "a"), ended("completed", R"("output":[)" + message_item(R"({"type":"output_text","text":"a"})") + "," + call_item(R"("{}")") + "]")},
   {"text0 a", "text_end0", "call1 c go", "input1 {}", R"(complete1 {} item={"id":"f"})", calls}},
  {"but not the same once more, at another place and with another id",
   {item_done(1, call_item(R"("{}")")), ended("completed", R"("output":[{"type":"function_call","id":"g","call_id":"c","name":"go","arguments":"{}"}])")},
   {"call0 c go", "input0 {}", R"(complete0 {} item={"id":"f"})", calls}},
  {"a place that is left out where the call begins and ends",
   {R"({"type":"response.output_item.added","item":{"type":"function_call","call_id":"c","name":"go","arguments":""}})",
    responses_event("function_call_arguments.done", 1, R"("arguments":"[5]")"),
    R"({"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","name":"go","arguments":"[5]"}})", response_completed},
   {"call0 c go", "input0 [5]", "complete0 [5]", usage, calls}},
  {"a place that only the end of the call has, and not of another one",
   {R"({"type":"response.output_item.added","item":{"type":"function_call","call_id":"c","name":"go"}})",
    item_done(1, R"({"type":"function_call","call_id":"d","name":"go","arguments":"{}"})"),
    item_done(0, R"({"type":"function_call","call_id":"c","name":"go","arguments":"[5]"})"), response_completed},
   {"call0 c go", "call1 d go", "input1 {}", "complete1 {}", "input0 [5]", "complete0 [5]", usage, calls}},
  {"llama.cpp's calls have their call_id alone, and all end when the answer does",
   {R"({"type":"response.output_item.added","item":{"type":"function_call","call_id":"c","name":"f"}})",
    R"({"type":"response.function_call_arguments.delta","item_id":"c","delta":"[1]"})",
    R"({"type":"response.output_item.added","item":{"type":"function_call","call_id":"d","name":"g"}})",
    R"({"type":"response.function_call_arguments.delta","item_id":"d","delta":"[2]"})",
    R"({"type":"response.output_item.done","item":{"type":"function_call","call_id":"c","name":"f","arguments":"[1]"}})",
    R"({"type":"response.output_item.done","item":{"type":"function_call","call_id":"d","name":"g","arguments":"[2]"}})", response_completed},
   {"call0 c f", "input0 [1]", "call1 d g", "input1 [2]", "complete0 [1]", "complete1 [2]", usage, calls}},
  {"a call announced twice is one", {item_added(0, call_item(R"("")")), item_added(0, call_item(R"("")")), delta("function_call_arguments", 0, "[]", ""),
    item_done(0, call_item(R"("[]")")), response_completed},
   {"call0 c go", "input0 []", R"(complete0 [] item={"id":"f"})", usage, calls}},
  {"two calls at one place", {item_added(0, call_item(R"("")")), item_done(0, call_item(R"("{}")")),
    item_added(0, R"({"type":"function_call","call_id":"d","name":"g"})"), delta("function_call_arguments", 0, "{}", ""),
    item_done(0, R"({"type":"function_call","call_id":"d","name":"g","arguments":"{}"})"), response_completed},
   {"call0 c go", "input0 {}", R"(complete0 {} item={"id":"f"})", "call1 d g", "input1 {}", "complete1 {}", usage, calls}},
  {"what a call needs to go back",
   {item_done(0, call_item(R"("{}")", R"(,"namespace":"n","caller":{"type":"program","caller_id":"p"})")), response_completed},
   {"call0 c go", "input0 {}", R"(complete0 {} item={"caller":{"caller_id":"p","type":"program"},"id":"f","namespace":"n"})", usage, calls}},
  {"a call that was cut is not complete", {item_added(0, call_item(R"("")")), delta("function_call_arguments", 0, R"({\"a\")", ""),
    item_done(0, call_item(R"("{\"a\"")", R"(,"status":"incomplete")")), out_of_tokens},
   {"call0 c go", R"(input0 {"a")", "finished length max_output_tokens"}},
  {"a call that was whole when the answer was cut is", {item_added(0, call_item(R"("")")), delta("function_call_arguments", 0, "{}", ""), out_of_tokens},
   {"call0 c go", "input0 {}", "complete0 {}", "finished length max_output_tokens"}},
  {"a custom tool", {item_added(0, R"({"type":"custom_tool_call","id":"i","call_id":"c","name":"sql","input":""})"), delta("custom_tool_call_input", 0, "SELECT", ""),
    item_done(0, R"({"type":"custom_tool_call","id":"i","call_id":"c","name":"sql","input":"SELECT 1"})"), response_completed},
   {"call0 c sql kind=custom", "input0 SELECT 1", R"(complete0 SELECT 1 item={"id":"i"})", usage, calls}},
  {"no input is an empty object here too", {item_done(0, R"({"type":"custom_tool_call","call_id":"c","name":"sql","input":""})"), response_completed},
   {"call0 c sql kind=custom", "complete0 {}", usage, calls}},
  {"names that are no UTF-8", {item_done(0, "{\"type\":\"\xFFx_call\",\"id\":\"i\"}"), response_completed},
   {"call0 i \xEF\xBF\xBDx kind=\xEF\xBF\xBDx_call provider", "complete0 {}",
    "result0 of=i tool=\xEF\xBF\xBDx {\"id\":\"i\",\"type\":\"\xEF\xBF\xBDx_call\"}", usage, stop}},
  {"xAI has custom tools of its own", {item_done(0, R"({"type":"custom_tool_call","call_id":"c","name":"x_search","input":"{}"})"), response_completed},
   {"call0 c x_search kind=custom provider", "input0 {}", "complete0 {}", usage, stop}, "xai"},
  {"a patch", {item_done(0, R"({"type":"apply_patch_call","id":"i","call_id":"c","operation":{"type":"delete_file","path":"p"}})"), response_completed},
   {"call0 c apply_patch kind=apply_patch_call", R"(input0 {"operation":{"path":"p","type":"delete_file"}})",
    R"(complete0 {"operation":{"path":"p","type":"delete_file"}} item={"id":"i"})", usage, calls}},
};

const row provider_table[] = {
  {"a search", {item_added(0, R"({"type":"web_search_call","id":"w","status":"in_progress"})"), R"({"type":"response.web_search_call.searching","output_index":0})",
    item_done(0, R"({"type":"web_search_call","id":"w","status":"completed","action":{"type":"search","query":"q"}})"), response_completed},
   {"call0 w web_search kind=web_search_call provider", R"(input0 {"action":{"query":"q","type":"search"}})", R"(complete0 {"action":{"query":"q","type":"search"}})",
    R"(result0 of=w tool=web_search {"action":{"query":"q","type":"search"},"id":"w","status":"completed","type":"web_search_call"})", usage, stop}},
  {"a search that the answer left open has no result", {item_added(0, R"({"type":"web_search_call","id":"w"})"), response_completed},
   {"call0 w web_search kind=web_search_call provider", usage, "complete0 {}", stop}},
  {"a tool of a server's", {item_added(0, R"({"type":"mcp_call","id":"m","name":"go","arguments":""})"), delta("mcp_call_arguments", 0, "{}", ""),
    item_done(0, R"({"type":"mcp_call","id":"m","name":"go","arguments":"{}","error":{"type":"x"}})"), response_completed},
   {"call0 m go kind=mcp_call provider", "input0 {}", "complete0 {}",
    R"(result0 of=m tool=go error {"arguments":"{}","error":{"type":"x"},"id":"m","name":"go","type":"mcp_call"})", usage, stop}},
  {"an image is the result of its call", {item_done(0, R"({"type":"image_generation_call","id":"i","status":"completed","result":"aGk="})"), response_completed},
   {"call0 i image_generation kind=image_generation_call provider", "complete0 {}",
    R"(result0 of=i tool=image_generation {"id":"i","result":"aGk=","status":"completed","type":"image_generation_call"})", usage, stop}},
  {"a program and its output", {item_done(0, R"({"type":"program","id":"p","call_id":"c","code":"x","fingerprint":"F"})"),
    item_done(1, R"({"type":"program_output","id":"o","call_id":"c","result":"1"})"), response_completed},
   {"call0 c program kind=program provider", R"(input0 {"code":"x"})", R"(complete0 {"code":"x"} item={"fingerprint":"F","id":"p"})",
    R"(result0 of=c tool=program {"call_id":"c","id":"o","result":"1","type":"program_output"})", usage, stop}},
  {"the output of a program of an earlier answer", {item_done(0, R"({"type":"program_output","id":"o","call_id":"c","result":"1"})"), response_completed},
   {R"(result0 of=c tool=program {"call_id":"c","id":"o","result":"1","type":"program_output"})", usage, stop}},
  {"a shell of the provider's", {item_added(0, R"({"type":"shell_call","id":"s","call_id":"c","environment":{"type":"container_reference"}})"),
    item_done(0, R"({"type":"shell_call","id":"s","call_id":"c","action":{"commands":["ls"]},"environment":{"type":"container_reference"}})"),
    item_done(1, R"({"type":"shell_call_output","id":"o","call_id":"c","output":[]})"), response_completed},
   {"call0 c shell kind=shell_call provider", R"(input0 {"action":{"commands":["ls"]}})",
    R"(complete0 {"action":{"commands":["ls"]}} item={"environment":{"type":"container_reference"},"id":"s"})",
    R"(result0 of=c tool=shell {"call_id":"c","id":"o","output":[],"type":"shell_call_output"})", usage, stop}},
  {"a shell of ours", {item_done(0, R"({"type":"shell_call","id":"s","call_id":"c","action":{"commands":["ls"]}})"), response_completed},
   {"call0 c shell kind=shell_call", R"(input0 {"action":{"commands":["ls"]}})", R"(complete0 {"action":{"commands":["ls"]}} item={"id":"s"})", usage, calls}},
  {"a call that was answered at once is not ours", {item_done(0, R"({"type":"shell_call","id":"s","call_id":"c","action":{}})"),
    item_done(1, R"({"type":"shell_call_output","id":"o","call_id":"c","output":[]})"), response_completed},
   {"call0 c shell kind=shell_call", R"(input0 {"action":{}})", R"(complete0 {"action":{}} item={"id":"s"})",
    R"(result0 of=c tool=shell {"call_id":"c","id":"o","output":[],"type":"shell_call_output"})", usage, stop}},
  {"a search for tools is found without an id", {item_done(0, R"({"type":"tool_search_call","id":"t","call_id":null,"arguments":{"a":1}})"),
    item_done(1, R"({"type":"tool_search_output","id":"o","call_id":null,"tools":[]})"), response_completed},
   {"call0 t tool_search kind=tool_search_call provider", R"(input0 {"arguments":{"a":1}})", R"(complete0 {"arguments":{"a":1}} item={"id":"t"})",
    R"(result0 of=t tool=tool_search {"call_id":null,"id":"o","tools":[],"type":"tool_search_output"})", usage, stop}},
  {"an unknown call is the provider's", {item_done(0, R"({"type":"future_call","id":"x","input":"i"})"), response_completed},
   {"call0 x future kind=future_call provider", R"(input0 {"input":"i"})", R"(complete0 {"input":"i"})",
    R"(result0 of=x tool=future {"id":"x","input":"i","type":"future_call"})", usage, stop}},
  {"an unknown item is kept", {item_done(0, R"({"type":"compaction","id":"k","encrypted_content":"E"})"), response_completed},
   {R"(result0 of=k tool=compaction {"encrypted_content":"E","id":"k","type":"compaction"})", usage, stop}},
};

const std::string cite = R"({"type":"url_citation","url":"u","title":"t"})";
const row source_table[] = {
  {"a citation is told once", {delta("output_text", 0, "a"), responses_event("output_text.annotation.added", 0, R"("content_index":0,"annotation_index":0,"annotation":)" + cite),
    responses_event("content_part.done", 0, R"("content_index":0,"part":{"type":"output_text","text":"a","annotations":[)" + cite + "]}"),
    item_done(0, message_item(R"({"type":"output_text","text":"a","annotations":[)" + cite + "]}")), response_completed},
   {"text0 a", "source1 u title=t", "text_end0", usage, stop}},
  {"citations that only the item brings", {item_done(0, message_item(R"({"type":"output_text","text":"a","annotations":[)" + cite
    + R"(,{"type":"file_citation","file_id":"f","filename":"n"}]})")), response_completed},
   {"text0 a", "text_end0", "source1 u title=t", "source2  title=n id=f", usage, stop}},
};

const row end_table[] = {
  {"id and model: the first that are not empty", {ended("created", R"("id":"","model":"m")"), ended("in_progress", R"("id":"x","model":"n")"), ended("completed", R"("id":"y")")},
   {"info  m", "info x ", stop}},
  {"usage", {ended("completed", R"("usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":5}})")},
   {"usage 9 4 2 7 5 exact", stop}},
  {"more cached than read", {ended("completed", R"("usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":10},"output_tokens":1})")},
   {"usage 19 10 0 1 0 exact", stop}},
  {"no usage", {ended("completed", R"("usage":null)")}, {stop}},
  {"the output limit", {out_of_tokens}, {"finished length max_output_tokens"}},
  {"a filter", {ended("incomplete", R"("incomplete_details":{"reason":"content_filter"})")}, {"finished content-filter content_filter"}},
  {"an unknown reason", {ended("incomplete", R"("incomplete_details":{"reason":"tired"})")}, {"finished other tired"}},
  {"incomplete without a reason", {ended("incomplete", R"("incomplete_details":null)")}, {"finished other incomplete"}},
  {"completed, but incomplete by its status", {ended("completed", R"("status":"incomplete","incomplete_details":{"reason":"max_output_tokens"})")}, {"finished length max_output_tokens"}},
  {"an end without its response", {delta("output_text", 0, "a"), R"({"type":"response.completed"})"}, {"text0 a", "text_end0", stop}},
  {"cancelled", {ended("completed", R"("status":"cancelled")")}, {"finished other cancelled"}},
  {"response.done ends it too", {ended("done", R"("status":"completed")")}, {stop}},
  {"nothing counts after the end", {response_completed, delta("output_text", 0, "a"), ended("failed", "")}, {usage, stop}},
  {"the body ends too early", {delta("output_text", 0, "a")}, {"text0 a", "unfinished"}},
  {"and with [DONE]", {delta("output_text", 0, "a"), "[DONE]"}, {"text0 a", "unfinished"}},
};

const row error_table[] = {
  {"failed", {ended("failed", R"("error":{"code":"rate_limit_exceeded","message":"slow"},"usage":{"input_tokens":1,"output_tokens":0})")},
   {"usage 1 0 0 0 0 exact", "failed rate_limit", "unfinished"}},
  {"failed without an error", {ended("failed", R"("error":null)")}, {"failed server_error", "unfinished"}},
  {"failed by its status", {ended("completed", R"("status":"failed","error":{"code":"server_error","message":"m"})")}, {"failed server_error", "unfinished"}},
  {"a failure behind a long prompt", {ended("failed", R"("aaa":")" + std::string(100'000, 'x') + R"(","error":{"code":"invalid_prompt","message":"m"})")}, {"failed invalid_request", "unfinished"}},
  {"a wrong image", {ended("failed", R"("error":{"code":"image_too_small","message":"m"})")}, {"failed invalid_request", "unfinished"}},
  {"a policy", {ended("failed", R"("error":{"code":"bio_policy","message":"m"})")}, {"failed model_refusal", "unfinished"}},
  {"an error event", {R"({"type":"error","code":"insufficient_quota","message":"m","param":null,"sequence_number":1})", response_completed}, {"failed quota", "unfinished"}},
  {"an error event with an object", {R"({"type":"error","error":{"type":"insufficient_quota","message":"m"}})"}, {"failed quota", "unfinished"}},
  {"an error event by another name", {R"({"type":"response.error","error":{"code":"rate_limit_exceeded","message":"m"}})"}, {"failed rate_limit", "unfinished"}},
  {"failed without its response", {R"({"type":"response.failed","sequence_number":3,"error":{"type":"rate_limit_exceeded","message":"m"}})"}, {"failed rate_limit", "unfinished"}},
  {"or without anything", {R"({"type":"response.failed"})"}, {"failed server_error", "unfinished"}},
  {"an error object", {R"({"error":{"code":"context_length_exceeded","message":"m"}})"}, {"failed context_exceeded", "unfinished"}},
  {"no error", {R"({"error":null,"type":"x"})", R"({"type":"response.mcp_call.failed","error":"e","output_index":0})", response_completed}, {usage, stop}},
  {"what is not JSON is told when all is over", {"{", delta("output_text", 0, "a"), text_done("output_text", 0, "a"), response_completed},
   {"text0 a", usage, "text_end0", "failed protocol", "unfinished"}},
  {"or when the body is", {delta("output_text", 0, "a"), "{"}, {"text0 a", "failed protocol", "unfinished"}},
};
// clang-format on

template <class Table>
void run(const Table& table) {
  for (const auto& r : table) {
    BOOST_TEST_INFO_SCOPE(r.why);
    const auto body = responses_events(r.events);
    for (const std::size_t piece_bytes : {1u, 7u, 4096u}) {
      BOOST_TEST_INFO_SCOPE("pieces of " << piece_bytes << " bytes");
      BOOST_TEST(responses_lines(body, piece_bytes, r.provider) == r.want,
                 boost::test_tools::per_element());
    }
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(texts_come_once_whoever_says_them) {
  run(text_table);
}
BOOST_AUTO_TEST_CASE(reasoning_keeps_what_it_needs_to_go_back) {
  run(reasoning_table);
}
BOOST_AUTO_TEST_CASE(calls_are_complete_when_their_item_is) {
  run(call_table);
}
BOOST_AUTO_TEST_CASE(what_the_provider_executes_comes_with_its_result) {
  run(provider_table);
}
BOOST_AUTO_TEST_CASE(citations_are_sources) {
  run(source_table);
}
BOOST_AUTO_TEST_CASE(the_end_says_how_it_ended) {
  run(end_table);
}
BOOST_AUTO_TEST_CASE(errors_in_the_stream_are_classified) {
  run(error_table);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_event_stream_says_what_it_is) {
  BOOST_TEST(responses_lines("<html>busy</html>")
               == (lines{"failed protocol", "unfinished"}),
             boost::test_tools::per_element());
  BOOST_TEST(
    responses_lines(R"({"error":{"code":"invalid_api_key","message":"m"}})")
      == (lines{"failed authentication", "unfinished"}),
    boost::test_tools::per_element());
  BOOST_TEST(responses_lines("event: error\ndata: overloaded\n\n")
               == (lines{"failed overloaded", "unfinished"}),
             boost::test_tools::per_element());
  BOOST_TEST(responses_lines("") == lines{"unfinished"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_last_event_may_lack_its_blank_line) {
  const auto body = "data: " + response_completed;
  BOOST_TEST(responses_lines(body) == (lines{usage, stop}),
             boost::test_tools::per_element());
  BOOST_TEST(responses_lines(body.substr(0, body.size() - 1))
               == lines{"unfinished"},
             boost::test_tools::per_element());
}
