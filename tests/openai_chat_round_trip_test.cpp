// Goal: what one model made goes back to it as it came, and to another as that
// one takes it; roles follow each other as the server wants. Method: small
// prompts, and answers that were decoded, looked at as JSON.
#define BOOST_TEST_MODULE openai_chat_round_trip
#include <boost/test/unit_test.hpp>

#include "tests/support/openai_chat_requests.hpp"
#include "tests/support/openai_chat_streams.hpp"

#include <map>

using namespace penstock;
using namespace penstock::testing;

namespace {

constexpr const char* validator = "skip_thought_signature_validator";

// The roles of a request, a letter each.
std::string roles_of(const prompt& p, const target& to) {
  std::string roles;
  const auto messages = body_of(p, to).at("messages");
  for (const auto& m : messages)
    roles += bytes_of(m, "role").front();
  return roles;
}

// Two turns with a tool, by whom: asked, called, given, said, asked again.
prompt two_turns(const std::string& made_by, const std::string& reasoning) {
  auto p = asks();
  for (int turn = 0; turn < 2; ++turn) {
    for (auto m : {called(), says(role::assistant, "done")}) {
      if (!reasoning.empty())
        m.parts.insert(m.parts.begin(),
                       reasoning_content{reasoning, {}, {}, {}});
      m.made_by = made_by;
      p.messages.push_back(m);
      if (m.parts.back().index() == called().parts.back().index())
        p.messages.push_back(answered());
    }
    p.messages.push_back(says(role::user, "next"));
  }
  return p;
}

// What an answer leaves in the history.
message decoded(const std::string& body, const target& by) {
  const auto decoder = find_codec("openai-chat")->make_decoder(by.provider);
  part_batch out;
  decoder->push(body, out);
  decoder->end(out);
  message m{role::assistant, {}, "openai-chat@" + by.provider + "/" + by.model};
  std::map<part_key, std::size_t> places;
  const auto at = [&](part_key key, content fresh) -> content& {
    const auto [it, added] = places.emplace(key, m.parts.size());
    if (added)
      m.parts.push_back(std::move(fresh));
    return m.parts[it->second];
  };
  for (const auto& part : out.parts())
    if (const auto* text = std::get_if<part::text>(&part)) {
      std::get<text_content>(at(text->key, text_content{})).text += text->bytes;
    } else if (const auto* r = std::get_if<part::reasoning>(&part)) {
      std::get<reasoning_content>(at(r->key, reasoning_content{})).text +=
        r->bytes;
    } else if (const auto* end = std::get_if<part::reasoning_end>(&part)) {
      auto& proof =
        std::get<reasoning_content>(at(end->key, reasoning_content{}));
      proof.signature = end->signature;
      proof.encrypted = end->encrypted;
      proof.item_id = end->item_id;
    } else if (const auto* start = std::get_if<part::tool_start>(&part)) {
      at(start->key,
         tool_call_content{start->id, start->name, {}, {}, {}, {}, false});
    } else if (const auto* whole = std::get_if<part::tool_complete>(&part)) {
      auto& call =
        std::get<tool_call_content>(at(whole->key, tool_call_content{}));
      call.input_json = whole->input;
      call.signature = whole->signature;
      call.item_id = whole->item_id;
    }
  return m;
}

// The answer as the next request holds it.
json sent_back(const test::lines& chunks, const target& to) {
  auto p = asks();
  p.messages.push_back(decoded(test::chat_events(chunks), to));
  p.messages.push_back(says(role::user, "next"));
  return body_of(p, to).at("messages")[1];
}

} // namespace

BOOST_AUTO_TEST_CASE(reasoning_goes_back_to_its_own_model_only) {
  const auto with = [](const std::string& made_by) {
    auto p = asks();
    auto m = called();
    m.parts.insert(m.parts.begin(), reasoning_content{"r", "s", {}, "i f"});
    m.parts.insert(m.parts.begin(), reasoning_content{{}, {}, "e", "j"});
    m.made_by = made_by;
    p.messages.push_back(m);
    p.messages.push_back(answered());
    return p;
  };
  const auto first = [](const prompt& p, const target& to) {
    return body_of(p, to).at("messages")[1];
  };
  BOOST_TEST(
    first(with("openai-chat/deepseek-chat"), deepseek).at("reasoning_content")
    == "r");
  BOOST_TEST(first(with("openai-compatible/deepseek-chat"), deepseek)
               .contains("reasoning_content"));
  const target zai{"zai", "glm-4.6"};
  for (const auto* other :
       {"", "openai-chat/glm-4.5", "anthropic-messages/glm-4.6"})
    BOOST_TEST(!first(with(other), zai).contains("reasoning_content"));
  auto later = with("openai-chat/glm-4.6");
  BOOST_TEST(first(later, zai).at("reasoning_content") == "r");
  later.messages.push_back(says(role::user, "next"));
  BOOST_TEST(!first(later, zai).contains("reasoning_content"));
  BOOST_TEST(
    to_text(first(with("openai-chat/anthropic/claude-sonnet-4"), openrouter)
              .at("reasoning_details"))
    == sorted(R"([
    {"type":"reasoning.encrypted","data":"e","id":"j","index":0},
    {"type":"reasoning.text","text":"r","signature":"s","id":"i","format":"f","index":1}])"));
  BOOST_TEST(
    to_text(
      first(with("openai-chat/mistral-large-latest"), mistral).at("content"))
    == sorted(
      R"([{"type":"thinking","thinking":[{"type":"text","text":"r"}]}])"));
  BOOST_TEST(first(with("openai-chat/gpt-4o"), target{}).size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_signature_goes_back_on_its_call_to_its_own_model_only) {
  const target google{"google", "gemini-3-pro-preview"};
  const auto call_of = [&](const std::string& made_by) {
    auto p = asks();
    auto m = called();
    std::get<tool_call_content>(m.parts[0]).signature = "s";
    m.made_by = made_by;
    p.messages.push_back(m);
    p.messages.push_back(answered());
    return body_of(p, google).at("messages")[1].at("tool_calls")[0];
  };
  BOOST_TEST(to_text(call_of("openai-chat@google/gemini-3-pro-preview")
                       .value("extra_content", json()))
             == R"({"google":{"thought_signature":"s"}})");
  for (const auto* other : {"", "openai-chat@google/gemini-3-flash-preview",
                            "google-gemini@google/gemini-3-pro-preview"})
    BOOST_TEST(to_text(call_of(other)).find("\"s\"") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_signed_text_goes_back_to_its_own_model_only) {
  const target google{"google", "gemini-3-pro-preview"};
  const auto sent = [&](const std::string& made_by) {
    auto p = asks();
    message m{role::assistant, {text_content{"a", "s"}, text_content{"b"}}, {}};
    m.made_by = made_by;
    p.messages.push_back(m);
    p.messages.push_back(says(role::user, "next"));
    return body_of(p, google).at("messages")[1];
  };
  const auto own = sent("openai-chat@google/gemini-3-pro-preview");
  BOOST_TEST(to_text(own.at("content")) == R"("ab")");
  BOOST_TEST(to_text(own.at("extra_content"))
             == R"({"google":{"thought_signature":"s"}})");
  BOOST_TEST(!sent("google-gemini@google/gemini-3-pro-preview")
                .contains("extra_content"));
}

// Source: vscode-copilot-chat, `ThinkingDataInMessage`.
BOOST_AUTO_TEST_CASE(what_proves_reasoning_goes_back_to_copilot) {
  const auto sent = [&](const target& to, const std::string& signature) {
    auto p = asks();
    message m{role::assistant, {text_content{"a"}}, {}};
    m.parts.insert(m.parts.begin(), reasoning_content{"r", signature, {}, {}});
    m.made_by = "openai-chat@" + to.provider + "/" + to.model;
    p.messages.push_back(m);
    p.messages.push_back(says(role::user, "next"));
    return body_of(p, to).at("messages")[1];
  };
  const auto own = sent({"github-copilot", "gemini-3-pro"}, "s");
  BOOST_TEST(own.value("reasoning_text", "") == "r");
  BOOST_TEST(own.value("reasoning_opaque", "") == "s");
  BOOST_TEST(
    !sent({"github-copilot", "gemini-3-pro"}, "").contains("reasoning_text"));
  BOOST_TEST(!sent({"openai", "gpt-5"}, "s").contains("reasoning_opaque"));
}

// Source: api-docs.deepseek.com/guides/thinking_mode, "Tool Calls"; what the
// server says if the member is not there: "The `reasoning_content` in the
// thinking mode must be passed back to the API."
BOOST_AUTO_TEST_CASE(while_a_model_thinks_each_answer_has_its_reasoning) {
  const target pro{"deepseek", "deepseek-v4-pro"};
  const target kimi{"kimi", "kimi-k2.5"};
  using level = std::optional<thinking_level>;
  const struct {
    const char* what;
    target to;
    std::string made_by;
    level thinking;
    const char* want; // of each answer; null: no such member
  } table[] = {
    {"its own", pro, "openai-chat@deepseek/deepseek-v4-pro", {}, "r"},
    {"its own, and a level", pro, "openai-chat@deepseek/deepseek-v4-pro",
     thinking_level::high, "r"},
    {"another model's", pro, "openai-chat@deepseek/deepseek-v4-flash", {}, " "},
    {"another API's", pro, "anthropic-messages@anthropic/claude", {}, " "},
    {"it does not think", pro, "openai-chat@deepseek/deepseek-v4-pro",
     thinking_level::off, nullptr},
    {"Kimi's own", kimi, "openai-chat@kimi/kimi-k2.5", {}, "r"},
    {"not Kimi's", kimi, "openai-chat@openai/gpt-5", {}, " "},
    {"no model that thinks", {"kimi", "moonshot-v1-8k"}, "", {}, nullptr},
    {"no such server", unknown, "openai-chat@my-server/my-model", {}, nullptr},
  };
  for (const auto& [what, to, made_by, thinking, want] : table)
    for (const auto* reasoning : {"r", ""}) {
      BOOST_TEST_CONTEXT(what << (*reasoning ? "" : ", without reasoning")) {
        auto p = two_turns(made_by, reasoning);
        p.thinking = thinking;
        const auto messages = body_of(p, to).at("messages");
        BOOST_TEST(messages.size() == 9u);
        for (const auto& m : messages)
          if (m.at("role") != "assistant")
            BOOST_TEST(!m.contains("reasoning_content"));
          else if (!want)
            BOOST_TEST(!m.contains("reasoning_content"));
          else
            BOOST_TEST(m.at("reasoning_content") == (*reasoning ? want : " "));
      }
    }
}

BOOST_AUTO_TEST_CASE(roles_follow_each_other_as_the_server_wants) {
  auto interrupted = asks();
  interrupted.messages.push_back(called());
  interrupted.messages.push_back(answered());
  interrupted.messages.push_back(says(role::user, "stop, do this"));
  auto told = interrupted;
  told.messages.back().from = role::system;
  told.messages.push_back(says(role::user, "go on"));
  auto twice = asks();
  twice.messages.push_back(says(role::user, "and this"));
  twice.messages.push_back(says(role::system, "be kind"));
  twice.messages.push_back(says(role::user, "now"));
  auto cut = twice;
  cut.messages.push_back(says(role::assistant, "half"));
  cut.messages.push_back(says(role::assistant, "of it"));
  cut.ending = continuation::partial;
  const struct {
    const char* what;
    target to;
    const prompt* p;
    const char* want;
  } table[] = {
    {"Mistral, a user after a tool", mistral, &interrupted, "uatau"},
    {"Mistral, the system after a tool", mistral, &told, "uatasu"},
    {"Mistral's model elsewhere",
     {"vllm", "mistralai/Devstral-Small-2"},
     &interrupted,
     "uatau"},
    {"another model there", {"vllm", "Qwen/Qwen3"}, &interrupted, "uatu"},
    {"Mistral takes users in a row", mistral, &twice, "uusu"},
    {"Perplexity", {"perplexity", "sonar"}, &twice, "su"},
    {"Perplexity, a cut answer", {"perplexity", "sonar"}, &cut, "suau"},
    {"others take all", unknown, &twice, "uusu"},
  };
  for (const auto& [what, to, p, want] : table)
    BOOST_TEST_CONTEXT(what) {
      BOOST_TEST(roles_of(*p, to) == want);
    }
  twice.messages[1].parts.push_back(file_content{"image/png", "foo", {}, {}});
  BOOST_TEST(messages_of(twice, {"perplexity", "sonar"}) == sorted(R"([
    {"role":"system","content":"be kind"},
    {"role":"user","content":[{"type":"text","text":"q"},{"type":"text","text":"and this"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,Zm9v"}},
      {"type":"text","text":"now"}]}])"));
}

BOOST_AUTO_TEST_CASE(
  a_call_of_another_model_has_the_word_that_skips_the_check) {
  const struct {
    const char *model, *made_by, *want; // of the first call
  } table[] = {
    {"gemini-3-pro-preview", "openai-chat@openai/gpt-5", validator},
    {"gemini-3-pro-preview", "", validator},
    {"gemini-3-pro-preview", "openai-chat@google/gemini-3-pro-preview", "s"},
    {"gemini-2.5-flash", "openai-chat@openai/gpt-5", ""},
  };
  for (const auto& [model, made_by, want] : table) {
    auto p = asks();
    auto m = called();
    m.made_by = made_by;
    std::get<tool_call_content>(m.parts[0]).signature = "s";
    m.parts.push_back(tool_call_content{"c2", "g", "{}", {}, {}, {}, false});
    p.messages.push_back(m);
    const auto calls =
      body_of(p, {"google", model}).at("messages")[1].at("tool_calls");
    BOOST_TEST_CONTEXT(model << " by " << made_by) {
      BOOST_TEST(bytes_of(member(member(calls[0], "extra_content"), "google"),
                          "thought_signature")
                 == want);
      BOOST_TEST(!calls[1].contains("extra_content"));
    }
  }
}

// The decoder says where it stood, and the encoder puts it there.
BOOST_AUTO_TEST_CASE(a_signature_goes_back_to_the_place_where_it_stood) {
  const char* places[] = {
    R"("extra_content":{"google":{"thought_signature":"s"}})",
    R"("extra_content":{"vertex":{"thought_signature":"s"}})",
    R"("provider_specific_fields":{"thought_signature":"s"})",
    R"("thought_signature":"s")",
    R"("thoughtSignature":"s")",
  };
  for (const auto* place : places) {
    const auto element =
      std::string{R"({"function":{"arguments":"{}","name":"f"},"id":"c",)"}
      + R"("type":"function",)" + place + "}";
    BOOST_TEST_CONTEXT(place)
    BOOST_TEST(
      to_text(sent_back({test::chat_delta(R"({"tool_calls":[)" + element + "]}",
                                          "tool_calls")},
                        unknown)
                .at("tool_calls"))
      == sorted("[" + element + "]"));
  }
}

// Source: openrouter.ai/docs, "Preserving reasoning": the sequence must match.
BOOST_AUTO_TEST_CASE(reasoning_details_go_back_as_they_came) {
  const std::string details =
    R"([{"format":"openai-responses-v1","index":0,"summary":"r","type":"reasoning.summary"},)"
    R"({"data":"e","format":"openai-responses-v1","id":"rs_1","index":0,"type":"reasoning.encrypted"},)"
    R"({"format":"anthropic-claude-v1","index":2,"signature":"p","text":"t","type":"reasoning.text"}])";
  BOOST_TEST(to_text(sent_back({test::chat_delta(R"({"reasoning_details":)"
                                                 + details + "}"),
                                test::chat_delta(R"({"content":"a"})", "stop")},
                               openrouter)
                       .at("reasoning_details"))
             == details);
}

// Source: docs.litellm.ai/docs/reasoning_content.
BOOST_AUTO_TEST_CASE(thinking_blocks_go_back_to_the_model_that_signed_them) {
  const auto sent = [](const std::string& made_by) {
    auto p = asks();
    auto m = called();
    m.parts.insert(m.parts.begin(), {reasoning_content{"r", "s", {}, {}},
                                     reasoning_content{{}, {}, "e", {}},
                                     reasoning_content{"cut", {}, {}, {}}});
    m.made_by = made_by;
    p.messages.push_back(m);
    p.messages.push_back(answered());
    return body_of(p, {"litellm", "claude-sonnet-4-5"}).at("messages")[1];
  };
  BOOST_TEST(
    to_text(sent("openai-chat@litellm/claude-sonnet-4-5").at("thinking_blocks"))
    == sorted(R"([{"type":"thinking","thinking":"r","signature":"s"},
                  {"type":"redacted_thinking","data":"e"}])"));
  for (const auto* other : {"", "openai-chat@litellm/gpt-5",
                            "anthropic-messages@anthropic/claude-sonnet-4-5"})
    BOOST_TEST(!sent(other).contains("thinking_blocks"));
}
