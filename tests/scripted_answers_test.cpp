// Goal: what a turn says is on the wire of each API, in its events, whole.
// Method: the events are parsed here, by hand, apart from the decoders.
#define BOOST_TEST_MODULE scripted_answers
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct event {
  std::string type, data;
};

/// One event a piece, as the wire has it.
std::vector<event> events_of(const http_answer& answer) {
  std::vector<event> events;
  for (const auto& piece : answer.body) {
    std::string_view text = piece.bytes;
    BOOST_REQUIRE(text.ends_with("\n\n"));
    text.remove_suffix(2);
    event e;
    if (text.starts_with("event: ")) {
      const auto end = text.find('\n');
      e.type = text.substr(7, end - 7);
      text.remove_prefix(end + 1);
    }
    BOOST_REQUIRE(text.starts_with("data: "));
    BOOST_REQUIRE(text.find('\n') == text.npos);
    e.data = text.substr(6);
    events.push_back(e);
  }
  return events;
}

scripted_turn everything() {
  token_usage tokens;
  tokens.input_total = 100;
  tokens.cache_read = 30;
  tokens.cache_write = 20;
  tokens.output_total = 40;
  tokens.reasoning = 10;
  return scripted_turn{}
    .reasoning("let me see", "sig")
    .text("Hello, dear world")
    .tool_call("call_1", "look", R"({"at":"the \"sky\""})")
    .tool_call("call_2", "run", "{}")
    .usage(tokens);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_turn_is_whole_on_openai_chat) {
  std::string text, reasoning, finish;
  std::vector<std::string> inputs, names;
  json usage;
  auto events = events_of(openai_chat_answer(everything()));
  BOOST_TEST(events.back().data == "[DONE]");
  events.pop_back();
  for (const auto& e : events) {
    const auto chunk = json::parse(e.data);
    if (chunk.contains("usage"))
      usage = chunk["usage"];
    for (const auto& choice : chunk["choices"]) {
      const auto& delta = choice["delta"];
      text += delta.value("content", "");
      reasoning += delta.value("reasoning_content", "");
      if (choice["finish_reason"].is_string())
        finish = choice["finish_reason"];
      for (const auto& call : delta.value("tool_calls", json::array())) {
        const auto index = call["index"].get<std::size_t>();
        inputs.resize(std::max(inputs.size(), index + 1));
        inputs[index] += call["function"].value("arguments", "");
        if (call.contains("id"))
          names.push_back(call["id"].get<std::string>() + " "
                          + call["function"]["name"].get<std::string>());
      }
    }
  }
  BOOST_TEST(text == "Hello, dear world");
  BOOST_TEST(reasoning == "let me see");
  BOOST_TEST(finish == "tool_calls");
  BOOST_TEST(names == (std::vector<std::string>{"call_1 look", "call_2 run"}),
             boost::test_tools::per_element());
  BOOST_TEST(inputs
               == (std::vector<std::string>{R"({"at":"the \"sky\""})", "{}"}),
             boost::test_tools::per_element());
  BOOST_TEST(usage["prompt_tokens"] == 100);
  BOOST_TEST(usage["prompt_tokens_details"]["cached_tokens"] == 30);
  BOOST_TEST(usage["completion_tokens"] == 40);
  BOOST_TEST(usage["completion_tokens_details"]["reasoning_tokens"] == 10);
}

BOOST_AUTO_TEST_CASE(a_turn_is_whole_on_anthropic) {
  std::vector<std::string> blocks;
  std::string stop;
  json usage;
  const auto events = events_of(anthropic_answer(everything()));
  BOOST_TEST(events.front().type == "message_start");
  BOOST_TEST(events.back().type == "message_stop");
  for (const auto& e : events) {
    const auto data = json::parse(e.data);
    BOOST_TEST(data["type"] == e.type);
    if (e.type == "content_block_start") {
      BOOST_TEST(data["index"] == blocks.size());
      const auto& block = data["content_block"];
      blocks.push_back(block["type"].get<std::string>() + ":"
                       + block.value("name", "") + ":");
    } else if (e.type == "content_block_delta") {
      BOOST_TEST(data["index"] == blocks.size() - 1);
      for (const auto* member :
           {"text", "thinking", "partial_json", "signature"})
        blocks.back() += data["delta"].value(member, "");
    } else if (e.type == "message_delta") {
      stop = data["delta"]["stop_reason"];
      usage = data["usage"];
    }
  }
  BOOST_TEST(blocks
               == (std::vector<std::string>{
                 "thinking::let me seesig", "text::Hello, dear world",
                 R"(tool_use:look:{"at":"the \"sky\""})", "tool_use:run:{}"}),
             boost::test_tools::per_element());
  BOOST_TEST(stop == "tool_use");
  BOOST_TEST(usage["input_tokens"] == 50); // Caches are apart here.
  BOOST_TEST(usage["cache_read_input_tokens"] == 30);
  BOOST_TEST(usage["cache_creation_input_tokens"] == 20);
  BOOST_TEST(usage["output_tokens"] == 40);
}

BOOST_AUTO_TEST_CASE(each_word_is_an_event_and_keeps_the_pace) {
  const auto answer = openai_chat_answer(
    scripted_turn{}.text("one two  three"),
    {.connect = 1ms, .head = 2ms, .first = 3ms, .between = 4ms});
  BOOST_TEST((answer.connect_delay == 1ms));
  BOOST_TEST((answer.head_delay == 2ms));
  BOOST_REQUIRE(answer.body.size() == 6u); // role, 3 words, finish, [DONE]
  BOOST_TEST((answer.body[0].delay == 3ms));
  for (std::size_t i = 1; i < answer.body.size(); ++i)
    BOOST_TEST((answer.body[i].delay == 4ms));
  BOOST_TEST((answer.body[3].bytes.find("\"  three\"") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(a_turn_ends_by_itself_as_its_deltas_say) {
  BOOST_TEST((scripted_turn{}.text("a").reason() == finish_reason::stop));
  BOOST_TEST((scripted_turn{}.text("a").tool_call("i", "n", "{}").reason()
              == finish_reason::tool_calls));
  BOOST_TEST((scripted_turn{}.tool_call("i", "n", "{}").refusal("no").reason()
              == finish_reason::content_filter));
  BOOST_TEST((scripted_turn{}.finish(finish_reason::length).reason()
              == finish_reason::length));
}

BOOST_AUTO_TEST_CASE(refusals_errors_and_cuts_are_on_the_wire) {
  const auto has = [](const http_answer& answer, std::string_view text) {
    for (const auto& piece : answer.body)
      if (piece.bytes.find(text) != std::string::npos)
        return true;
    return false;
  };
  const auto refused = scripted_turn{}.refusal("I will not");
  BOOST_TEST(has(openai_chat_answer(refused), "\"refusal\":\" will\""));
  BOOST_TEST(has(openai_chat_answer(refused), "content_filter"));
  BOOST_TEST(has(anthropic_answer(refused), "\"stop_reason\":\"refusal\""));

  const auto failed = scripted_turn{}.text("a").error("overloaded_error", "x");
  for (const auto& answer :
       {openai_chat_answer(failed), anthropic_answer(failed)}) {
    BOOST_TEST(has(answer, "overloaded_error"));
    BOOST_TEST(!has(answer, "[DONE]"));
    BOOST_TEST(!has(answer, "message_stop"));
    BOOST_TEST(!has(answer, "finish_reason\":\""));
  }
  const auto cut = scripted_turn{}.text("a").truncated();
  BOOST_TEST(!has(openai_chat_answer(cut), "[DONE]"));
  BOOST_TEST(!has(anthropic_answer(cut), "message_delta"));
  BOOST_TEST(has(openai_chat_answer(
                   scripted_turn{}.finish(finish_reason::other, "own_word")),
                 "\"own_word\""));
}

BOOST_AUTO_TEST_CASE(hostile_words_stay_one_event) {
  const auto turn = scripted_turn{}
                      .tokens({"line\n\ndata: [DONE]\n\n", "\xff\xfe", ""})
                      .tool_call("i", "n", "not json\n\n\x80");
  events_of(openai_chat_answer(turn)); // Checks the framing.
  events_of(anthropic_answer(turn));
}

BOOST_AUTO_TEST_CASE(apis_are_found_by_name) {
  for (const auto* api :
       {"openai-chat", "openai-compatible", "anthropic-messages"})
    BOOST_TEST(scripted_answer(api, scripted_turn{}).has_value());
  BOOST_TEST(!scripted_answer("smoke-signals", scripted_turn{}).has_value());
}

BOOST_AUTO_TEST_CASE(error_answers_have_the_form_of_their_api) {
  const auto openai = error_answer("openai-chat", 429, "rate_limit_exceeded",
                                   "slow down", {{"retry-after", "3"}});
  BOOST_TEST(openai.status == 429);
  BOOST_TEST(*find_header(openai.headers, "retry-after") == "3");
  const auto body = json::parse(openai.body.at(0).bytes);
  BOOST_TEST(body["error"]["code"] == "rate_limit_exceeded");
  const auto anthropic =
    error_answer("anthropic-messages", 529, "overloaded_error", "busy");
  const auto other = json::parse(anthropic.body.at(0).bytes);
  BOOST_TEST(other["type"] == "error");
  BOOST_TEST(other["error"]["type"] == "overloaded_error");
}
