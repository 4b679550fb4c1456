#include "tools/demo_texts.hpp"

#include <algorithm>
#include <array>

namespace penstock::cli {

namespace {

constexpr std::array<std::string_view, 23> sentences_known{
  "A penstock is the sluice that lets water reach a mill, or keeps it away.",
  "Rivers do not hurry, and yet they are the first to arrive at the sea.",
  "The tide at Saint-Malo rises by thirteen metres, twice a day, unasked.",
  "Some wells in the naïve old maps are only drops of ink from the pen.",
  "\"Nothing is softer than water,\" wrote Laozi (老子), \"and nothing is "
  "stronger.\"",
  "A canal lock is a staircase for ships, built by people who liked patience.",
  "Snow remembers every footprint until the afternoon, and then it forgives.",
  "The Nile was measured with stairs: each wet step was a tax to be paid.",
  "In Venice the postman waits for low water before the lowest bridge.",
  "An otter holds hands while it sleeps 🦦 so as not to drift apart.",
  "Fog is a cloud that has come down to ask for the way.",
  "A kettle sings because small bubbles collapse before they reach the top.",
  "Old dams are held up by stone; new ones by arithmetic and some stone.",
  "The deepest lake holds a fifth of the fresh water that is not ice.",
  "Salt comes from the hills, and the sea is where it has settled.",
  "A raindrop is not shaped like a tear but rather like a bun.",
  "Beavers fell trees at night and inspect the leak in the morning.",
  "The word \"rival\" once meant someone who shares the same stream.",
  "Ice floats, which is odd, and without it no pond would have fish.",
  "A wave carries no water from here to there — only the news of it.",
  "Windmills in the polders pump day and night so that cows stay dry.",
  "Waterfalls walk upstream, about a hand's breadth in a good year.",
  "The first clocks dripped; the Greeks called them thieves of water.",
};

} // namespace

std::string demo_text(std::size_t which, std::size_t sentences) {
  std::string text;
  // Steps that share no factor with the number of sentences: no repetition.
  const auto step = 1 + which % 7;
  for (std::size_t i = 0; i < sentences; ++i) {
    if (i > 0)
      text += ' ';
    text += sentences_known[(which * 5 + i * step) % sentences_known.size()];
  }
  return text;
}

std::string demo_half(std::string_view text) {
  return std::string{text.substr(0, text.find(' ', text.size() / 2))};
}

} // namespace penstock::cli
