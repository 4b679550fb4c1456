// Goal: no schema and no input makes a check slow, large or deep. Method: the
// worst that each keyword allows, at its limit, with a deadline that only what
// is out of proportion misses.
#define BOOST_TEST_MODULE tool_input_cost
#include <boost/test/unit_test.hpp>

#include "actors/tool_input_check.hpp"
#include "messages/limits.hpp"

#include <chrono>
#include <functional>
#include <string>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 60s; // A sanitizer on a busy machine included.

expected<tool_input_check> compiled(const std::string& schema) {
  return tool_input_check::compile({"probe", "", schema});
}

// Joins `count` pieces by commas.
std::string list(std::size_t count,
                 const std::function<std::string(std::size_t)>& piece) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += (i == 0 ? "" : ",") + piece(i);
  return text;
}

std::string repeated(std::size_t count, const std::string& piece) {
  return list(count, [&](std::size_t) { return piece; });
}

std::string nested(std::size_t depth, const std::string& open,
                   const std::string& core, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i)
    text += open;
  text += core;
  for (std::size_t i = 0; i < depth; ++i)
    text += close;
  return text;
}

struct timed {
  std::chrono::steady_clock::time_point begin =
    std::chrono::steady_clock::now();
  ~timed() {
    BOOST_TEST((std::chrono::steady_clock::now() - begin < patience));
  }
};

std::string message_of(const std::string& schema, const std::string& input) {
  const timed within;
  const auto check = compiled(schema);
  BOOST_TEST_REQUIRE(check.has_value(), check.error().message);
  const auto result = check->check(input);
  const auto text = result ? std::string{} : result.error().message;
  BOOST_TEST(text.size() <= limits::tool_error_bytes_max);
  BOOST_TEST(text.find('\n') == std::string::npos);
  return text;
}

constexpr std::string_view given_up = "could not be checked";

bool is_given_up(const std::string& message) {
  return message.find(given_up) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(alternatives_within_alternatives_are_given_up) {
  // 4^30 ways to fail.
  std::string defs = R"("d0":{"type":"string"})";
  for (int i = 1; i < 15; ++i) {
    const auto ref = R"({"$ref":"#/$defs/d)" + std::to_string(i - 1) + "\"}";
    defs +=
      ",\"d" + std::to_string(i) + R"(":{"anyOf":[)" + repeated(4, ref) + "]}";
  }
  const auto schema = R"({"$ref":"#/$defs/d14","$defs":{)" + defs + "}}";
  BOOST_TEST(is_given_up(message_of(schema, "1")));
  // What is given up is not valid by its opposite.
  const auto negated =
    R"({"not":{"$ref":"#/$defs/d14"},"$defs":{)" + defs + "}}";
  BOOST_TEST(is_given_up(message_of(negated, "1")));
  const auto condition =
    R"({"if":{"$ref":"#/$defs/d14"},"$defs":{)" + defs + "}}";
  BOOST_TEST(is_given_up(message_of(condition, "1")));
}

BOOST_AUTO_TEST_CASE(large_inputs_pass_a_plain_schema) {
  const auto items = "[" + repeated(200'000, "1") + "]";
  BOOST_TEST(message_of(R"({"items":{"type":"integer"}})", items) == "");
  const auto text = "\"" + std::string(8'000'000, 'a') + "\"";
  BOOST_TEST(message_of(R"({"type":"string","minLength":3})", text) == "");
  const auto objects =
    "[" + repeated(20'000, R"({"a":1,"b":"x","c":[1,2]})") + "]";
  BOOST_TEST(message_of(R"({"items":{"type":"object","required":["a","b"],
      "properties":{"a":{"type":"integer"},"b":{"type":"string"},
      "c":{"items":{"minimum":0}}},"additionalProperties":false}})",
                        objects)
             == "");
  const auto numbers = list(100'000, [](auto i) { return std::to_string(i); });
  BOOST_TEST(message_of(R"({"uniqueItems":true})", "[" + numbers + "]") == "");
}

BOOST_AUTO_TEST_CASE(the_product_of_schema_and_input_is_bounded) {
  const auto digits = [](std::size_t i) { return std::to_string(i); };
  const auto names = [](std::size_t i) {
    return "\"n" + std::to_string(i) + "\"";
  };
  const auto numbers = "[" + repeated(1'000'000, "1") + "]";
  const auto objects = "[" + repeated(1'000'000, "{}") + "]";
  const auto enumeration =
    R"({"items":{"not":{"enum":[)"
    + list(100'000, [&](auto i) { return digits(i + 2); }) + "]}}}";
  BOOST_TEST(is_given_up(message_of(enumeration, numbers)));
  const auto properties =
    R"({"items":{"properties":{)"
    + list(50'000, [&](auto i) { return names(i) + ":true"; }) + "}}}";
  BOOST_TEST(is_given_up(message_of(properties, objects)));
}

BOOST_AUTO_TEST_CASE(long_names_are_paid_for) {
  const std::string name(300'000, 'k');
  const auto ref = std::string{R"({"$ref":"#/$defs/x"})"};
  const auto schema = R"({"anyOf":[)" + repeated(25'000, ref)
                      + R"(],"$defs":{"x":{"required":[")" + name
                      + R"(y"],"additionalProperties":false}}})";
  const auto input = "{\"" + name + "z\":1}";
  BOOST_TEST(is_given_up(message_of(schema, input)));
}

BOOST_AUTO_TEST_CASE(patterns_cannot_hang) {
  const auto text = "\"" + std::string(60, 'a') + "\"";
  BOOST_TEST(!message_of(R"({"pattern":"^(a|a)*b$"})", text).empty());
  BOOST_TEST(!message_of(R"({"propertyNames":{"pattern":"^(a*)*b$"}})",
                         "{" + text + ":1}")
                .empty());
  BOOST_TEST(!message_of(R"({"patternProperties":{"^(a|aa)+$":false}})",
                         "{" + text + ":1}")
                .empty());
  const auto many = "[" + repeated(100'000, text) + "]";
  BOOST_TEST(
    is_given_up(message_of(R"({"items":{"pattern":"^(a?){60}a*$"}})", many)));
  const auto longest = "\"" + std::string(8'000'000, 'a') + "\"";
  BOOST_TEST(is_given_up(message_of(R"({"pattern":"a$"})", longest)));
  BOOST_TEST(is_given_up(message_of(R"({"not":{"pattern":"b$"}})", longest)));
}

BOOST_AUTO_TEST_CASE(what_nests_is_refused_before_the_stack_is_full) {
  const timed within;
  const auto chain = list(30'000, [](std::size_t i) {
    return "\"d" + std::to_string(i) + R"(":{"$ref":"#/$defs/d)"
           + std::to_string(i + 1) + "\"}";
  });
  const auto all_chain =
    R"({"$ref":"#/$defs/d0","$defs":{)" + chain + R"(,"d30000":{}}})";
  BOOST_TEST(!compiled(all_chain).has_value());
  // Longer ways through the value are no matter: only the value has a depth.
  const auto steps = list(15'000, [](std::size_t i) {
    return "\"d" + std::to_string(i) + R"(":{"items":{"$ref":"#/$defs/d)"
           + std::to_string(i + 1) + "\"}}";
  });
  const auto way =
    R"({"$ref":"#/$defs/d0","$defs":{)" + steps + R"(,"d15000":{}}})";
  BOOST_TEST(message_of(way, nested(60, "[", "", "]")) == "");
  BOOST_TEST(!compiled(nested(70, R"({"not":)", "{}", "}")).has_value());
  BOOST_TEST(!compiled(nested(500'000, R"({"not":)", "{}", "}")).has_value());
}

BOOST_AUTO_TEST_CASE(the_deepest_check_fits_the_stack) {
  // Every level of the value is held against as many schemas as may be.
  const auto core =
    nested(15, R"({"allOf":[)", R"({"items":{"$ref":"#/$defs/a"}})", "]}");
  const auto schema =
    R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":)" + core
    + "}}";
  BOOST_TEST(message_of(schema, nested(63, "[", "1", "]")) == "");
}

BOOST_AUTO_TEST_CASE(a_schema_is_bounded_whatever_is_in_it) {
  const timed within;
  const auto patterns = list(20'000, [](std::size_t i) {
    return "\"p" + std::to_string(i) + R"(":{"pattern":"(a|b){200})"
           + std::to_string(i) + "\"}";
  });
  BOOST_TEST(!compiled(R"({"properties":{)" + patterns + "}}").has_value());
  const auto small = repeated(300'000, "{}");
  BOOST_TEST(compiled(R"({"anyOf":[)" + small + "]}").has_value());
  const auto under_long_name = R"({"properties":{")" + std::string(400'000, 'n')
                               + R"(":{"anyOf":[)" + repeated(200'000, "{}")
                               + "]}}}";
  BOOST_TEST(compiled(under_long_name).has_value());
  BOOST_TEST(!compiled(R"({"title":")"
                       + std::string(limits::tool_schema_bytes_max, 'x')
                       + "\"}")
                .has_value());
  const auto check = compiled("{}");
  BOOST_TEST(
    !check->check("\"" + std::string(limits::tool_input_bytes_max, 'x') + "\"")
       .has_value());
}

BOOST_AUTO_TEST_CASE(a_message_is_short_valid_text_whatever_it_quotes) {
  const auto name = std::string(100'000, 'n') + "\\n";
  message_of(R"({"additionalProperties":false})", "{\"" + name + "\":1}");
  message_of(R"({"additionalProperties":{"type":"null"}})",
             "{\"" + name + "\":1}");
  message_of(R"({"enum":["\ud83d","x"]})", "\"\xff\xc3\"");
  message_of(R"({"enum":[)" + repeated(50'000, "\"\\u0001é\"") + "]}",
             "\"\\ud800\"");
  message_of(R"({"required":[")" + std::string(500'000, 'r') + "\"]}", "{}");
}
