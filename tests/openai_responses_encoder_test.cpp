// Goal: every option of a prompt reaches the Responses API in its form, and
// what the API or the model does not know is left out and said so.
// Method: prompts against the body, the headers and the notes.
#define BOOST_TEST_MODULE openai_responses_encoder
#include <boost/test/unit_test.hpp>

#include "tests/support/openai_responses_requests.hpp"

#include <limits>

using namespace penstock;
using namespace penstock::test;

namespace {

const responses_target plain{"openai", "gpt-4o"};
const responses_target own_server{"lmstudio", "gpt-oss"};

std::string sorted(const std::string& text) {
  return to_text(*parse_json(text));
}

std::string member_of(const prompt& p, const char* name,
                      const responses_target& to = {}) {
  const auto body = responses_body(p, to);
  return body.contains(name) ? to_text(body.at(name)) : "absent";
}

tool_definition get_tool() {
  return {"get", "Gets.", R"({"type":"object"})"};
}

} // namespace

BOOST_AUTO_TEST_CASE(a_plain_question_is_a_small_request) {
  const auto request = encode_responses(asked({user_text("q")}), plain);
  BOOST_REQUIRE(request.has_value());
  BOOST_TEST(request->http.url == "https://x/v1/responses");
  BOOST_TEST(request->http.body
             == R"({"model":"gpt-4o","input":[{"role":"user","content":"q"}],)"
                R"("store":false,"stream":true,)"
                R"("stream_options":{"include_obfuscation":false}})");
  BOOST_TEST(request->left_out.empty());
  const header_list want{{"content-type", "application/json"},
                         {"accept", "text/event-stream"},
                         {"authorization", "Bearer k"},
                         {"x-a", "1"}};
  BOOST_TEST((request->http.headers == want));
}

BOOST_AUTO_TEST_CASE(headers_of_the_prompt_win_and_azure_has_its_own_key) {
  const auto p = asked_with([](prompt& q) { q.headers = {{"X-A", "2"}}; });
  const auto request = encode_responses(p, {"azure", "gpt-4o"});
  BOOST_REQUIRE(request.has_value());
  const header_list want{{"content-type", "application/json"},
                         {"accept", "text/event-stream"},
                         {"api-key", "k"},
                         {"x-a", "2"}};
  BOOST_TEST((request->http.headers == want));
  BOOST_TEST(!refusal_of(asked_with([](prompt& q) {
                q.headers = {{"a", "b\nc"}};
              }))
                .empty());
}

BOOST_AUTO_TEST_CASE(the_system_prompt_is_instructions_and_never_empty) {
  const auto p = asked_with([](prompt& q) { q.system = "s"; });
  BOOST_TEST(member_of(p, "instructions") == "\"s\"");
  BOOST_TEST(member_of(asked({user_text("q")}), "instructions") == "absent");
}

// Its answers are stored unless the request says otherwise, and a model that
// does not reason refuses to be asked for its encrypted reasoning.
BOOST_AUTO_TEST_CASE(nothing_is_stored_and_reasoning_comes_encrypted) {
  const auto p = asked({user_text("q")});
  BOOST_TEST(member_of(p, "store") == "false");
  BOOST_TEST(member_of(p, "include") == R"(["reasoning.encrypted_content"])");
  BOOST_TEST(member_of(p, "include", plain) == "absent");
  BOOST_TEST(member_of(p, "include", {"my-gateway", "x"}) == "absent");
  const auto thinks =
    asked_with([](prompt& q) { q.thinking = thinking_level::low; });
  BOOST_TEST(member_of(thinks, "include", {"my-gateway", "x"})
             == R"(["reasoning.encrypted_content"])");
  for (const auto* name : {"store", "include", "stream_options"})
    BOOST_TEST(member_of(thinks, name, own_server) == "absent");
  BOOST_TEST(member_of(p, "stream_options", {"azure", "gpt-5"}) == "absent");
}

BOOST_AUTO_TEST_CASE(a_thinking_level_is_an_effort_that_the_model_has) {
  const struct {
    thinking_level level;
    responses_target to;
    std::string want;
  } table[] = {
    {thinking_level::low, {}, R"({"effort":"low","summary":"auto"})"},
    {thinking_level::max, {}, R"({"effort":"high","summary":"auto"})"},
    {thinking_level::off, {}, R"({"effort":"minimal"})"},
    {thinking_level::off, {"openai", "gpt-5.2"}, R"({"effort":"none"})"},
    {thinking_level::max,
     {"openai", "gpt-5.2"},
     R"({"effort":"xhigh","summary":"auto"})"},
    {thinking_level::low,
     {"groq", "openai/gpt-oss-20b"},
     R"({"effort":"low"})"},
    {thinking_level::low, plain, "absent"},
  };
  for (const auto& row : table) {
    const auto p = asked_with([&](prompt& q) { q.thinking = row.level; });
    BOOST_TEST(member_of(p, "reasoning", row.to) == row.want);
    const auto notes = encode_responses(p, row.to)->left_out;
    BOOST_TEST(notes.size() == (row.want == "absent" ? 1u : 0u));
  }
}

BOOST_AUTO_TEST_CASE(tools_are_functions_whose_schema_is_as_it_was_written) {
  const auto p = asked_with([](prompt& q) {
    q.tools = {get_tool(), {"bare", "", ""}};
  });
  BOOST_TEST(
    member_of(p, "tools")
    == sorted(
      R"([{"type":"function","name":"get","description":"Gets.",)"
      R"("parameters":{"type":"object"},"strict":false},{"type":"function",)"
      R"("name":"bare","parameters":{"type":"object","properties":{}},)"
      R"("strict":false}])"));
  const auto bad = asked_with([](prompt& q) { q.tools = {{"get", "", "[]"}}; });
  BOOST_TEST(refusal_of(bad).find("\"get\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_tool_choice_needs_its_tool) {
  using mode = tool_choice::mode;
  const auto choice = [](mode how, std::string name = {}, bool tools = true) {
    return asked_with([&](prompt& q) {
      if (tools)
        q.tools = {get_tool()};
      q.tool_choice = {how, std::move(name)};
    });
  };
  BOOST_TEST(member_of(choice(mode::automatic), "tool_choice") == "absent");
  BOOST_TEST(member_of(choice(mode::none), "tool_choice") == "\"none\"");
  BOOST_TEST(member_of(choice(mode::none, "", false), "tool_choice")
             == "absent");
  BOOST_TEST(member_of(choice(mode::required), "tool_choice")
             == "\"required\"");
  BOOST_TEST(member_of(choice(mode::one, "get"), "tool_choice")
             == R"({"name":"get","type":"function"})");
  BOOST_TEST(!refusal_of(choice(mode::one, "other")).empty());
  BOOST_TEST(!refusal_of(choice(mode::required, "", false)).empty());
  auto custom = choice(mode::one, "sql", false);
  custom.provider_options_json =
    R"({"tools":[{"type":"web_search"},{"type":"custom","name":"sql"}]})";
  BOOST_TEST(member_of(custom, "tool_choice")
             == R"({"name":"sql","type":"custom"})");
}

BOOST_AUTO_TEST_CASE(a_response_format_is_the_format_of_the_text) {
  using kind = response_format::kind;
  const auto format = [](response_format f) {
    return asked_with([&](prompt& q) { q.response_format = std::move(f); });
  };
  BOOST_TEST(member_of(format({kind::text, "", ""}), "text") == "absent");
  BOOST_TEST(member_of(format({kind::json, "", ""}), "text")
             == R"({"format":{"type":"json_object"}})");
  BOOST_TEST(member_of(format({kind::json_schema, "", R"({"a":1})"}), "text")
             == sorted(R"({"format":{"type":"json_schema","name":"answer",)"
                       R"("schema":{"a":1}}})"));
  BOOST_TEST(!refusal_of(format({kind::json_schema, "n", "7"})).empty());
}

BOOST_AUTO_TEST_CASE(sampling_that_the_api_or_the_model_lacks_is_left_out) {
  const auto p = asked_with([](prompt& q) {
    q.max_output_tokens = 9;
    q.sampling.temperature = 0.5;
    q.sampling.top_p = 0.25;
    q.sampling.top_k = 3;
    q.sampling.seed = 4;
    q.sampling.presence_penalty = 1;
    q.sampling.frequency_penalty = 1;
    q.sampling.stop = {"x"};
    q.cache = cache_ttl::five_minutes;
  });
  const auto body = responses_body(p, plain);
  BOOST_TEST(body.at("max_output_tokens") == 9);
  BOOST_TEST(body.at("temperature") == 0.5);
  BOOST_TEST(body.at("top_p") == 0.25);
  for (const auto* name : {"top_k", "seed", "presence_penalty",
                           "frequency_penalty", "stop", "cache"})
    BOOST_TEST(!body.contains(name));
  BOOST_TEST(encode_responses(p, plain)->left_out.size() == 6u);
  BOOST_TEST(member_of(p, "temperature") == "absent");
  BOOST_TEST(encode_responses(p)->left_out.size() == 8u);
  auto off = p;
  off.thinking = thinking_level::off;
  BOOST_TEST(member_of(off, "temperature", {"openai", "gpt-5.2"}) == "0.5");
  off.thinking = thinking_level::low;
  BOOST_TEST(member_of(off, "temperature", {"openai", "gpt-5.2"}) == "absent");
  auto odd = asked({user_text("q")});
  odd.sampling.top_p = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(!refusal_of(odd).empty());
}

BOOST_AUTO_TEST_CASE(provider_options_are_merged_last_and_tools_are_added) {
  const auto options = [](const char* text) {
    return asked_with([&](prompt& q) {
      q.tools = {{"get", "", "{}"}};
      q.thinking = thinking_level::low;
      q.provider_options_json = text;
    });
  };
  const auto p =
    options(R"({"store":true,"reasoning":{"summary":null},"truncation":"auto",)"
            R"("tools":[{"type":"web_search"}],)"
            R"("include":["a","reasoning.encrypted_content"]})");
  const auto body = responses_body(p);
  BOOST_TEST(body.at("store") == true);
  BOOST_TEST(to_text(body.at("reasoning")) == R"({"effort":"low"})");
  BOOST_TEST(body.at("truncation") == "auto");
  BOOST_TEST(body.at("tools").size() == 2u);
  BOOST_TEST(body.at("tools")[1].at("type") == "web_search");
  BOOST_TEST(to_text(body.at("include"))
             == R"(["reasoning.encrypted_content","a"])");
  BOOST_TEST(member_of(options(R"({"tools":null})"), "tools") == "absent");
  BOOST_TEST(!refusal_of(options(R"({"stream":false})")).empty());
  BOOST_TEST(!refusal_of(options("[]")).empty());
  BOOST_TEST(!refusal_of(options("{")).empty());
}
