// Goal: a host's message goes on only if a provider can be shown it, and an
// error names the part. Method: a table of each kind of part in each role, and
// of each part without what it needs.
#define BOOST_TEST_MODULE message_check
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "runtime/message_check.hpp"

#include <map>
#include <string>
#include <utility>

using namespace penstock;

namespace {

constexpr role roles[] = {role::system, role::user, role::assistant,
                          role::tool};

file_content file(std::string bytes, std::string url = "",
                  std::string type = "image/png") {
  return {std::move(type), std::move(bytes), std::move(url), ""};
}
tool_call_content call() {
  return {"c", "f", "{}", "", "", "", false};
}
tool_result_content result() {
  return {"c", "f", "null", false, false, {}};
}

/// "ok", or the error's message.
std::string verdict(const expected<void>& done) {
  if (done)
    return "ok";
  BOOST_TEST((done.error().code == errc::invalid_request));
  return done.error().message;
}

std::string check(role from, content part) {
  return verdict(check_message({from, {std::move(part)}, ""}, "m"));
}

bool holds(const std::string& text, std::string_view piece) {
  BOOST_TEST_INFO(text);
  return text.find(piece) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_kind_of_part_has_its_roles) {
  auto provided = result();
  provided.provider_executed = true;
  // system, user, assistant, tool
  const std::pair<content, std::string> cases[] = {
    {text_content{"x"}, "yyyn"},
    {reasoning_content{"x", "", "", ""}, "nnyn"},
    {refusal_content{"x"}, "nnyn"},
    {file("x"), "nyyn"},
    {call(), "nnyn"},
    {result(), "nnny"},
    {provided, "nnyy"},
  };
  BOOST_TEST(std::size(cases) == std::variant_size_v<content> + 1);
  for (const auto& [part, allowed] : cases)
    for (std::size_t i = 0; i < std::size(roles); ++i) {
      const auto got = check(roles[i], part);
      BOOST_TEST((got == "ok") == (allowed[i] == 'y'),
                 "part " << part.index() << ", role " << i << ": " << got);
      if (got != "ok")
        BOOST_TEST(holds(got, "does not belong into a"));
    }
}

BOOST_AUTO_TEST_CASE(a_file_has_bytes_or_a_url_and_a_type) {
  BOOST_TEST(check(role::user, file("x")) == "ok");
  BOOST_TEST(check(role::user, file("", "https://x")) == "ok");
  BOOST_TEST(check(role::user, file("", "https://x", "")) == "ok");
  BOOST_TEST(holds(check(role::user, file("")), "bytes or a URL"));
  BOOST_TEST(holds(check(role::user, file("x", "https://x")), "not both"));
  BOOST_TEST(holds(check(role::user, file("x", "", "")), "media type"));
}

BOOST_AUTO_TEST_CASE(a_call_has_an_id_a_name_and_an_object) {
  for (const auto field : {&tool_call_content::id, &tool_call_content::name}) {
    auto c = call();
    c.*field = "";
    BOOST_TEST(holds(check(role::assistant, c), "an id and a name"));
  }
  for (const char* input : {"", "[]", "7", "{", "null", "\"{}\""}) {
    auto c = call();
    c.input_json = input;
    BOOST_TEST(holds(check(role::assistant, c), "JSON object"), input);
    c.kind = "custom";
    BOOST_TEST(check(role::assistant, c) == "ok", input);
  }
}

BOOST_AUTO_TEST_CASE(a_result_names_its_call_and_is_json) {
  auto r = result();
  for (const char* output : {"null", "7", "\"x\"", "[{}]", "1e400"}) {
    r.output_json = output;
    BOOST_TEST(check(role::tool, r) == "ok", output);
  }
  for (const char* output : {"", "{", "plain text", "1 2"}) {
    r.output_json = output;
    BOOST_TEST(holds(check(role::tool, r), "output is JSON"), output);
  }
  r = result();
  r.tool_call_id = "";
  BOOST_TEST(holds(check(role::tool, r), "tool_call_id"));
}

BOOST_AUTO_TEST_CASE(the_error_names_the_part) {
  const message m{role::user, {text_content{"x"}, call(), result()}, ""};
  BOOST_TEST(verdict(check_message(m, "messages[2]"))
               .starts_with("messages[2].parts[1]: "));
}

BOOST_AUTO_TEST_CASE(a_message_has_a_role_and_parts) {
  BOOST_TEST(holds(verdict(check_message({role::user, {}, ""}, "m[0]")),
                   "m[0]: a message without parts"));
  BOOST_TEST(
    holds(check(static_cast<role>(4), text_content{"x"}), "no such role"));
}

BOOST_AUTO_TEST_CASE(labels_are_short_clean_utf8) {
  const auto label = [](std::string text) {
    return verdict(check_label("name", text));
  };
  const std::string longest(limits::id_bytes_max, 'x');
  for (const std::string& good :
       {std::string{}, std::string{"a b"}, std::string{"\xC3\xA4"}, longest})
    BOOST_TEST(label(good) == "ok");
  BOOST_TEST(holds(label(longest + "x"), "name: more than 256 bytes"));
  for (const std::string& bad :
       {std::string{"a\nb"}, std::string{"\x1b[0m"}, std::string{"\x7f"},
        std::string(1, '\0'), std::string{"\xff"}, std::string{"\xC3"},
        std::string{"\xED\xA0\x80"}})
    BOOST_TEST(holds(label(bad), "without control characters"));
}

BOOST_AUTO_TEST_CASE(a_workspace_has_an_id) {
  BOOST_TEST(verdict(check_workspace_id("w")) == "ok");
  BOOST_TEST(holds(verdict(check_workspace_id("")), "missing"));
  BOOST_TEST(holds(verdict(check_workspace_id("a\tb")), "workspace_id: "));
}

BOOST_AUTO_TEST_CASE(only_an_object_is_an_object) {
  BOOST_TEST(is_json_object("{}"));
  BOOST_TEST(is_json_object(" {\"a\":1} "));
  for (const char* text : {"", "[]", "null", "{} {}", "{,}", "'{}'"})
    BOOST_TEST(!is_json_object(text), text);
}
