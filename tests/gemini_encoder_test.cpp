// Goal: a prompt becomes the request that the Gemini API asks for, and nothing
// is dropped in silence. Method: tables of (prompt, body), compared as JSON.
#define BOOST_TEST_MODULE gemini_encoder
#include <boost/test/unit_test.hpp>

#include "tests/support/gemini_requests.hpp"

using namespace penstock;
using namespace penstock::test;

namespace {

const auto parsed = gemini_json;

tool_call_content call(const std::string& id, const std::string& signature = {},
                       const std::string& item_id = {}) {
  return {id, "f", R"({"a":1})", {}, signature, item_id, false};
}

tool_result_content result(const std::string& id, const std::string& output,
                           bool is_error = false) {
  return {id, "f", output, is_error, false, {}};
}

json contents(const prompt& p, const std::string& model = gemini3) {
  return gemini_body(p, model).at("contents");
}

std::string url(const char* base, const char* model) {
  const auto request = encode_gemini(gemini_asks(), model, base);
  return request ? request->http.url : request.error().message;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_request_goes_where_and_as_it_should) {
  auto p = gemini_asks();
  p.headers = {{"X-A", "1"}, {"accept", "text/plain"}};
  const auto request = encode_gemini(p);
  BOOST_REQUIRE(request.has_value());
  BOOST_TEST(request->http.method == "POST");
  const auto& headers = request->http.headers;
  BOOST_TEST(*find_header(headers, "x-goog-api-key") == "k");
  BOOST_TEST(*find_header(headers, "content-type") == "application/json");
  BOOST_TEST(*find_header(headers, "accept") == "text/plain");
  BOOST_TEST(*find_header(headers, "X-A") == "1");
  BOOST_TEST(request->http.body
             == R"({"contents":[{"role":"user","parts":[{"text":"q"}]}]})");
  BOOST_TEST(request->left_out.empty());
}

BOOST_AUTO_TEST_CASE(the_url_has_one_version_and_the_path_of_the_model) {
  const std::string end = ":streamGenerateContent?alt=sse";
  BOOST_TEST(url("https://x", "m") == "https://x/v1beta/models/m" + end);
  BOOST_TEST(url("https://x/v1", "m") == "https://x/v1/models/m" + end);
  BOOST_TEST(url("https://x/p/v1beta", "models/m")
             == "https://x/p/v1beta/models/m" + end);
  BOOST_TEST(url("https://x/vertex", "tunedModels/m")
             == "https://x/vertex/v1beta/tunedModels/m" + end);
  BOOST_TEST(url("https://x/v1/publishers/google", "m@1")
             == "https://x/v1/publishers/google/models/m@1" + end);
  BOOST_TEST(url("https://x", "a:b?c#d e")
             == "https://x/v1beta/models/a%3Ab%3Fc%23d%20e" + end);
  for (const char* bad : {"", "/", "../files", "models/..", "a//b", "./a"})
    BOOST_TEST(url("https://x", bad)
               == "the name of the model is no path of a model");
}

BOOST_AUTO_TEST_CASE(headers_that_would_split_the_request_are_refused) {
  for (const auto* value : {"a\r\nb: c", "a\nb"}) {
    auto p = gemini_asks();
    p.headers = {{"x-a", value}};
    gemini_refusal(p);
  }
}

BOOST_AUTO_TEST_CASE(turns_alternate_and_a_user_begins_and_ends) {
  prompt p;
  p.system = "s";
  p.messages = {
    gemini_says(role::assistant, "a"), gemini_says(role::system, "t"),
    gemini_says(role::assistant, "b"), gemini_says(role::user, "c"),
    gemini_says(role::user, "d"),      gemini_says(role::user, ""),
    gemini_says(role::assistant, "e")};
  const auto body = gemini_body(p);
  BOOST_TEST(body.at("systemInstruction")
             == parsed(R"({"parts":[{"text":"s\n\nt"}]})"));
  BOOST_TEST(body.at("contents") == parsed(R"x([
    {"role":"user","parts":[{"text":"(The beginning of this conversation is not shown.)"}]},
    {"role":"model","parts":[{"text":"a"},{"text":"b"}]},
    {"role":"user","parts":[{"text":"c"},{"text":"d"}]},
    {"role":"model","parts":[{"text":"e"}]},
    {"role":"user","parts":[{"text":"Your last message was cut off. Continue it from exactly where it ends. Do not repeat any of it and do not comment on the interruption."}]}
  ])x"));
  BOOST_TEST(!find_codec("google-gemini")->has_prefill({}, gemini3));
}

BOOST_AUTO_TEST_CASE(gemma_gets_its_system_text_from_the_user) {
  auto p = gemini_asks();
  p.system = "s";
  const auto body = gemini_body(p, "gemma-3-27b-it");
  BOOST_TEST(!body.contains("systemInstruction"));
  BOOST_TEST(
    body.at("contents")
    == parsed(R"([{"role":"user","parts":[{"text":"s"},{"text":"q"}]}])"));
}

BOOST_AUTO_TEST_CASE(a_prompt_that_says_nothing_is_refused) {
  prompt p;
  BOOST_TEST(gemini_refusal(p) == "no message holds anything to send");
  p.messages = {gemini_says(role::user, ""), gemini_says(role::system, "s")};
  BOOST_TEST(gemini_refusal(p) == "no message holds anything to send");
}

BOOST_AUTO_TEST_CASE(encodes_files) {
  prompt p;
  p.messages = {{role::user,
                 {file_content{"image/png", "ab", {}, "n"},
                  file_content{"application/pdf", {}, "https://f", {}},
                  file_content{{}, {}, "https://youtu.be/x", {}},
                  file_content{{}, {}, "data:image/gif;base64,YQ==", {}}},
                 {}}};
  BOOST_TEST(contents(p) == parsed(R"([{"role":"user","parts":[
    {"inlineData":{"mimeType":"image/png","data":"YWI="}},
    {"fileData":{"mimeType":"application/pdf","fileUri":"https://f"}},
    {"fileData":{"fileUri":"https://youtu.be/x"}},
    {"inlineData":{"mimeType":"image/gif","data":"YQ=="}}]}])"));
  p.messages = {gemini_says(role::user, "q"),
                {role::user, {file_content{"image/png", {}, {}, {}}}, {}}};
  BOOST_TEST(gemini_refusal(p) == "messages[1]: a file needs bytes or a URL");
  p.messages = {{role::user, {file_content{{}, "a", {}, {}}}, {}}};
  BOOST_TEST(gemini_refusal(p)
             == "messages[0]: a file by its bytes needs a type");
}

BOOST_AUTO_TEST_CASE(each_call_has_its_response_in_order) {
  prompt p;
  p.messages = {
    gemini_says(role::user, "q"),
    {role::assistant,
     {call("1", {}, "x"), call("2"), call("3")},
     "google-gemini/" + gemini25},
    {role::tool, {result("3", R"("no")", true), result("1", R"({"b":2})")}, {}},
    {role::tool, {result("9", "1")}, {}},
    gemini_says(role::user, "r")};
  BOOST_TEST(contents(p, gemini25) == parsed(R"([
    {"role":"user","parts":[{"text":"q"}]},
    {"role":"model","parts":[
      {"functionCall":{"id":"x","name":"f","args":{"a":1}}},
      {"functionCall":{"name":"f","args":{"a":1}}},
      {"functionCall":{"name":"f","args":{"a":1}}}]},
    {"role":"user","parts":[
      {"functionResponse":{"id":"x","name":"f","response":{"b":2}}},
      {"functionResponse":{"name":"f","response":{"error":"There is no result: the call was interrupted."}}},
      {"functionResponse":{"name":"f","response":{"error":"no"}}},
      {"text":"Result of the tool f: 1"},
      {"text":"r"}]}])"));
}

BOOST_AUTO_TEST_CASE(arguments_and_results_become_objects) {
  prompt p;
  auto list = call("1");
  list.input_json = "[1]";
  auto none = call("2");
  none.input_json = "";
  auto broken = call("3");
  broken.input_json = "{";
  p.messages = {gemini_says(role::user, "q"),
                {role::assistant, {list, none, broken}, {}},
                {role::tool,
                 {result("1", "[2]"), result("2", "{"), result("3", "null")},
                 {}}};
  const auto c = contents(p, gemini25);
  const auto argument = [&](int i) {
    return c[1]["parts"][i]["functionCall"]["args"];
  };
  const auto answer = [&](int i) {
    return c[2]["parts"][i]["functionResponse"]["response"];
  };
  BOOST_TEST(argument(0) == parsed(R"({"value":[1]})"));
  BOOST_TEST(argument(1) == json::object());
  BOOST_TEST(argument(2) == parsed(R"({"invalid_json":"{"})"));
  BOOST_TEST(answer(0) == parsed(R"({"output":[2]})"));
  BOOST_TEST(answer(1) == parsed(R"({"output":"{"})"));
  BOOST_TEST(answer(2) == parsed(R"({"output":null})"));
}

BOOST_AUTO_TEST_CASE(files_of_a_tool_go_where_the_model_takes_them) {
  prompt p;
  auto picture = result("1", "1");
  picture.files = {{"image/png", "a", {}, {}},
                   {"image/png", {}, "https://f", {}}};
  p.messages = {gemini_says(role::user, "q"),
                {role::assistant, {call("1", "s")}, "google-gemini/" + gemini3},
                {role::tool, {picture}, {}}};
  BOOST_TEST(contents(p)[2]["parts"] == parsed(R"([
    {"functionResponse":{"name":"f","response":{"output":1},
      "parts":[{"inlineData":{"mimeType":"image/png","data":"YQ=="}}]}},
    {"text":"Files that the tool f returned:"},
    {"fileData":{"mimeType":"image/png","fileUri":"https://f"}}])"));
  BOOST_TEST(contents(p, gemini25)[2]["parts"] == parsed(R"([
    {"functionResponse":{"name":"f","response":{"output":1}}},
    {"text":"Files that the tool f returned:"},
    {"inlineData":{"mimeType":"image/png","data":"YQ=="}},
    {"fileData":{"mimeType":"image/png","fileUri":"https://f"}}])"));
}

BOOST_AUTO_TEST_CASE(signatures_go_back_on_their_parts_to_their_model_alone) {
  prompt p;
  p.messages = {
    gemini_says(role::user, "q"),
    {role::assistant,
     {reasoning_content{"r", "s1", {}, {}}, text_content{"a", "s2"},
      text_content{"", "s3"}, file_content{"image/png", "a", {}, {}, "s4"},
      call("1", "s5"), call("2")},
     "google-gemini/models/" + gemini3},
    {role::tool, {result("1", "1"), result("2", "1")}, {}}};
  BOOST_TEST(contents(p)[1]["parts"] == parsed(R"([
    {"text":"r","thought":true,"thoughtSignature":"s1"},
    {"text":"a","thoughtSignature":"s2"},
    {"text":"","thoughtSignature":"s3"},
    {"inlineData":{"mimeType":"image/png","data":"YQ=="},"thoughtSignature":"s4"},
    {"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"s5"},
    {"functionCall":{"name":"f","args":{"a":1}}}])"));
  // Another model, which demands a signature on the first call.
  BOOST_TEST(contents(p, "gemini-3-flash-preview")[1]["parts"] == parsed(R"([
    {"text":"a"},
    {"inlineData":{"mimeType":"image/png","data":"YQ=="}},
    {"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"skip_thought_signature_validator"},
    {"functionCall":{"name":"f","args":{"a":1}}}])"));
  // One that does not, and another API's.
  p.messages[1].made_by = "openai-chat/" + gemini25;
  BOOST_TEST(contents(p, gemini25)[1]["parts"] == parsed(R"([
    {"text":"a"},
    {"inlineData":{"mimeType":"image/png","data":"YQ=="}},
    {"functionCall":{"name":"f","args":{"a":1}}},
    {"functionCall":{"name":"f","args":{"a":1}}}])"));
}

BOOST_AUTO_TEST_CASE(what_the_api_ran_goes_back_with_its_result_or_not_at_all) {
  const std::string code = R"({"language":"PYTHON","code":"1"})";
  const std::string output =
    R"({"outcome":"OUTCOME_OK","output":"1","thoughtSignature":"s2"})";
  const tool_call_content run{
    "call_1", "code_execution", code, "executableCode", "s1", {}, true};
  const tool_call_content search{
    "t", "GOOGLE_SEARCH_WEB", R"({"id":"t"})", "toolCall", {}, "t", true};
  prompt p;
  p.messages = {
    gemini_says(role::user, "q"),
    {role::assistant,
     {run,
      tool_result_content{"call_1", "code_execution", output, false, true, {}},
      run, tool_result_content{{}, "code_execution", output, false, true, {}},
      search,
      tool_result_content{
        "t", "GOOGLE_SEARCH_WEB", R"({"id":"t"})", false, true, {}},
      text_content{"a", {}}},
     "google-gemini/" + gemini3},
    gemini_says(role::user, "r")};
  const auto ran = parsed(R"([
    {"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"s1"},
    {"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"},"thoughtSignature":"s2"},
    {"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"s1"},
    {"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"},"thoughtSignature":"s2"},
    {"toolCall":{"id":"t"}},{"toolResponse":{"id":"t"}},
    {"text":"a"}])");
  BOOST_TEST(contents(p)[1]["parts"] == ran);
  p.messages[1].parts = {run, text_content{"a", {}}};
  BOOST_TEST(contents(p)[1]["parts"] == parsed(R"([{"text":"a"}])"));
  p.messages[1].made_by = "anthropic-messages/claude";
  p.messages[1].parts = {
    run, tool_result_content{"call_1", "c", output, false, true, {}},
    text_content{"a", {}}};
  BOOST_TEST(contents(p)[1]["parts"] == parsed(R"([{"text":"a"}])"));
  BOOST_TEST(gemini_notes(p)
               == (encoder_notes{"a tool call that another API ran",
                                 "the result of a tool that another API ran"}),
             boost::test_tools::per_element());
}
