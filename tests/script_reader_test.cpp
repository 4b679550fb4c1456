// Goal: a script is what the file says, or is refused with the path of what is
// wrong. Method: tables of (script, what its answers are) and of faults, both
// through a configuration, as a user writes it.
#define BOOST_TEST_MODULE script_reader
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "runtime/config_file.hpp"
#include "tests/support/openai_chat_streams.hpp"

using namespace penstock;
using namespace std::chrono_literals;
using test::lines;

namespace {

expected<configuration> configured(const std::string& script) {
  return parse_configuration(R"({"providers":{"p":{"script":)" + script
                             + "}}}");
}

std::vector<http_answer> answers_of(const std::string& answers) {
  const auto made = configured(R"({"m":)" + answers + "}");
  BOOST_REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
  const auto& provider = made->options.providers.at("p");
  BOOST_TEST(provider.api == "scripted");
  return provider.script.at("m");
}

http_answer answer_of(const std::string& answer) {
  const auto answers = answers_of(answer);
  BOOST_REQUIRE(answers.size() == 1u);
  return answers[0];
}

std::string body_of(const http_answer& answer) {
  std::string body;
  for (const auto& piece : answer.body)
    body += piece.bytes;
  return body;
}

// What the decoder makes of it, without the line of the id.
lines parts_of(const std::string& answer) {
  auto parts = test::decode_chat(body_of(answer_of(answer)), 4096);
  std::erase(parts, "info resp-1 scripted");
  return parts;
}

} // namespace

BOOST_AUTO_TEST_CASE(an_answer_has_the_parts_that_it_lists) {
  // clang-format off
  const std::pair<const char*, lines> table[] = {
    {R"("Hello there")", {"text0 Hello there", "text_end0", "finished stop stop"}},
    {R"({})", {"finished stop stop"}},
    {R"({"parts":["a",{"text":"b"}]})", {"text0 ab", "text_end0", "finished stop stop"}},
    {R"({"parts":[{"reasoning":"Hm, so"},"a"]})",
     {"reasoning0 Hm, so", "reasoning_end0", "text1 a", "text_end1", "finished stop stop"}},
    {R"({"parts":[{"refusal":"No."}]})", {"refusal0 No.", "finished content-filter content_filter"}},
    {R"({"parts":[{"tool_call":{"name":"f","input":{"b":1,"a":2}}},{"tool_call":{"id":"x","name":"g"}}]})",
     {"call0 call_1 f", R"(input0 {"b":1,"a":2})", R"(complete0 {"b":1,"a":2})",
      "call1 x g", "input1 {}", "complete1 {}", "finished tool-calls tool_calls"}},
    {R"({"parts":["a"],"finish":"length","usage":{"input":9,"cached_input":4,"output":2,"reasoning":1}})",
     {"text0 a", "text_end0", "usage 9 4 0 2 1 exact", "finished length length"}},
    {R"({"parts":["a"],"error":{"type":"overloaded_error","message":"busy"}})",
     {"text0 a", "failed overloaded", "unfinished"}},
    {R"({"parts":["a"],"ends":"truncated"})", {"text0 a", "unfinished"}},
    {R"({"parts":["a b c"],"ends":"truncated","after_events":2})", {"text0 a", "unfinished"}},
  };
  // clang-format on
  for (const auto& [answer, want] : table) {
    BOOST_TEST_INFO(answer);
    BOOST_TEST(parts_of(answer) == want, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(delays_are_where_they_are_said_to_be) {
  const auto answer = answer_of(
    R"({"parts":["a b"],"connect_ms":1,"head_ms":20,"first_ms":300,"between_ms":4000})");
  BOOST_TEST((answer.connect_delay == 1ms));
  BOOST_TEST((answer.head_delay == 20ms));
  BOOST_REQUIRE(answer.body.size() > 2u);
  BOOST_TEST((answer.body[0].delay == 300ms));
  BOOST_TEST((answer.body[1].delay == 4000ms));
}

BOOST_AUTO_TEST_CASE(an_answer_ends_as_it_is_told) {
  using ending = http_answer::ending;
  const std::pair<const char*, ending> table[] = {
    {R"({"parts":["a"]})", ending::complete},
    {R"({"parts":["a"],"ends":"truncated"})", ending::complete},
    {R"({"parts":["a"],"ends":"closed"})", ending::closed},
    {R"({"parts":["a"],"ends":"reset"})", ending::reset},
    {R"({"parts":["a"],"ends":"stall"})", ending::stall}};
  for (const auto& [answer, ends] : table)
    BOOST_TEST((answer_of(answer).ends == ends), answer);
  BOOST_TEST(answer_of(R"({"ends":"stall","after_events":0})").body.empty());
  const auto all = answer_of(R"({"parts":["a b"],"ends":"reset"})");
  BOOST_TEST(answer_of(R"({"parts":["a b"],"ends":"reset","after_events":99})")
               .body.size()
             == all.body.size());
  BOOST_TEST(body_of(all).find("[DONE]") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_answer_with_a_status_is_an_error_of_http) {
  const auto answer = answer_of(
    R"({"status":429,"headers":{"retry-after":"2"},"head_ms":7,
        "error":{"type":"rate_limit_exceeded","message":"slow down"}})");
  BOOST_TEST(answer.status == 429);
  BOOST_TEST(*find_header(answer.headers, "retry-after") == "2");
  BOOST_TEST((answer.head_delay == 7ms));
  BOOST_TEST(
    body_of(answer)
    == R"({"error":{"code":"rate_limit_exceeded","message":"slow down",)"
       R"("type":"rate_limit_exceeded"}})");
}

BOOST_AUTO_TEST_CASE(a_list_is_in_turn_and_times_repeats) {
  const auto answers = answers_of(
    R"(["a",{"status":500,"error":{"type":"x","message":"y"},"times":2},"b"])");
  BOOST_REQUIRE(answers.size() == 4u);
  BOOST_TEST(answers[0].status == 200);
  BOOST_TEST(answers[1].status == 500);
  BOOST_TEST(answers[2].status == 500);
  BOOST_TEST(answers[3].status == 200);
}

BOOST_AUTO_TEST_CASE(a_wrong_script_is_refused_by_its_path) {
  // clang-format off
  const std::pair<const char*, const char*> table[] = {
    {"7", "providers.p.script: expected an object, got 7"},
    {R"({"":"a"})", "providers.p.script: a model needs a name"},
    {R"({"m":7})", "providers.p.script.m: expected a text or an object, got 7"},
    {R"({"m":[]})", "providers.p.script.m: expected at least one answer"},
    {R"({"m":["a",null]})", "providers.p.script.m[1]: expected a text or an object, got null"},
    {R"({"m":"a","m":"b"})", "providers.p.script.m: is there twice"},
    {R"({"m":{"part":[]}})", "providers.p.script.m: there is no \"part\" here; did you mean parts?"},
    {R"({"m":{"parts":"a"}})", "providers.p.script.m.parts: expected an array, got \"a\""},
    {R"({"m":{"parts":[1]}})", "providers.p.script.m.parts[0]: expected a text, or one of"},
    {R"({"m":{"parts":[{"text":"a","refusal":"b"}]}})", "providers.p.script.m.parts[0]: expected a text, or one of"},
    {R"({"m":{"parts":["a",{"txt":"a"}]}})", "providers.p.script.m.parts[1]: there is no \"txt\" here"},
    {R"({"m":{"parts":[{"text":1}]}})", "providers.p.script.m.parts[0].text: expected a text, got 1"},
    {R"({"m":{"parts":[{"tool_call":{"input":{}}}]}})", "providers.p.script.m.parts[0].tool_call: \"name\" is missing"},
    {R"({"m":{"parts":[{"tool_call":{"name":"f","input":[]}}]}})", "providers.p.script.m.parts[0].tool_call.input: expected an object, got an array"},
    {R"({"m":{"usage":{"input":-1}}})", "providers.p.script.m.usage.input: expected a whole number"},
    {R"({"m":{"finish":"end"}})", "providers.p.script.m.finish: expected stop, length"},
    {R"({"m":{"first_ms":1.5}})", "providers.p.script.m.first_ms: expected a whole number"},
    {R"({"m":{"ends":"cut"}})", "providers.p.script.m.ends: expected closed, reset, stall or truncated, got \"cut\""},
    {R"({"m":{"after_events":1}})", "providers.p.script.m: \"after_events\" says when \"ends\" happens"},
    {R"({"m":{"status":200}})", "providers.p.script.m.status: expected a whole number from 400 to 599"},
    {R"({"m":{"status":500}})", "providers.p.script.m: \"error\" is missing"},
    {R"({"m":{"status":500,"parts":[],"error":{"type":"a","message":"b"}}})", "providers.p.script.m: an answer with a \"status\""},
    {R"({"m":{"error":{"type":"a"}}})", "providers.p.script.m.error: \"message\" is missing"},
    {R"({"m":{"headers":{"a b":"c"}}})", "providers.p.script.m.headers: header \"a b\""},
    {R"({"m":{"headers":{"a":"b\nc"}}})", "providers.p.script.m.headers: header \"a\""},
    {R"({"m":{"times":0}})", "providers.p.script.m.times: expected a whole number from 1"},
    {R"({"m":[{"times":9999},{"times":2}]})", "providers.p.script.m[1]: more than 10000 answers"},
  };
  // clang-format on
  for (const auto& [script, why] : table) {
    const auto made = configured(script);
    BOOST_REQUIRE_MESSAGE(!made, script);
    BOOST_TEST((made.error().code == errc::invalid_request));
    BOOST_TEST(made.error().message.starts_with(why),
               made.error().message << " does not begin with " << why);
  }
}

BOOST_AUTO_TEST_CASE(only_the_api_scripted_plays_a_script) {
  const auto made = parse_configuration(
    R"({"providers":{"p":{"api":"openai-chat","script":{"m":"a"}}}})");
  BOOST_REQUIRE(!made);
  BOOST_TEST(made.error().message
             == "providers.p.script: only the API \"scripted\" plays a script");
}
