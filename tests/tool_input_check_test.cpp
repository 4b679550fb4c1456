// Goal: an input passes exactly if draft 7 says so, and whoever is refused can
// act on the message. Method: a table of schemas and inputs; malformed schemas.
// Random ones are in tool_input_oracle_test.
#define BOOST_TEST_MODULE tool_input_check
#include <boost/test/unit_test.hpp>

#include "actors/tool_input_check.hpp"
#include "messages/limits.hpp"

#include <string>
#include <vector>

using namespace penstock;

namespace {

tool_input_check compiled(const std::string& schema) {
  auto result = tool_input_check::compile({"probe", "", schema});
  BOOST_TEST_REQUIRE(result.has_value(),
                     schema << ": " << result.error().message);
  return *result;
}

struct row {
  std::string schema;
  std::vector<std::string> good, bad;
};

// clang-format off
const row table[] = {
  {R"({})", {"{}", "1", "null"}, {}},
  {R"({"type":"object"})", {"{}"}, {"[]", "1", "null"}},
  {R"({"type":"integer"})", {"1", "1.0", "-7", "18446744073709551615"}, {"1.5", "\"1\"", "true"}},
  {R"({"type":"number"})", {"1", "1.5"}, {"\"1\"", "true"}},
  {R"({"type":["string","null"]})", {"\"a\"", "null"}, {"1"}},
  {R"({"const":{"a":[1]}})", {R"({"a":[1.0]})"}, {R"({"a":[2]})"}},
  {R"({"enum":["a",1,null]})", {"\"a\"", "1.0", "null"}, {"\"b\"", "true", "0"}},
  {R"({"enum":[]})", {}, {"1"}},
  {R"({"minimum":1,"maximum":3})", {"1", "3", "\"x\""}, {"0.999", "3.001"}},
  {R"({"exclusiveMinimum":1,"exclusiveMaximum":3})", {"2"}, {"1", "3"}},
  {R"({"minimum":9007199254740993})", {"9007199254740993"}, {"9007199254740992"}},
  {R"({"maximum":18446744073709551614})", {"18446744073709551614"}, {"18446744073709551615"}},
  {R"({"multipleOf":0.1})", {"0.3", "7"}, {"0.35"}},
  {R"({"multipleOf":3})", {"9", "-9", "9.0"}, {"10"}},
  {R"({"minLength":2,"maxLength":3})", {"\"äö\"", "\"a\\u0000b\"", "1"}, {"\"ä\"", "\"abcd\""}},
  {R"({"pattern":"^a+$"})", {"\"aaa\"", "1"}, {"\"ab\"", "\"\""}},
  {R"({"pattern":"b"})", {"\"abc\""}, {"\"ac\""}},
  {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "{}"}, {"[]", "[1,2,3]"}},
  {R"({"uniqueItems":true})", {"[1,2]", "[[1],[2]]", "[0,false]"}, {"[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1.0}])"}},
  {R"({"uniqueItems":false})", {"[1,1]"}, {}},
  {R"({"items":{"type":"integer"}})", {"[]", "[1]"}, {"[1,\"2\"]"}},
  {R"({"items":[{"type":"integer"}],"additionalItems":false})", {"[]", "[1]"}, {"[1,1]", "[\"1\"]"}},
  {R"({"items":[{"type":"integer"}]})", {"[1,\"2\"]"}, {}},
  {R"({"items":{},"additionalItems":false})", {"[1,2]"}, {}},
  {R"({"contains":{"const":1}})", {"[0,1]", "{}"}, {"[]", "[0]"}},
  {R"({"minProperties":1,"maxProperties":1})", {R"({"a":1})"}, {"{}", R"({"a":1,"b":1})"}},
  {R"({"required":["a","b"]})", {R"({"a":1,"b":null})", "[]"}, {R"({"a":1})"}},
  {R"({"properties":{"a":{"type":"string"}}})", {R"({"a":"x"})", R"({"b":1})"}, {R"({"a":1})"}},
  {R"({"properties":{"a":{}},"additionalProperties":false})", {R"({"a":1})"}, {R"({"b":1})", R"({"a":1,"b":1})"}},
  {R"({"patternProperties":{"^x_":{"type":"integer"}},"additionalProperties":{"type":"string"}})", {R"({"x_a":1,"b":"c"})"}, {R"({"x_a":"c"})", R"({"b":1})"}},
  {R"({"properties":{"$ref":{"type":"string"}}})", {R"({"$ref":"x"})"}, {R"({"$ref":1})"}},
  {R"({"propertyNames":{"maxLength":1}})", {R"({"a":1})"}, {R"({"ab":1})"}},
  {R"({"properties":{"b":{"$ref":"#"}},"propertyNames":{"pattern":"^a+$"}})", {R"({"a":1})"}, {R"({"b":[]})"}},
  {R"({"allOf":[{"$ref":"#/definitions/d"}],"definitions":{"d":{"pattern":"^a+$","propertyNames":{}}}})", {R"({"c":{}})"}, {R"("c")"}},
  {R"({"dependencies":{"a":["b"],"c":{"required":["d"]}}})", {"{}", R"({"a":1,"b":1})", R"({"c":1,"d":1})"}, {R"({"a":1})", R"({"c":1})"}},
  {R"({"allOf":[{"minimum":1},{"maximum":2}]})", {"1"}, {"0", "3"}},
  {R"({"anyOf":[{"minimum":5},{"maximum":2}]})", {"1", "6"}, {"3"}},
  {R"({"oneOf":[{"minimum":1},{"maximum":2}]})", {"0", "3"}, {"1"}},
  {R"({"oneOf":[{"const":1},{"const":2}]})", {"1", "2"}, {"3"}},
  {R"({"not":{"type":"string"}})", {"1"}, {"\"a\""}},
  {R"({"if":{"minimum":5},"then":{"maximum":7},"else":{"maximum":2}})", {"6", "1"}, {"8", "3"}},
  {R"({"if":{"minimum":5},"then":false})", {"1"}, {"6"}},
  {R"({"then":false,"else":false})", {"1"}, {}},
  {R"({"additionalProperties":true,"properties":{"a":true,"b":false}})", {R"({"a":1})"}, {R"({"b":1})"}},
  {R"({"$ref":"#/$defs/n","$defs":{"n":{"type":"null"}}})", {"null"}, {"1"}},
  {R"({"$ref":"#/definitions/n","minimum":9,"definitions":{"n":{"type":"integer"}}})", {"1"}, {"\"\""}},
  {R"({"properties":{"next":{"$ref":"#"}},"additionalProperties":false})", {R"({"next":{"next":{}}})"}, {R"({"next":{"other":1}})"}},
  {R"({"properties":{"a/b":{"const":1},"a~b":{"const":2},"ä %":{"const":3},"x":{"$ref":"#/properties/a~1b"},"y":{"$ref":"#/properties/a~0b"},"z":{"$ref":"#/properties/%C3%A4%20%25"}}})", {R"({"x":1,"y":2,"z":3})"}, {R"({"x":2})", R"({"y":1})", R"({"z":1})"}},
  {R"({"allOf":[{"const":1},{"$ref":"#/allOf/0"}]})", {"1"}, {"2"}},
  {R"({"format":"date","description":7,"id":"http://x/","nullable":true})", {"\"no date\"", "1"}, {}},
};

const std::string malformed[] = {
  "", "[]", "true", "{", "null", R"({"type":"text"})", R"({"type":[]})",
  R"({"minLength":-1})", R"({"minLength":1.5})", R"({"multipleOf":0})",
  R"({"required":"a"})", R"({"required":[1]})", R"({"enum":{}})",
  R"({"properties":[]})", R"({"properties":{"a":1}})", R"({"items":1})",
  R"({"items":[1]})", R"({"allOf":[]})", R"({"anyOf":{}})", R"({"not":1})",
  R"({"exclusiveMinimum":true})", R"({"uniqueItems":1})",
  R"({"dependencies":{"a":[1]}})", R"({"pattern":1})", R"({"pattern":"("})",
  R"({"patternProperties":{"(":{}}})", R"({"$defs":{"a":{"minimum":"1"}}})",
  R"({"properties":{"a":{"allOf":[{"not":{"minItems":""}}]}}})",
  R"({"$ref":1})", R"({"$ref":"http://example.com/x.json"})",
  R"({"$ref":"other.json#/a"})", R"({"$ref":"#/$defs/none"})",
  R"({"$ref":"#name"})", R"({"$ref":"#/$defs/%zz","$defs":{"%zz":{}}})",
  R"({"$ref":"#/$defs/~2","$defs":{"~2":{}}})", R"({"$ref":"#"})",
  R"({"$ref":"#/allOf/00","allOf":[{}]})", R"({"$ref":"#/allOf/1","allOf":[{}]})",
  R"({"allOf":[{"$ref":"#"}]})", R"({"$ref":"#/title","title":"x"})",
  R"({"properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"if":{"$ref":"#/$defs/a"}}}})",
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(an_input_passes_exactly_if_the_draft_says_so) {
  for (const auto& one : table) {
    const auto check = compiled(one.schema);
    for (const auto& input : one.good) {
      const auto result = check.check(input);
      BOOST_TEST(result.has_value(), one.schema << " refuses " << input << ": "
                                                << result.error().message);
    }
    for (const auto& input : one.bad) {
      const auto result = check.check(input);
      BOOST_TEST(!result.has_value(), one.schema << " takes " << input);
      if (!result)
        BOOST_TEST((result.error().code == errc::tool));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_malformed_schema_is_refused_by_name) {
  for (const auto& schema : malformed) {
    const auto result = tool_input_check::compile({"probe", "", schema});
    BOOST_TEST(!result.has_value(), schema);
    if (result)
      continue;
    BOOST_TEST((result.error().code == errc::invalid_request));
    BOOST_TEST(result.error().message.find("\"probe\"") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_name_is_what_every_provider_takes) {
  for (const auto* good : {"a", "Read_file-2", "0"})
    BOOST_TEST(valid_tool_name(good));
  BOOST_TEST(valid_tool_name(std::string(64, 'a')));
  for (const std::string& bad :
       {std::string{}, std::string(65, 'a'), std::string{"a b"},
        std::string{"a\0", 2}, std::string{"ä"}, std::string{"a.b"}}) {
    BOOST_TEST(!valid_tool_name(bad));
    BOOST_TEST(!tool_input_check::compile({bad, "", "{}"}).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_message_says_where_what_and_what_the_schema_says) {
  const auto check = compiled(R"({
    "properties": {"files": {"items": {"type": "object",
      "properties": {"path": {}, "line": {"type": "integer", "minimum": 1}},
      "required": ["path", "line"], "additionalProperties": false}},
      "mode": {"anyOf": [{"enum": ["fast", "slow"]}, {"type": "null"}]},
      "a/b": {"maxLength": 2}}})");
  const std::pair<const char*, std::vector<const char*>> cases[] = {
    {R"({"files":[{"path":1,"line":2},{"path":1,"line":"x"}]})",
     {"/files/1/line", "is a string", R"("type": "integer")"}},
    {R"({"files":[{"path":1,"line":0}]})",
     {"/files/0/line", "is 0", R"("minimum": 1)"}},
    {R"({"files":[{}]})", {"/files/0 ", R"("path", "line")"}},
    {R"({"files":[{"path":1,"line":1,"col":1}]})",
     {"/files/0 ", R"(unknown member "col")"}},
    {R"({"mode":"medium"})", {"/mode ", R"("medium")", "anyOf", "fast"}},
    {R"({"a/b":"xyz"})", {"/a~1b ", "3 characters", R"("maxLength": 2)"}},
    {"not json", {"the input"}},
  };
  for (const auto& [input, wanted] : cases) {
    const auto result = check.check(input);
    BOOST_TEST_REQUIRE(!result.has_value());
    for (const auto* piece : wanted)
      BOOST_TEST(result.error().message.find(piece) != std::string::npos,
                 result.error().message << " lacks " << piece);
  }
}
