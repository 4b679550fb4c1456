// Goal: the scanner gives exactly the text that a JSON parser would, and only
// for events that differ from the one learned in nothing else that is read.
// Method: tables of events that are taken and that are refused, around one that
// was learned.
#define BOOST_TEST_MODULE delta_scanner
#include <boost/test/unit_test.hpp>

#include "providers/delta_scanner.hpp"
#include "providers/json.hpp"

#include <array>
#include <string>

using namespace penstock;

namespace {

using kind = delta_rule::kind;

constexpr std::array rules{
  delta_rule{"c[0].text", kind::text},   delta_rule{"c[0].thought", kind::text},
  delta_rule{"c[0].end", kind::nothing}, delta_rule{"id", kind::same},
  delta_rule{"index", kind::same, "0"},  delta_rule{"free", kind::unread},
};

const std::string learned =
  R"({"id":"x","free":17,"c":[{"text":"a","end":null}],"index":0})";

std::string with_text(const std::string& text) {
  return R"({"id":"x","free":17,"c":[{"text":")" + text
         + R"(","end":null}],"index":0})";
}

delta_scanner taught() {
  delta_scanner scanner{rules};
  BOOST_REQUIRE_EQUAL(scanner.learn(learned), 0u);
  return scanner;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_text_is_what_a_parser_reads) {
  auto scanner = taught();
  for (const std::string text :
       {"", "b", "two words", "\xC3\xA9", "\xF0\x9F\x98\x80", "\\n\\t\\\"\\\\",
        "\\/\\b\\f\\r", "x\\u00e9y", "\\u4e2d", "\\ud83d\\ude00",
        "\\uD83D\\uDE00z", "\\u0001", "\\u007f", "\x7F", "\\uffff",
        "\xEF\xBF\xBF"}) {
    BOOST_TEST_CONTEXT(text) {
      const auto event = with_text(text); // What is scanned is viewed.
      const auto parsed = parse_json(event);
      BOOST_REQUIRE(parsed);
      const auto delta = scanner.scan(event);
      BOOST_REQUIRE(delta);
      BOOST_TEST(delta->text
                 == bytes_of(element(member(*parsed, "c"), 0), "text"));
      BOOST_TEST(delta->rule == 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_text_that_needs_judgement_is_refused) {
  auto scanner = taught();
  for (const std::string& text : {std::string{"\\ud83d"},
                                  std::string{"\\ude00"},
                                  std::string{"\\ud83d\\u0041"},
                                  std::string{"\\ud83d\\n"},
                                  std::string{"\\ud83d\\ud83d"},
                                  std::string{"\\u0000"},
                                  std::string{"\\u00g0"},
                                  std::string{"\\u 123"},
                                  std::string{"\\u+123"},
                                  std::string{"\\u12"},
                                  std::string{"\\x"},
                                  std::string{"\\"},
                                  std::string{"\xC3"},
                                  std::string{"\x80"},
                                  std::string{"\xED\xA0\xBD"},
                                  std::string{"\xC0\xAF"},
                                  std::string{"\xE2\\u0082"},
                                  std::string{"a\nb"},
                                  std::string{"a\tb"},
                                  std::string(1, '\0'),
                                  std::string{"a\"b"},
                                  std::string{"\\n\nb"}}) {
    BOOST_TEST_CONTEXT(text) {
      BOOST_TEST(!scanner.scan(with_text(text)));
    }
  }
}

BOOST_AUTO_TEST_CASE(only_what_nobody_reads_may_change) {
  auto scanner = taught();
  BOOST_TEST(bool(scanner.scan(
    R"({"id":"x","free":0,"c":[{"text":"b","end":null}],"index":0})")));
  BOOST_TEST(bool(scanner.scan(
    R"({"id":"x","free":123456789012345678,"c":[{"text":"b","end":null}],"index":0})")));
  for (
    const std::string event :
    {R"({"id":"y","free":17,"c":[{"text":"b","end":null}],"index":0})",
     R"({"id":"x","free":017,"c":[{"text":"b","end":null}],"index":0})",
     R"({"id":"x","free":,"c":[{"text":"b","end":null}],"index":0})",
     R"({"id":"x","free":-1,"c":[{"text":"b","end":null}],"index":0})",
     R"({"id":"x","free":1.5,"c":[{"text":"b","end":null}],"index":0})",
     R"({"id":"x","free":1e5,"c":[{"text":"b","end":null}],"index":0})",
     R"({"id":"x","free":"a","c":[{"text":"b","end":null}],"index":0})",
     R"({"id":"x","free":17,"c":[{"text":"b","end":"stop"}],"index":0})",
     R"({"id":"x","free":17,"c":[{"text":"b","end":null}],"index":1})",
     R"({"id":"x","free":17,"c":[{"text":"b","end":null}],"index":0}})",
     R"({"id":"x","free":17,"c":[{"text":"b","end":null}],"index":0)",
     R"({"id":"x","free":17,"c":[{"text":"b"}],"index":0})",
     R"({"id":"x","free":17,"c":[{"text":null,"end":null}],"index":0})",
     R"({"id":"x","free":17,"c":[{"text":"b","end":null},{}],"index":0})",
     R"({"id":"x","free":17,"c":[{"text":"b","text":"c","end":null}],"index":0})",
     "", "{", R"({"id":"x","free":)"}) {
    BOOST_TEST_CONTEXT(event) {
      BOOST_TEST(!scanner.scan(event));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_string_that_nobody_reads_may_be_any_plain_one) {
  delta_scanner scanner{rules};
  const auto event = [](const std::string& free) {
    return R"({"free":")" + free + R"(","c":[{"text":"a"}]})";
  };
  BOOST_REQUIRE_EQUAL(scanner.learn(event("s")), 0u);
  for (const std::string free : {"", "longer than before", "a,b}]"})
    BOOST_TEST(bool(scanner.scan(event(free))), free);
  for (const std::string free : {"\\n", "\xC3\xA9", "\x7F", "a\nb", "a\"b"})
    BOOST_TEST(!scanner.scan(event(free)), free);
}

BOOST_AUTO_TEST_CASE(an_event_with_anything_unknown_is_not_learned) {
  for (const std::string event :
       {R"({"id":"x","new":1,"c":[{"text":"a"}]})",       // no rule
        R"({"id":"x","c":[{"text":"a"},{"text":""}]})",   // no rule: c[1]
        R"({"id":"x","c":{"text":"a"}})",                 // not c[0]
        R"({"id":"x","c[0]":{"text":"a"}})",              // disguised
        R"({"id":"x","c[0].text":"a"})",                  // disguised
        R"({"id":"x","c":[{"t\u0065xt":"a"}]})",          // disguised
        R"({"id":"x","c":[{"text":"a","thought":"b"}]})", // two texts
        R"({"id":"x","c":[{"text":"","thought":null}]})", // no text
        R"({"id":"x","c":[{"text":7}]})",
        R"({"id":"x","c":[{"text":"a","text":"b"}]})",
        R"({"id":"x","id":"y","c":[{"text":"a"}]})",
        R"({"index":1,"c":[{"text":"a"}]})",
        R"({"index":"0","c":[{"text":"a"}]})",
        R"({"c":[{"text":"a","end":"stop"}]})",
        R"({"c":[{"text":"a","end":{}}]})",
        R"({"c":[{"text":"a","end":false}]})",
        R"({"id":"\u0078","c":[{"text":"a"}]})",
        "{\"id\":\"\xC3\xA9\",\"c\":[{\"text\":\"a\"}]}",
        R"([{"c":[{"text":"a"}]}])",
        R"({"c":[]})",
        "{}",
        "[]",
        "null",
        "7"}) {
    BOOST_TEST_CONTEXT(event) {
      BOOST_REQUIRE(parse_json(event));
      auto scanner = taught();
      BOOST_TEST(scanner.learn(event) == delta_scanner::none);
      BOOST_TEST(!scanner.scan(event));
      BOOST_TEST(!scanner.scan(learned), "it has forgotten the one before");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_value_of_any_kind_may_stay_the_same) {
  delta_scanner scanner{rules};
  const std::string before =
    R"( { "id" : {"a":[1,"}]",{"b":"\\"}]} , "c":[{"text":)";
  // A backslash, even in what stays, is nothing that it learns.
  BOOST_TEST(scanner.learn(before + R"("a"}] } )") == delta_scanner::none);
  const std::string plain =
    R"( { "id" : {"a":[1,"}]",{"b":2.5}]} , "c":[ {"text": )";
  BOOST_REQUIRE_EQUAL(scanner.learn(plain + R"("a" } ] } )"), 0u);
  const auto event = plain + R"("bc" } ] } )";
  const auto delta = scanner.scan(event);
  BOOST_REQUIRE(delta);
  BOOST_TEST(delta->text == "bc");
  BOOST_TEST(!scanner.scan(plain + R"("bc" } ] })"));
}

BOOST_AUTO_TEST_CASE(of_several_texts_the_one_that_is_not_empty_counts) {
  delta_scanner scanner{rules};
  const auto learned_rule =
    scanner.learn(R"({"c":[{"text":null,"thought":"hm"}]})");
  BOOST_REQUIRE_EQUAL(learned_rule, 1u);
  const auto delta = scanner.scan(R"({"c":[{"text":null,"thought":"so"}]})");
  BOOST_REQUIRE(delta);
  BOOST_TEST(delta->rule == 1u);
  BOOST_TEST(delta->text == "so");
  BOOST_TEST(!scanner.scan(R"({"c":[{"text":"a","thought":"so"}]})"));
}

BOOST_AUTO_TEST_CASE(without_rules_nothing_is_learned) {
  delta_scanner scanner{{}};
  BOOST_TEST(scanner.learn(learned) == delta_scanner::none);
  BOOST_TEST(!scanner.scan(learned));
}
