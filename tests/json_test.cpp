// Goal: whatever a server calls JSON is read without loss or refused in order,
// and looking things up in it never throws. Method: tables of texts, a property
// over random bytes, and hostile sizes.
#define BOOST_TEST_MODULE json
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "providers/json.hpp"
#include "providers/utf8.hpp"

#include <chrono>
#include <limits>
#include <random>

using namespace penstock;
using namespace std::string_literals;

namespace {

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

// What the joiner makes of the strings of one array.
std::string joined(std::string_view text) {
  const auto value = parse_json(text);
  BOOST_REQUIRE_MESSAGE(value, text);
  utf8_joiner joiner;
  std::string result;
  for (const auto& delta : *value)
    result.append(joiner.join(bytes_of(delta)));
  return result.append(joiner.finish());
}

struct row {
  const char* why;
  std::string text, want;
};

// clang-format off
const row strings[] = {
  {"plain", R"(["a","b"])", "ab"},
  {"pair in one string", R"(["\ud83d\ude00"])", "\xF0\x9F\x98\x80"},
  {"pair over two", R"(["a\ud83d","\ude00b"])", "a\xF0\x9F\x98\x80" "b"},
  {"pair with nothing between", R"(["\uD83D","","\uDE00"])",
   "\xF0\x9F\x98\x80"},
  {"two pairs, shifted", R"(["\ud83d","\ude00\ud83d","\ude01"])",
   "\xF0\x9F\x98\x80\xF0\x9F\x98\x81"},
  {"high half alone", R"(["a\ud83db"])", "a\uFFFDb"},
  {"high half last", R"(["a\ud83d"])", "a\uFFFD"},
  {"high half, then text", R"(["\ud83d","b"])", "\uFFFDb"},
  {"two high halves", R"(["\ud83d\ud83d","\ude00"])",
   "\uFFFD\xF0\x9F\x98\x80"},
  {"low half alone", R"(["\ude00","\ude00"])", "\uFFFD\uFFFD"},
  {"halves in the wrong order", R"(["\ude00\ud83d"])", "\uFFFD\uFFFD"},
  {"sequence over two", "[\"a\xE2\x82\",\"\xAC\"]", "a\u20AC"},
  {"sequence over three", "[\"\xF0\x9F\",\"\x98\",\"\x80\"]",
   "\xF0\x9F\x98\x80"},
  {"sequence cut, then text", "[\"\xE2\x82\",\"b\"]", "\uFFFDb"},
  {"sequence cut in the middle", "[\"a\xE2\x82" "b\"]", "a\uFFFDb"},
  {"stray tail", "[\"\x82\xAC\"]", "\uFFFD\uFFFD"},
  {"invalid byte", "[\"a\xFF" "b\"]", "a\uFFFDb"},
  {"overlong", "[\"\xC0\xAF\"]", "\uFFFD\uFFFD"},
  {"surrogate as bytes", "[\"\xED\xA0\x80\"]", "\uFFFD\uFFFD\uFFFD"},
  {"too large", "[\"\xF5\x80\x80\x80\"]", "\uFFFD\uFFFD\uFFFD\uFFFD"},
  {"NUL survives", R"(["a\u0000b"])", "a\0b"s},
  {"NUL survives a repair", R"(["a\u0000\ud83d"])", "a\0\uFFFD"s},
  {"escaped backslash is no escape", R"(["\\ud83d"])", R"(\ud83d)"},
  {"the marks of a repair can be text", "[\"\uFDD0" R"(d83d\ufdd1","\ud83d"])",
   "\uFDD0" "d83d\uFDD1\uFFFD"},
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(strings_survive_cuts_and_repairs) {
  for (const auto& [why, text, want] : strings) {
    BOOST_TEST_INFO(why);
    BOOST_TEST(joined(text) == want);
  }
}

BOOST_AUTO_TEST_CASE(refuses_what_is_not_json) {
  for (const auto* text : {"", "{", "[1,]", "{\"a\":}", "\"a", "nul", "1 2",
                           "{\"a\":1}}", "[DONE]", "<html>", "\"\\ud83\"",
                           "\"\\x\"", "\xFF", "-", "[1e]", "\"\n\""}) {
    BOOST_TEST_INFO(text);
    const auto value = parse_json(text);
    BOOST_REQUIRE(!value);
    BOOST_TEST(to_string(value.error().code) == "protocol");
  }
}

BOOST_AUTO_TEST_CASE(limits_the_depth_and_names_the_limit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  BOOST_TEST(!!parse_json(nested(limits::json_depth_max)));
  for (const auto& text :
       {nested(limits::json_depth_max + 1), std::string(1u << 20, '['),
        "[\"\\ud83d\"," + std::string(1000, '[')}) {
    const auto value = parse_json(text);
    BOOST_REQUIRE(!value);
    BOOST_TEST(value.error().message.find("json_depth_max")
               != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(reads_a_count_from_any_number) {
  const std::pair<const char*, std::optional<std::uint64_t>> table[] = {
    {"12", 12},
    {"0", 0},
    {"-3", 0},
    {"12.9", 12},
    {"1e3", 1000},
    {"-1e3", 0},
    {"18446744073709551615", largest},
    {"18446744073709551616", largest},
    {"1e19", 10000000000000000000u},
    {"1e30", largest},
    {"1e999", largest},
    {"-1e999", 0},
    {"\"17\"", 17},
    {"\"99999999999999999999\"", largest},
    {"\"1x\"", {}},
    {"\"\"", {}},
    {"null", {}},
    {"true", {}},
    {"[1]", {}},
    {"{}", {}},
  };
  for (const auto& [text, want] : table) {
    BOOST_TEST_INFO(text);
    const auto value = parse_json(text);
    BOOST_REQUIRE(value.has_value());
    BOOST_TEST((count_of(*value) == want));
  }
}

BOOST_AUTO_TEST_CASE(looks_things_up_in_any_shape) {
  for (const auto* text : {"null", "1", "\"a\"", "[]", "{}", "[{\"a\":1}]",
                           "{\"a\":{\"b\":[]}}"}) {
    const auto value = parse_json(text);
    BOOST_REQUIRE(value.has_value());
    BOOST_TEST(member(member(*value, "a"), "b").size() == 0u);
    BOOST_TEST(element(element(*value, 7), 0).is_null());
    BOOST_TEST(bytes_of(*value, "a").empty());
    BOOST_TEST(text_of(*value, "x").empty());
    BOOST_TEST(!count_of(*value, "x").has_value());
  }
}

BOOST_AUTO_TEST_CASE(of_two_members_with_one_name_the_last_wins) {
  BOOST_TEST(*count_of(*parse_json(R"({"a":{"b":1},"a":2})"), "a") == 2u);
}

BOOST_AUTO_TEST_CASE(an_ordered_text_keeps_its_order) {
  const std::string text = R"({"z":1,"a":{"y":[1,{"x":null}],"b":"é"},"c":-1})";
  BOOST_TEST(to_text(*parse_ordered_json(text)) == text);
}

BOOST_AUTO_TEST_CASE(hostile_texts_take_linear_time) {
  std::string members = "{";
  for (int i = 0; i < 200'000; ++i)
    members += "\"k" + std::to_string(i) + "\":0,";
  members.back() = '}';
  const std::string texts[] = {members,
                               "[\"" + std::string(1u << 21, '\xFF') + "\"]",
                               "[\"" + std::string(1u << 20, '\x80') + "\"",
                               "[" + std::string(1u << 20, '"')};
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& text : texts) {
    (void)parse_json(text);
    (void)parse_ordered_json(text);
  }
  // Seconds even with sanitizers; hours if anything here were quadratic.
  BOOST_TEST(
    (std::chrono::steady_clock::now() - begin < std::chrono::seconds{60}));
}

BOOST_AUTO_TEST_CASE(whatever_is_read_is_written_as_valid_utf8) {
  std::minstd_rand random{7};
  const std::string alphabet[] = {"\"",      "\\ud83d", "\\ude00",  "\xE2\x82",
                                  "\xAC",    "\xFF",    "[",        "]",
                                  "{\"a\":", "}",       ",",        "1e9999",
                                  "a",       "\\u0000", "\xED\xA0", "\uFDD0"};
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "[\"";
    for (int i = 0; i < 8; ++i)
      text += alphabet[random() % (round % 2 ? 6 : std::size(alphabet))];
    text += "\"]";
    const auto value = parse_json(text);
    if (!value)
      continue;
    ++read;
    const auto written = to_text(*value);
    BOOST_TEST(valid_utf8_prefix(written) == written.size());
    for (const auto& one : *value) {
      const auto shown = text_of(one);
      BOOST_TEST(valid_utf8_prefix(shown) == shown.size());
    }
  }
  BOOST_TEST(read > 1000);
}
