// Goal: an Anthropic stream gives the same parts however it is cut, and nothing
// that a server sends is fatal to us.
// Method: a table of (blocks, parts); every recording at every split or at
// random ones; every prefix of a stream; random damage.
#define BOOST_TEST_MODULE anthropic_decoder
#include <boost/test/unit_test.hpp>

#include "tests/support/anthropic_events.hpp"
#include "tests/support/anthropic_streams.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace penstock::test::event;
using penstock::test::anthropic_recordings;
using penstock::test::decode;
using penstock::test::lines_of;
using penstock::test::sse;

namespace {

using strings = std::vector<std::string>;

strings decoded(const std::string& body,
                const std::vector<std::size_t>& cuts = {}) {
  return lines_of(decode(body, cuts));
}

bool has(const strings& lines, std::string_view prefix) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const auto& l) { return l.starts_with(prefix); });
}

// A whole message with these blocks.
std::string answer(strings blocks, const std::string& reason = "end_turn") {
  blocks.insert(blocks.begin(), message_start);
  blocks.push_back(R"({"type":"message_delta","delta":{"stop_reason":")"
                   + reason + R"("}})");
  blocks.push_back(message_stop);
  return sse(blocks);
}

// The parts of the blocks alone.
strings parts_of(const strings& blocks) {
  auto lines = decoded(answer(blocks));
  BOOST_TEST_REQUIRE(lines.size() >= 2u);
  BOOST_TEST(lines.front() == "response m c");
  BOOST_TEST(lines.back() == "finished stop end_turn");
  return {lines.begin() + 1, lines.end() - 1};
}

struct row {
  const char* why;
  strings blocks, want;
};

// clang-format off
const row table[] = {
  {"text", {start(text_start), text("a"), text("b\\n"), stop()},
   {"text 0 ab\n", "text_end 0"}},
  {"text in the start", {start(R"({"type":"text","text":"a"})"), text("b"), stop()},
   {"text 0 ab", "text_end 0"}},
  {"an empty block is no part", {start(text_start), text(""), stop()}, {}},
  {"a block without its stop is cut", {start(text_start), text("a")}, {"text 0 a"}},
  {"a delta whose start is missing", {text("a"), stop()}, {"text 0 a", "text_end 0"}},
  {"padding", {start(text_start), text("a") + "    ", stop()}, {"text 0 a", "text_end 0"}},
  {"members in another order", {start(text_start),
    R"({"index":0,"delta":{"text":"a","type":"text_delta"},"type":"content_block_delta"})", stop()},
   {"text 0 a", "text_end 0"}},
  {"half a surrogate in each of two deltas", {start(text_start), text("\\ud83d"), text("\\ude00!"), stop()},
   {"text 0 \xF0\x9F\x98\x80!", "text_end 0"}},
  {"half a surrogate, and that was it", {start(text_start), text("a\\ud83d"), stop()},
   {"text 0 a\xEF\xBF\xBD", "text_end 0"}},
  {"half a character in each of two deltas", {start(text_start), text("\xE2\x82"), text("\xAC!"), stop()},
   {"text 0 \xE2\x82\xAC!", "text_end 0"}},
  {"no UTF-8", {start(text_start), text("a\xFF" "b"), text("\\n\xFF"), stop()},
   {"text 0 a\xEF\xBF\xBD" "b\n\xEF\xBF\xBD", "text_end 0"}},
  {"blocks alternate by index", {start(text_start, 0), start(tool_start, 1), text("a", 0),
    input("{", 1), text("b", 0), input("}", 1), stop(1), stop(0)},
   {"tool_start 0 t1 get []", "text 1 a", "tool_input 0 {", "text 1 b", "tool_input 0 }",
    "tool_complete 0 {} []", "text_end 1"}},
  {"thinking", {start(R"({"type":"thinking","thinking":"","signature":""})"),
    delta(R"({"type":"thinking_delta","thinking":"hm"})"),
    delta(R"({"type":"signature_delta","signature":"sig"})"), stop()},
   {"reasoning 0 hm", "reasoning_end 0 [sig] []"}},
  {"thinking whose text is left out", {start(R"({"type":"thinking","thinking":""})"),
    delta(R"({"type":"signature_delta","signature":"sig"})"), stop()},
   {"reasoning_end 0 [sig] []"}},
  {"thinking that was cut", {start(R"({"type":"thinking","thinking":""})"),
    delta(R"({"type":"thinking_delta","thinking":"hm"})")}, {"reasoning 0 hm"}},
  {"redacted thinking", {start(R"({"type":"redacted_thinking","data":"xyz"})"), stop()},
   {"reasoning_end 0 [] [xyz]"}},
  {"a call", {start(tool_start), input(""), input("{\\\"a\\\":"), input("1}"), stop()},
   {"tool_start 0 t1 get []", "tool_input 0 {\"a\":1}", "tool_complete 0 {\"a\":1} []"}},
  {"a call without input", {start(tool_start), input(""), stop()},
   {"tool_start 0 t1 get []", "tool_complete 0 {} []"}},
  {"a call whose input came with its start", {
    start(R"({"type":"tool_use","id":"t1","name":"get","input":{"z":1,"a":2},"caller":{"type":"direct"}})"), stop()},
   {"tool_start 0 t1 get []", "tool_input 0 {\"z\":1,\"a\":2}",
    "tool_complete 0 {\"z\":1,\"a\":2} [{\"caller\":{\"type\":\"direct\"}}]"}},
  {"and one whose input came so as a text", {start(R"({"type":"tool_use","id":"t1","name":"get","input":"{\"a\":1}"})"), stop()},
   {"tool_start 0 t1 get []", "tool_input 0 {\"a\":1}", "tool_complete 0 {\"a\":1} []"}},
  {"a call that was cut is not complete", {start(tool_start), input("{\\\"a\\\":")},
   {"tool_start 0 t1 get []", "tool_input 0 {\"a\":"}},
  {"a call without its stop is complete if it is whole", {start(tool_start), input("{\\\"a\\\":1}"), start(text_start, 1), text("a", 1), stop(1)},
   {"tool_start 0 t1 get []", R"(tool_input 0 {"a":1})", "text 1 a", "text_end 1", R"(tool_complete 0 {"a":1} [])"}},
  {"a call whose index begins anew is cut", {start(tool_start), input("{"), start(text_start), text("a"), stop()},
   {"tool_start 0 t1 get []", "tool_input 0 {", "text 1 a", "text_end 1"}},
  {"a call that the provider ran", {start(server_start), input("{}"), stop(),
    start(R"({"type":"web_search_tool_result","tool_use_id":"s1","content":[]})", 1), stop(1)},
   {"tool_start 0 s1 web_search [server_tool_use] provider", "tool_input 0 {}", "tool_complete 0 {} []",
    R"(tool_result 0 s1 web_search {"type":"web_search_tool_result","tool_use_id":"s1","content":[]})"}},
  {"a result that was cut is none", {
    start(R"({"type":"web_search_tool_result","tool_use_id":"s1","content":[]})")}, {}},
  {"a result whose call was not seen", {
    start(R"({"type":"x_tool_result","tool_use_id":"s9","content":{"type":"x_tool_result_error"}})"), stop()},
   {R"(tool_result 0 s9 x error {"type":"x_tool_result","tool_use_id":"s9","content":{"type":"x_tool_result_error"}})"}},
  {"MCP", {start(R"({"type":"mcp_tool_use","id":"c1","name":"echo","input":{},"server_name":"srv"})"), stop(),
    start(R"({"type":"mcp_tool_result","tool_use_id":"c1","is_error":true,"content":[]})", 1), stop(1)},
   {"tool_start 0 c1 echo [mcp_tool_use] provider", "tool_complete 0 {} [{\"server_name\":\"srv\"}]",
    R"(tool_result 0 c1 echo error {"type":"mcp_tool_result","tool_use_id":"c1","is_error":true,"content":[]})"}},
  {"citations", {start(text_start), text("a"),
    delta(R"({"type":"citations_delta","citation":{"type":"web_search_result_location","url":"u","title":"t"}})"),
    delta(R"({"type":"citations_delta","citation":{"type":"page_location","document_title":"d","file_id":"f"}})"), stop()},
   {"text 0 a", "source 1 [u] [t] []", "source 2 [] [d] [f]",
    R"(text_end 0 [{"title":"t","type":"web_search_result_location","url":"u"},{"document_title":"d","file_id":"f","type":"page_location"}])"}},
  {"citations are of their own block, and before its text", {start(R"({"type":"text","text":"","citations":[]})"),
    start(R"({"type":"text","text":"","citations":[]})", 1),
    delta(R"({"type":"citations_delta","citation":{"url":"u"}})", 1), text("b", 1), text("a"), stop(), stop(1)},
   {"source 0 [u] [] []", "text 1 b", "text 2 a", "text_end 2", R"(text_end 1 [{"url":"u"}])"}},
  {"a citation of a block that never began", {delta(R"({"type":"citations_delta","citation":{"url":"u"}})"), text("a"), stop()},
   {"source 0 [u] [] []", "text 1 a", "text_end 1"}},
  {"a file in the container", {start(R"({"type":"container_upload","file_id":"f1"})"), stop()},
   {"source 0 [] [] [f1]"}},
  {"compaction is not text", {start(R"({"type":"compaction","content":null})"),
    delta(R"({"type":"compaction_delta","content":"sum","encrypted_content":"e"})"), stop()},
   {"compaction 0 sum", R"(tool_result 1 m_1 compaction {"type":"compaction","content":"sum","encrypted_content":"e"})"}},
  {"a compaction in pieces", {start(R"({"type":"compaction","content":null,"encrypted_content":null})"),
    delta(R"({"type":"compaction_delta","content":"su"})"), delta(R"({"type":"compaction_delta","content":"m","encrypted_content":null})"), stop()},
   {"compaction 0 su", "compaction 0 m", R"(tool_result 1 m_1 compaction {"type":"compaction","content":"sum","encrypted_content":null})"}},
  {"a compaction that failed", {start(R"({"type":"compaction"})"), delta(R"({"type":"compaction_delta","content":null})"), stop()},
   {R"(tool_result 0 m_0 compaction {"type":"compaction","content":null})"}},
  {"a compaction that was cut is none", {start(R"({"type":"compaction","content":null})"), delta(R"({"type":"compaction_delta","content":"su"})")},
   {"compaction 0 su"}},
  {"a fallback", {start(R"({"type":"fallback","to":{"model":"b"},"from":{"model":"a"},"trigger":{"type":"refusal"}})"), stop()},
   {R"(tool_result 0 m_0 fallback {"type":"fallback","to":{"model":"b"},"from":{"model":"a"},"trigger":{"type":"refusal"}})"}},
  {"an unknown block is kept if it came whole", {start(R"({"type":"poem","lines":["a"]})"), stop(), start(R"({"type":"poem"})", 1), text("b", 1), stop(1)},
   {R"(tool_result 0 m_0 poem {"type":"poem","lines":["a"]})"}},
  {"unknown blocks, deltas and events", {
    start(R"({"type":"hologram"})", 1), delta(R"({"type":"light_delta","light":1})", 1), stop(1),
    start(text_start, 2), delta(R"({"type":"blink_delta"})", 2), text("a", 2), stop(2),
    R"({"type":"weather","now":"rain"})", R"({"type":"ping"})", R"([1])", R"("x")"},
   {"text 0 a", "text_end 0"}},
  {"a delta of another kind than its block", {start(text_start), input("{}"),
    delta(R"({"type":"thinking_delta","thinking":"hm"})"), stop()}, {}},
  {"wrong types everywhere", {R"({"type":"content_block_start","index":"x","content_block":7})",
    R"({"type":"content_block_start","index":3})", start(R"({"type":5})", 4), delta("null", 4),
    delta(R"({"type":"text_delta","text":9})", 5), R"({"type":"content_block_stop"})",
    R"({"type":"message_delta","delta":3,"usage":[]})", R"({"type":"content_block_delta"})"}, {}},
};
// clang-format on

std::string damaged(std::string body, std::mt19937& random) {
  for (int n = 0; n < 3 && !body.empty(); ++n) {
    const auto at = random() % body.size();
    switch (random() % 3) {
    case 0:
      body[at] = static_cast<char>(random());
      break;
    case 1:
      body.erase(at, random() % 40);
      break;
    default:
      body.insert(at, body.substr(random() % body.size(), random() % 40));
    }
  }
  return body;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_block_gives_its_parts) {
  for (const auto& [why, blocks, want] : table) {
    BOOST_TEST_INFO_SCOPE(why);
    BOOST_TEST(parts_of(blocks) == want, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(each_block_gives_them_at_any_split) {
  for (const auto& r : table) {
    const auto body = answer(r.blocks);
    const auto whole = decoded(body);
    for (std::size_t cut = 1; cut < body.size(); ++cut)
      BOOST_TEST_REQUIRE((decoded(body, {cut}) == whole),
                         r.why << ", cut at " << cut);
  }
}

// An escape, another spacing or another order sends a delta the general way.
BOOST_AUTO_TEST_CASE(the_hot_path_and_the_general_way_agree) {
  std::mt19937 random{11};
  const std::string pieces[] = {"a",        "\xC3\xA9", "\xF0\x9F\x98\x80",
                                "\xE2\x82", "\xAC",     "\xFF",
                                "}",        "}}",       ","};
  for (int n = 0; n < 500; ++n) {
    strings fast{start(text_start)}, general{start(text_start)};
    for (auto deltas = 1 + random() % 4; deltas > 0; --deltas) {
      std::string inside;
      for (auto size = random() % 5; size > 0; --size)
        inside += pieces[random() % std::size(pieces)];
      fast.push_back(text(inside));
      general.push_back(
        R"({"index": 0,"type":"content_block_delta","delta":{"text":")" + inside
        + R"(","type":"text_delta"}})");
    }
    BOOST_TEST_REQUIRE((parts_of(fast) == parts_of(general)));
  }
}

BOOST_AUTO_TEST_CASE(recordings_give_the_same_parts_at_any_split) {
  std::mt19937 random{20240601};
  for (const auto& r : anthropic_recordings()) {
    const auto whole = decoded(r.body);
    BOOST_TEST(has(whole, "finished"), r.name);
    BOOST_TEST(!has(whole, "failed"), r.name);
    const auto check = [&](const std::vector<std::size_t>& cuts) {
      BOOST_TEST_REQUIRE((decoded(r.body, cuts) == whole),
                         r.name << ", first cut at " << cuts.front());
    };
    if (r.body.size() < 4096)
      for (std::size_t cut = 1; cut < r.body.size(); ++cut)
        check({cut});
    for (int n = 0; n < 5; ++n) {
      std::vector<std::size_t> cuts;
      for (std::size_t at = 0; (at += 1 + random() % 700) < r.body.size();)
        cuts.push_back(at);
      check(cuts);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_cut_is_neither_finished_nor_failed) {
  for (const auto& r : anthropic_recordings()) {
    if (r.body.size() >= 4096)
      continue;
    const auto whole = decoded(r.body);
    const auto last_event = r.body.find("\nevent: message_stop");
    for (std::size_t size = 1; size < r.body.size(); ++size) {
      const auto lines = decoded(r.body.substr(0, size));
      BOOST_TEST_INFO_SCOPE(r.name << ", the first " << size << " bytes");
      if (has(lines, "finished"))
        BOOST_TEST_REQUIRE((lines == whole && size + 3 > last_event));
      else
        BOOST_TEST_REQUIRE(lines.size() < whole.size());
      // Half a word could be anything, but no body at all it is not.
      BOOST_TEST_REQUIRE(!has(lines, "failed"));
    }
  }
}

BOOST_AUTO_TEST_CASE(damage_does_no_harm) {
  std::mt19937 random{7};
  auto all = anthropic_recordings();
  std::erase_if(all, [](const auto& r) { return r.body.size() > 20'000; });
  for (int n = 0; n < 2'000; ++n) {
    const auto body = damaged(all[random() % all.size()].body, random);
    const auto lines = decoded(body, {body.size() / 2});
    // Whatever happened, a failure is the last word.
    const auto failed =
      std::find_if(lines.begin(), lines.end(),
                   [](const auto& l) { return l.starts_with("failed"); });
    BOOST_TEST_REQUIRE((failed == lines.end() || failed + 1 == lines.end()));
  }
}

BOOST_AUTO_TEST_CASE(stop_reasons_have_their_unified_name) {
  const std::pair<const char*, const char*> reasons[] = {
    {"end_turn", "stop"},
    {"stop_sequence", "stop"},
    {"pause_turn", "stop"},
    {"max_tokens", "length"},
    {"model_context_window_exceeded", "length"},
    {"tool_use", "tool-calls"},
    {"refusal", "content-filter"},
    {"compaction", "other"},
    {"new_in_2030", "other"},
    {"stop", "stop"}, // Untranslated.
    {"length", "length"},
    {"tool_calls", "tool-calls"},
    {"content_filter", "content-filter"},
  };
  for (const auto& [raw, unified] : reasons)
    BOOST_TEST(decoded(answer({}, raw)).back()
               == std::string{"finished "} + unified + " " + raw);
}

BOOST_AUTO_TEST_CASE(the_container_is_kept_where_the_turn_goes_on) {
  for (const auto& [reason, kept] : {std::pair{"tool_use", true},
                                     {"pause_turn", true},
                                     {"end_turn", false}}) {
    const auto lines = decoded(
      sse({message_start,
           std::string{R"({"type":"message_delta","delta":{"stop_reason":")"}
             + reason + R"(","container":{"id":"box","expires_at":"2026"}}})",
           R"({"type":"message_stop"})"}));
    BOOST_TEST(has(lines, "finished"));
    BOOST_TEST(
      has(lines,
          R"(tool_result 0 m_0 container {"type":"container","id":"box"})")
      == kept);
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_says_why) {
  const auto refused = [](const std::string& details) {
    return decoded(sse({message_start,
                        R"({"type":"message_delta","delta":{"stop_reason":)"
                        R"("refusal","stop_details":)"
                          + details + "}}",
                        R"({"type":"message_stop"})"}))
      .back();
  };
  const std::string plain = "finished content-filter refusal";
  BOOST_TEST(refused(R"({"type":"refusal","category":"cyber","explanation":)"
                     R"("It could\nharm.","recommended_model":"claude-b"})")
             == plain
                  + ": cyber: It could harm. (recommended instead: claude-b)");
  BOOST_TEST(refused(R"({"category":"bio","explanation":null})")
             == plain + ": bio");
  for (const char* nothing :
       {"null", "{}", R"({"category":null,"explanation":7})", R"("x")"})
    BOOST_TEST(refused(nothing) == plain);
}

BOOST_AUTO_TEST_CASE(the_stop_reason_ends_the_answer_even_if_its_stop_is_lost) {
  const std::string reason =
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})";
  BOOST_TEST(
    decoded(sse({message_start, start(text_start), text("a"), stop(), reason}))
      .back()
    == "finished stop end_turn");
  BOOST_TEST(
    !has(decoded(sse({message_start, start(tool_start), input("{"), reason})),
         "finished")); // a block is still open
}

BOOST_AUTO_TEST_CASE(nothing_counts_after_the_end) {
  auto body = answer({start(text_start), text("a"), stop()});
  const auto want = decoded(body);
  body += sse({start(text_start, 7), text("b", 7)}) + "data: not json\n\n";
  BOOST_TEST(decoded(body) == want, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_last_event_may_lack_its_blank_line) {
  auto body = answer({start(text_start), text("a"), stop()});
  const auto want = decoded(body);
  body.resize(body.size() - 1);
  BOOST_TEST(decoded(body) == want, boost::test_tools::per_element());
  body.resize(body.size() - 1);
  BOOST_TEST(decoded(body) == want, boost::test_tools::per_element());
}
