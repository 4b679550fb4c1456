// Goal: text that was cut anywhere comes out whole, and always valid.
// Method: the vectors of the Unicode standard; valid text cut at every byte.
#define BOOST_TEST_MODULE utf8
#include <boost/test/unit_test.hpp>

#include "providers/utf8.hpp"

#include <random>

using namespace penstock;

namespace {

// clang-format off
const std::pair<std::string_view, std::string_view> table[] = {
  {"", ""},
  {"plain", "plain"},
  {"\u00E9\u20AC\U0001F600", "\u00E9\u20AC\U0001F600"},
  // Unicode 15, tables 3-8 to 3-11.
  {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41",
   "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD" "A"},
  {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41",
   "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD" "A"},
  {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42",
   "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD" "A\uFFFD\uFFFD" "B"},
  {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41",
   "\uFFFD\uFFFD\uFFFD\uFFFD" "A"},
  {"a\xE2\x82", "a\uFFFD"},
  {"\xF4\x8F\xBF\xBF", "\U0010FFFF"},
  {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
};
// clang-format on

} // namespace

BOOST_AUTO_TEST_CASE(cleans_as_the_standard_says) {
  for (const auto& [text, want] : table)
    BOOST_TEST(clean_utf8(text) == want);
}

BOOST_AUTO_TEST_CASE(finds_the_first_fault_after_any_run) {
  for (std::size_t size = 0; size < 40; ++size) {
    BOOST_TEST(valid_utf8_prefix(std::string(size, 'a')
                                 + "\xFF"
                                   "bcdefghij")
               == size);
    BOOST_TEST(valid_utf8_prefix(std::string(size, 'a') + "\u20AC\xE2\x82")
               == size + 3);
  }
}

BOOST_AUTO_TEST_CASE(cuts_do_not_change_valid_text) {
  const std::string text = "a\u00E9\u20AC\U0001F600z\U0010FFFF";
  std::minstd_rand random{11};
  for (int round = 0; round < 500; ++round) {
    utf8_joiner joiner;
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
      const auto size = random() % 4;
      const auto shown = joiner.join(std::string_view{text}.substr(at, size));
      BOOST_TEST(valid_utf8_prefix(shown) == shown.size());
      result.append(shown);
      at += size;
    }
    BOOST_TEST(joiner.finish().empty());
    BOOST_TEST(result == text);
  }
}

BOOST_AUTO_TEST_CASE(whole_deltas_are_not_copied) {
  utf8_joiner joiner;
  const std::string delta = "caf\u00E9";
  BOOST_TEST((joiner.join(delta).data() == delta.data()));
}

BOOST_AUTO_TEST_CASE(half_a_character_at_the_end_is_shown_as_such) {
  utf8_joiner joiner;
  BOOST_TEST(joiner.join("a\xE2") == "a");
  BOOST_TEST(joiner.finish() == "\uFFFD");
  BOOST_TEST(joiner.finish().empty());
}
