// Goal: a continuation loses what it repeats of the kept text, and never a byte
// more. Method: texts told by hand, in pieces of every size; then random texts
// against a search that knows the whole continuation.
#define BOOST_TEST_MODULE repeat_trim
#include <boost/test/unit_test.hpp>

#include "actors/repeat_trim.hpp"
#include "messages/limits.hpp"

#include <random>

using namespace penstock;

namespace {

std::string trimmed(std::string_view kept, std::string_view continuation,
                    std::size_t piece) {
  repeat_trim trim{kept};
  std::string shown;
  for (std::size_t at = 0; at < continuation.size(); at += piece)
    shown += trim.take(continuation.substr(at, piece));
  return shown + trim.end();
}

/// The same, by a search over the whole.
std::string expected(std::string_view kept, std::string_view continuation) {
  kept =
    kept.substr(kept.size() - std::min(kept.size(), limits::repeat_bytes_max));
  for (auto n = std::min(kept.size(), continuation.size());
       n >= limits::repeat_bytes_min; --n)
    if (continuation.starts_with(kept.substr(kept.size() - n)))
      return std::string{continuation.substr(n)};
  return std::string{continuation};
}

struct example {
  std::string_view kept, continuation, shown;
};
constexpr example examples[] = {
  {"Once upon a time there was", " a king.", " a king."},
  {"Once upon a time there was", "upon a time there was a king.", " a king."},
  {"Once upon a time there was", "Once upon a time there was a king.",
   " a king."},
  // Nothing new.
  {"Once upon a time there was", "upon a time there was", ""},
  // Too short to be more than chance.
  {"Once upon a time there was", "was a king.", "was a king."},
  // It begins like the kept text and goes another way.
  {"Once upon a time there was", "upon a time a king", "upon a time a king"},
  // A word that comes twice: the longest end counts.
  {"row, row, row, row, row, row", "row, row, row, row your boat",
   " your boat"},
  {"", "Once upon a time", "Once upon a time"},
  // Characters of several bytes.
  {"\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\x9F",
   "\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\x9F!", "!"},
};

} // namespace

BOOST_AUTO_TEST_CASE(what_is_repeated_is_left_out_however_it_is_cut) {
  for (const auto& e : examples)
    for (std::size_t piece = 1; piece <= 40; ++piece)
      BOOST_TEST_CONTEXT(e.continuation << " in pieces of " << piece)
  BOOST_TEST(trimmed(e.kept, e.continuation, piece) == e.shown);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_repetition_is_not_withheld) {
  repeat_trim trim{"Once upon a time there was"};
  BOOST_TEST(trim.take("A king") == "A king");
  BOOST_TEST(trim.decided());
  BOOST_TEST(trim.take(" lived") == " lived");
}

BOOST_AUTO_TEST_CASE(only_the_end_of_a_long_text_is_looked_at) {
  std::string kept;
  while (kept.size() < 3 * limits::repeat_bytes_max)
    kept += std::to_string(kept.size()) + " ";
  const auto tail = kept.substr(kept.size() - limits::repeat_bytes_max);
  BOOST_TEST(trimmed(kept, tail + "more", 100) == "more");
  const auto beyond = kept.substr(kept.size() - limits::repeat_bytes_max - 1);
  BOOST_TEST(trimmed(kept, beyond + "more", 100) == beyond + "more");
}

BOOST_AUTO_TEST_CASE(random_texts_of_few_letters_agree_with_the_search) {
  std::mt19937_64 random{7};
  const auto text = [&](std::size_t most) {
    std::string made(random() % (most + 1), ' ');
    for (char& c : made)
      c = static_cast<char>('a' + random() % 2);
    return made;
  };
  for (int round = 0; round < 20'000; ++round) {
    auto kept = text(60), continuation = text(30);
    if (random() % 2 && !kept.empty()) // a repetition, perhaps with more
      continuation = kept.substr(random() % kept.size()) + continuation;
    BOOST_REQUIRE_EQUAL(trimmed(kept, continuation, 1 + random() % 8),
                        expected(kept, continuation));
  }
}
