// Goal: whatever a server of Chat Completions sends, the parts are right, and
// the same however the network cuts it. Method: tables of (events, parts), each
// run at several piece sizes; then damaged streams, compared with the whole
// run.
#define BOOST_TEST_MODULE openai_chat_decoder
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/codec.hpp"
#include "providers/utf8.hpp"
#include "tests/support/openai_chat_rows.hpp"

#include <memory>
#include <random>

using namespace penstock;
using namespace penstock::test;

namespace {

// The quote marks of JSON are tiresome in C++.
std::string call(const std::string& call_json) {
  return chat_delta(R"({"tool_calls":[)" + call_json + "]}");
}

const std::string tool_calls = chat_delta("{}", "tool_calls");

// clang-format off
const chat_row content_table[] = {
  {"text", {chat_delta(R"({"role":"assistant","content":""})"), chat_delta(R"({"content":"a"})"),
            chat_delta(R"({"content":"b"})"), stop, "[DONE]"},
   {"text0 ab", "text_end0", "finished stop stop"}},
  {"id and model: the first that are not empty",
   {R"({"id":"","model":"","choices":[],"prompt_filter_results":[]})",
    R"({"id":"x","model":"m","choices":[]})", R"({"id":"y","model":"n","choices":[]})", stop},
   {"info x m", "finished stop stop"}},
  {"id before model", {R"({"id":"x"})", R"({"model":"m"})", stop},
   {"info x ", "info  m", "finished stop stop"}},
  {"other choices do not count",
   {R"({"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"length"},{"index":0,"delta":{"content":"a"}}]})",
    R"({"choices":[{"index":1,"delta":{},"finish_reason":"length"}]})", stop},
   {"text0 a", "text_end0", "finished stop stop"}},
  {"choices without index", {R"({"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]})"},
   {"text0 a", "text_end0", "finished stop stop"}},
  {"reasoning_content, then text, then again",
   {chat_delta(R"({"reasoning_content":"r","content":null})"), chat_delta(R"({"content":"a"})"),
    chat_delta(R"({"reasoning_content":"s"})"), chat_delta(R"({"content":"b"})"), stop},
   {"reasoning0 r", "reasoning_end0", "text1 a", "text_end1", "reasoning2 s", "reasoning_end2",
    "text3 b", "text_end3", "finished stop stop"}},
  {"reasoning and text in one chunk", {chat_delta(R"({"content":"a","reasoning":"r"})"), stop},
   {"reasoning0 r", "reasoning_end0", "text1 a", "text_end1", "finished stop stop"}},
  {"Copilot's reasoning", {chat_delta(R"({"reasoning_text":"r"})"), stop},
   {"reasoning0 r", "reasoning_end0", "finished stop stop"}},
  {"both names of reasoning", {chat_delta(R"({"reasoning":"r","reasoning_content":"r"})"), stop},
   {"reasoning0 r", "reasoning_end0", "finished stop stop"}},
  {"refusal", {chat_delta(R"({"refusal":"no","content":null})"), stop},
   {"refusal0 no", "finished stop stop"}},
  {"half a pair in each of two deltas",
   {chat_delta(R"({"content":"\ud83d"})"), chat_delta(R"({"content":"\ude00"})"), stop},
   {"text0 \xF0\x9F\x98\x80", "text_end0", "finished stop stop"}},
  {"half a pair, and that was it", {chat_delta(R"({"content":"a\ud83d"})"), stop},
   {"text0 a\uFFFD", "text_end0", "finished stop stop"}},
  {"halves of different parts do not join",
   {chat_delta(R"({"content":"\ud83d"})"), chat_delta(R"({"reasoning":"\ude00"})"), stop},
   {"text0 \uFFFD", "text_end0", "reasoning1 \uFFFD", "reasoning_end1", "finished stop stop"}},
  {"Mistral's array",
   {chat_delta(R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"r"}]}]})"),
    chat_delta(R"({"content":[{"type":"thinking","thinking":"s"},{"type":"text","text":"a"},"b",{"type":"new"}]})"), stop},
   {"reasoning0 rs", "reasoning_end0", "text1 ab", "text_end1", "finished stop stop"}},
  {"OpenRouter's details, with the text twice",
   {chat_delta(R"({"reasoning":"r","reasoning_details":[{"type":"reasoning.text","text":"r","index":0}]})"),
    chat_delta(R"({"reasoning":"s","reasoning_details":[{"type":"reasoning.text","text":"s","index":0}]})"),
    chat_delta(R"({"reasoning_details":[{"type":"reasoning.text","signature":"p","format":"f","index":0}]})"),
    chat_delta(R"({"content":"a"})"), stop},
   {"reasoning0 rs", "reasoning_end0 signature=p item= f 0", "text1 a", "text_end1", "finished stop stop"}},
  {"a block of details for each index",
   {chat_delta(R"({"reasoning_details":[{"type":"reasoning.summary","summary":"r","index":0},{"type":"reasoning.summary","summary":"s","index":1}]})"), stop},
   {"reasoning0 r", "reasoning_end0 item=  0 summary", "reasoning1 s", "reasoning_end1 item=  1 summary", "finished stop stop"}},
  {"encrypted details",
   {chat_delta(R"({"reasoning":null,"reasoning_details":[{"type":"reasoning.encrypted","data":"e","id":"i","format":"f"}]})"), stop},
   {"reasoning_end0 encrypted=e item=i f", "finished stop stop"}},
  {"a signature after the reasoning",
   {chat_delta(R"({"reasoning":"r"})"), chat_delta(R"({"content":"a"})"),
    chat_delta(R"({"reasoning_details":[{"signature":"p"}]})"), stop},
   {"reasoning0 r", "reasoning_end0", "text1 a", "signature0 p", "text_end1", "finished stop stop"}},
  {"Copilot's proof", {chat_delta(R"({"reasoning_text":"r"})"), chat_delta(R"({"reasoning_opaque":"p","content":"a"})"), stop}, {"reasoning0 r", "reasoning_end0 signature=p", "text1 a", "text_end1", "finished stop stop"}},
  {"a signed text of Gemini's", {chat_delta(R"({"content":"a"})"), chat_delta(R"({"content":"b","extra_content":{"google":{"thought_signature":"p"}}})"), chat_delta(R"({"content":"c"})"), stop}, {"text0 ab", "signature0 p", "text0 c", "text_end0", "finished stop stop"}},
  {"images", {chat_delta(R"({"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,Zm9v"}},{"image_url":"https://x/y"}]})"), stop},
   {"file0 image/png foo", "file1  https://x/y", "finished stop stop"}},
  {"speech", {chat_delta(R"({"audio":{"id":"x","transcript":"a"}})"), chat_delta(R"({"audio":{"data":"Zm8="}})"),
              chat_delta(R"({"audio":{"data":"bw=="}})"), stop},
   {"text0 a", "text_end0", "file1 audio/pcm foo", "finished stop stop"}},
  {"citations, in each chunk",
   {R"({"citations":["https://a","https://b"],"choices":[{"index":0,"delta":{"content":"x"}}]})",
    R"({"citations":["https://a","https://b"],"search_results":[{"url":"https://a","title":"A"},{"url":"https://c","title":"C"}],"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"},
   {"text0 x", "source1 https://a", "source2 https://b", "source3 https://c title=C", "text_end0", "finished stop stop"}},
  {"annotations",
   {chat_delta(R"({"annotations":[{"type":"url_citation","url_citation":{"url":"https://a","title":"A","start_index":1}},{"type":"file_citation","file_id":"f","filename":"n"}]})"), stop},
   {"source0 https://a title=A", "source1  title=n id=f", "finished stop stop"}},
  {"what is unknown is skipped",
   {"null", "1", "[]", "\"x\"", "{}", R"({"choices":null})", R"({"choices":[null,1,{"delta":7}]})",
    R"({"choices":[{"index":0,"delta":{"content":{"a":1},"tool_calls":{},"images":3,"reasoning_details":"x"}}]})",
    R"({"error":null,"choices":[]})", stop},
   {"finished stop stop"}},
  {"[DONE] with white space, and what follows it", {stop, "[DONE] ", chat_delta(R"({"content":"no"})"), "{broken"},
   {"finished stop stop"}},
  {"[DONE] without a finish", {chat_delta(R"({"content":"a"})"), "[DONE]"}, {"text0 a", "text_end0"}},
  {"no [DONE]", {stop}, {"finished stop stop"}},
  {"no finish", {chat_delta(R"({"content":"a"})")}, {"text0 a", "unfinished"}},
  {"a finish reason in every chunk, the last counts",
   {chat_delta(R"({"content":"a"})", "stop"), chat_delta(R"({"content":"b"})", "length"), "[DONE]"},
   {"text0 a", "text_end0", "text1 b", "text_end1", "finished length length"}},
};

const chat_row tool_table[] = {
  {"in pieces",
   {call(R"({"index":0,"id":"i","type":"function","function":{"name":"f","arguments":""}})"),
    call(R"({"index":0,"function":{"arguments":"{\"a\""}})"), call(R"({"index":0,"function":{"arguments":":1}"}})"), tool_calls},
   {"call0 i f", "input0 {\"a\":1}", "complete0 {\"a\":1}", "finished tool-calls tool_calls"}},
  {"after text", {chat_delta(R"({"content":"a"})"), call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{}"}})"), tool_calls},
   {"text0 a", "text_end0", "call1 i f", "input1 {}", "complete1 {}", "finished tool-calls tool_calls"}},
  {"no input is an empty object", {call(R"({"index":0,"id":"i","function":{"name":"f"}})"), tool_calls},
   {"call0 i f", "complete0 {}", "finished tool-calls tool_calls"}},
  {"two, one after the other: the first is complete when the second begins",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"[]"}})"),
    call(R"({"index":1,"id":"j","function":{"name":"g","arguments":"{"}})")},
   {"call0 i f", "input0 []", "complete0 []", "call1 j g", "input1 {", "unfinished"}},
  {"an empty object may be a placeholder: it is whole when the answer is",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{}"}})"), call(R"({"index":1,"id":"j","function":{"name":"g","arguments":"{"}})")},
   {"call0 i f", "call1 j g", "input1 {", "unfinished"}},
  {"what follows a placeholder is the input",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{ }"}})"), call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{\"a\":1}"}})"), tool_calls},
   {"call0 i f", "input0 {\"a\":1}", "complete0 {\"a\":1}", "finished tool-calls tool_calls"}},
  {"ditto, in pieces",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{}"}})"), call(R"({"index":0,"function":{"arguments":"{\"a\""}})"), call(R"({"index":0,"function":{"arguments":":{}}"}})"), tool_calls},
   {"call0 i f", "input0 {\"a\":{}}", "complete0 {\"a\":{}}", "finished tool-calls tool_calls"}},
  {"placeholders of two calls, then the inputs of both",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":{}}})"), call(R"({"index":1,"id":"j","function":{"name":"g","arguments":{}}})"),
    call(R"({"index":0,"function":{"arguments":"{\"a\":1}"}})"), call(R"({"index":1,"function":{"arguments":"{\"b\":2}"}})"), tool_calls},
   {"call0 i f", "call1 j g", "input0 {\"a\":1}", "complete0 {\"a\":1}", "input1 {\"b\":2}", "complete1 {\"b\":2}", "finished tool-calls tool_calls"}},
  {"two whole objects are no JSON, and neither is chosen",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{\"a\":1}"}})"), call(R"({"index":0,"id":"i","function":{"arguments":"{\"a\":2}"}})"), tool_calls},
   {"call0 i f", "input0 {\"a\":1}{\"a\":2}", "complete0 {\"a\":1}{\"a\":2}", "finished tool-calls tool_calls"}},
  {"a custom input knows no placeholder",
   {call(R"({"index":0,"id":"i","custom":{"name":"f","input":"{}"}})"), call(R"({"index":0,"custom":{"input":"{x"}})"), tool_calls},
   {"call0 i f kind=custom", "input0 {}{x", "complete0 {}{x", "finished tool-calls tool_calls"}},
  {"interleaved",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{"}})"), call(R"({"index":1,"id":"j","function":{"name":"g","arguments":"{"}})"),
    call(R"({"index":0,"function":{"arguments":"}"}})"), call(R"({"index":1,"function":{"arguments":"}"}})"), tool_calls},
   {"call0 i f", "input0 {", "call1 j g", "input1 {", "input0 }", "complete0 {}", "input1 }",
    "complete1 {}", "finished tool-calls tool_calls"}},
  {"a gap in the indices", {call(R"({"index":7,"id":"i","function":{"name":"f","arguments":"{}"}})"), tool_calls},
   {"call0 i f", "input0 {}", "complete0 {}", "finished tool-calls tool_calls"}},
  {"no index: by id",
   {call(R"({"id":"i","function":{"name":"f","arguments":"{"}})"), call(R"({"id":"i","function":{"arguments":"}"}})"),
    call(R"({"id":"j","function":{"name":"f","arguments":"{}"}})"), tool_calls},
   {"call0 i f", "input0 {}", "complete0 {}", "call1 j f", "input1 {}", "complete1 {}", "finished tool-calls tool_calls"}},
  {"neither index nor id: a name begins a call",
   {call(R"({"function":{"name":"f","arguments":"{"}})"), call(R"({"function":{"arguments":"}"}})"),
    call(R"({"function":{"name":"f","arguments":"{}"}})"), tool_calls},
   {"call0  f", "input0 {}", "complete0 {}", "call1  f", "input1 {}", "complete1 {}", "finished tool-calls tool_calls"}},
  {"all with index 0, told by their ids",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{}"}})") , call(R"({"index":0,"id":"j","function":{"name":"f","arguments":"{}"}})"), stop},
   {"call0 i f", "input0 {}", "complete0 {}", "call1 j f", "input1 {}", "complete1 {}", "finished stop stop"}},
  {"all with index 0 and no id, told by their objects",
   {call(R"({"index":0,"function":{"name":"f","arguments":"{\"a\":\"}{\"}"}})") , call(R"({"index":0,"function":{"name":"f","arguments":"{}"}})"), stop},
   {"call0  f", "input0 {\"a\":\"}{\"}", "complete0 {\"a\":\"}{\"}", "call1  f", "input1 {}", "complete1 {}", "finished stop stop"}},
  {"the name in every delta",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{\"a"}})") , call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{}\":1}"}})"), stop},
   {"call0 i f", "input0 {\"a{}\":1}", "complete0 {\"a{}\":1}", "finished stop stop"}},
  {"the name late", {call(R"({"index":0,"id":"i","function":{"arguments":"{"}})"), call(R"({"index":0,"function":{"name":"f","arguments":"}"}})"), stop},
   {"call0 i f", "input0 {}", "complete0 {}", "finished stop stop"}},
  {"the id late", {call(R"({"index":0,"function":{"name":"f"}})"), call(R"({"index":0,"id":"i","function":{"arguments":"[]"}})"), tool_calls},
   {"call0 i f", "input0 []", "complete0 []", "finished tool-calls tool_calls"}},
  {"neither id nor input, and another call",
   {call(R"({"index":0,"function":{"name":"f"}})"), call(R"({"index":1,"function":{"name":"g","arguments":"[]"}})"), tool_calls},
   {"call0  f", "call1  g", "input1 []", "complete1 []", "complete0 {}", "finished tool-calls tool_calls"}},
  {"all with one index and id, told by their names",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"[]"}})"), call(R"({"index":0,"id":"i","function":{"name":"g","arguments":"[1"}})"),
    call(R"({"index":0,"id":"i","function":{"name":"g","arguments":"]"}})"), tool_calls},
   {"call0 i f", "input0 []", "complete0 []", "call1 i g", "input1 [1]", "complete1 [1]", "finished tool-calls tool_calls"}},
  {"an index that counts the deltas",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"["}})"), call(R"({"index":1,"function":{"arguments":"1"}})"),
    call(R"({"index":2,"function":{"arguments":"]"}})"), tool_calls},
   {"call0 i f", "input0 [1]", "complete0 [1]", "finished tool-calls tool_calls"}},
  {"in pieces, and again whole",
   {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"["}})"), call(R"({"index":0,"function":{"arguments":"1]"}})"),
    call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"[1]"}})"), tool_calls},
   {"call0 i f", "input0 [1]", "complete0 [1]", "finished tool-calls tool_calls"}},
  {"a finish reason in every chunk",
   {chat_delta(R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f","arguments":""}}]})", "tool_calls"),
    chat_delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"[1"}}]})", "tool_calls"),
    chat_delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"]"}}]})", "tool_calls"), "[DONE]"},
   {"call0 i f", "input0 [1]", "complete0 [1]", "finished tool-calls tool_calls"}},
  {"one call without the list", {chat_delta(R"({"tool_calls":{"index":0,"id":"i","function":{"name":"f","arguments":"[]"}}})"), stop},
   {"call0 i f", "input0 []", "complete0 []", "finished stop stop"}},
  {"the input as an object", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":{"a":1}}})"), stop},
   {"call0 i f", "input0 {\"a\":1}", "complete0 {\"a\":1}", "finished stop stop"}},
  {"a signature beside it", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"p"}}})"), stop},
   {"call0 i f", "input0 {}", "complete0 {} signature=p", "finished stop stop"}},
  {"an empty element is no call", {call("{}"), call("null"), tool_calls}, {"finished tool-calls tool_calls"}},
  {"legacy", {chat_delta(R"({"function_call":{"name":"f","arguments":""}})"), chat_delta(R"({"function_call":{"arguments":"{}"}})"), chat_delta("{}", "function_call")},
   {"call0  f", "input0 {}", "complete0 {}", "finished tool-calls function_call"}},
  {"custom", {call(R"({"index":0,"id":"i","type":"custom","custom":{"name":"f","input":"a"}})"), call(R"({"index":0,"custom":{"input":"b"}})"), tool_calls},
   {"call0 i f kind=custom", "input0 ab", "complete0 ab", "finished tool-calls tool_calls"}},
  {"an empty custom input is a text", {call(R"({"index":0,"id":"i","custom":{"name":"f","input":""}})"), tool_calls},
   {"call0 i f kind=custom", "complete0 ", "finished tool-calls tool_calls"}},
  {"malformed, and finished: the reader judges", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{x"}})"), tool_calls},
   {"call0 i f", "input0 {x", "complete0 {x", "finished tool-calls tool_calls"}},
  {"cut by the limit of tokens", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{\"a\":"}})"), chat_delta("{}", "length")},
   {"call0 i f", "input0 {\"a\":", "finished length length"}},
  {"cut before its input", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":""}})"), chat_delta("{}", "length")},
   {"call0 i f", "finished length length"}},
  {"whole, then the limit of tokens", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{} "}})"), chat_delta("{}", "length")},
   {"call0 i f", "input0 {} ", "complete0 {} ", "finished length length"}},
  {"cut by the end of the body", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"[]"}})")},
   {"call0 i f", "input0 []", "unfinished"}},
  {"half a pair in the input", {call(R"({"index":0,"id":"i","function":{"name":"f","arguments":"{\"a\":\"\ud83d"}})"), call(R"({"index":0,"function":{"arguments":"\ude00\"}"}})"), stop},
   {"call0 i f", "input0 {\"a\":\"\xF0\x9F\x98\x80\"}", "complete0 {\"a\":\"\xF0\x9F\x98\x80\"}", "finished stop stop"}},
};

const chat_row finish_table[] = {
  {"length", {chat_delta("{}", "length")}, {"finished length length"}},
  {"filter", {chat_delta("{}", "content_filter")}, {"finished content-filter content_filter"}},
  {"filter with a reason", {chat_delta("{}", "content_filter: SAFETY")}, {"finished content-filter content_filter: SAFETY"}},
  {"Mistral", {chat_delta("{}", "model_length")}, {"finished length model_length"}},
  {"DeepSeek", {chat_delta("{}", "insufficient_system_resource")}, {"finished error insufficient_system_resource"}},
  {"Together", {chat_delta("{}", "eos")}, {"finished stop eos"}},
  {"TGI", {chat_delta("{}", "eos_token")}, {"finished stop eos_token"}},
  {"Anthropic's word", {chat_delta(R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f"}}]})", "tool_use")},
   {"call0 i f", "complete0 {}", "finished tool-calls tool_use"}},
  {"unknown", {chat_delta("{}", "whatever")}, {"finished other whatever"}},
  {"empty is none", {R"({"choices":[{"index":0,"delta":{},"finish_reason":""}]})"}, {"unfinished"}},
};

const chat_row error_table[] = {
  {"an error line", {chat_delta(R"({"content":"a"})"), R"({"error":{"message":"m","type":"server_error","code":"rate_limit_exceeded"}})", stop},
   {"text0 a", "failed rate_limit", "unfinished"}},
  {"an error as a text", {R"({"error":"boom"})"}, {"failed server_error", "unfinished"}},
  {"in the choice", {R"({"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":429,"message":"m"}}]})"}, {"failed rate_limit raw=error", "unfinished"}},
  {"vLLM's", {R"({"object":"error","message":"m","type":"BadRequestError","code":400})"}, {"failed invalid_request", "unfinished"}},
  {"a bare one", {R"({"code":"Throttling","message":"m","request_id":"r"})"}, {"failed rate_limit", "unfinished"}},
  {"ditto, by its type", {R"({"message":"m","type":"server_error","param":"","code":""})"}, {"failed server_error", "unfinished"}},
  {"a message that is none", {R"({"code":0,"message":"ok"})", R"({"message":"m"})", stop}, {"finished stop stop"}},
  {"in a list", {R"([{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}])"}, {"failed overloaded", "unfinished"}},
  {"malformed", {"{\"choices\":["}, {"failed protocol", "unfinished"}},
  {"too deep", {std::string(100, '[') + std::string(100, ']')}, {"failed protocol", "unfinished"}},
};
// clang-format on

std::string message_of(const std::string& body) {
  const auto decoder = find_codec("openai-chat")->make_decoder({});
  part_batch out;
  decoder->push(body, out);
  decoder->end(out);
  for (const auto& part : out.parts())
    if (const auto* failed = std::get_if<part::failed>(&part))
      return failed->why.message;
  return {};
}

} // namespace

BOOST_AUTO_TEST_CASE(decodes_content) {
  check_chat(content_table);
}
BOOST_AUTO_TEST_CASE(decodes_tool_calls) {
  check_chat(tool_table);
}
BOOST_AUTO_TEST_CASE(decodes_finish_reasons) {
  check_chat(finish_table);
}
BOOST_AUTO_TEST_CASE(classifies_errors_in_the_stream) {
  check_chat(error_table);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_event_stream_is_an_error) {
  const std::pair<const char*, lines> table[] = {
    {"<!DOCTYPE html>\n<html><body>502</body></html>\n",
     {"failed protocol", "unfinished"}},
    {"upstream connect error", {"failed protocol", "unfinished"}},
    {R"({"id":"x","object":"chat.completion","choices":[]})",
     {"failed protocol", "unfinished"}},
    {R"({"error":{"message":"m","code":"insufficient_quota"}})",
     {"failed quota", "unfinished"}},
    {"{\n  \"error\": {\n    \"code\": 401\n  }\n}\n",
     {"failed authentication", "unfinished"}},
    {"data: {\"choices\":[]}\n\nerror: {\"code\":500,\"message\":\"m\"}\n\n",
     {"failed server_error", "unfinished"}},
    {"event: error\ndata: it broke\n\n", {"failed server_error", "unfinished"}},
    // These are event streams, or might have become one: they were cut.
    {"", {"unfinished"}},
    {": OPENROUTER PROCESSING\n\n", {"unfinished"}},
    {"data: {\"choi", {"unfinished"}},
    {"da", {"unfinished"}},
    {"event: x", {"unfinished"}},
  };
  for (const auto& [body, want] : table)
    for (std::size_t piece_bytes : {1, 3, 4096}) {
      BOOST_TEST_INFO(body << ", pieces of " << piece_bytes);
      BOOST_TEST(decode_chat(body, piece_bytes) == want,
                 boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(what_is_shown_of_a_wrong_body_is_one_short_clean_line) {
  const auto message = message_of("<html>\x01 sk-0123456789abcdef0123456789\n"
                                  + std::string(5000, 'x'));
  BOOST_TEST(message.starts_with("expected an event stream, got: <html>"));
  BOOST_TEST(message.find("sk-0123") == message.npos);
  BOOST_TEST(message.find_first_of("\x01\n") == message.npos);
  BOOST_TEST(message.size() < 200u);
}

BOOST_AUTO_TEST_CASE(a_block_without_its_end_counts_if_it_is_whole) {
  const auto text = chat_delta(R"({"content":"a"})");
  for (const auto* ending : {"", "\n", "\r\n"}) {
    BOOST_TEST(decode_chat("data: " + stop + ending, 5)
                 == lines{"finished stop stop"},
               boost::test_tools::per_element());
    BOOST_TEST(decode_chat("data: " + text + "\n\ndata: [DONE]" + ending, 5)
                 == (lines{"text0 a", "text_end0"}),
               boost::test_tools::per_element());
  }
  BOOST_TEST(decode_chat("data: " + text.substr(0, text.size() - 1), 5)
               == lines{"unfinished"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(names_the_limit_that_was_exceeded) {
  const std::string piece(1u << 20, 'x');
  const auto text = chat_delta(R"({"content":")" + piece + R"("})");
  const auto input = call(R"({"index":0,"id":"i","function":{"name":"f",)"
                          R"("arguments":")"
                          + piece + R"("}})");
  const struct {
    const std::string& event;
    std::size_t times;
    const char* limit;
  } table[] = {
    {text, limits::stream_text_bytes_max >> 20, "stream_text_bytes_max"},
    {input, limits::tool_input_bytes_max >> 20, "tool_input_bytes_max"},
  };
  for (const auto& [event, times, limit] : table) {
    const auto decoder = find_codec("openai-chat")->make_decoder({});
    part_batch out;
    for (std::size_t i = 0; i < times; ++i) {
      out.clear();
      decoder->push("data: " + event + "\n\n", out);
      BOOST_TEST_REQUIRE(
        !std::holds_alternative<part::failed>(out.parts().back()));
    }
    decoder->push("data: " + event + "\n\n", out);
    const auto* failed = std::get_if<part::failed>(&out.parts().back());
    BOOST_TEST_REQUIRE(failed);
    BOOST_TEST(failed->why.message.find(limit) != std::string::npos);
    out.clear();
    decoder->push("data: " + event + "\n\n", out);
    decoder->end(out);
    BOOST_TEST(out.empty());
  }
}

BOOST_AUTO_TEST_CASE(too_many_parts_are_an_error) {
  std::string body;
  for (std::size_t i = 0; i <= limits::stream_parts_max; ++i)
    body += "data:"
            + chat_delta(i % 2 ? R"({"content":"a"})" : R"({"reasoning":"b"})")
            + "\n\n";
  BOOST_TEST(message_of(body).find("stream_parts_max") != std::string::npos);
}

// A stream with all there is, cut and damaged anywhere: never a crash, never
// invalid UTF-8, the same at any split, and no call complete that was cut.
BOOST_AUTO_TEST_CASE(damage_is_never_fatal_and_cuts_change_nothing) {
  lines events;
  for (const auto& table_row : content_table)
    events.insert(events.end(), table_row.events.begin(),
                  table_row.events.end());
  for (const auto& table_row : tool_table)
    events.insert(events.end(), table_row.events.begin(),
                  table_row.events.end());
  std::minstd_rand random{17};
  for (int round = 0; round < 1500; ++round) {
    lines some;
    for (int i = 0; i < 12; ++i)
      some.push_back(events[random() % events.size()]);
    auto body = chat_events(some);
    for (auto i = random() % 4; i > 0; --i)
      body[random() % body.size()] = static_cast<char>(random());
    body.resize(random() % body.size() + 1);
    const auto want = decode_chat(body, body.size());
    BOOST_TEST_INFO("round " << round << ": " << body);
    BOOST_TEST(decode_chat(body, 1 + random() % 9) == want,
               boost::test_tools::per_element());
    for (const auto& line : want)
      BOOST_TEST(valid_utf8_prefix(line) == line.size());
  }
}
