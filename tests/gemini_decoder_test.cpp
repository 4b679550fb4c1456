// Goal: whatever the Gemini API sends, the parts are right, and the same
// however the network cuts it. Method: tables of (chunks, parts), each cut at
// every byte; the recordings, at every byte if small; damage and limits.
#define BOOST_TEST_MODULE gemini_decoder
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "tests/support/gemini_streams.hpp"
#include "tests/support/openai_chat_streams.hpp"
#include "tests/support/skipping.hpp"

#include <algorithm>
#include <random>
#include <variant>

using namespace penstock;
using namespace penstock::test;

namespace {

using strings = std::vector<std::string>;

struct row {
  const char* why;
  strings chunks, want;
};

std::string chunk(const std::string& parts_json,
                  const std::string& finish = {}) {
  return gemini_chunk(parts_json, finish);
}

// One function call.
std::string call(const std::string& call_json) {
  return chunk(R"({"functionCall":)" + call_json + "}");
}

const std::string stop = chunk(R"({"text":""})", "STOP");

// clang-format off
const row content_table[] = {
  {"text", {chunk(R"({"text":"a"})"), chunk(R"({"text":"b"})"), stop},
   {"text0 ab", "text_end0", "finished stop STOP"}},
  {"the first id and model", {R"({"responseId":"","modelVersion":"m"})", R"({"responseId":"x","modelVersion":"n"})", stop},
   {"info  m", "info x ", "finished stop STOP"}},
  {"thoughts, then text", {chunk(R"({"text":"r","thought":true})"), chunk(R"({"text":"s","thought":true},{"text":"a"})"), stop},
   {"reasoning0 rs", "reasoning_end0", "text1 a", "text_end1", "finished stop STOP"}},
  {"a signature makes a text a part of its own, and is told where it came",
   {chunk(R"({"text":"a"})"), chunk(R"({"text":"b","thoughtSignature":"s1"})"), chunk(R"({"text":"c"})"),
    chunk(R"({"text":"","thoughtSignature":"s2"})", "STOP")},
   {"text0 a", "text_end0", "text1 b", "signature1 s1", "text_end1", "text2 c", "text_end2",
    "signature3 s2", "text_end3", "finished stop STOP"}},
  {"a signed thought, and one that is nothing but its signature",
   {chunk(R"({"text":"r","thought":true,"thoughtSignature":"s1"})"), chunk(R"({"thought":true,"thoughtSignature":"s2"})"), stop},
   {"reasoning0 r", "reasoning_end0 signature=s1", "reasoning_end1 signature=s2", "finished stop STOP"}},
  {"a signature on nothing", {chunk(R"({"thoughtSignature":"s"})"), stop},
   {"signature0 s", "text_end0", "finished stop STOP"}},
  {"other candidates do not count",
   {R"({"candidates":[{"index":1,"content":{"parts":[{"text":"no"}]},"finishReason":"SAFETY"},{"index":0,"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]})",
    R"({"candidates":[{"index":1,"content":{"parts":[{"text":"no"}]},"finishReason":"SAFETY"}]})"},
   {"text0 a", "text_end0", "finished stop STOP"}},
  {"no candidates, no parts, no content",
   {R"({"candidates":[]})", R"({"candidates":[{"content":{"role":"model"}}]})", R"({"candidates":[{"content":null,"finishReason":"STOP"}]})"}, {"finished stop STOP"}},
  {"pictures and files",
   {chunk(R"({"inlineData":{"mimeType":"image/png","data":"YWI="},"thoughtSignature":"s"},{"fileData":{"mimeType":"audio/wav","fileUri":"https://f"}})"), stop},
   {"file0 image/png ab signature=s", "file1 audio/wav https://f", "finished stop STOP"}},
  {"a file that is no base64 is skipped", {chunk(R"({"inlineData":{"mimeType":"image/png","data":"?"}})"), stop}, {"finished stop STOP"}},
  {"a picture beside an empty text", {chunk(R"({"text":"","inlineData":{"mimeType":"image/png","data":"YWI="}})"), stop}, {"file0 image/png ab", "finished stop STOP"}},
  {"code that was run, and its picture",
   {chunk(R"({"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"s1"})"),
    chunk(R"({"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"},"thoughtSignature":"s2"},{"inlineData":{"mimeType":"image/png","data":"YQ=="}})"), stop},
   {"call0  code_execution kind=executableCode provider", R"(input0 {"language":"PYTHON","code":"1"})",
    R"(complete0 {"language":"PYTHON","code":"1"} signature=s1)",
    R"(result0 tool=code_execution {"outcome":"OUTCOME_OK","output":"1","thoughtSignature":"s2"})", "signature0 s2",
    "file1 image/png a", "finished stop STOP"}},
  {"code that failed, paired by id",
   {chunk(R"({"executableCode":{"code":"1","id":"a"}},{"executableCode":{"code":"2","id":"b"}})"),
    chunk(R"({"codeExecutionResult":{"outcome":"OUTCOME_FAILED","id":"a"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","id":"b"}})"), stop},
   {"call0 a code_execution kind=executableCode provider", R"(input0 {"code":"1","id":"a"})", R"(complete0 {"code":"1","id":"a"} item=a)",
    "call1 b code_execution kind=executableCode provider", R"(input1 {"code":"2","id":"b"})", R"(complete1 {"code":"2","id":"b"} item=b)",
    R"(result0 of=a tool=code_execution error {"outcome":"OUTCOME_FAILED","id":"a"})", R"(result1 of=b tool=code_execution {"outcome":"OUTCOME_OK","id":"b"})", "finished stop STOP"}},
  {"a result whose call was never seen", {chunk(R"({"codeExecutionResult":{"outcome":"OUTCOME_OK"},"thoughtSignature":"s"})"), stop},
   {R"(result0 tool=code_execution {"outcome":"OUTCOME_OK","thoughtSignature":"s"})", "signature0 s", "finished stop STOP"}},
  {"a search that the API ran",
   {chunk(R"({"toolCall":{"toolType":"GOOGLE_SEARCH_WEB","args":{"q":1},"id":"t"}},{"toolResponse":{"toolType":"GOOGLE_SEARCH_WEB","response":{},"id":"t"}})"), stop},
   {"call0 t GOOGLE_SEARCH_WEB kind=toolCall provider", R"(input0 {"toolType":"GOOGLE_SEARCH_WEB","args":{"q":1},"id":"t"})",
    R"(complete0 {"toolType":"GOOGLE_SEARCH_WEB","args":{"q":1},"id":"t"} item=t)",
    R"(result0 of=t tool=GOOGLE_SEARCH_WEB {"toolType":"GOOGLE_SEARCH_WEB","response":{},"id":"t"})", "finished stop STOP"}},
  {"half a pair in each of two chunks", {chunk(R"({"text":"\ud83d"})"), chunk(R"({"text":"\ude00"})"), stop},
   {"text0 \xF0\x9F\x98\x80", "text_end0", "finished stop STOP"}},
  {"what is unknown is skipped", {chunk(R"({"hologram":{}},7,null,{"text":7})"), R"({"modelStatus":{}})", R"([])", R"("x")", stop},
   {"finished stop STOP"}},
};

const row call_table[] = {
  {"whole calls, one without arguments",
   {chunk(R"({"functionCall":{"name":"f","args":{"b":1,"a":2}},"thoughtSignature":"s"},{"functionCall":{"name":"g"}})", "STOP")},
   {"call0  f", R"(input0 {"b":1,"a":2})", R"(complete0 {"b":1,"a":2} signature=s)",
    "call1  g", "input1 {}", "complete1 {}", "finished tool-calls STOP"}},
  {"an id of the wire", {chunk(R"({"functionCall":{"name":"f","args":{},"id":"x"}})", "STOP")},
   {"call0 x f", "input0 {}", "complete0 {} item=x", "finished tool-calls STOP"}},
  {"text ends where a call begins", {chunk(R"({"text":"a"},{"functionCall":{"name":"f"}})", "STOP")}, {"text0 a", "text_end0", "call1  f", "input1 {}", "complete1 {}", "finished tool-calls STOP"}},
  {"a call beside an empty text", {chunk(R"({"text":"","functionCall":{"name":"f"},"thoughtSignature":"s"})", "STOP")}, {"call0  f", "input0 {}", "complete0 {} signature=s", "finished tool-calls STOP"}},
  {"arguments in pieces, ended by an empty part",
   {call(R"({"name":"f","willContinue":true})"),
    call(R"({"partialArgs":[{"jsonPath":"$.a","stringValue":"x","willContinue":true}],"willContinue":true})"),
    call(R"({"partialArgs":[{"jsonPath":"$.a","stringValue":"y\""}],"willContinue":true})"),
    call(R"({"willContinue":true})"),
    call(R"({"partialArgs":[{"jsonPath":"$.b[0].c","numberValue":0.5},{"jsonPath":"$.b[0].d","boolValue":true},{"jsonPath":"$.b[1]","nullValue":"NULL_VALUE"}],"willContinue":true})"),
    call("{}"), stop},
   {"call0  f", R"(input0 {"a":"xy\"","b":[{"c":0.5,"d":true},null]})",
    R"(complete0 {"a":"xy\"","b":[{"c":0.5,"d":true},null]})", "finished tool-calls STOP"}},
  {"arguments in pieces, ended by the last of them",
   {chunk(R"({"functionCall":{"name":"f","willContinue":true},"thoughtSignature":"s"})"),
    call(R"({"partialArgs":[{"jsonPath":"$.a","numberValue":1}]})"), stop},
   {"call0  f", R"(input0 {"a":1})", R"(complete0 {"a":1} signature=s)", "finished tool-calls STOP"}},
  {"the next call ends the one before, and a finish reason does", {call(R"({"name":"f","args":{"a":1},"willContinue":true})"), call(R"({"name":"g","args":{"b":2},"willContinue":true})"), stop},
   {"call0  f", R"(input0 {"a":1})", R"(complete0 {"a":1})", "call1  g", R"(input1 {"b":2})", R"(complete1 {"b":2})", "finished tool-calls STOP"}},
  {"but not one of which nothing more came", {call(R"({"name":"f","willContinue":true})"), call(R"({"name":"g","willContinue":true})"), stop},
   {"call0  f", "call1  g", "finished stop STOP"}},
  {"but not a string that was to go on",
   {call(R"({"name":"f","partialArgs":[{"jsonPath":"$.a","stringValue":"x","willContinue":true}],"willContinue":true})"), stop},
   {"call0  f", R"(input0 {"a":"x)", "finished stop STOP"}},
  {"nor where the answer was cut",
   {call(R"({"name":"f","partialArgs":[{"jsonPath":"$.a","numberValue":1}],"willContinue":true})"), chunk("", "MAX_TOKENS")},
   {"call0  f", R"(input0 {"a":1)", "finished length MAX_TOKENS"}},
  {"nor where the body ended",
   {call(R"({"name":"f","willContinue":true})")}, {"call0  f", "unfinished"}},
  {"values out of order: the whole is right, though it was not what was shown",
   {call(R"({"name":"f","partialArgs":[{"jsonPath":"$.o.a","numberValue":1},{"jsonPath":"$.b","numberValue":2},{"jsonPath":"$.o.c","numberValue":3}]})"), stop},
   {"call0  f", R"(input0 {"o":{"a":1},"b":2)", R"(complete0 {"b":2,"o":{"a":1,"c":3}})", "finished tool-calls STOP"}},
  {"names in quotes",
   {call(R"({"name":"f","partialArgs":[{"jsonPath":"$['a.b']","numberValue":1},{"jsonPath":"$[\"c]\\\"\"]","numberValue":2}]})"), stop},
   {"call0  f", R"(input0 {"a.b":1,"c]\"":2})", R"(complete0 {"a.b":1,"c]\"":2})", "finished tool-calls STOP"}},
  {"half a pair in each of two pieces",
   {call(R"({"name":"f","partialArgs":[{"jsonPath":"$.a","stringValue":"\ud83d","willContinue":true}],"willContinue":true})"),
    call(R"({"partialArgs":[{"jsonPath":"$.a","stringValue":"\ude00"}]})"), stop},
   {"call0  f", "input0 {\"a\":\"\xF0\x9F\x98\x80\"}", "complete0 {\"a\":\"\xF0\x9F\x98\x80\"}", "finished tool-calls STOP"}},
  {"a part without a name and without a call is nothing", {call("{}"), call(R"({"args":{"a":1}})"), stop}, {"finished stop STOP"}},
};

const row end_table[] = {
  {"length", {chunk(R"({"text":"a"})", "MAX_TOKENS")}, {"text0 a", "text_end0", "finished length MAX_TOKENS"}},
  {"a filter", {chunk(R"({"text":"a"})"), chunk("", "PROHIBITED_CONTENT")},
   {"text0 a", "text_end0", "finished content-filter PROHIBITED_CONTENT"}},
  {"a call that could not be read", {chunk("", "MALFORMED_FUNCTION_CALL")}, {"finished error MALFORMED_FUNCTION_CALL"}},
  {"a reason of tomorrow", {chunk("", "TIRED")}, {"finished other TIRED"}},
  {"a reason in every chunk is one text", {chunk(R"({"text":"a"})", "STOP"), chunk(R"({"text":"b"})", "STOP")},
   {"text0 ab", "text_end0", "finished stop STOP"}},
  {"a blocked prompt", {R"({"promptFeedback":{"blockReason":"OTHER"},"usageMetadata":{"promptTokenCount":3}})"},
   {"usage 3 0 0 0 0 exact", "finished content-filter OTHER"}},
  {"a blocked prompt that says why", {R"({"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"no"}})"},
   {"finished content-filter SAFETY: no"}},
  {"a reason that is explained", {R"({"candidates":[{"finishReason":"OTHER","finishMessage":"bad:\n f("}]})"}, {"finished other OTHER: bad: f("}},
  {"feedback that blocks nothing", {R"({"promptFeedback":{"safetyRatings":[]}})", stop}, {"finished stop STOP"}},
  {"no reason", {chunk(R"({"text":"a"})")}, {"text0 a", "unfinished"}},
  {"usage: the last counts, and what follows the reason is taken",
   {R"({"usageMetadata":{"trafficType":"ON_DEMAND"}})",
    R"({"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}})",
    chunk(R"({"text":"a"})", "STOP"),
    R"({"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":2,"thoughtsTokenCount":5,"cachedContentTokenCount":4}})"},
   {"usage 9 0 0 0 0 partial", "text0 a", "usage 9 4 0 7 5 exact", "text_end0", "finished stop STOP"}},
  {"usage becomes exact with the reason", {R"({"usageMetadata":{"promptTokenCount":9}})", stop},
   {"usage 9 0 0 0 0 partial", "usage 9 0 0 0 0 exact", "finished stop STOP"}},
  {"an error in an event", {chunk(R"({"text":"a"})"), R"({"error":{"code":503,"message":"m","status":"UNAVAILABLE"}})", stop},
   {"text0 a", "failed overloaded", "unfinished"}},
  {"an error in an array", {R"([{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}])"}, {"failed rate_limit", "unfinished"}},
  {"an event that is no JSON", {"{", stop}, {"failed protocol", "unfinished"}},
  {"a gateway's end mark", {stop, "[DONE]"}, {"finished stop STOP"}},
};

const row source_table[] = {
  {"grounding: each source once, when the answer is over",
   {R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}]}}]})",
    R"({"candidates":[{"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}},{"retrievedContext":{"title":"d","fileSearchStore":"s"}},{"maps":{"uri":"p","title":"n","placeId":"i"}},{"image":{"sourceUri":"v","imageUri":"w","domain":"e"}}]}}]})"},
   {"text0 a", "text_end0", "source1 u title=t", "source2  title=d id=s", "source3 p title=n id=i", "source4 v title=e", "finished stop STOP"}},
  {"citations and pages",
   {R"({"candidates":[{"finishReason":"STOP","citationMetadata":{"citationSources":[{"uri":"u","startIndex":1}],"citations":[{"uri":"v","title":"t"}]},"urlContextMetadata":{"urlMetadata":[{"retrievedUrl":"w","urlRetrievalStatus":"OK"}]}}]})"},
   {"source0 v title=t", "source1 u", "source2 w", "finished stop STOP"}},
  {"empty metadata", {R"({"candidates":[{"finishReason":"STOP","groundingMetadata":{},"citationMetadata":null}]})"}, {"finished stop STOP"}},
};
// clang-format on

void check(const row& r) {
  BOOST_TEST_CONTEXT(r.why) {
    const auto body = gemini_events(r.chunks);
    BOOST_TEST(gemini_lines(body) == r.want, boost::test_tools::per_element());
    for (std::size_t cut = 1; cut < body.size(); ++cut)
      if (gemini_lines(body, {cut}) != r.want) {
        BOOST_ERROR("other parts if cut at byte " + std::to_string(cut));
        break;
      }
  }
}

template <std::size_t N>
void check_all(const row (&table)[N]) {
  for (const auto& r : table)
    check(r);
}

std::string detail_of(const std::string& body, std::size_t which) {
  std::vector<std::string> details;
  for (const auto& part : decode_gemini(body).parts)
    if (const auto* s = std::get_if<part::source>(&part))
      details.push_back(s->citation.detail_json);
  BOOST_TEST_REQUIRE(details.size() > which);
  return details[which];
}

std::string failure_of(const std::string& body) {
  for (const auto& part : decode_gemini(body).parts)
    if (const auto* f = std::get_if<part::failed>(&part))
      return std::string{to_string(f->why.code)} + ": " + f->why.message;
  return "none";
}

} // namespace

BOOST_AUTO_TEST_CASE(decodes_content) {
  check_all(content_table);
}

BOOST_AUTO_TEST_CASE(decodes_function_calls) {
  check_all(call_table);
}

BOOST_AUTO_TEST_CASE(decodes_the_end) {
  check_all(end_table);
}

BOOST_AUTO_TEST_CASE(decodes_sources) {
  check_all(source_table);
}

BOOST_AUTO_TEST_CASE(every_finish_reason_has_its_meaning) {
  // clang-format off
  const std::pair<const char*, const char*> reasons[] = {
    {"STOP", "stop"}, {"MAX_TOKENS", "length"},
    {"SAFETY", "content-filter"}, {"RECITATION", "content-filter"}, {"LANGUAGE", "content-filter"},
    {"BLOCKLIST", "content-filter"}, {"PROHIBITED_CONTENT", "content-filter"}, {"SPII", "content-filter"},
    {"MODEL_ARMOR", "content-filter"}, {"IMAGE_SAFETY", "content-filter"},
    {"IMAGE_PROHIBITED_CONTENT", "content-filter"}, {"IMAGE_RECITATION", "content-filter"},
    {"MALFORMED_FUNCTION_CALL", "error"}, {"MALFORMED_RESPONSE", "error"},
    {"MISSING_THOUGHT_SIGNATURE", "error"}, {"TOO_MANY_TOOL_CALLS", "error"}, {"UNEXPECTED_TOOL_CALL", "error"},
    {"NO_IMAGE", "other"}, {"IMAGE_OTHER", "other"}, {"FINISH_REASON_UNSPECIFIED", "other"}, {"OTHER", "other"},
  };
  // clang-format on
  for (const auto& [raw, unified] : reasons) {
    const strings want{std::string{"finished "} + unified + " " + raw};
    BOOST_TEST(gemini_lines(gemini_events({chunk("", raw)})) == want,
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_source_keeps_what_it_supports_and_what_must_be_shown) {
  const auto body = gemini_events(
    {R"({"candidates":[{"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u"}},{"web":{"uri":"v"}}],"groundingSupports":[{"groundingChunkIndices":[1,7],"segment":{"endIndex":3}}]}}]})",
     R"({"candidates":[{"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["q"]}}]})"});
  BOOST_TEST(detail_of(body, 0)
             == R"({"web":{"uri":"u"},"webSearchQueries":["q"]})");
  BOOST_TEST(
    detail_of(body, 1)
    == R"({"groundingSupports":[{"groundingChunkIndices":[1,7],"segment":{"endIndex":3}}],"web":{"uri":"v"}})");
}

BOOST_AUTO_TEST_CASE(an_error_between_the_events_is_seen_and_classified) {
  const std::string bare = "{\n  \"error\": {\n    \"code\": 503,\n"
                           "    \"message\": \"The model is overloaded.\",\n"
                           "    \"status\": \"UNAVAILABLE\"\n  }\n}\n";
  const auto begin = gemini_events({chunk(R"({"text":"a"})")});
  BOOST_TEST(failure_of(begin + bare)
             == "overloaded: The model is overloaded.");
  BOOST_TEST(failure_of(begin + "[" + bare + "]")
             == "overloaded: The model is overloaded.");
  BOOST_TEST(failure_of(bare) == "overloaded: The model is overloaded.");
  // Also where models gave a reason in every chunk.
  BOOST_TEST(failure_of(gemini_events({stop}) + bare)
             == "overloaded: The model is overloaded.");
  for (std::size_t cut = 1; cut < begin.size() + bare.size(); ++cut)
    BOOST_TEST((gemini_lines(begin + bare, {cut})
                == strings{"text0 a", "failed overloaded", "unfinished"}));
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_event_stream_is_an_error) {
  BOOST_TEST(failure_of("<html>no</html>")
               .starts_with("protocol: expected an event stream, got: <html>"));
  BOOST_TEST(failure_of("") == "none");
  BOOST_TEST(!decode_gemini("").finished);
}

BOOST_AUTO_TEST_CASE(an_event_without_its_end_counts_if_it_is_whole) {
  for (const char* end : {"", "\r", "\r\n", "\r\n\r"})
    BOOST_TEST(
      (gemini_lines("data: " + stop + end) == strings{"finished stop STOP"}));
  BOOST_TEST((gemini_lines("data: " + stop.substr(0, stop.size() - 1))
              == strings{"unfinished"}));
}

BOOST_AUTO_TEST_CASE(names_the_limit_that_was_exceeded) {
  const auto says = [](const std::string& body, const char* limit) {
    const auto failure = failure_of(body);
    BOOST_TEST(failure.starts_with("protocol: "));
    BOOST_TEST(failure.find(limit) != failure.npos);
  };
  const std::string long_text(limits::tool_input_bytes_max, 'x');
  says(
    gemini_events({call(R"({"name":"f","args":{"a":")" + long_text + "\"}}")}),
    "tool_input_bytes_max");
  const auto piece = call(
    R"({"name":"","partialArgs":[{"jsonPath":"$.a","stringValue":")"
    + long_text.substr(1) + R"(","willContinue":true}],"willContinue":true})");
  says(gemini_events({call(R"({"name":"f","willContinue":true})"), piece}),
       "tool_input_bytes_max");
  says(
    gemini_events({call(
      R"({"name":"f","partialArgs":[{"jsonPath":"$[18446744073709551615]","numberValue":1}]})")}),
    "tool_input_bytes_max");
  std::string deep = "$";
  for (std::size_t i = 0; i < limits::json_depth_max; ++i)
    deep += ".a";
  says(gemini_events({call(R"({"name":"f","partialArgs":[{"jsonPath":")" + deep
                           + R"(","numberValue":1}]})")}),
       "json_depth_max");
  says("data: " + std::string(limits::sse_line_bytes_max + 1, ' ') + "\n",
       "sse_line_bytes_max");
  strings texts(9, chunk(R"({"text":")" + long_text + "\"}"));
  says(gemini_events(texts), "stream_text_bytes_max");
}

BOOST_AUTO_TEST_CASE(too_many_parts_are_an_error) {
  std::string parts;
  for (int i = 0; i < 1'000; ++i)
    parts += R"({"text":"","thoughtSignature":"s"},)";
  parts.pop_back();
  strings chunks(limits::stream_parts_max / 1'000, chunk(parts));
  BOOST_TEST(failure_of(gemini_events(chunks)) == "none");
  chunks.push_back(chunk(parts));
  const auto failure = failure_of(gemini_events(chunks));
  BOOST_TEST(failure.find("stream_parts_max") != failure.npos);
}

BOOST_AUTO_TEST_CASE(recordings_give_the_same_parts_however_they_are_cut) {
  const auto recordings = gemini_recordings();
  if (recordings.empty()) {
    testing::tell_skipped("no corpus; set PENSTOCK_CORPUS");
    return;
  }
  constexpr std::size_t small = 3'000;
  std::mt19937 random{1};
  for (const auto& [name, body] : recordings)
    BOOST_TEST_CONTEXT(name) {
      const auto want = gemini_lines(body);
      BOOST_TEST(want.size() > 0u);
      std::vector<std::size_t> cuts(body.size() - 1);
      for (std::size_t i = 0; i < cuts.size(); ++i)
        cuts[i] = i + 1;
      BOOST_TEST(gemini_lines(body, cuts) == want,
                 boost::test_tools::per_element());
      if (body.size() > small) {
        std::shuffle(cuts.begin(), cuts.end(), random);
        cuts.resize(100);
      }
      for (const auto cut : cuts)
        if (gemini_lines(body, {cut}) != want)
          BOOST_ERROR("other parts if cut at byte " + std::to_string(cut));
    }
}

BOOST_AUTO_TEST_CASE(damage_is_never_fatal_and_cuts_change_nothing) {
  std::string body;
  for (const auto* table : {&call_table[3], &content_table[10]})
    body += gemini_events(table->chunks);
  std::mt19937 random{2};
  const auto any = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>{0, end - 1}(random);
  };
  constexpr std::string_view bytes = "{}[]\",:\\ \r\nd0n-\xC3\x80";
  for (int round = 0; round < 1'000; ++round) {
    auto damaged = body;
    for (auto n = any(6) + 1; n-- > 0;) {
      const auto at = any(damaged.size());
      if (any(2) == 0)
        damaged[at] = bytes[any(bytes.size())];
      else
        damaged.erase(at, any(40));
    }
    const auto want = gemini_lines(damaged);
    std::vector<std::size_t> cuts{any(damaged.size()), any(damaged.size())};
    std::sort(cuts.begin(), cuts.end());
    BOOST_TEST(gemini_lines(damaged, cuts) == want,
               boost::test_tools::per_element());
    BOOST_TEST(std::count_if(want.begin(), want.end(),
                             [](const auto& line) {
                               return line.starts_with("failed")
                                      || line.starts_with("finished");
                             })
               <= 1);
  }
}
