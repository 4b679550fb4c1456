// Goal: whatever an Ollama server sends, the parts are right, and the same
// however the network cuts it. Method: tables of (lines, parts), each run at
// several piece sizes; then damaged streams, compared with the whole run.
//
// There are no recordings of this API among the corpus: the lines here are
// written by hand, after the examples in Ollama's documentation (docs/api.md,
// docs/api/errors.mdx, docs/capabilities/*.mdx).
#define BOOST_TEST_MODULE ollama_decoder
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/codec.hpp"
#include "providers/utf8.hpp"
#include "tests/support/openai_chat_streams.hpp"

#include <random>

using namespace penstock;
using namespace penstock::test;

namespace {

struct row {
  const char* why;
  lines values, want;
};

std::string message(const std::string& message_json) {
  return R"({"model":"m","created_at":"2025-10-26T17:21:21.196249Z","message":)"
         + message_json + R"(,"done":false})";
}
std::string text(const std::string& content) {
  return message(R"({"role":"assistant","content":")" + content + "\"}");
}
std::string call(const std::string& calls_json) {
  return message(R"({"role":"assistant","content":"","tool_calls":[)"
                 + calls_json + "]}");
}
std::string done(const std::string& more = R"("done_reason":"stop")") {
  return R"({"model":"m","message":{"role":"assistant","content":""},"done":true)"
         + (more.empty() ? "}" : "," + more + "}");
}

// clang-format off
const row content_table[] = {
  {"text", {text("The"), text(" sky"), done()},
   {"info  m", "text0 The sky", "text_end0", "finished stop stop"}},
  {"an answer that was not streamed",
   {R"({"model":"m","message":{"role":"assistant","content":"Hello","images":null},"done":true,"total_duration":5191566416,"prompt_eval_count":26,"eval_count":298})"},
   {"info  m", "text0 Hello", "text_end0", "usage 26 0 0 298 0 exact", "finished stop -"}},
  {"an answer that is printed over several lines",
   {"{", R"(  "model": "m",)", R"(  "message": {)", R"(    "content": "Hi {)", R"(")", "  },", R"(  "done": true,)", R"(  "done_reason": "stop")", "}"},
   {"unfinished"}},
  {"ditto, and it is JSON",
   {"{", R"(  "model": "m",)", R"(  "message": {)", R"(    "content": "Hi {")", "  },", R"(  "done": true,)", R"(  "done_reason": "stop")", "}"},
   {"info  m", "text0 Hi {", "text_end0", "finished stop stop"}},
  {"counts", {text("a"), done(R"("done_reason":"stop","total_duration":1,"prompt_eval_count":26,"eval_count":282)")},
   {"info  m", "text0 a", "text_end0", "usage 26 0 0 282 0 exact", "finished stop stop"}},
  {"a prompt that was still in memory is not counted", {done(R"("eval_count":2)")},
   {"info  m", "usage 0 0 0 2 0 exact", "finished stop -"}},
  {"thinking, then text", {message(R"({"content":"","thinking":"Hm"})"), message(R"({"content":"","thinking":"."})"), text("a"), done()},
   {"info  m", "reasoning0 Hm.", "reasoning_end0", "text1 a", "text_end1", "finished stop stop"}},
  {"thinking and text in one line", {message(R"({"content":"a","thinking":"r"})"), done()},
   {"info  m", "reasoning0 r", "reasoning_end0", "text1 a", "text_end1", "finished stop stop"}},
  {"text on the last line", {R"({"message":{"content":"a"},"done":true,"done_reason":"length"})"},
   {"text0 a", "text_end0", "finished length length"}},
  {"half a pair in each of two lines", {text("\\ud83d"), text("\\ude00"), done()},
   {"info  m", "text0 \xF0\x9F\x98\x80", "text_end0", "finished stop stop"}},
  {"images, their type by their bytes", {message(R"({"content":"","images":["iVBORw==","/9j/","eA==","***",7]})"), done()},
   {"info  m", "file0 image/png \x89PNG", "file1 image/jpeg \xFF\xD8\xFF", "file2 application/octet-stream x", "finished stop stop"}},
  {"the first model counts", {R"({"model":"","message":{}})", R"({"model":"a","message":{}})", R"({"model":"b","done":true})"},
   {"info  a", "finished stop -"}},
  {"what is unknown is skipped",
   {"null", "1", "[]", "\"x\"", "{}", R"({"message":7})", R"({"message":{"content":7,"thinking":[],"images":{},"tool_calls":3}})",
    R"({"status":"loading"})", R"({"error":null,"message":{"content":"a"}})", R"({"error":"","done":"true"})", done("")},
   {"text0 a", "info  m", "text_end0", "finished stop -"}},
  {"what follows the end is ignored", {done(), text("no"), "{broken", R"({"error":"no"})"},
   {"info  m", "finished stop stop"}},
  {"no end", {text("a")}, {"info  m", "text0 a", "unfinished"}},
  {"nothing", {}, {"unfinished"}},
  {"only white space", {"", " "}, {"unfinished"}},
};

const row tool_table[] = {
  {"with its input as an object", {call(R"({"function":{"name":"f","arguments":{"city":"Paris","n":1}}})"), done()},
   {"info  m", "call0  f", R"(input0 {"city":"Paris","n":1})", R"(complete0 {"city":"Paris","n":1})", "finished tool-calls stop"}},
  {"a proxy's word for the end", {call(R"({"function":{"name":"f"}})"), done(R"("done_reason":"tool_calls")")},
   {"info  m", "call0  f", "complete0 {}", "finished tool-calls tool_calls"}},
  {"with its input as a text", {call(R"({"function":{"name":"f","arguments":"{\"a\": 1}"}})"), done()},
   {"info  m", "call0  f", R"(input0 {"a": 1})", R"(complete0 {"a": 1})", "finished tool-calls stop"}},
  {"no input is an empty object", {call(R"({"function":{"name":"f"}},{"function":{"name":"g","arguments":null}},{"function":{"name":"h","arguments":""}})"), done()},
   {"info  m", "call0  f", "complete0 {}", "call1  g", "complete1 {}", "call2  h", "complete2 {}", "finished tool-calls stop"}},
  {"an empty object", {call(R"({"function":{"name":"f","arguments":{}}})"), done()},
   {"info  m", "call0  f", "input0 {}", "complete0 {}", "finished tool-calls stop"}},
  {"an id, where a newer server gives one", {call(R"({"id":"call_1","function":{"index":0,"name":"f","arguments":{}}})"), done()},
   {"info  m", "call0 call_1 f", "input0 {}", "complete0 {}", "finished tool-calls stop"}},
  {"several, on one line and on two",
   {call(R"({"function":{"name":"f","arguments":{}}},{"function":{"name":"f","arguments":{}}})"), call(R"({"function":{"name":"f","arguments":{}}})"), done()},
   {"info  m", "call0  f", "input0 {}", "complete0 {}", "call1  f", "input1 {}", "complete1 {}", "call2  f", "input2 {}", "complete2 {}", "finished tool-calls stop"}},
  {"between texts", {text("a"), call(R"({"function":{"name":"f","arguments":{}}})"), text("b"), done()},
   {"info  m", "text0 a", "text_end0", "call1  f", "input1 {}", "complete1 {}", "text2 b", "text_end2", "finished tool-calls stop"}},
  {"on the last line", {R"({"message":{"tool_calls":[{"function":{"name":"f","arguments":{}}}]},"done":true,"done_reason":"stop"})"},
   {"call0  f", "input0 {}", "complete0 {}", "finished tool-calls stop"}},
  {"and the length was exhausted", {call(R"({"function":{"name":"f","arguments":{}}})"), done(R"("done_reason":"length")")},
   {"info  m", "call0  f", "input0 {}", "complete0 {}", "finished length length"}},
  {"an empty element is no call", {call(R"({},null,7,{"function":{}},{"function":null})"), done()},
   {"info  m", "finished stop stop"}},
};

const row finish_table[] = {
  {"stop", {done(R"("done_reason":"stop")")}, {"info  m", "finished stop stop"}},
  {"length", {done(R"("done_reason":"length")")}, {"info  m", "finished length length"}},
  {"load", {done(R"("done_reason":"load")")}, {"info  m", "finished other load"}},
  {"unload", {done(R"("done_reason":"unload")")}, {"info  m", "finished other unload"}},
  {"a new one", {done(R"("done_reason":"tired")")}, {"info  m", "finished other tired"}},
  {"none, of old servers", {done("")}, {"info  m", "finished stop -"}},
  {"none, as a number", {done(R"("done_reason":1)")}, {"info  m", "finished stop -"}},
};

const row error_table[] = {
  {"first", {R"({"error":"something broke"})"}, {"failed server_error", "unfinished"}},
  {"after text", {text("a"), R"({"error":"an error was encountered while running the model"})", done()},
   {"info  m", "text0 a", "failed server_error", "unfinished"}},
  {"an object", {R"({"error":{"message":"slow down","code":"rate_limit_exceeded"}})"}, {"failed rate_limit", "unfinished"}},
  {"the prompt", {R"({"error":"the input length exceeds the context length"})"}, {"failed context_exceeded", "unfinished"}},
  {"the model", {R"({"error":"model 'x' not found"})"}, {"failed model_not_found", "unfinished"}},
  {"printed over several lines", {"{", R"("error": "model 'x' not found")", "}"}, {"failed model_not_found", "unfinished"}},
  {"no JSON", {text("a"), "oops", done()}, {"info  m", "text0 a", "failed protocol", "unfinished"}},
  {"cut JSON in the middle", {text("a"), R"({"message":{"content":"b)", done()}, {"info  m", "text0 a", "failed protocol", "unfinished"}},
  {"an event stream", {R"(data: {"choices":[]})", "", "data: [DONE]", ""}, {"failed protocol", "unfinished"}},
  {"another API's answer", {R"({"id":"x","object":"chat.completion","choices":[]})"}, {"failed protocol", "unfinished"}},
  {"no object", {"17"}, {"failed protocol", "unfinished"}},
};
// clang-format on

std::string body_of(const lines& values, const char* line_end = "\n") {
  std::string body;
  for (const auto& value : values)
    body += value + line_end;
  return body;
}

// The decoder leaves what an error is to the classifier, so the class is held
// against what that says of the same text.
template <std::size_t n>
void run(const row (&table)[n]) {
  for (const auto& [why, values, want] : table)
    for (const auto* line_end : {"\n", "\r\n"})
      for (std::size_t piece_bytes : {1, 2, 3, 7, 4096}) {
        BOOST_TEST_INFO(why << ", pieces of " << piece_bytes);
        BOOST_TEST(decode_body("ollama", body_of(values, line_end), piece_bytes)
                     == want,
                   boost::test_tools::per_element());
      }
}

std::string failure_of(const std::string& body) {
  const auto decoder = find_codec("ollama")->make_decoder({});
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
  run(content_table);
}
BOOST_AUTO_TEST_CASE(decodes_tool_calls) {
  run(tool_table);
}
BOOST_AUTO_TEST_CASE(decodes_done_reasons) {
  run(finish_table);
}
BOOST_AUTO_TEST_CASE(classifies_errors_in_the_stream) {
  run(error_table);
}

BOOST_AUTO_TEST_CASE(an_error_keeps_the_servers_words) {
  BOOST_TEST(failure_of("{\"error\":\"it broke\"}\n") == "it broke");
}

BOOST_AUTO_TEST_CASE(a_last_line_without_its_end_counts_if_it_is_whole) {
  const auto whole = text("a") + "\n" + done();
  const lines want{"info  m", "text0 a", "text_end0", "finished stop stop"};
  const lines cut{"info  m", "text0 a", "unfinished"};
  for (std::size_t piece_bytes : {1, 3, 4096}) {
    BOOST_TEST(decode_body("ollama", whole, piece_bytes) == want,
               boost::test_tools::per_element());
    for (std::size_t missing = 1; missing < done().size(); ++missing)
      BOOST_TEST(decode_body("ollama", whole.substr(0, whole.size() - missing),
                             piece_bytes)
                   == cut,
                 boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(
  a_body_that_is_no_stream_is_shown_in_one_short_clean_line) {
  for (const auto* end : {"", "\n"}) {
    const auto message =
      failure_of("404 page\tnot found; key sk-0123456789abcdef0123456789abcdef"
                 + std::string(500, 'x') + end);
    BOOST_TEST(message.starts_with("expected a chat answer of Ollama on each "
                                   "line, got: 404 page not found"));
    BOOST_TEST(message.find("sk-0123") == message.npos);
    BOOST_TEST(message.size() < 200u);
  }
}

BOOST_AUTO_TEST_CASE(names_the_limit_that_was_exceeded) {
  const std::string much(limits::tool_input_bytes_max, 'x');
  const std::string line(limits::ndjson_line_bytes_max + 1, ' ');
  const std::pair<std::string, const char*> table[] = {
    {call(R"({"function":{"name":"f","arguments":{"a":")" + much + R"("}}})")
       + "\n",
     "tool_input_bytes_max"},
    {line, "ndjson_line_bytes_max"},
    {"{\n" + std::string(limits::ndjson_line_bytes_max - 1, 'x') + "\n",
     "ndjson_line_bytes_max"},
  };
  for (const auto& [body, limit] : table)
    BOOST_TEST(failure_of(body).find(limit) != std::string::npos,
               failure_of(body));
}

BOOST_AUTO_TEST_CASE(too_many_parts_and_too_much_text_are_errors) {
  const auto decoder = find_codec("ollama")->make_decoder({});
  const auto two =
    call(R"({"function":{"name":"f"}})") + "\n" + text("a") + "\n";
  part_batch out;
  for (std::size_t i = 0; i < limits::stream_parts_max / 2; ++i) {
    decoder->push(two, out);
    BOOST_REQUIRE(!std::holds_alternative<part::failed>(out.parts().back()));
    out.clear();
  }
  decoder->push(two, out);
  const auto* failed = std::get_if<part::failed>(&out.parts().back());
  BOOST_REQUIRE(failed);
  BOOST_TEST(failed->why.message.find("stream_parts_max") != std::string::npos);
  out.clear();
  decoder->push(done() + "\n", out);
  BOOST_TEST(out.empty());
  BOOST_TEST(!decoder->finished());
}

// Lines of all kinds, cut and damaged anywhere: never a crash, never invalid
// UTF-8, and the same at any split.
BOOST_AUTO_TEST_CASE(damage_is_never_fatal_and_cuts_change_nothing) {
  lines values;
  const auto add = [&](const auto& table) {
    for (const auto& one : table)
      values.insert(values.end(), one.values.begin(), one.values.end());
  };
  add(content_table);
  add(tool_table);
  add(finish_table);
  add(error_table);
  std::erase_if(values, [](const std::string& value) {
    return value.find("iVBOR") != value.npos; // Not text: no UTF-8.
  });
  std::minstd_rand random{23};
  for (int round = 0; round < 3000; ++round) {
    std::string body;
    for (int i = 0; i < 8; ++i)
      body +=
        values[random() % values.size()] + (random() % 4 == 0 ? "\r\n" : "\n");
    for (auto i = random() % 4; i > 0; --i)
      body[random() % body.size()] = static_cast<char>(random());
    body.resize(random() % body.size() + 1);
    const auto want = decode_body("ollama", body, body.size());
    BOOST_TEST_INFO("round " << round << ": " << body);
    BOOST_TEST(decode_body("ollama", body, 1 + random() % 9) == want,
               boost::test_tools::per_element());
    for (const auto& line : want)
      BOOST_TEST(valid_utf8_prefix(line) == line.size());
  }
}
