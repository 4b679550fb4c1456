// Goal: each option reaches each server in the way it knows, or is left out and
// noted; a cut answer is continued as it may. Method: small prompts, looked at
// as JSON; recorded requests that servers have answered.
#define BOOST_TEST_MODULE openai_chat_options
#include <boost/test/unit_test.hpp>

#include "tests/support/openai_chat_requests.hpp"

using namespace penstock;
using namespace penstock::testing;
BOOST_AUTO_TEST_CASE(encodes_a_thinking_level_as_each_server_wants_it) {
  using enum thinking_level;
  const struct {
    target to;
    thinking_level level;
    const char *name, *want;
  } table[] = {
    {reasoner, high, "reasoning_effort", "\"high\""},
    {reasoner, max, "reasoning_effort", "\"high\""},
    {reasoner, off, "reasoning_effort", "\"minimal\""},
    {{"openai", "gpt-5.2"}, max, "reasoning_effort", "\"xhigh\""},
    {{"openai", "gpt-5.2"}, off, "reasoning_effort", "\"none\""},
    {{"openai", "gpt-5.2"}, minimal, "reasoning_effort", "\"low\""},
    {{"openai", "o3"}, off, "reasoning_effort", "\"low\""},
    {{"groq", "qwen/qwen3-32b"}, off, "reasoning_effort", "\"none\""},
    {{"groq", "qwen/qwen3-32b"}, low, "reasoning_effort", "\"default\""},
    {{"groq", "openai/gpt-oss-20b"}, off, "reasoning_effort", "\"low\""},
    {{"mistral", "mistral-small-latest"}, low, "reasoning_effort", "\"high\""},
    {{"mistral", "mistral-medium-3-5"}, off, "reasoning_effort", "\"none\""},
    {{"cerebras", "gpt-oss-120b"}, off, "reasoning_effort", "\"low\""},
    {{"google", "gemini-2.5-flash"}, off, "reasoning_effort", "\"none\""},
    {{"google", "gemini-3-pro-preview"},
     off,
     "reasoning_effort",
     "\"minimal\""},
    {{"groq", "qwen/qwen3-32b"}, medium, "reasoning_effort", "\"default\""},
    {openrouter, low, "reasoning", "{\"effort\":\"low\"}"},
    {deepseek, high, "thinking", "{\"type\":\"enabled\"}"},
    {deepseek, max, "reasoning_effort", "\"max\""},
    {deepseek, low, "reasoning_effort", "\"low\""},
    {deepseek, off, "thinking", "{\"type\":\"disabled\"}"},
    {{"alibaba", "qwen3"}, low, "enable_thinking", "true"},
    {unknown, medium, "reasoning_effort", "\"medium\""},
  };
  for (const auto& [to, level, name, want] : table) {
    auto p = asks();
    p.thinking = level;
    BOOST_TEST_INFO(to.provider << " " << to.model << " " << int(level));
    BOOST_TEST(to_text(member(body_of(p, to), name)) == want);
    BOOST_TEST(notes_of(p, to).empty());
  }
}

// A model that does not reason refuses to be told how much, and one that may
// not reason must not begin to because it was told not to.
BOOST_AUTO_TEST_CASE(an_effort_goes_to_models_that_are_known_to_have_it) {
  using enum thinking_level;
  const struct {
    target to;
    thinking_level level;
    std::size_t notes;
  } table[] = {
    {{}, high, 1},
    {{}, off, 0},
    {{"groq", "llama-3.3-70b-versatile"}, high, 1},
    {{"groq", "llama-3.3-70b-versatile"}, off, 0},
    {{"cerebras", "llama3.1-8b"}, low, 1},
    {{"cerebras", "llama3.1-8b"}, off, 0},
    {mistral, max, 1},
    {{"mistral", "codestral-latest"}, off, 0},
    {{"mistral", "magistral-medium-latest"}, high, 1},
    {unknown, off, 1},
    {{"together", "meta-llama/Llama-3.3-70B"}, off, 1},
    {{"openai", "a-name-of-tomorrow"}, off, 1},
  };
  for (const auto& [to, level, notes] : table) {
    auto p = asks();
    p.thinking = level;
    BOOST_TEST_INFO(to.provider << " " << to.model << " " << int(level));
    BOOST_TEST(!body_of(p, to).contains("reasoning_effort"));
    BOOST_TEST(notes_of(p, to).size() == notes);
  }
}

// "Thinking mode does not support this tool_choice" (DeepSeek), "tool_choice
// 'specified' is incompatible with thinking enabled" (Moonshot), and Alibaba's
// likewise: what was asked for by name wins.
BOOST_AUTO_TEST_CASE(a_forced_tool_excludes_thinking_where_a_server_says_so) {
  using enum thinking_level;
  const target pro{"deepseek", "deepseek-v4-pro"}, kimi{"kimi", "kimi-k2.6"},
    qwen{"alibaba", "qwen3.5-plus"}, always{"kimi", "kimi-k3"};
  using mode = tool_choice::mode;
  const struct {
    target to;
    mode how;
    std::optional<thinking_level> level;
    const char *name, *want;
    std::size_t notes;
  } table[] = {
    {pro, mode::required, {}, "thinking", "{\"type\":\"disabled\"}", 0},
    {pro, mode::one, high, "thinking", "{\"type\":\"disabled\"}", 1},
    {pro, mode::one, off, "thinking", "{\"type\":\"disabled\"}", 0},
    {pro, mode::automatic, {}, "thinking", "null", 0},
    {pro, mode::none, high, "thinking", "{\"type\":\"enabled\"}", 0},
    {kimi, mode::one, {}, "thinking", "{\"type\":\"disabled\"}", 0},
    {always, mode::one, {}, "thinking", "null", 0},
    {qwen, mode::required, high, "enable_thinking", "false", 1},
    {qwen, mode::required, {}, "enable_thinking", "null", 0},
    {unknown, mode::required, high, "reasoning_effort", "\"high\"", 0},
  };
  for (const auto& [to, how, level, name, want, notes] : table) {
    auto p = asks();
    p.tools = {{"f", {}, {}}};
    p.tool_choice = {how, how == mode::one ? "f" : ""};
    p.thinking = level;
    BOOST_TEST_INFO(to.model << " " << int(how));
    const auto body = body_of(p, to);
    BOOST_TEST(to_text(member(body, name)) == want);
    BOOST_TEST(body.contains("tool_choice") == (how != mode::automatic));
    BOOST_TEST(notes_of(p, to).size() == notes);
  }
}

BOOST_AUTO_TEST_CASE(what_a_server_does_not_know_is_left_out_and_noted) {
  auto p = asks();
  p.sampling = {.temperature = 0.5,
                .top_p = 0.9,
                .top_k = 40,
                .presence_penalty = 0.1,
                .frequency_penalty = 0.2,
                .seed = -1,
                .stop = {"x"}};
  p.max_output_tokens = 7;
  p.cache = cache_ttl::five_minutes;
  const struct {
    target to;
    const char* want;
    std::size_t notes;
  } table[] = {
    {target{},
     R"({"temperature":0.5,"top_p":0.9,"presence_penalty":0.1,"frequency_penalty":0.2,"seed":-1,"stop":["x"],"max_completion_tokens":7})",
     2},
    {reasoner, R"({"seed":-1,"max_completion_tokens":7})", 7},
    {{"openai", "gpt-5.2"},
     R"({"temperature":0.5,"top_p":0.9,"presence_penalty":0.1,"frequency_penalty":0.2,"seed":-1,"max_completion_tokens":7})",
     3},
    {unknown,
     R"({"temperature":0.5,"top_p":0.9,"presence_penalty":0.1,"frequency_penalty":0.2,"seed":-1,"stop":["x"],"max_tokens":7})",
     2},
    {mistral,
     R"({"temperature":0.5,"top_p":0.9,"presence_penalty":0.1,"frequency_penalty":0.2,"random_seed":-1,"stop":["x"],"max_tokens":7})",
     2},
    {{"xai", "grok-4"},
     R"({"temperature":0.5,"top_p":0.9,"seed":-1,"max_tokens":7})",
     5},
    {{"vllm", "m"},
     R"({"temperature":0.5,"top_p":0.9,"top_k":40,"presence_penalty":0.1,"frequency_penalty":0.2,"seed":-1,"stop":["x"],"max_tokens":7})",
     1},
  };
  for (const auto& [to, want, notes] : table) {
    BOOST_TEST_INFO(to.provider << " " << to.model);
    auto body = body_of(p, to);
    for (const auto* other : {"model", "messages", "stream", "stream_options"})
      body.erase(other);
    BOOST_TEST(to_text(body) == sorted(want));
    BOOST_TEST(notes_of(p, to).size() == notes);
  }
  p.thinking = thinking_level::low; // A model that reasons takes no sampling.
  BOOST_TEST(!body_of(p, {"openai", "gpt-5.2"}).contains("temperature"));
}

BOOST_AUTO_TEST_CASE(numbers_that_are_none_and_too_many_stops_are_refused) {
  auto p = asks();
  p.sampling.temperature = std::numeric_limits<double>::quiet_NaN();
  refusal_of(p);
  p = asks();
  p.sampling.stop = {"a", "b", "c", "d", "e"};
  BOOST_TEST(refusal_of(p).find("at most 4") != std::string::npos);
  BOOST_TEST(body_of(p, unknown).at("stop").size() == 5u);
}

BOOST_AUTO_TEST_CASE(encodes_response_formats) {
  using kind = response_format::kind;
  auto p = asks();
  p.response_format.what = kind::json;
  BOOST_TEST(to_text(body_of(p).at("response_format"))
             == R"({"type":"json_object"})");
  p.response_format = {kind::json_schema, "n", R"({"type":"object"})"};
  BOOST_TEST(
    to_text(body_of(p).at("response_format"))
    == sorted(
      R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}})"));
  BOOST_TEST(refusal_of(p, deepseek).find("it has json") != std::string::npos);
  p.response_format.schema_json = "{";
  refusal_of(p);
}

BOOST_AUTO_TEST_CASE(asks_for_a_stream_with_usage) {
  const auto p = asks();
  BOOST_TEST(body_of(p).at("stream") == true);
  BOOST_TEST(to_text(body_of(p).at("stream_options"))
             == R"({"include_obfuscation":false,"include_usage":true})");
  BOOST_TEST(to_text(body_of(p, unknown).at("stream_options"))
             == R"({"include_usage":true})");
  BOOST_TEST(!body_of(p, mistral).contains("stream_options"));
}

BOOST_AUTO_TEST_CASE(provider_options_are_merged_last) {
  auto p = asks();
  p.sampling.temperature = 0.5;
  p.provider_options_json =
    R"({"user":"u","temperature":1,"stream_options":{"include_usage":null,"x":[1]},"model":"other"})";
  const auto body = body_of(p);
  BOOST_TEST(body.at("user") == "u");
  BOOST_TEST(body.at("temperature") == 1);
  BOOST_TEST(body.at("model") == "other");
  BOOST_TEST(to_text(body.at("stream_options"))
             == R"({"include_obfuscation":false,"x":[1]})");
  for (const auto* wrong :
       {"[]", "{", "1", R"({"stream":false})", R"({"stream":null})"}) {
    p.provider_options_json = wrong;
    refusal_of(p);
  }
}

BOOST_AUTO_TEST_CASE(a_cut_answer_is_continued_as_the_server_can) {
  auto p = asks();
  p.messages.push_back(says(role::assistant, "half"));
  p.ending = continuation::partial;
  const auto& codec = *find_codec("openai-chat");
  const auto prefill = [&](const target& to) {
    return codec.has_prefill({to.provider, {}, to.base_url, {}, {}}, to.model);
  };
  for (const auto& to : {target{}, unknown, deepseek, openrouter}) {
    const auto messages = body_of(p, to).at("messages");
    BOOST_TEST(messages.size() == 3u);
    BOOST_TEST(messages.back().at("role") == "user");
    BOOST_TEST(!prefill(to));
  }
  for (const auto& to : {deepseek_beta, mistral}) {
    auto last = body_of(p, to).at("messages").back();
    last.erase("reasoning_content"); // see openai_chat_round_trip_test
    BOOST_TEST(to_text(last)
               == R"({"content":"half","prefix":true,"role":"assistant"})");
    BOOST_TEST(prefill(to));
  }
  const target vllm{"vllm", "m"};
  BOOST_TEST(body_of(p, vllm).at("continue_final_message") == true);
  BOOST_TEST(body_of(p, vllm).at("messages").size() == 2u);
  p.ending = continuation::none;
  BOOST_TEST(!body_of(p, vllm).contains("continue_final_message"));
  BOOST_TEST(body_of(p).at("messages").size() == 2u);
}

// Recorded requests (pydantic-ai, the OpenAI and the Mistral SDK), rebuilt.
BOOST_AUTO_TEST_CASE(agrees_with_requests_that_servers_have_answered) {
  prompt loop;
  loop.messages = {
    says(role::system, "Use the provided tool to calculate the square of 2."),
    says(role::user, "What is the square of 2?"), called(), answered("4")};
  loop.tools = {{"f", {}, R"({"type":"object","required":["x"]})"}};
  BOOST_TEST(to_text(body_of(loop)) == sorted(R"({
    "messages":[
      {"content":"Use the provided tool to calculate the square of 2.","role":"system"},
      {"role":"user","content":"What is the square of 2?"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
      {"role":"tool","tool_call_id":"call_1","content":"4"}],
    "model":"gpt-4o","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},
    "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","required":["x"]}}}]})"));
  auto thinks = asks("What is 17 * 23?");
  thinks.system = "You are a helpful assistant";
  thinks.thinking = thinking_level::high;
  thinks.max_output_tokens = 1024;
  BOOST_TEST(to_text(body_of(thinks, {"deepseek", "deepseek-v4-pro"}))
             == sorted(R"({
    "messages":[{"role":"system","content":"You are a helpful assistant"},{"role":"user","content":"What is 17 * 23?"}],
    "model":"deepseek-v4-pro","max_tokens":1024,"reasoning_effort":"high","stream":true,
    "stream_options":{"include_usage":true},"thinking":{"type":"enabled"}})"));
  auto weather = asks("What's the weather like in San Francisco?");
  weather.sampling.temperature = 0.5;
  weather.sampling.top_p = 1.0;
  weather.tools = {{"get_weather", "finds", R"({"type":"object"})"}};
  weather.tool_choice.how = tool_choice::mode::required;
  BOOST_TEST(to_text(body_of(weather, {"mistral", "mistral-small-latest"}))
             == sorted(R"({
    "messages":[{"content":"What's the weather like in San Francisco?","role":"user"}],
    "model":"mistral-small-latest","stream":true,"temperature":0.5,"tool_choice":"any",
    "tools":[{"function":{"description":"finds","name":"get_weather","parameters":{"type":"object"}},"type":"function"}],"top_p":1.0})"));
}

BOOST_AUTO_TEST_CASE(hostile_texts_become_valid_json) {
  auto p = asks(std::string{"a\0\xFF\"\n", 5});
  p.tools = {{"f", "\xC0", {}}};
  const auto body = body_of(p);
  BOOST_TEST(bytes_of(body.at("messages")[0], "content")
             == (std::string{"a\0", 2} + "\uFFFD\"\n"));
}
