// Goal: what an Anthropic stream says as a whole is read right: usage, errors,
// a body that is none, what exceeds a limit.
// Method: made-up streams against their parts.
#define BOOST_TEST_MODULE anthropic_stream
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "tests/support/anthropic_events.hpp"
#include "tests/support/anthropic_streams.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace penstock::test::event;
using penstock::test::decode;
using penstock::test::lines_of;
using penstock::test::sse;
namespace limits = penstock::limits;

namespace {

using strings = std::vector<std::string>;

strings decoded(const std::string& body) {
  return lines_of(decode(body));
}

} // namespace

BOOST_AUTO_TEST_CASE(usage_is_cumulative_and_complete) {
  const auto body = sse(
    {R"({"type":"message_start","message":{"id":"m","model":"c","usage":{)"
     R"("input_tokens":10,"cache_read_input_tokens":5,)"
     R"("cache_creation_input_tokens":3,"output_tokens":1}}})",
     R"({"type":"message_delta","delta":{},"usage":{"output_tokens":7}})",
     R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{)"
     R"("input_tokens":12,"cache_read_input_tokens":null,"output_tokens":9,)"
     R"("output_tokens_details":{"thinking_tokens":4}}})",
     message_stop});
  const strings want{"response m c",
                     "usage partial in=18 read=5 write=3 out=1 reasoning=0",
                     "usage partial in=18 read=5 write=3 out=7 reasoning=0",
                     "usage exact in=20 read=5 write=3 out=9 reasoning=4",
                     "finished stop end_turn"};
  BOOST_TEST(decoded(body) == want, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rounds_of_compaction_are_summed) {
  const auto usage = [](const std::string& iterations) {
    const auto lines = decoded(
      sse({R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},)"
           R"("usage":{"input_tokens":5,"output_tokens":6,"iterations":)"
           + iterations + "}}"}));
    return lines.at(0);
  };
  const std::string round =
    R"({"type":"message","input_tokens":5,"output_tokens":6})";
  BOOST_TEST(usage("[" + round
                   + R"(,{"type":"compaction","input_tokens":100,)"
                     R"("output_tokens":20}])")
             == "usage exact in=105 read=0 write=0 out=26 reasoning=0");
  const std::string plain = "usage exact in=5 read=0 write=0 out=6 reasoning=0";
  for (const auto& rounds :
       {std::string{"[]"}, std::string{"null"}, std::string{"7"},
        "[" + round + R"(,{"type":"advisor_message","input_tokens":9}])",
        "[" + round + "," + round
          + R"(,{"type":"fallback_message","input_tokens":1}])",
        std::string{R"([{"type":"advisor_message","input_tokens":9}])"}})
    BOOST_TEST(usage(rounds) == plain, rounds);
  BOOST_TEST(usage("[" + round + R"(,{"type":"message","input_tokens":1e30}])")
             == "usage exact in=18446744073709551615 read=0 write=0 out=6 "
                "reasoning=0");
}

BOOST_AUTO_TEST_CASE(calls_may_come_whole_with_the_message) {
  const auto body =
    sse({R"({"type":"message_start","message":{"id":"m","model":"c",)"
         R"("stop_reason":"tool_use","content":[{"type":"tool_use","id":"t1",)"
         R"("name":"roll","input":{"p":2}}]}})",
         message_stop});
  const strings want{"response m c", "tool_start 0 t1 roll []",
                     "tool_input 0 {\"p\":2}", "tool_complete 0 {\"p\":2} []",
                     "finished tool-calls tool_use"};
  BOOST_TEST(decoded(body) == want, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_repeated_message_start_is_ignored_another_is_an_error) {
  const std::string other =
    R"({"type":"message_start","message":{"id":"n","model":"c"}})";
  const strings want{"response m c", "text 0 a"};
  BOOST_TEST(
    decoded(sse({message_start, message_start, start(text_start), text("a")}))
      == want,
    boost::test_tools::per_element());
  BOOST_TEST(
    decoded(sse({message_start, other, start(text_start), text("a")})).back()
    == "failed protocol: a second message began inside the first");
}

BOOST_AUTO_TEST_CASE(an_error_event_has_its_class_and_is_the_last_word) {
  const auto error = [](const std::string& type) {
    return decoded(sse(
      {start(text_start), text("a"),
       R"({"type":"error","error":{"type":")" + type + R"(","message":"M"}})",
       text("b"), message_stop}));
  };
  const auto lines = error("overloaded_error");
  BOOST_TEST(lines.size() == 2u);
  BOOST_TEST(lines.back().starts_with("failed overloaded"));
  BOOST_TEST(error("rate_limit_error").back().starts_with("failed rate_limit"));
  BOOST_TEST(error("api_error").back().starts_with("failed server_error"));
}

BOOST_AUTO_TEST_CASE(an_error_that_names_no_type_is_one) {
  const auto lines = decoded(
    "data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"M\"}}\n\n");
  BOOST_TEST_REQUIRE(lines.size() == 1u);
  BOOST_TEST(lines[0].starts_with("failed overloaded"));
}

BOOST_AUTO_TEST_CASE(an_event_named_error_is_one_whatever_its_data_is_called) {
  const auto lines =
    decoded("event: error\ndata: {\"type\":\"overloaded_error\","
            "\"message\":\"M\"}\n\n");
  BOOST_TEST_REQUIRE(lines.size() == 1u);
  BOOST_TEST(lines[0].starts_with("failed overloaded"));
}

BOOST_AUTO_TEST_CASE(an_event_named_error_may_be_a_plain_text) {
  const strings want{"failed overloaded: overloaded"};
  BOOST_TEST(decoded("event: error\ndata: overloaded\n\n") == want,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(text_in_the_place_of_another_block_is_not_lost) {
  const auto body = sse(
    {start(R"({"type":"thinking","thinking":""})"),
     R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"t"}})",
     text("a"), text("b"), R"({"type":"content_block_stop","index":0})",
     R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"i","name":"f","input":{}}})",
     R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"c"}})",
     R"({"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"[]"}})",
     R"({"type":"content_block_stop","index":1})",
     R"({"type":"content_block_start","index":2,"content_block":{"type":"new"}})",
     R"({"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"of a kind that is not known"}})",
     R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})",
     message_stop});
  std::string shown;
  for (const auto& line : decoded(body))
    shown += line + "\n";
  BOOST_TEST_INFO(shown);
  BOOST_TEST(shown.find("reasoning 0 t\ntext 1 ab\n") != shown.npos);
  BOOST_TEST(shown.find("text 3 c\n") != shown.npos);
  BOOST_TEST(shown.find("tool_complete 2 [] []") != shown.npos);
  BOOST_TEST(shown.find("not known") == shown.npos);
}

BOOST_AUTO_TEST_CASE(an_error_keeps_the_stop_reason_before_it) {
  const auto parts = decode(
    sse({R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})",
         R"({"type":"error","error":{"type":"api_error","message":"M"}})"}));
  const auto* failed = std::get_if<penstock::part::failed>(&parts.back());
  BOOST_TEST_REQUIRE(failed);
  BOOST_TEST(failed->finish_raw.value_or("") == "end_turn");
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_event_stream_fails_at_its_end) {
  const std::pair<const char*, const char*> bodies[] = {
    {"", "failed stream_truncated: the answer has no body"},
    {"\r\n", "failed stream_truncated: the answer has no body"},
    {"<html>\n<body>502 Bad Gateway</body>",
     "failed protocol: expected an event stream, got: <html> <body>502 Bad "
     "Gateway</body>"},
    {R"({"type":"message","content":[]})",
     "failed protocol: expected an event stream, got: "
     R"({"type":"message","content":[]})"},
    {"data: {\"type\":\n\n", "failed protocol: "},
    {"event: ping\ndata: x\n\ndata: nonsense\n\n", "failed protocol: "},
  };
  for (const auto& [body, want] : bodies) {
    const auto lines = decoded(body);
    BOOST_TEST_REQUIRE(lines.size() == 1u, body);
    BOOST_TEST(lines[0].starts_with(want), lines[0]);
  }
}

BOOST_AUTO_TEST_CASE(a_bare_error_object_has_its_class) {
  const std::string bare =
    R"({"type":"error","error":{"type":"overloaded_error","message":"M"}})";
  for (const auto& before :
       {std::string{}, sse({start(text_start), text("a")})})
    BOOST_TEST(decoded(before + bare).back().starts_with("failed overloaded"));
}

BOOST_AUTO_TEST_CASE(a_body_of_comments_and_pings_is_a_cut_stream) {
  BOOST_TEST(decoded(": keep-alive\n\n").empty());
  BOOST_TEST(decoded("event: ping\ndata: {\"type\": \"ping\"}\n\n").empty());
  BOOST_TEST(decoded("eve").empty());
}

BOOST_AUTO_TEST_CASE(limits_are_named) {
  const std::string megabyte(1u << 20, 'x');
  strings call{start(tool_start)};
  for (std::size_t n = 0; n <= limits::tool_input_bytes_max; n += 1u << 20)
    call.push_back(input(megabyte));
  BOOST_TEST(decoded(sse(call)).back()
             == "failed protocol: the answer exceeds tool_input_bytes_max "
                "(8388608); have the model pass less in one call");
  strings talk{start(text_start)};
  for (std::size_t n = 0; n <= limits::stream_text_bytes_max; n += 1u << 20)
    talk.push_back(text(megabyte));
  BOOST_TEST(decoded(sse(talk)).back()
             == "failed protocol: the answer exceeds stream_text_bytes_max "
                "(67108864); ask for less at once, or lower "
                "max_output_tokens or max_steps");
  strings many;
  for (std::size_t n = 0; n <= limits::stream_parts_max; ++n)
    many.push_back(start(tool_start, static_cast<int>(n)));
  BOOST_TEST(decoded(sse(many)).back()
             == "failed protocol: the answer exceeds stream_parts_max "
                "(100000); ask for less at once, or lower "
                "max_output_tokens or max_steps");
  const auto deep = std::string(limits::json_depth_max + 1, '[');
  BOOST_TEST(
    decoded("data: " + deep + "\n\n").back().starts_with("failed protocol"));
}

// The two parsers differ in which of the members they take.
BOOST_AUTO_TEST_CASE(members_that_come_twice_do_no_harm) {
  const auto lines = decoded(
    sse({R"({"type":"message_start","message":{},"message":{"content":[{}]}})",
         R"({"type":"content_block_start","index":0,"content_block":4,)"
         R"("content_block":{"type":"text","text":"a"}})"}));
  BOOST_TEST(lines.empty());
}
