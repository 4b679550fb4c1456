// Goal: what a host wishes beside the messages becomes what each Gemini model
// takes, and nothing is dropped in silence. Method: tables of (prompt, body),
// compared as JSON.
#define BOOST_TEST_MODULE gemini_options
#include <boost/test/unit_test.hpp>

#include "tests/support/gemini_requests.hpp"

#include <limits>

using namespace penstock;
using namespace penstock::test;

namespace {

const auto parsed = gemini_json;

tool_definition tool(const std::string& name, const std::string& schema = {}) {
  return {name, "d", schema};
}

json config(const prompt& p, const std::string& model = gemini3) {
  return gemini_body(p, model).value("generationConfig", json());
}

json thinking(thinking_level level, const std::string& model) {
  auto p = gemini_asks();
  p.thinking = level;
  const auto all = config(p, model);
  return all.is_null() ? json() : all.value("thinkingConfig", json());
}

} // namespace

BOOST_AUTO_TEST_CASE(encodes_tools_and_their_choice) {
  auto p = gemini_asks();
  p.tools = {tool("f", R"({"type":"object","properties":{"b":{},"a":{}}})"),
             tool("g"), tool("h", R"({"type":"object","properties":{}})")};
  const auto request = encode_gemini(p);
  BOOST_REQUIRE(request.has_value());
  BOOST_TEST(
    request->http.body.find(
      R"("tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","properties":{"b":{},"a":{}}}},{"name":"g","description":"d"},{"name":"h","description":"d"}]}])")
    != std::string::npos);
  const auto choose = [&](tool_choice choice) {
    p.tool_choice = std::move(choice);
    return gemini_body(p).value("toolConfig", json());
  };
  using enum tool_choice::mode;
  BOOST_TEST(choose({automatic, {}}) == json());
  BOOST_TEST(choose({none, {}})
             == parsed(R"({"functionCallingConfig":{"mode":"NONE"}})"));
  BOOST_TEST(choose({required, {}})
             == parsed(R"({"functionCallingConfig":{"mode":"ANY"}})"));
  BOOST_TEST(
    choose({one, "g"})
    == parsed(
      R"({"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}})"));
  p.tool_choice = {one, "x"};
  BOOST_TEST(gemini_refusal(p)
             == "tool_choice names \"x\", which is no tool here");
  p.tools.clear();
  BOOST_TEST(gemini_refusal(p)
             == "tool_choice asks for a tool, but there is none");
  p.tool_choice = {none, {}};
  BOOST_TEST(!gemini_body(p).contains("toolConfig"));
  p.tools = {tool("f", "[]")};
  BOOST_TEST(gemini_refusal(p)
             == "the input schema of the tool \"f\" must be a JSON object");
}

BOOST_AUTO_TEST_CASE(encodes_the_form_of_the_answer) {
  auto p = gemini_asks();
  p.response_format = {response_format::kind::json, {}, {}};
  BOOST_TEST(config(p) == parsed(R"({"responseMimeType":"application/json"})"));
  p.response_format = {response_format::kind::json_schema, "n",
                       R"({"type":"object"})"};
  BOOST_TEST(
    config(p)
    == parsed(
      R"({"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}})"));
  p.tools = {tool("f")};
  BOOST_TEST(config(p).contains("responseJsonSchema"));
  BOOST_TEST(gemini_refusal(p, gemini25).find("beside tools")
             != std::string::npos);
  p.response_format.schema_json = "7";
  BOOST_TEST(gemini_refusal(p)
             == "the schema of the answer must be a JSON object");
}

BOOST_AUTO_TEST_CASE(encodes_sampling) {
  auto p = gemini_asks();
  p.max_output_tokens = 9;
  p.sampling = {0.5, 0.25, 3, 0.75, 1.5, -7, {"x", "y"}};
  BOOST_TEST(config(p) == parsed(R"({"maxOutputTokens":9,"temperature":0.5,
    "topP":0.25,"topK":3,"presencePenalty":0.75,"frequencyPenalty":1.5,
    "seed":-7,"stopSequences":["x","y"]})"));
  p.sampling = {};
  p.sampling.temperature = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(gemini_refusal(p) == "temperature must be a finite number");
  p.sampling = {};
  p.sampling.seed = std::int64_t{1} << 31;
  BOOST_TEST(gemini_refusal(p) == "google-gemini takes a seed of 32 bits only");
  p.sampling = {};
  p.sampling.stop = {"1", "2", "3", "4", "5", "6"};
  BOOST_TEST(gemini_refusal(p) == "google-gemini takes at most 5 stop texts");
}

BOOST_AUTO_TEST_CASE(thinking_is_asked_for_as_each_model_takes_it) {
  using enum thinking_level;
  const struct {
    const char* model;
    thinking_level level;
    const char* config;
  } rows[] = {
    {"gemini-2.5-flash", off, R"({"thinkingBudget":0})"},
    {"gemini-2.5-flash", low,
     R"({"includeThoughts":true,"thinkingBudget":2048})"},
    {"gemini-2.5-flash", max,
     R"({"includeThoughts":true,"thinkingBudget":24576})"},
    {"gemini-2.5-flash-lite", minimal,
     R"({"includeThoughts":true,"thinkingBudget":512})"},
    {"gemini-2.5-pro", off, R"({"thinkingBudget":128})"},
    {"gemini-2.5-pro", max,
     R"({"includeThoughts":true,"thinkingBudget":32768})"},
    {"gemini-3-pro-preview", off, R"({"thinkingLevel":"LOW"})"},
    {"gemini-3-pro-preview", medium,
     R"({"includeThoughts":true,"thinkingLevel":"LOW"})"},
    {"gemini-3-pro-preview", max,
     R"({"includeThoughts":true,"thinkingLevel":"HIGH"})"},
    {"gemini-3.1-pro-preview", medium,
     R"({"includeThoughts":true,"thinkingLevel":"MEDIUM"})"},
    {"models/gemini-3-flash-preview", minimal,
     R"({"includeThoughts":true,"thinkingLevel":"MINIMAL"})"},
    {"gemini-3.1-flash-lite", minimal,
     R"({"includeThoughts":true,"thinkingLevel":"MINIMAL"})"},
    {"gemini-3.7-flash", minimal,
     R"({"includeThoughts":true,"thinkingLevel":"LOW"})"},
    {"gemini-flash-latest", high,
     R"({"includeThoughts":true,"thinkingLevel":"HIGH"})"},
    {"gemini-2.0-flash", off, "null"},
    {"gemini-2.0-flash", high, "null"},
    {"gemini-2.5-flash-image", high, "null"},
    {"gemini-3-pro-image-preview", high, "null"},
  };
  for (const auto& r : rows)
    BOOST_TEST_CONTEXT(r.model << ' ' << static_cast<int>(r.level))
  BOOST_TEST(thinking(r.level, r.model) == parsed(r.config));
  auto p = gemini_asks();
  p.thinking = off;
  BOOST_TEST(gemini_notes(p, "gemini-2.5-flash").empty());
  BOOST_TEST(gemini_notes(p, "gemini-2.0-flash").empty());
  BOOST_TEST(gemini_notes(p, "gemini-2.5-pro").size() == 1u);
  BOOST_TEST(gemini_notes(p, gemini3).size() == 1u);
  p.thinking = high;
  BOOST_TEST(gemini_notes(p, "gemini-2.0-flash").size() == 1u);
  // Half of the output stays for the answer.
  p.max_output_tokens = 1'000;
  BOOST_TEST(config(p, gemini25)["thinkingConfig"]["thinkingBudget"] == 500);
}

BOOST_AUTO_TEST_CASE(provider_options_are_merged_last) {
  auto p = gemini_asks();
  p.tools = {tool("f")};
  p.sampling.temperature = 1;
  p.max_output_tokens = 9;
  p.provider_options_json = R"({"tools":[{"googleSearch":{}}],
    "generationConfig":{"temperature":0,"maxOutputTokens":null,"mediaResolution":"LOW"},
    "cachedContent":"c"})";
  const auto body = gemini_body(p);
  BOOST_TEST(body["tools"].size() == 2u);
  BOOST_TEST(body["tools"][1] == parsed(R"({"googleSearch":{}})"));
  BOOST_TEST(body["generationConfig"]
             == parsed(R"({"temperature":0,"mediaResolution":"LOW"})"));
  BOOST_TEST(body["cachedContent"] == "c");
  p.tools.clear();
  BOOST_TEST(gemini_body(p)["tools"] == parsed(R"([{"googleSearch":{}}])"));
  p.provider_options_json = "[]";
  BOOST_TEST(gemini_refusal(p) == "provider_options must be a JSON object");
}

BOOST_AUTO_TEST_CASE(a_wish_for_a_cache_is_noted) {
  auto p = gemini_asks();
  p.cache = cache_ttl::one_hour;
  BOOST_TEST(gemini_notes(p)
               == encoder_notes{"cache: the server decides what it keeps"},
             boost::test_tools::per_element());
}
