// Goal: a conversation becomes items that the Responses API accepts: the same
// for every kind of message, and nothing that it would refuse.
// Method: messages against the `input` of the request.
#define BOOST_TEST_MODULE openai_responses_input
#include <boost/test/unit_test.hpp>

#include "providers/openai_responses_input.hpp"
#include "tests/support/openai_responses_requests.hpp"

using namespace penstock;
using namespace penstock::test;

namespace {

const std::string maker = "openai-responses/gpt-5";
const responses_target own_server{"lmstudio", "gpt-oss"};

std::string sorted(const std::string& text) {
  const auto value = parse_json(text);
  BOOST_REQUIRE_MESSAGE(value.has_value(), text);
  return to_text(*value);
}

content text(std::string s) {
  return text_content{std::move(s), {}};
}

tool_call_content call(std::string kind, std::string input,
                       std::string item = {}, bool provider = false) {
  return {"c",     "go", std::move(input), std::move(kind), {}, std::move(item),
          provider};
}

tool_result_content result(std::string output, bool is_error = false,
                           std::vector<file_content> files = {}) {
  return {"c", "go", std::move(output), is_error, false, std::move(files)};
}

// What follows a call of this kind when this is its result.
std::string answer_to(tool_call_content what, tool_result_content how) {
  const auto p = asked({said(role::assistant, {std::move(what)}, maker),
                        said(role::tool, {std::move(how)})});
  return to_text(responses_body(p).at("input").back());
}

std::string of_assistant(std::vector<content> parts,
                         const responses_target& to = {},
                         const std::string& made_by = maker) {
  return input_of({said(role::assistant, std::move(parts), made_by)}, to);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_lone_text_is_a_string_and_more_is_a_list) {
  BOOST_TEST(input_of({said(role::user, {text("a"), text("")})})
             == sorted(R"([{"role":"user","content":"a"}])"));
  BOOST_TEST(input_of({said(role::user, {text("a"), text("b")})})
             == sorted(R"([{"role":"user","content":[)"
                       R"({"type":"input_text","text":"a"},)"
                       R"({"type":"input_text","text":"b"}]}])"));
}

BOOST_AUTO_TEST_CASE(files_go_by_bytes_or_by_url) {
  const struct {
    file_content file;
    std::string want;
  } table[] = {
    {{"image/png", "hi", "", ""},
     R"({"type":"input_image","image_url":"data:image/png;base64,aGk="})"},
    {{"image/png", "", "https://i", ""},
     R"({"type":"input_image","image_url":"https://i"})"},
    {{"application/pdf", "hi", "", ""},
     R"({"type":"input_file","filename":"file.pdf",)"
     R"("file_data":"data:application/pdf;base64,aGk="})"},
    {{"application/pdf", "", "https://p", "n"},
     R"({"type":"input_file","file_url":"https://p"})"},
    {{"audio/wav", "hi", "", ""},
     R"({"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}})"},
  };
  for (const auto& row : table)
    BOOST_TEST(input_of({said(role::user, {text("q"), row.file})})
               == sorted(R"([{"role":"user","content":[)"
                         R"({"type":"input_text","text":"q"},)"
                         + row.want + "]}]"));
  BOOST_TEST(input_of({said(role::user, {file_content{"text/x", "t", "", ""}})})
             == sorted(R"([{"role":"user","content":"t"}])"));
  const auto pdf = file_content{"application/pdf", "hi", "", ""};
  BOOST_TEST(
    refusal_of(asked({user_text("a"), said(role::user, {pdf})}), own_server)
      .starts_with("message 1: "));
  for (const auto& bad : {file_content{"image/png", "", "", ""},
                          file_content{"audio/ogg", "x", "", ""}})
    BOOST_TEST(!refusal_of(asked({said(role::user, {bad})})).empty());
}

BOOST_AUTO_TEST_CASE(a_system_message_has_the_role_that_the_server_knows) {
  const std::vector<message> both{said(role::system, {text("s")}),
                                  user_text("q")};
  BOOST_TEST(input_of(both).find(R"({"content":"s","role":"developer"})")
             != std::string::npos);
  BOOST_TEST(
    input_of(both, own_server).find(R"({"content":"s","role":"system"})")
    != std::string::npos);
}

BOOST_AUTO_TEST_CASE(texts_and_refusals_in_a_row_are_one_message) {
  BOOST_TEST(of_assistant({text("a"), text("b"), refusal_content{"no"}})
             == sorted(R"([{"role":"assistant","content":[)"
                       R"({"type":"output_text","text":"a"},)"
                       R"({"type":"output_text","text":"b"},)"
                       R"({"type":"refusal","refusal":"no"}]}])"));
}

BOOST_AUTO_TEST_CASE(reasoning_goes_back_to_its_maker_before_what_it_led_to) {
  const std::vector<content> parts{reasoning_content{"one", "", "", "r"},
                                   reasoning_content{"two", "", "E", "r"},
                                   text("a")};
  const auto answer = R"({"role":"assistant","content":[)"
                      R"({"type":"output_text","text":"a"}]})";
  const auto proof =
    R"({"type":"reasoning","id":"r","summary":[)"
    R"({"type":"summary_text","text":"one"},)"
    R"({"type":"summary_text","text":"two"}],"encrypted_content":"E"},)";
  const auto whole = sorted(std::string{"["} + proof + answer + "]");
  const auto without = sorted(std::string{"["} + answer + "]");
  BOOST_TEST(of_assistant(parts) == whole);
  BOOST_TEST(of_assistant(parts, {"openai", "gpt-5-2025-08-07"}) == whole);
  BOOST_TEST(of_assistant(parts, {"openai", "gpt-5-mini"}) == without);
  for (const auto* other :
       {"", "openai-chat/gpt-5", "openai-responses/gpt-5.1"})
    BOOST_TEST(of_assistant(parts, {}, other) == without);
}

BOOST_AUTO_TEST_CASE(reasoning_without_proof_or_consequence_stays_here) {
  BOOST_TEST(of_assistant({reasoning_content{"x", "", "", "r"}, text("a")})
               .find("reasoning")
             == std::string::npos);
  BOOST_TEST(of_assistant({text("a"), reasoning_content{"x", "", "E", "r"}})
               .find("reasoning")
             == std::string::npos);
}

BOOST_AUTO_TEST_CASE(
  each_phase_is_a_message_and_goes_to_the_model_that_gave_it) {
  const std::vector<content> parts{text_content{"a", {}, "commentary"},
                                   text_content{"b", {}, "commentary"},
                                   text_content{"c", {}, "final_answer"}};
  const auto said_so = [](const std::string& texts, const std::string& phase) {
    return R"({"role":"assistant","content":[)" + texts + "]" + phase + "}";
  };
  const std::string a = R"({"type":"output_text","text":"a"})",
                    b = R"({"type":"output_text","text":"b"})",
                    c = R"({"type":"output_text","text":"c"})";
  BOOST_TEST(of_assistant(parts)
             == sorted("[" + said_so(a + "," + b, R"(,"phase":"commentary")")
                       + "," + said_so(c, R"(,"phase":"final_answer")") + "]"));
  BOOST_TEST(of_assistant(parts, {}, "openai-responses@openai/gpt-4o")
             == sorted("[" + said_so(a + "," + b + "," + c, "") + "]"));
}

BOOST_AUTO_TEST_CASE(
  encrypted_reasoning_goes_back_to_the_endpoint_that_made_it) {
  const std::vector<content> parts{reasoning_content{"x", "", "E", "r"},
                                   text("a")};
  const auto goes_back = [&](const std::string& made_by,
                             const std::string& provider) {
    return of_assistant(parts, {provider, "gpt-5"}, made_by)
             .find("encrypted_content")
           != std::string::npos;
  };
  BOOST_TEST(goes_back("openai-responses@openai/gpt-5", "openai"));
  BOOST_TEST(goes_back("openai-responses@openai/gpt-5-2025-08-07", "openai"));
  BOOST_TEST(!goes_back("openai-responses@openai/gpt-5", "azure"));
  BOOST_TEST(!goes_back("openai-responses@azure/gpt-5", "openai"));
  BOOST_TEST(!goes_back("openai-chat@openai/gpt-5", "openai"));
  BOOST_TEST(!goes_back("openai-responses@openai", "openai"));
  // Written before endpoints were named.
  BOOST_TEST(goes_back("openai-responses/gpt-5", "azure"));
}

BOOST_AUTO_TEST_CASE(servers_with_plain_reasoning_get_it_as_text) {
  const std::vector<content> parts{reasoning_content{"x", "", "", "r"},
                                   text("a")};
  BOOST_TEST(of_assistant(parts, own_server, "openai-responses/gpt-oss")
             == sorted(R"([{"type":"reasoning","id":"r","summary":[],)"
                       R"("content":[{"type":"reasoning_text","text":"x"}]},)"
                       R"({"role":"assistant","content":[)"
                       R"({"type":"output_text","text":"a"}]}])"));
}

// Their ids would refer to reasoning that is not there.
BOOST_AUTO_TEST_CASE(a_call_has_what_it_came_with_but_its_id_only_if_all_does) {
  const auto one = call("", R"({"a":1})",
                        R"({"id":"f","status":"completed","namespace":"n"})");
  const auto bare = sorted(R"([{"type":"function_call","call_id":"c",)"
                           R"("name":"go","arguments":"{\"a\":1}",)"
                           R"("namespace":"n"}])");
  const auto with_id =
    sorted(R"([{"type":"function_call","call_id":"c","name":"go",)"
           R"("arguments":"{\"a\":1}","namespace":"n","id":"f",)"
           R"("status":"completed"}])");
  BOOST_TEST(of_assistant({one}) == with_id);
  BOOST_TEST(of_assistant({one}, {}, "") == bare);
  BOOST_TEST(of_assistant({reasoning_content{"x", "", "", "r"}, one}) == bare);
}

BOOST_AUTO_TEST_CASE(each_kind_of_call_is_the_item_that_it_was) {
  BOOST_TEST(of_assistant({call("custom", "SELECT 1")})
             == sorted(R"([{"type":"custom_tool_call","call_id":"c",)"
                       R"("name":"go","input":"SELECT 1"}])"));
  BOOST_TEST(of_assistant({call("apply_patch_call", R"({"operation":{"p":1}})",
                                R"({"id":"i"})")})
             == sorted(R"([{"type":"apply_patch_call","call_id":"c",)"
                       R"("operation":{"p":1},"id":"i"}])"));
  BOOST_TEST(of_assistant({call("elsewhere", "")})
             == sorted(R"([{"type":"function_call","call_id":"c",)"
                       R"("name":"go","arguments":"{}"}])"));
}

BOOST_AUTO_TEST_CASE(a_result_answers_in_the_form_of_its_call) {
  const struct {
    tool_call_content call;
    tool_result_content result;
    std::string want;
  } table[] = {
    {call("", "{}"), result("\"four\""),
     R"({"type":"function_call_output","call_id":"c","output":"four"})"},
    {call("", "{}"), result(R"({"n":4})"),
     R"({"type":"function_call_output","call_id":"c","output":"{\"n\":4}"})"},
    {call("", "{}"), result("\"see\"", false, {{"image/png", "hi", "", ""}}),
     R"({"type":"function_call_output","call_id":"c","output":[)"
     R"({"type":"input_text","text":"see"},{"type":"input_image",)"
     R"("image_url":"data:image/png;base64,aGk="}]})"},
    {call("", "{}", R"({"caller":{"type":"program","caller_id":"p"}})"),
     result("1"),
     R"({"type":"function_call_output","call_id":"c","output":"1",)"
     R"("caller":{"type":"program","caller_id":"p"}})"},
    {call("custom", "x"), result("\"four\""),
     R"({"type":"custom_tool_call_output","call_id":"c","output":"four"})"},
    {call("apply_patch_call", "{}"), result("\"bad\"", true),
     R"({"type":"apply_patch_call_output","call_id":"c","status":"failed",)"
     R"("output":"bad"})"},
    {call("local_shell_call", "{}"), result("\"ok\""),
     R"({"type":"local_shell_call_output","call_id":"c","output":"ok"})"},
    {call("shell_call", "{}"), result("\"ok\"", true),
     R"({"type":"shell_call_output","call_id":"c","output":[{"stdout":"ok",)"
     R"("stderr":"","outcome":{"type":"exit","exit_code":1}}]})"},
    {call("shell_call", "{}"), result(R"([{"stdout":"a"}])"),
     R"({"type":"shell_call_output","call_id":"c","output":[{"stdout":"a"}]})"},
    {call("computer_call", "{}"),
     result("null", false, {{"image/png", "", "https://i", ""}}),
     R"({"type":"computer_call_output","call_id":"c","output":{)"
     R"("type":"computer_screenshot","image_url":"https://i"}})"},
    {call("mcp_approval_request", "{}", "", true), result("true"),
     R"({"type":"mcp_approval_response","approval_request_id":"c",)"
     R"("approve":true})"},
    {call("tool_search_call", "{}", "", true), result(R"({"tools":[1]})"),
     R"({"type":"tool_search_output","call_id":"c","execution":"client",)"
     R"("status":"completed","tools":[1]})"},
  };
  for (const auto& row : table)
    BOOST_TEST(answer_to(row.call, row.result) == sorted(row.want));
}

BOOST_AUTO_TEST_CASE(what_the_provider_executed_goes_back_whole_or_not_at_all) {
  const auto search = call("web_search_call", "{}", "", true);
  const std::string item = R"({"type":"web_search_call","id":"w","action":{}})";
  const tool_result_content found{"c", "web_search", item, false, true, {}};
  const auto program =
    call("program", R"({"code":"x"})", R"({"id":"p","fingerprint":"F"})", true);
  const std::vector<content> parts{reasoning_content{"", "", "E", "r"}, search,
                                   found, program, text("a")};
  const auto own = of_assistant(parts);
  BOOST_TEST(own.find(sorted(item)) != std::string::npos);
  BOOST_TEST(own.find(sorted(R"({"type":"program","call_id":"c","code":"x",)"
                             R"("fingerprint":"F","id":"p"})"))
             != std::string::npos);
  const auto text_only = sorted(R"([{"role":"assistant","content":[)"
                                R"({"type":"output_text","text":"a"}]}])");
  BOOST_TEST(of_assistant(parts, {}, "anthropic-messages/x") == text_only);
  BOOST_TEST(of_assistant({search, text("a")}) == text_only);
  auto unproven = parts;
  std::get<reasoning_content>(unproven[0]) = {"x", "", "", "r"};
  BOOST_TEST(of_assistant(unproven) == text_only);
}

BOOST_AUTO_TEST_CASE(a_cut_answer_is_continued_by_an_instruction) {
  auto p = asked({user_text("q"), said(role::assistant, {text("be")}, maker)});
  BOOST_TEST(responses_body(p).at("input").size() == 2u);
  p.ending = continuation::partial;
  const auto input = responses_body(p).at("input");
  BOOST_TEST(input.size() == 3u);
  BOOST_TEST(input[2].at("role") == "user");
  BOOST_TEST(!find_codec("openai-responses")->has_prefill({}, "gpt-5"));
  // Results of its calls ask already.
  p.messages.push_back(said(role::tool, {result("1")}));
  BOOST_TEST(responses_body(p).at("input").size() == 3u);
}

BOOST_AUTO_TEST_CASE(what_no_message_can_hold_is_refused_by_its_index) {
  for (const auto& [bad, at] : {std::pair{said(role::user, {}), 1},
                                {said(role::user, {call("", "{}")}), 1},
                                {said(role::system, {result("1")}), 1},
                                {said(role::tool, {text("a")}), 1}})
    BOOST_TEST(refusal_of(asked({user_text("a"), bad}))
                 .starts_with("message " + std::to_string(at)));
  BOOST_TEST(!refusal_of(asked({})).empty());
  BOOST_TEST(!refusal_of(asked({said(role::system, {text("s")})})).empty());
}

BOOST_AUTO_TEST_CASE(a_date_makes_no_other_model) {
  BOOST_TEST(same_openai_model("gpt-5", "gpt-5-2025-08-07"));
  BOOST_TEST(!same_openai_model("gpt-5", "gpt-5-mini"));
  BOOST_TEST(!same_openai_model("gpt-5", "gpt-5-mini-2025-08-07"));
  BOOST_TEST(!same_openai_model("a", "a-2025-08-x7"));
}
