// Goal: a prompt becomes the request that the server's reference asks for, and
// nothing is dropped in silence. Method: tables of (prompt, body), compared as
// JSON; recorded requests of other programs, rebuilt from the same prompt.
#define BOOST_TEST_MODULE openai_chat_encoder
#include <boost/test/unit_test.hpp>

#include "tests/support/openai_chat_requests.hpp"

using namespace penstock;
using namespace penstock::testing;

BOOST_AUTO_TEST_CASE(the_request_goes_where_and_as_it_should) {
  auto p = asks();
  p.headers = {{"X-A", "1"}, {"accept", "text/plain"}};
  const auto request = encode(p);
  BOOST_REQUIRE(request.has_value());
  BOOST_TEST(request->http.method == "POST");
  BOOST_TEST(request->http.url == "https://x/v1/chat/completions");
  const auto& headers = request->http.headers;
  BOOST_TEST(*find_header(headers, "authorization") == "Bearer k");
  BOOST_TEST(*find_header(headers, "content-type") == "application/json");
  BOOST_TEST(*find_header(headers, "accept") == "text/plain");
  BOOST_TEST(*find_header(headers, "X-A") == "1");
  BOOST_TEST(
    *find_header(encode(p, {"azure", "gpt-4o"})->http.headers, "api-key")
    == "k");
}

BOOST_AUTO_TEST_CASE(headers_that_would_split_the_request_are_refused) {
  for (const auto* value : {"a\r\nb: c", "a\nb"}) {
    auto p = asks();
    p.headers = {{"x-a", value}};
    refusal_of(p);
  }
}

BOOST_AUTO_TEST_CASE(encodes_messages) {
  prompt p;
  p.system = "sys";
  p.messages = {
    says(role::user, "q"),
    {role::user, {text_content{"a"}, text_content{"b"}, text_content{""}}, {}},
    {role::assistant,
     {text_content{"c"}, reasoning_content{"r", "s", {}, {}}},
     "openai-chat/gpt-4o"},
    says(role::system, "more"),
    {role::assistant, {refusal_content{"no"}}, {}},
    {role::assistant, {reasoning_content{"r", {}, {}, {}}}, {}},
  };
  BOOST_TEST(messages_of(p) == sorted(R"([
    {"role":"system","content":"sys"},
    {"role":"user","content":"q"},
    {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
    {"role":"assistant","content":"c"},
    {"role":"system","content":"more"},
    {"role":"assistant","content":"no"}])"));
}

BOOST_AUTO_TEST_CASE(encodes_files) {
  prompt p;
  p.messages = {{role::user,
                 {text_content{"see"}, file_content{"image/png", "foo", {}, {}},
                  file_content{"image/jpeg", {}, "https://i", {}},
                  file_content{"application/pdf", "foo", {}, "a.pdf"},
                  file_content{"audio/wav", "foo", {}, {}},
                  file_content{"text/plain", "plain", {}, {}}},
                 {}}};
  BOOST_TEST(messages_of(p) == sorted(R"([{"role":"user","content":[
    {"type":"text","text":"see"},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,Zm9v"}},
    {"type":"image_url","image_url":{"url":"https://i"}},
    {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,Zm9v"}},
    {"type":"input_audio","input_audio":{"data":"Zm9v","format":"wav"}},
    {"type":"text","text":"plain"}]}])"));
  p.messages[0].parts = {file_content{"application/pdf", {}, "https://d", {}}};
  BOOST_TEST(messages_of(p, mistral) == sorted(R"([{"role":"user","content":[
    {"type":"document_url","document_url":"https://d","document_name":"file.pdf"}]}])"));
  BOOST_TEST(messages_of(p, openrouter).find("https://d") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent_is_refused_by_its_index) {
  const std::pair<content, const char*> table[] = {
    {file_content{"application/pdf", {}, "https://d", {}}, "bytes only"},
    {file_content{"audio/ogg", "foo", {}, {}}, "WAV or MP3"},
    {file_content{"image/png", {}, {}, {}}, "bytes or a URL"},
    {tool_call_content{}, "text and files only"},
    {text_content{""}, "must not be empty"},
  };
  for (const auto& [part, why] : table) {
    auto p = asks();
    p.messages.push_back({role::user, {part}, {}});
    const auto message = refusal_of(p);
    BOOST_TEST(message.starts_with("message 1: "));
    BOOST_TEST(message.find(why) != message.npos);
  }
  auto p = asks();
  p.messages[0].parts = {file_content{"application/pdf", "foo", {}, {}}};
  refusal_of(p, unknown);
  p.messages = {};
  refusal_of(p);
  p.messages = {says(role::system, "only")};
  refusal_of(p);
}

BOOST_AUTO_TEST_CASE(encodes_a_tool_loop) {
  auto p = asks();
  p.messages.push_back(called());
  p.messages.push_back(answered("\"text\""));
  p.messages.push_back(
    {role::assistant,
     {text_content{"t"},
      tool_call_content{"c", "g", "raw", "custom", {}, {}, false},
      tool_call_content{"s", "search", "{}", {}, {}, {}, true}},
     {}});
  p.messages.push_back(answered("{\"b\":2}"));
  BOOST_TEST(messages_of(p) == sorted(R"([
    {"role":"user","content":"q"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"text"},
    {"role":"assistant","content":"t","tool_calls":[{"id":"c","type":"custom","custom":{"name":"g","input":"raw"}}]},
    {"role":"tool","tool_call_id":"call_1","content":"{\"b\":2}"}])"));
}

BOOST_AUTO_TEST_CASE(files_of_tools_follow_all_results_as_the_users) {
  auto p = asks();
  p.messages.push_back(called());
  p.messages.push_back(answered("1", {{"image/png", "foo", {}, {}}}));
  p.messages.push_back(answered("2"));
  p.messages.push_back(says(role::assistant, "done"));
  const auto messages = body_of(p).at("messages");
  BOOST_TEST(messages.size() == 6u);
  BOOST_TEST(messages[2].at("content") == "1");
  BOOST_TEST(messages[3].at("content") == "2");
  BOOST_TEST(messages[4].at("role") == "user");
  BOOST_TEST(messages[4].at("content")[1].at("type") == "image_url");
  BOOST_TEST(messages[5].at("content") == "done");
  // Mistral takes no user message after a tool's, but files within it.
  const auto theirs = body_of(p, mistral).at("messages");
  BOOST_TEST(theirs.size() == 5u);
  BOOST_TEST(theirs[2].at("content")[1].at("type") == "image_url");
}

BOOST_AUTO_TEST_CASE(ids_of_other_providers_are_made_to_fit) {
  auto p = asks();
  const std::string theirs =
    "toolu_01A09q90qw90lq917835lq9toolu_01A09q90qw90lq";
  p.messages.push_back(called(theirs));
  p.messages.push_back(answered());
  std::get<tool_result_content>(p.messages[2].parts[0]).tool_call_id = theirs;
  for (const auto& [to, size] : {std::pair{mistral, 9u}, {target{}, 24u}}) {
    const auto messages = body_of(p, to).at("messages");
    const auto id = bytes_of(messages[1].at("tool_calls")[0], "id");
    BOOST_TEST(id.size() == size);
    BOOST_TEST(id == bytes_of(messages[2], "tool_call_id"));
  }
  p.messages[1] = called("abcDEF123");
  BOOST_TEST(body_of(p, mistral).at("messages")[1].at("tool_calls")[0].at("id")
             == "abcDEF123");
}

BOOST_AUTO_TEST_CASE(encodes_tools_and_their_choice) {
  auto p = asks();
  p.tools = {
    {"f", "does f", R"({"type":"object","properties":{"z":{},"a":{}}})"},
    {"g", {}, {}}};
  BOOST_TEST(to_text(body_of(p).at("tools")) == sorted(R"([
    {"type":"function","function":{"name":"f","description":"does f","parameters":{"type":"object","properties":{"z":{},"a":{}}}}},
    {"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}])"));
  // The order of properties is the order in which models answer.
  const auto text = encode(p)->http.body;
  BOOST_TEST(text.find("\"z\":{}") < text.find("\"a\":{}"));
  BOOST_TEST(!body_of(p).contains("tool_choice"));
  using enum tool_choice::mode;
  p.tool_choice = {none, {}};
  BOOST_TEST(body_of(p).at("tool_choice") == "none");
  p.tool_choice = {required, {}};
  BOOST_TEST(body_of(p).at("tool_choice") == "required");
  BOOST_TEST(body_of(p, mistral).at("tool_choice") == "any");
  p.tool_choice = {one, "g"};
  BOOST_TEST(to_text(body_of(p).at("tool_choice"))
             == R"({"function":{"name":"g"},"type":"function"})");
  p.tool_choice = {one, "h"};
  refusal_of(p);
  p.tools.clear();
  p.tool_choice = {required, {}};
  refusal_of(p);
  p.tool_choice = {none, {}};
  BOOST_TEST(!body_of(p).contains("tool_choice"));
  p.tools = {{"f", {}, "[]"}};
  refusal_of(p);
}
