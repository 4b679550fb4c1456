// Goal: a prompt becomes the request that Ollama's documentation asks for, and
// nothing is dropped in silence. Method: tables of (prompt, body), compared as
// JSON.
#define BOOST_TEST_MODULE ollama_encoder
#include <boost/test/unit_test.hpp>

#include "tests/support/openai_chat_requests.hpp"

#include <limits>

using namespace penstock;
using penstock::testing::asks;
using penstock::testing::says;
using penstock::testing::sorted;

namespace {

expected<encoded_request> encode(const prompt& p,
                                 const std::string& model = "qwen3",
                                 const std::string& key = "") {
  return find_codec("ollama")->encode(
    {"ollama", "ollama", "http://localhost:11434", secret{key}, {{"x-b", "2"}}},
    model, p);
}

json body_of(const prompt& p, const std::string& model = "qwen3") {
  auto request = encode(p, model);
  BOOST_REQUIRE_MESSAGE(request.has_value(),
                        (request ? "" : request.error().message));
  return *parse_json(request->http.body);
}

std::string messages_of(const prompt& p, const std::string& model = "qwen3") {
  return to_text(body_of(p, model).at("messages"));
}

// The body without what every request has.
std::string options_of(const prompt& p, const std::string& model = "qwen3") {
  auto body = body_of(p, model);
  for (const auto* name : {"model", "messages", "stream"})
    body.erase(name);
  return to_text(body);
}

std::string refusal_of(const prompt& p) {
  auto request = encode(p);
  BOOST_REQUIRE(!request);
  BOOST_TEST(to_string(request.error().code) == "invalid_request");
  return request.error().message;
}

encoder_notes notes_of(const prompt& p, const std::string& model = "qwen3") {
  auto request = encode(p, model);
  BOOST_REQUIRE(request.has_value());
  return request->left_out;
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != text.npos;
}

const tool_definition weather{"f", "Tells the weather.",
                              R"({"type":"object","required":["b"]})"};

tool_call_content call(const std::string& input, const std::string& id = "c1") {
  return {id, "f", input, {}, {}, {}, false};
}

message answer(const std::string& output,
               std::vector<file_content> files = {}) {
  return {
    role::tool,
    {tool_result_content{"c1", "f", output, false, false, std::move(files)}},
    {}};
}

} // namespace

BOOST_AUTO_TEST_CASE(the_request_goes_where_and_as_it_should) {
  auto p = asks();
  p.headers = {{"X-A", "1"}, {"Accept", "text/plain"}};
  const auto request = encode(p);
  BOOST_REQUIRE(request.has_value());
  BOOST_TEST(request->http.method == "POST");
  BOOST_TEST(request->http.url == "http://localhost:11434/api/chat");
  const auto& headers = request->http.headers;
  BOOST_TEST(!find_header(headers, "authorization"));
  BOOST_TEST(*find_header(headers, "content-type") == "application/json");
  BOOST_TEST(*find_header(headers, "accept") == "text/plain");
  BOOST_TEST(*find_header(headers, "X-A") == "1");
  BOOST_TEST(*find_header(headers, "x-b") == "2");
  BOOST_TEST(request->left_out.empty());
  BOOST_TEST(
    request->http.body
    == R"({"model":"qwen3","messages":[{"role":"user","content":"q"}],)"
       R"("stream":true})");
  BOOST_TEST(
    *find_header(encode(p, "qwen3", "k")->http.headers, "authorization")
    == "Bearer k");
  p.headers = {{"x-a", "1\r\nb: 2"}};
  refusal_of(p);
}

BOOST_AUTO_TEST_CASE(encodes_messages) {
  prompt p;
  p.system = "sys";
  p.messages = {
    says(role::user, "q"),
    {role::user, {text_content{"a"}, text_content{""}, text_content{"b"}}, {}},
    says(role::assistant, "c"),
    says(role::system, "more"),
    says(role::system, ""),
    {role::assistant, {refusal_content{"no"}}, {}},
    {role::assistant, {reasoning_content{"r", {}, {}, {}}}, "ollama/qwen3"},
  };
  BOOST_TEST(messages_of(p) == sorted(R"([
    {"role":"system","content":"sys"},
    {"role":"user","content":"q"},
    {"role":"user","content":"a\n\nb"},
    {"role":"assistant","content":"c"},
    {"role":"system","content":"more"},
    {"role":"assistant","content":"no"}])"));
}

BOOST_AUTO_TEST_CASE(images_go_beside_the_text_and_texts_into_it) {
  auto p = asks("see");
  p.messages[0].parts.push_back(file_content{"image/png", "foo", {}, {}});
  p.messages[0].parts.push_back(file_content{"text/plain", "plain", {}, {}});
  p.messages[0].parts.push_back(file_content{"image/jpeg", "fo", {}, {}});
  BOOST_TEST(messages_of(p) == sorted(R"([{"role":"user",
    "content":"see\n\nplain","images":["Zm9v","Zm8="]}])"));
  p.messages[0].parts = {file_content{"image/png", "foo", {}, {}}};
  BOOST_TEST(messages_of(p) == sorted(R"([{"role":"user",
    "content":"","images":["Zm9v"]}])"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_refused_by_its_index) {
  const std::pair<content, const char*> table[] = {
    {file_content{"application/pdf", "foo", {}, {}}, "\"application/pdf\""},
    {file_content{"image/png", {}, "https://i", {}}, "by their bytes only"},
    {file_content{"image/png", {}, {}, {}}, "by their bytes only"},
    {tool_call_content{}, "text and files only"},
    {text_content{""}, "must not be empty"},
  };
  for (const auto& [part, why] : table) {
    auto p = asks();
    p.messages.push_back({role::user, {part}, {}});
    const auto message = refusal_of(p);
    BOOST_TEST(message.starts_with("message 1: "));
    BOOST_TEST(has(message, why), message);
  }
  auto p = asks();
  p.messages.push_back({role::tool, {text_content{"x"}}, {}});
  BOOST_TEST(has(refusal_of(p), "message 1: a tool message holds"));
  p.messages = {};
  BOOST_TEST(refusal_of(p) == "no message holds anything to send");
  p.messages = {says(role::system, "only")};
  refusal_of(p);
}

BOOST_AUTO_TEST_CASE(encodes_a_tool_loop) {
  auto p = asks();
  p.messages.push_back(
    {role::assistant,
     {text_content{"t"}, call(R"({"b":1,"a":2})"), call("[1]", ""),
      call("{cut"), tool_call_content{"s", "g", "{}", {}, {}, {}, true}},
     {}});
  p.messages.push_back(answer("\"text\""));
  p.messages.push_back(answer(R"({"t":22})"));
  p.messages.push_back(
    {role::tool, {tool_result_content{"s", "g", "1", false, true, {}}}, {}});
  BOOST_TEST(messages_of(p) == sorted(R"([
    {"role":"user","content":"q"},
    {"role":"assistant","content":"t","tool_calls":[
      {"type":"function","id":"c1","function":{"index":0,"name":"f","arguments":{"b":1,"a":2}}},
      {"type":"function","function":{"index":1,"name":"f","arguments":{"value":[1]}}},
      {"type":"function","id":"c1","function":{"index":2,"name":"f","arguments":{"invalid_json":"{cut"}}}]},
    {"role":"tool","content":"text","tool_name":"f","tool_call_id":"c1"},
    {"role":"tool","content":"{\"t\":22}","tool_name":"f","tool_call_id":"c1"}])"));
  // As the model wrote it: the order of the members is kept.
  BOOST_TEST(has(encode(p)->http.body, R"("arguments":{"b":1,"a":2})"));
}

BOOST_AUTO_TEST_CASE(images_of_tools_follow_all_results_as_the_users) {
  auto p = asks();
  p.messages.push_back({role::assistant, {call("{}"), call("{}")}, {}});
  p.messages.push_back(answer(
    "1", {{"image/png", "foo", {}, {}}, {"text/plain", "words", {}, {}}}));
  p.messages.push_back(answer("2"));
  p.messages.push_back(says(role::user, "and?"));
  const auto messages = body_of(p).at("messages");
  BOOST_REQUIRE(messages.size() == 6u);
  BOOST_TEST(messages[2].at("content") == "1\n\nwords");
  BOOST_TEST(messages[3].at("content") == "2");
  BOOST_TEST(
    messages[4]
    == json::parse(
      R"({"role":"user","content":"1 image(s) that the tool f returned.","images":["Zm9v"]})"));
  BOOST_TEST(messages[5].at("content") == "and?");
  p.messages.pop_back();
  BOOST_TEST(body_of(p).at("messages").back().at("role") == "user");
}

BOOST_AUTO_TEST_CASE(reasoning_goes_back_to_its_own_model_only) {
  for (const auto& [made_by, goes_back] : {std::pair{"ollama/qwen3", true},
                                           {"ollama/qwen3:8b", false},
                                           {"openai-chat/qwen3", false},
                                           {"", false}}) {
    auto p = asks();
    p.messages.push_back(
      {role::assistant,
       {reasoning_content{"r", {}, {}, {}}, text_content{"a"},
        reasoning_content{"s", {}, {}, {}}},
       made_by});
    const auto one = body_of(p).at("messages").at(1);
    BOOST_TEST(one.contains("thinking") == goes_back);
    if (goes_back)
      BOOST_TEST(one.at("thinking") == "rs");
  }
}

BOOST_AUTO_TEST_CASE(a_cut_answer_is_continued_by_an_instruction) {
  auto p = asks();
  p.messages.push_back(says(role::assistant, "Once upon"));
  p.ending = continuation::partial;
  const auto messages = body_of(p).at("messages");
  BOOST_REQUIRE(messages.size() == 3u);
  BOOST_TEST(messages[1].at("content") == "Once upon");
  BOOST_TEST(messages[2].at("role") == "user");
  BOOST_TEST(has(messages[2].at("content"), "Continue it"));
  BOOST_TEST(!find_codec("ollama")->has_prefill({}, "qwen3"));
}

BOOST_AUTO_TEST_CASE(encodes_tools_and_their_choice) {
  auto p = asks();
  p.tools = {weather, {"g", "", ""}};
  const auto tools = sorted(R"({"tools":[
    {"type":"function","function":{"name":"f","description":"Tells the weather.",
     "parameters":{"type":"object","required":["b"]}}},
    {"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}]})");
  BOOST_TEST(options_of(p) == tools);
  p.tool_choice.how = tool_choice::mode::none;
  BOOST_TEST(options_of(p) == "{}");
  for (const auto how : {tool_choice::mode::required, tool_choice::mode::one}) {
    p.tool_choice.how = how;
    BOOST_TEST(has(refusal_of(p), "cannot force a tool"));
  }
  p.tool_choice.how = tool_choice::mode::automatic;
  p.tools[0].input_schema_json = "[]";
  BOOST_TEST(has(refusal_of(p), "\"f\" must be a JSON object"));
}

BOOST_AUTO_TEST_CASE(encodes_response_formats) {
  using kind = response_format::kind;
  auto p = asks();
  p.response_format.what = kind::json;
  BOOST_TEST(options_of(p) == R"({"format":"json"})");
  p.response_format = {kind::json_schema, "n", R"({"type":"object"})"};
  BOOST_TEST(options_of(p) == R"({"format":{"type":"object"}})");
  p.response_format.schema_json = "true";
  BOOST_TEST(has(refusal_of(p), "the schema of the answer"));
}

BOOST_AUTO_TEST_CASE(a_thinking_level_is_a_switch_or_a_word) {
  using enum thinking_level;
  const std::tuple<thinking_level, const char*, const char*> table[] = {
    {off, "false", "\"low\""},  {minimal, "true", "\"low\""},
    {low, "true", "\"low\""},   {medium, "true", "\"medium\""},
    {high, "true", "\"high\""}, {thinking_level::max, "true", "\"high\""},
  };
  for (const auto& [level, as_switch, as_word] : table) {
    auto p = asks();
    p.thinking = level;
    for (const auto* model : {"qwen3", "my-gpt-oss", "gpt-oss/other"})
      BOOST_TEST(to_text(body_of(p, model).at("think")) == as_switch);
    for (const auto* model : {"gpt-oss", "gpt-oss:20b", "hf.co/me/gpt-oss:1"})
      BOOST_TEST(to_text(body_of(p, model).at("think")) == as_word);
  }
  BOOST_TEST(!body_of(asks()).contains("think"));
}

BOOST_AUTO_TEST_CASE(sampling_and_limits_are_options) {
  auto p = asks();
  p.sampling.temperature = 0.5;
  p.sampling.top_p = 0.25;
  p.sampling.top_k = 7;
  p.sampling.presence_penalty = -1;
  p.sampling.frequency_penalty = 1.5;
  p.sampling.seed = -3;
  p.sampling.stop = {"a", "b"};
  p.max_output_tokens = 100;
  BOOST_TEST(options_of(p) == sorted(R"({"options":{"temperature":0.5,
    "top_p":0.25,"top_k":7,"presence_penalty":-1.0,"frequency_penalty":1.5,
    "seed":-3,"stop":["a","b"],"num_predict":100}})"));
  BOOST_TEST(notes_of(p).empty());
  p.sampling.top_p = std::numeric_limits<double>::infinity();
  BOOST_TEST(has(refusal_of(p), "top_p must be a finite number"));
}

BOOST_AUTO_TEST_CASE(what_ollama_does_not_know_is_left_out_and_noted) {
  auto p = asks();
  p.cache = cache_ttl::one_hour;
  p.messages.push_back(
    {role::assistant,
     {text_content{"a"}, file_content{"image/png", "x", {}, {}},
      file_content{"image/png", "y", {}, {}}},
     {}});
  const auto notes = notes_of(p);
  BOOST_REQUIRE(notes.size() == 2u);
  BOOST_TEST(notes[0] == "files in an assistant message");
  BOOST_TEST(notes[1].starts_with("cache"));
  p = asks();
  p.thinking = thinking_level::off;
  BOOST_TEST(notes_of(p).empty());
  BOOST_TEST(notes_of(p, "gpt-oss:20b").front().starts_with("thinking off"));
}

BOOST_AUTO_TEST_CASE(provider_options_are_merged_last) {
  auto p = asks();
  p.sampling.temperature = 0.5;
  p.sampling.seed = 1;
  p.thinking = thinking_level::low;
  p.provider_options_json = R"({"keep_alive":"10m","think":"max",
    "options":{"seed":null,"num_ctx":8192}})";
  BOOST_TEST(options_of(p) == sorted(R"({"keep_alive":"10m","think":"max",
    "options":{"temperature":0.5,"num_ctx":8192}})"));
  for (const auto* wrong :
       {R"({"stream":false})", R"({"stream":1})", "[]", "{"}) {
    p.provider_options_json = wrong;
    refusal_of(p);
  }
  p.provider_options_json = R"({"stream":null})"; // Absent is true.
  BOOST_TEST(!body_of(p).contains("stream"));
}

BOOST_AUTO_TEST_CASE(hostile_texts_become_valid_json) {
  auto p = asks("\xFF\x80 \"\\ \x01 \xED\xA0\x80");
  p.system = "\xC3";
  BOOST_TEST(parse_json(encode(p)->http.body).has_value());
}
