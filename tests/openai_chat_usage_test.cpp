// Goal: what a chunk of Chat Completions says beside its text is read in each
// server's own way: what was used, the tools that it ran by itself, and what
// stands where no other server puts it. Method: tables of (events, parts), each
// run at several piece sizes.
#define BOOST_TEST_MODULE openai_chat_usage
#include <boost/test/unit_test.hpp>

#include "providers/codec.hpp"
#include "tests/support/openai_chat_rows.hpp"

using namespace penstock;
using namespace penstock::test;

namespace {

// clang-format off
const chat_row executed_table[] = {
  {"Groq ran a search: told with its arguments, then with its output",
   {chat_delta(R"({"executed_tools":[{"index":0,"type":"search","arguments":"{\"q\":1}","search_results":{"results":[]}}]})"),
    chat_delta(R"({"executed_tools":[{"index":0,"type":"search","arguments":"{\"q\":1}","output":"o"}]})"),
    chat_delta(R"({"executed_tools":[{"index":0,"type":"search","output":"again"}]})"),
    chat_delta(R"({"content":"a"})"), stop},
   {"call0  search kind=search provider", R"(input0 {"q":1})", R"(complete0 {"q":1})",
    R"(result0 tool=search {"arguments":"{\"q\":1}","index":0,"output":"o","type":"search"})",
    "text1 a", "text_end1", "finished stop stop"}},
  {"a tool in one piece closes the text before it",
   {chat_delta(R"({"content":"a","executed_tools":null})"),
    chat_delta(R"({"executed_tools":[{"type":"python","name":"p","output":"1"},{"no":"type"},7]})"), stop},
   {"text0 a", "text_end0", "call1  p kind=python provider", "complete1 {}",
    R"(result1 tool=p {"name":"p","output":"1","type":"python"})", "finished stop stop"}},
};

const chat_row form_table[] = {
  {"Databricks' reasoning, and its signature",
   {chat_delta(R"({"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"r","signature":""}]}]})"),
    chat_delta(R"({"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"","signature":"p"}]}]})"),
    chat_delta(R"({"content":[{"type":"text","text":"a"}]})"), stop},
   {"reasoning0 r", "reasoning_end0 signature=p", "text1 a", "text_end1", "finished stop stop"}},
  {"a message in the place of deltas",
   {R"({"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"a","tool_calls":[{"id":"i","function":{"name":"f","arguments":"[]"}}]},"finish_reason":"tool_calls"}]})"},
   {"text0 a", "text_end0", "call1 i f", "input1 []", "complete1 []", "finished tool-calls tool_calls"}},
  {"a message behind deltas says it again",
   {chat_delta(R"({"content":"a"})"), chat_delta(R"({"content":"b"})"),
    R"({"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"ab"},"finish_reason":"stop"}]})"},
   {"text0 ab", "text_end0", "finished stop stop"}},
  {"MiniMax's status", {R"({"id":"x","choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}})"},
   {"info x ", "failed quota", "unfinished"}},
  {"an error that is zero is none", {R"({"error":0,"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]})"},
   {"text0 a", "text_end0", "finished stop stop"}},
  {"news of how it goes are no errors",
   {R"({"status":"queued","message":"m"})", R"({"status":"ENDED","message":"m"})", R"({"code":"Success","message":"m"})", stop},
   {"finished stop stop"}},
  {"a status that is none", {R"({"choices":[],"base_resp":{"status_code":0,"status_msg":""}})", stop}, {"finished stop stop"}},
  {"in a chunk that says who answered and what it cost",
   {R"({"id":"x","model":"m","error":{"code":502,"message":"m"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],"usage":{"prompt_tokens":3,"completion_tokens":1}})"},
   {"info x m", "usage 3 0 0 1 0 partial", "failed server_error raw=error", "unfinished"}},
  {"what a chunk says beside its error is the last of it",
   {R"({"error":{"code":502,"message":"m"},"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"error"}]})"},
   {"text0 a", "failed server_error raw=error", "unfinished"}},
  {"an error behind the finish reason", {stop, R"({"error":{"code":500,"message":"m"}})"}, {"failed server_error raw=stop"}},
  {"LiteLLM's blocks prove what a string says",
   {chat_delta(R"({"reasoning_content":"r","thinking_blocks":[{"type":"thinking","thinking":"r","signature":null}]})"),
    chat_delta(R"({"reasoning_content":"","thinking_blocks":[{"type":"thinking","thinking":"","signature":"p"}]})"),
    chat_delta(R"({"thinking_blocks":[{"type":"redacted_thinking","data":"e"}]})"), chat_delta(R"({"content":"a"})"), stop},
   {"reasoning0 r", "reasoning_end0 signature=p", "reasoning_end1 encrypted=e", "text2 a", "text_end2", "finished stop stop"}},
  {"a thought of Gemini's, marked and in tags",
   {chat_delta(R"({"content":"<thought>r","extra_content":{"google":{"thought":true}}})"),
    chat_delta(R"({"content":"s","extra_content":{"google":{"thought":true}}})"),
    chat_delta(R"({"content":"</thought>a"})"), chat_delta(R"({"content":"b"})"), stop},
   {"reasoning0 rs", "reasoning_end0", "text1 ab", "text_end1", "finished stop stop"}},
  {"its end with the last of it, and no end at all",
   {chat_delta(R"({"content":"<thought>r</thought>a","extra_content":{"google":{"thought":true}}})"),
    chat_delta(R"({"content":"<thought>s","extra_content":{"google":{"thought":true}}})"),
    chat_delta(R"({"content":"b"})"), chat_delta(R"({"content":"</thought>"})"), stop},
   {"reasoning0 r", "reasoning_end0", "text1 a", "text_end1", "reasoning2 s", "reasoning_end2",
    "text3 b</thought>", "text_end3", "finished stop stop"}},
  {"tags that nobody has marked are text", {chat_delta(R"({"content":"<thought>a</thought>"})"), stop},
   {"text0 <thought>a</thought>", "text_end0", "finished stop stop"}},
  {"a call that Gemini could not make", {chat_delta("{}", "function_call_filter: MALFORMED_FUNCTION_CALL")},
   {"finished error function_call_filter: MALFORMED_FUNCTION_CALL"}},
  {"ditto, by a gateway", {chat_delta("{}", "MALFORMED_FUNCTION_CALL")}, {"finished error MALFORMED_FUNCTION_CALL"}},
  {"ditto, without the string",
   {chat_delta(R"({"thinking_blocks":[{"type":"thinking","thinking":"r"}]})"), stop},
   {"reasoning0 r", "reasoning_end0", "finished stop stop"}},
  {"ditto, of Gemini: what is signed is the answer",
   {chat_delta(R"({"content":"a","thinking_blocks":[{"type":"thinking","thinking":"{\"text\":\"a\"}","signature":"p"}]})"), stop},
   {"reasoning_end0 signature=p", "text1 a", "text_end1", "finished stop stop"}},
  {"an element of content without its list", {chat_delta(R"({"content":{"type":"text","text":"a"}})"), stop},
   {"text0 a", "text_end0", "finished stop stop"}},
};

const chat_row finish_table[] = {
  {"Gemini's word, and a call without input",
   {chat_delta(R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f"}}]})", "STOP")},
   {"call0 i f", "complete0 {}", "finished stop STOP"}},
  {"ditto", {chat_delta("{}", "MAX_TOKENS")}, {"finished length MAX_TOKENS"}},
  {"ditto, refused", {chat_delta("{}", "SAFETY")}, {"finished content-filter SAFETY"}},
  {"Cohere", {chat_delta("{}", "COMPLETE")}, {"finished stop COMPLETE"}},
  {"a gateway", {chat_delta("{}", "end")}, {"finished stop end"}},
  {"Z.ai", {chat_delta("{}", "model_context_window_exceeded")}, {"finished length model_context_window_exceeded"}},
  {"vLLM gave up", {chat_delta("{}", "abort")}, {"finished error abort"}},
};

const chat_row pieces_table[] = {
  {"an index that counts the pieces, and the id in each",
   {chat_delta(R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f","arguments":"[1"}}]})"),
    chat_delta(R"({"tool_calls":[{"index":1,"id":"i","function":{"name":"f","arguments":",2"}}]})"),
    chat_delta(R"({"tool_calls":[{"index":2,"id":"i","function":{"arguments":"]"}}]})"), stop},
   {"call0 i f", "input0 [1,2]", "complete0 [1,2]", "finished stop stop"}},
  {"a name that comes again with every piece", // NVIDIA NIM's, and with no id
   {chat_delta(R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f","arguments":""}}]})"),
    chat_delta(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\":"}}]})"),
    chat_delta(R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f","arguments":"1}"}}]})"), stop},
   {"call0 i f", R"(input0 {"a":1})", R"(complete0 {"a":1})", "finished stop stop"}},
  {"one id for two tools is two calls",
   {chat_delta(R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f","arguments":""}}]})"),
    chat_delta(R"({"tool_calls":[{"index":1,"id":"i","function":{"name":"f","arguments":"[1"}}]})"),
    chat_delta(R"({"tool_calls":[{"index":2,"id":"i","function":{"name":"g","arguments":"[2]"}}]})"),
    chat_delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"[0]"}},{"index":1,"function":{"arguments":"]"}}]})"), stop},
   {"call0 i f", "call1 i f", "input1 [1", "call2 i g", "input2 [2]", "complete2 [2]", "input0 [0]", "complete0 [0]",
    "input1 ]", "complete1 [1]", "finished stop stop"}},
};

const chat_row usage_table[] = {
  {"OpenAI's, after the finish",
   {stop, R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}})", "[DONE]"},
   {"usage 10 4 0 5 2 exact", "finished stop stop"}},
  {"on each chunk: the last wins",
   {R"({"usage":{"prompt_tokens":1,"completion_tokens":1},"choices":[{"index":0,"delta":{"content":"a"}}]})",
    R"({"usage":{"prompt_tokens":1,"completion_tokens":2},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"},
   {"text0 a", "usage 1 0 0 1 0 partial", "text_end0", "usage 1 0 0 2 0 exact", "finished stop stop"}},
  {"before the finish only",
   {R"({"usage":{"prompt_tokens":1,"completion_tokens":1},"choices":[{"index":0,"delta":{}}]})", stop},
   {"usage 1 0 0 1 0 partial", "usage 1 0 0 1 0 exact", "finished stop stop"}},
  {"cut", {R"({"usage":{"prompt_tokens":1,"completion_tokens":1},"choices":[{"index":0,"delta":{}}]})"},
   {"usage 1 0 0 1 0 partial", "unfinished"}},
  {"null is none", {R"({"usage":null,"choices":[]})", R"({"usage":{},"choices":[]})", stop}, {"finished stop stop"}},
  {"Groq's place", {stop, R"({"x_groq":{"id":"r","usage":{"prompt_tokens":3,"completion_tokens":4}},"choices":[]})"},
   {"usage 3 0 0 4 0 exact", "finished stop stop"}},
  {"Moonshot's place", {R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":3,"completion_tokens":4,"cached_tokens":2}}]})"},
   {"usage 3 2 0 4 0 exact", "finished stop stop"}},
  {"xAI counts reasoning beside", {stop, R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":1,"total_tokens":303,"completion_tokens_details":{"reasoning_tokens":290}}})"},
   {"usage 12 0 0 291 290 exact", "finished stop stop"}},
  {"others count it within", {stop, R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":291,"total_tokens":303,"completion_tokens_details":{"reasoning_tokens":290}}})"},
   {"usage 12 0 0 291 290 exact", "finished stop stop"}},
  {"DeepSeek's cache", {stop, R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":1}})"},
   {"usage 9 8 0 1 0 exact", "finished stop stop"}},
  {"OpenRouter's cache", {stop, R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":3}}})"},
   {"usage 9 2 3 1 0 exact", "finished stop stop"}},
  {"Alibaba's cache", {stop, R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2,"cache_creation_input_tokens":3,"cache_type":"ephemeral"}}})"},
   {"usage 9 2 3 1 0 exact", "finished stop stop"}},
  {"Mistral's cache", {stop, R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_token_details":{"cached_tokens":7}}})"},
   {"usage 9 7 0 1 0 exact", "finished stop stop"}},
  {"xAI counts the cache beside", {stop, R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":6,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":2},"num_sources_used":0}})"},
   {"usage 11 8 0 3 2 exact", "finished stop stop"}},
  {"Mistral's cache that is larger than the prompt", {stop, R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"num_cached_tokens":8}})"},
   {"usage 3 8 0 1 0 exact", "finished stop stop"}},
  {"Anthropic's figures, handed on", {stop, R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"cache_read_input_tokens":100,"cache_creation_input_tokens":20}})"},
   {"usage 130 100 20 5 0 exact", "finished stop stop"}},
  {"ditto, as the total tells", {stop, R"({"choices":[],"usage":{"prompt_tokens":50,"completion_tokens":9,"total_tokens":89,"cache_read_input_tokens":20,"cache_creation_input_tokens":10}})"},
   {"usage 80 20 10 9 0 exact", "finished stop stop"}},
  {"the same within the prompt, by LiteLLM", {stop, R"({"choices":[],"usage":{"prompt_tokens":130,"completion_tokens":5,"total_tokens":135,"prompt_tokens_details":{"cached_tokens":100},"cache_read_input_tokens":100,"cache_creation_input_tokens":20}})"},
   {"usage 130 100 20 5 0 exact", "finished stop stop"}},
  {"the details under the names of the newer API", {stop, R"({"choices":[],"usage":{"input_tokens":10,"output_tokens":5,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":3}}})"},
   {"usage 10 4 0 5 3 exact", "finished stop stop"}},
  {"Gemini's thoughts are in the total alone",
   {R"({"model":"gemini-2.5-flash","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":98,"completion_tokens":17,"total_tokens":155}})"},
   {"info  gemini-2.5-flash", "usage 98 0 0 57 40 exact", "finished stop stop"}},
  {"Gemini's by one who counts them",
   {R"({"model":"google/gemini-2.5-flash","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":98,"completion_tokens":57,"total_tokens":160,"completion_tokens_details":{"reasoning_tokens":40}}})"},
   {"info  google/gemini-2.5-flash", "usage 98 0 0 57 40 exact", "finished stop stop"}},
  {"the total of any other counts for nothing",
   {stop, R"({"choices":[],"usage":{"prompt_tokens":98,"completion_tokens":17,"total_tokens":155}})"},
   {"usage 98 0 0 17 0 exact", "finished stop stop"}},
  {"numbers of any form", {stop, R"({"choices":[],"usage":{"prompt_tokens":9.7,"completion_tokens":-1,"prompt_tokens_details":{"cached_tokens":"2"},"completion_tokens_details":{"reasoning_tokens":1e30}}})"},
   {"usage 9 2 0 0 18446744073709551615 exact", "finished stop stop"}},
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(decodes_usage) {
  check_chat(usage_table);
}

BOOST_AUTO_TEST_CASE(decodes_tools_that_the_server_ran) {
  check_chat(executed_table);
}

BOOST_AUTO_TEST_CASE(a_finish_reason_is_known_by_whatever_name) {
  check_chat(finish_table);
}

BOOST_AUTO_TEST_CASE(an_event_that_keeps_the_connection_alive_says_nothing) {
  for (const auto* name : {"ping", "keepalive", "keep-alive", "heartbeat"})
    for (const auto* api : {"openai-chat", "openai-responses", "google-gemini",
                            "anthropic-messages"}) {
      BOOST_TEST_INFO_SCOPE(name << " of " << api);
      const auto decoder = find_codec(api)->make_decoder({});
      part_batch out;
      for (const auto* data : {"2026-11-26T10:00:00Z", "keep", "[1", ""})
        decoder->push(
          std::string{"event: "} + name + "\ndata: " + data + "\n\n", out);
      decoder->push("data:\n\n", out);
      decoder->end(out);
      BOOST_TEST(out.empty());
      BOOST_TEST(!decoder->finished());
    }
}

BOOST_AUTO_TEST_CASE(an_event_named_error_is_one_in_whatever_shape) {
  const std::pair<const char*, errc> table[] = {
    {R"({"reason":"m"})", errc::server_error},
    {"{}", errc::server_error},
    {"[1]", errc::server_error},
    {R"("overloaded")", errc::overloaded},
    {R"({"message":"m","code":"insufficient_quota"})", errc::quota},
    {R"({"type":"overloaded_error","message":"m"})", errc::overloaded},
    {R"({"detail":"m","status":429})", errc::rate_limit},
  };
  for (const auto& [data, want] : table)
    for (const auto* api :
         {"openai-chat", "openai-responses", "anthropic-messages"}) {
      BOOST_TEST_INFO_SCOPE(data << " of " << api);
      const auto decoder = find_codec(api)->make_decoder({});
      part_batch out;
      decoder->push(std::string{"event: error\ndata: "} + data + "\n\n", out);
      BOOST_TEST_REQUIRE(!out.empty());
      const auto* failed = std::get_if<part::failed>(&out.parts().back());
      BOOST_TEST_REQUIRE(failed);
      BOOST_TEST(to_string(failed->why.code) == to_string(want));
    }
}

BOOST_AUTO_TEST_CASE(decodes_what_a_server_puts_where_no_other_does) {
  check_chat(form_table);
}

BOOST_AUTO_TEST_CASE(pieces_of_a_call_belong_to_its_id_whatever_their_index) {
  check_chat(pieces_table);
}
