// Goal: whatever a history is like, the API gets turns that it takes: they
// alternate, calls have results, reasoning is signed by who gets it.
// Method: histories, good and broken, against the turns they become.
#define BOOST_TEST_MODULE anthropic_messages
#include <boost/test/unit_test.hpp>

#include "providers/anthropic_codec.hpp"
#include "tests/support/anthropic_requests.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace penstock;
using namespace penstock::test;

BOOST_AUTO_TEST_CASE(turns_alternate) {
  const auto turns = encoded_turns(
    {user("a"), user("b"), user(" "), assistant({text_content{"c"}}),
     assistant({text_content{""}}), assistant({text_content{"d"}}), user("e")});
  BOOST_TEST(turns
             == json::array({turn("user", {text("a"), text("b")}),
                             turn("assistant", {text("c"), text("d")}),
                             turn("user", {text("e")})}));
}

BOOST_AUTO_TEST_CASE(an_empty_assistant_disappears_and_its_neighbours_merge) {
  const auto turns = encoded_turns(
    {user("a"), assistant({reasoning_content{"cut", "", "", ""}}), user("b")});
  BOOST_TEST(turns == json::array({turn("user", {text("a"), text("b")})}));
}

BOOST_AUTO_TEST_CASE(a_user_begins) {
  const auto turns = encoded_turns({assistant({text_content{"a"}}), user("b")});
  BOOST_TEST(turns.size() == 3u);
  BOOST_TEST(turns[0]["role"] == "user");
}

BOOST_AUTO_TEST_CASE(no_message_is_an_error) {
  BOOST_TEST(encode(prompt{}).error == "messages must not be empty");
  BOOST_TEST(encode(with([](auto& p) { p.messages = {user("\n")}; })).error
             == "messages must not be empty");
}

BOOST_AUTO_TEST_CASE(results_come_first_in_the_turn_after_their_calls) {
  const auto turns = encoded_turns(
    {user("a"),
     assistant({thought(), call("t1", R"({"z":1,"a":2})"), call("t2")}),
     user("meanwhile"), result("t2", R"({"x":1})"),
     result("t1", R"("plain")", true)});
  BOOST_TEST(turns[1]["content"]
             == json::parse(
               R"([{"type":"thinking","thinking":"hm","signature":"sig"},
          {"type":"tool_use","id":"t1","name":"get","input":{"z":1,"a":2}},
          {"type":"tool_use","id":"t2","name":"get","input":{}}])"));
  BOOST_TEST(
    turns[2]["content"]
    == json::parse(
      R"([{"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"{\"x\":1}"}]},
          {"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"plain"}],"is_error":true},
          {"type":"text","text":"meanwhile"}])"));
}

BOOST_AUTO_TEST_CASE(a_call_without_a_result_gets_an_error_as_one) {
  for (const auto& tail :
       {std::vector<message>{}, std::vector<message>{user("next")},
        std::vector<message>{assistant({text_content{"next"}}), user("b")}}) {
    std::vector<message> messages{user("a"), assistant({call("t1")})};
    messages.insert(messages.end(), tail.begin(), tail.end());
    const auto turns = encoded_turns(messages);
    const auto& answer = turns[2]["content"][0];
    BOOST_TEST(answer["type"] == "tool_result");
    BOOST_TEST(answer["tool_use_id"] == "t1");
    BOOST_TEST(answer["is_error"] == true);
  }
}

BOOST_AUTO_TEST_CASE(a_result_without_a_call_becomes_text) {
  const auto turns = encoded_turns({result("t9", "42"), user("a")});
  BOOST_TEST(turns
             == json::array({turn("user", {text("Result of the tool get:"),
                                           text("42"), text("a")})}));
}

BOOST_AUTO_TEST_CASE(ids_are_unique_and_in_the_alphabet_of_the_api) {
  const auto turns = encoded_turns(
    {user("a"), assistant({call("call:0")}, "openai-chat/x"),
     result("call:0", "1"), assistant({call("call:0")}, "openai-chat/x"),
     result("call:0", "2"), assistant({call("")}, "ollama/x"),
     result("", "3")});
  BOOST_TEST(turns[1]["content"][0]["id"] == "call_0");
  BOOST_TEST(turns[2]["content"][0]["tool_use_id"] == "call_0");
  BOOST_TEST(turns[3]["content"][0]["id"] == "call_0_2");
  BOOST_TEST(turns[4]["content"][0]["tool_use_id"] == "call_0_2");
  BOOST_TEST(turns[4]["content"][0]["content"] == json::array({text("2")}));
  BOOST_TEST(turns[5]["content"][0]["id"] == "call");
  BOOST_TEST(turns[6]["content"][0]["tool_use_id"] == "call");
}

BOOST_AUTO_TEST_CASE(an_input_that_is_no_object_is_wrapped) {
  const auto input = [](std::string text) {
    return encoded_turns({user("a"), assistant({call("t", std::move(text))}),
                          result("t", "1")})[1]["content"][0]["input"];
  };
  BOOST_TEST(input("[1]") == json({{"value", {1}}}));
  BOOST_TEST(input("{\"a\":") == json({{"invalid_json", "{\"a\":"}}));
}

BOOST_AUTO_TEST_CASE(reasoning_goes_back_to_its_maker_only) {
  const auto first_of = [](content part, std::string made_by) {
    return encoded_turns(
      {user("a"),
       assistant({std::move(part), text_content{"b"}}, std::move(made_by)),
       user("c")})[1]["content"][0]["type"];
  };
  const std::string own = "anthropic-messages/claude-sonnet-4-5";
  BOOST_TEST(first_of(thought(), own) == "thinking");
  BOOST_TEST(first_of(thought(), "anthropic-messages/claude-opus-4-5")
             == "text");
  BOOST_TEST(first_of(thought(), "") == "text");
  BOOST_TEST(first_of(reasoning_content{"hm", "", "", ""}, own) == "text");
  BOOST_TEST(first_of(reasoning_content{"", "", "data", ""}, own)
             == "redacted_thinking");
}

BOOST_AUTO_TEST_CASE(citations_go_back_with_their_text) {
  const auto first_of = [](std::string citations, std::string made_by) {
    return encoded_turns(
      {user("a"),
       assistant({text_content{"b", {}, {}, std::move(citations)}},
                 std::move(made_by)),
       user("c")})[1]["content"][0];
  };
  const std::string own = "anthropic-messages/claude-sonnet-4-5";
  const auto cited = first_of(
    R"([{"type":"web_search_result_location","encrypted_index":"e","title":null},
        {"type":"page_location","document_index":0,"file_id":null}])",
    own);
  BOOST_TEST(
    cited["citations"]
    == json::parse(
      R"([{"type":"web_search_result_location","encrypted_index":"e","title":null},
          {"type":"page_location","document_index":0}])"));
  BOOST_TEST(cited["text"] == "b");
  for (const auto* broken : {"", "[]", "{}", "[{", "[1]"})
    BOOST_TEST(first_of(broken, own) == text("b"));
  BOOST_TEST(first_of(R"([{"url":"u"}])", "google-gemini/m") == text("b"));
}

BOOST_AUTO_TEST_CASE(reasoning_never_ends_a_turn) {
  const auto turns = encoded_turns(
    {user("a"), assistant({text_content{"b"}, thought()}), user("c")});
  BOOST_TEST(turns[1]["content"] == json::array({text("b")}));
}

BOOST_AUTO_TEST_CASE(calls_of_another_api_come_after_its_text) {
  const auto order = [](std::string made_by) {
    const auto turns =
      encoded_turns({user("a"),
                     assistant({thought(), call("t1"), text_content{"b"},
                                thought(), text_content{"c"}, call("t2")},
                               std::move(made_by)),
                     result("t1", "1"), result("t2", "2")});
    std::string types;
    for (const auto& block : turns[1]["content"])
      types += block["type"].get<std::string>() + " ";
    return types;
  };
  BOOST_TEST(order("openai-chat/x") == "text text tool_use tool_use ");
  BOOST_TEST(order("anthropic-messages/claude-sonnet-4-5")
             == "thinking tool_use text thinking text tool_use ");
}

BOOST_AUTO_TEST_CASE(calls_that_the_api_ran_go_back_as_they_came) {
  const tool_call_content search{"s1",
                                 "web_search",
                                 R"({"query":"q"})",
                                 "server_tool_use",
                                 "",
                                 R"({"caller":{"type":"direct"}})",
                                 true};
  const std::string block =
    R"({"type":"web_search_tool_result","tool_use_id":"s1","content":[]})";
  const tool_result_content found{"s1", "web_search", block, false, true, {}};
  const std::vector<content> parts{search, found, text_content{"b"}};
  auto turns = encoded_turns({user("a"), assistant(parts), user("c")});
  BOOST_TEST(turns[1]["content"]
             == json::array({json::parse(R"({"type":"server_tool_use","id":"s1",
         "name":"web_search","input":{"query":"q"},
         "caller":{"type":"direct"}})"),
                             json::parse(block), text("b")}));
  // Not as a call of ours, and not half of it.
  for (const auto& made : {assistant(parts, "openai-responses/x"),
                           assistant({search, text_content{"b"}}),
                           assistant({found, text_content{"b"}})}) {
    turns = encoded_turns({user("a"), made, user("c")});
    BOOST_TEST(turns[1]["content"] == json::array({text("b")}));
  }
}

BOOST_AUTO_TEST_CASE(blocks_of_no_tool_go_back_as_they_came) {
  const std::string summary =
    R"({"type":"compaction","content":"sum","encrypted_content":"e"})";
  const std::string hop =
    R"({"type":"fallback","from":{"model":"a"},"to":{"model":"b"}})";
  const auto kept = [](const std::string& id, const std::string& type,
                       const std::string& block) {
    return std::vector<content>{
      tool_call_content{id, type, "null", "", "", "", true},
      tool_result_content{id, type, block, false, true, {}}};
  };
  auto parts = kept("m_0", "compaction", summary);
  for (auto& part : kept("m_1", "fallback", hop))
    parts.push_back(std::move(part));
  parts.push_back(text_content{"b"});
  for (const bool last : {false, true}) {
    std::vector<message> all{user("a"), assistant(parts)};
    if (!last)
      all.push_back(user("c"));
    const auto content = encoded_turns(all)[1]["content"];
    BOOST_TEST(
      content
      == json::array({json::parse(summary), json::parse(hop), text("b")}));
  }
  BOOST_TEST(encoded_turns({user("a"), assistant(parts, "openai-responses/x"),
                            user("c")})[1]["content"]
             == json::array({text("b")}));
  // The turn was paused; and a hop alone says nothing.
  BOOST_TEST(
    encoded_turns({user("a"), assistant(kept("m_0", "compaction", summary))})
      .size()
    == 2u);
  BOOST_TEST(encoded_turns(
               {user("a"), assistant(kept("m_1", "fallback", hop)), user("c")})
               .size()
             == 1u);
  prompt p;
  p.messages = {user("a"), assistant(parts), user("c")};
  p.cache = cache_ttl::five_minutes;
  BOOST_TEST(encode(p).header("anthropic-beta")
             == "compact-2026-01-12,server-side-fallback-2026-06-01");
}

BOOST_AUTO_TEST_CASE(code_that_waits_finds_its_container_again) {
  const auto paused =
    assistant({call("t1"),
               tool_call_content{"m_1", "container", "null", "", "", "", true},
               tool_result_content{"m_1",
                                   "container",
                                   R"({"type":"container","id":"box"})",
                                   false,
                                   true,
                                   {}}});
  prompt p;
  p.messages = {user("a"), paused, result("t1", "1")};
  auto e = encode(p);
  BOOST_TEST(e.body["container"] == "box");
  BOOST_TEST(e.body["messages"][1]["content"].size() == 1u);
  p.provider_options_json = R"({"container":{"skills":[]}})";
  BOOST_TEST(encode(p).body["container"]
             == json({{"id", "box"}, {"skills", json::array()}}));
  p.provider_options_json = R"({"container":"mine"})";
  BOOST_TEST(encode(p).body["container"] == "mine");
  p.provider_options_json.clear();
  p.messages.push_back(assistant({text_content{"b"}}));
  p.messages.push_back(user("c"));
  BOOST_TEST(!encode(p).body.contains("container"));
}

BOOST_AUTO_TEST_CASE(what_the_api_runs_may_wait_for_our_results) {
  const tool_call_content run{
    "s1", "code_execution", "{}", "server_tool_use", "", "", true};
  const tool_result_content ran{
    "s1",
    "code_execution",
    R"({"type":"code_execution_tool_result","tool_use_id":"s1","content":[]})",
    false,
    true,
    {}};
  std::vector<message> messages{user("a"), assistant({run, call("t1")}),
                                result("t1", "1")};
  auto turns = encoded_turns(messages);
  BOOST_TEST(turns[1]["content"][0]["type"] == "server_tool_use");
  messages.push_back(assistant({ran, text_content{"b"}}));
  messages.push_back(user("c"));
  turns = encoded_turns(messages);
  BOOST_TEST(turns[1]["content"][0]["type"] == "server_tool_use");
  BOOST_TEST(turns[3]["content"][0]["tool_use_id"] == "s1");
}

BOOST_AUTO_TEST_CASE(a_paused_turn_goes_back_as_it_is) {
  const tool_call_content search{"s1", "web_search", "{}", "server_tool_use",
                                 "",   "",           true};
  for (const auto* model : {"claude-sonnet-4-5", "claude-opus-5-5"}) {
    const auto turns = encoded_turns(
      {user("a"), assistant({text_content{"b "}, search})}, model);
    BOOST_TEST(turns.size() == 2u);
    BOOST_TEST(turns[1]["content"][1]["type"] == "server_tool_use");
  }
}

BOOST_AUTO_TEST_CASE(files_become_images_and_documents) {
  const auto block = [](file_content file) {
    return encode(with([&](auto& p) { p.messages[0].parts = {file}; }))
      .body["messages"][0]["content"][0];
  };
  BOOST_TEST(block({"image/jpg", "abc", "", ""})
             == json::parse(R"({"type":"image","source":{"type":"base64",
                  "media_type":"image/jpeg","data":"YWJj"}})"));
  BOOST_TEST(block({"image/png", "", "https://x/y.png", ""})
             == json::parse(R"({"type":"image","source":{"type":"url",
                  "url":"https://x/y.png"}})"));
  BOOST_TEST(block({"application/pdf", "abc", "", "b.pdf"})
             == json::parse(R"({"type":"document","source":{"type":"base64",
                  "media_type":"application/pdf","data":"YWJj"},
                  "title":"b.pdf"})"));
  BOOST_TEST(block({"application/pdf", "", "https://x/y.pdf", ""})
             == json::parse(R"({"type":"document","source":{"type":"url",
                  "url":"https://x/y.pdf"}})"));
  BOOST_TEST(block({"text/markdown; charset=utf-8", "# a", "", ""})
             == json::parse(R"({"type":"document","source":{"type":"text",
                  "media_type":"text/plain","data":"# a"}})"));
}

BOOST_AUTO_TEST_CASE(a_file_that_the_api_cannot_take_is_named) {
  for (const file_content& file :
       {file_content{"audio/wav", "x", "", ""},
        file_content{"image/bmp", "x", "", ""},
        file_content{"text/plain", "", "https://x", ""}}) {
    const auto e =
      encode(with([&](auto& p) { p.messages[0].parts.push_back(file); }));
    BOOST_TEST(e.error.starts_with("messages[0]: a file of type"), e.error);
  }
  // In a tool's result it is no reason to fail.
  const auto turns =
    encoded_turns({user("a"),
                   assistant({call("t")}),
                   {role::tool,
                    {tool_result_content{"t",
                                         "get",
                                         "null",
                                         false,
                                         false,
                                         {{"audio/wav", "x", "", ""},
                                          {"image/png", "x", "", ""}}}},
                    ""}});
  const auto& shown = turns[2]["content"][0]["content"];
  BOOST_TEST(shown.size() == 3u);
  BOOST_TEST(shown[2]["type"] == "image");
}

BOOST_AUTO_TEST_CASE(a_cut_answer_is_continued_as_has_prefill_says) {
  for (const char* model :
       {"claude-3-opus-20240229", "claude-sonnet-4-5", "claude-sonnet-4-6",
        "claude-opus-5-5", "claude-from-the-future", "other"})
    for (const auto level : {thinking_level::off, thinking_level::high}) {
      const auto e = encode(with([&](auto& p) {
                              p.thinking = level;
                              p.ending = continuation::partial;
                              p.messages.push_back(assistant(
                                {thought(), text_content{"Once upon \n"}}));
                            }),
                            model);
      const auto& last = e.body["messages"].back();
      const bool prefill = last["role"] == "assistant";
      BOOST_TEST_INFO_SCOPE(model);
      BOOST_TEST(prefill
                 == anthropic_codec().has_prefill(anthropic_endpoint(), model));
      if (prefill) {
        BOOST_TEST(last["content"] == json::array({text("Once upon")}));
        BOOST_TEST(!e.body.contains("thinking"));
      } else {
        BOOST_TEST(e.body["messages"][1]["content"].back()
                   == text("Once upon \n"));
        BOOST_TEST(last["content"].size() == 1u);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_cut_answer_without_text_begins_anew) {
  const auto turns = encoded_turns(
    {user("a"), assistant({reasoning_content{"cut", "", "", ""}})});
  BOOST_TEST(turns == json::array({turn("user", {text("a")})}));
}

BOOST_AUTO_TEST_CASE(text_that_is_no_utf8_is_sent_clean) {
  const auto turns = encoded_turns({user("a\xFF"
                                         "b")});
  BOOST_TEST(turns[0]["content"][0]["text"]
             == "a\xEF\xBF\xBD"
                "b");
}
