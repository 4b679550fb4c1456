// Goal: the short way through a delta gives the same parts as the general way,
// whatever is sent. Method: every recording, and mutants of it whose number
// PENSTOCK_MUTANTS sets (default 12 a recording; 20 000 in a long run), decoded
// both ways.
#define BOOST_TEST_MODULE plain_delta
#include <boost/test/unit_test.hpp>

#include "providers/anthropic_codec_decoder.hpp"
#include "providers/openai_chat_decoder.hpp"
#include "tests/support/openai_chat_streams.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

using namespace penstock;
using namespace penstock::test;
namespace fs = std::filesystem;

namespace {

struct recorded {
  std::string name, body;
  bool anthropic = false;
};

std::vector<recorded> recordings() {
  const auto* folder = std::getenv("PENSTOCK_CORPUS");
  const fs::path root = folder ? folder : "../shared/corpus";
  if (!fs::is_directory(root)) {
    std::cerr << "SKIPPED: no recordings at " << root << '\n';
    std::exit(77);
  }
  std::vector<recorded> all;
  for (const auto& entry : fs::recursive_directory_iterator{root}) {
    if (entry.path().filename() != "stream.sse")
      continue;
    const auto api = entry.path().parent_path().parent_path().filename();
    const bool anthropic = api == "anthropic-messages";
    if (!anthropic && api != "openai-chat" && api != "openai-compatible")
      continue;
    std::ifstream file{entry.path(), std::ios::binary};
    all.push_back({entry.path().parent_path().filename(),
                   {std::istreambuf_iterator<char>{file}, {}},
                   anthropic});
  }
  std::sort(all.begin(), all.end(),
            [](auto& a, auto& b) { return a.name < b.name; });
  return all;
}

template <class Decoder>
lines decode(const std::string& body, bool short_way) {
  Decoder decoder{short_way};
  part_batch batch;
  decoder.push(body, batch);
  decoder.end(batch);
  auto result = shown_parts(batch.parts());
  for (const auto& part : batch.parts())
    if (const auto* failed = std::get_if<part::failed>(&part))
      result.push_back(failed->why.message);
  result.emplace_back(decoder.finished() ? "finished" : "unfinished");
  return result;
}

lines decode(const recorded& what, bool short_way) {
  return what.anthropic ? decode<anthropic::decoder>(what.body, short_way)
                        : decode<openai_chat_decoder>(what.body, short_way);
}

bool agrees(const recorded& what) {
  const auto quick = decode(what, true), thorough = decode(what, false);
  BOOST_TEST(quick == thorough, boost::test_tools::per_element());
  return quick == thorough;
}

// What servers and attackers put where it is not expected.
constexpr std::array<std::string_view, 40> splices{
  "\\ud83d",
  "\\ude00",
  "\\u0000",
  "\\n",
  "\\\"",
  "\"",
  "\\",
  "\xC3",
  "\xA9",
  "\xED\xA0\xBD",
  "\xED\xB8\x80",
  "\xFF",
  "\xF0\x9F",
  "\x98\x80",
  std::string_view{"\0", 1},
  "\n",
  "\r",
  "\t",
  " ",
  "}",
  "{",
  "[",
  "]",
  ",",
  ":",
  "0",
  "-",
  "1e999",
  "null",
  "\"usage\":{\"prompt_tokens\":1},",
  "\"finish_reason\":\"stop\",",
  "\"error\":{\"message\":\"no\"},",
  "\"content\":\"twice\",",
  "\"text\":\"twice\",",
  "\"index\":1,",
  "\"citations\":[\"u\"],",
  "\ndata: ",
  "event: ping\n",
  "event: error\n",
  "\"delta\":{\"content\":\"x\"},"};

// Swaps the text of one event for that of another, so that most of a mutant
// stays JSON, or cuts, copies, flips and splices anywhere.
void mutate(std::string& body, std::mt19937_64& dice) {
  const auto below = [&](std::size_t n) { return n == 0 ? 0 : dice() % n; };
  const auto at = below(body.size());
  // Mutations at the ends of strings and behind commas hit what matters.
  const auto quote = std::min(body.find_first_of("\",", at), body.size());
  const auto place = below(3) == 0 ? at : std::min(quote + 1, body.size());
  switch (below(6)) {
  case 0:
    body.erase(place, below(4) == 0 ? below(200) : 1);
    break;
  case 1:
    body.insert(place, body.substr(below(body.size()), below(40)));
    break;
  case 2:
    if (place < body.size())
      body[place] = static_cast<char>(dice());
    break;
  default:
    body.insert(place, splices[below(splices.size())]);
  }
}

std::size_t mutants_per_recording() {
  const auto* wanted = std::getenv("PENSTOCK_MUTANTS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 12;
}

} // namespace

BOOST_AUTO_TEST_CASE(both_ways_agree_on_every_recording) {
  const auto all = recordings();
  BOOST_TEST(all.size() > 50u);
  for (const auto& one : all)
    BOOST_TEST_CONTEXT(one.name) {
      agrees(one);
    }
}

// Many mutations in one mutant would end it at the first one that is an error.
BOOST_AUTO_TEST_CASE(both_ways_agree_on_mutants) {
  const auto rounds = mutants_per_recording();
  std::mt19937_64 dice{20'240'601};
  for (const auto& one : recordings()) {
    for (std::size_t i = 0; i < rounds; ++i) {
      auto mutant = one;
      for (auto n = 1 + dice() % 3; n > 0; --n)
        mutate(mutant.body, dice);
      if (!agrees(mutant)) {
        BOOST_ERROR(one.name << ", mutant " << i << ":\n" << mutant.body);
        return;
      }
    }
  }
}

// The state around a delta that looks like the one before.
BOOST_AUTO_TEST_CASE(
  anthropic_deltas_go_where_the_last_event_of_their_kind_did) {
  const std::string text =
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})";
  const std::string other =
    R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b"}})";
  const std::string bare =
    R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"c"}})";
  const std::string odd =
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","thinking":"d"}})";
  const std::string stop = R"({"type":"content_block_stop","index":0})";
  const std::string begin =
    R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})";
  const std::array all{text, other, bare, odd, stop, begin};
  std::mt19937_64 dice{7};
  for (int round = 0; round < 2'000; ++round) {
    recorded made{"made up", {}, true};
    for (int n = 0; n < 9; ++n)
      made.body += std::string{dice() % 16 == 0 ? "event: ping\n" : ""}
                   + "data: " + all[dice() % all.size()] + "\n\n";
    if (!agrees(made)) {
      BOOST_ERROR(made.body);
      return;
    }
  }
}

BOOST_AUTO_TEST_CASE(chat_deltas_go_where_the_general_way_puts_them) {
  const std::array all{
    chat_delta(R"({"content":"a"})"),
    chat_delta(R"({"content":"\ud83d"})"),
    chat_delta(R"({"content":"\ude00 b"})"),
    chat_delta(R"({"content":null,"reasoning_content":"r"})"),
    chat_delta(R"({"content":"","reasoning":"s","reasoning_content":""})"),
    chat_delta(R"({"content":"","refusal":"no"})"),
    chat_delta(
      R"({"tool_calls":[{"index":0,"id":"i","function":{"name":"f"}}]})"),
    chat_delta(R"({"content":"c","function_call":{}})"),
    std::string{R"({"choices":[{"index":1,"delta":{"content":"no"}}]})"},
    std::string{R"({"choices":[{"delta":{"content":"d"}}]})"},
    std::string{
      R"({"id":"","model":"m","choices":[{"delta":{"content":"e"}}]})"},
  };
  std::mt19937_64 dice{8};
  for (int round = 0; round < 2'000; ++round) {
    recorded made{"made up", {}, false};
    for (int n = 0; n < 9; ++n)
      made.body += std::string{dice() % 32 == 0 ? "event: error\n" : ""}
                   + "data: " + all[dice() % all.size()] + "\n\n";
    if (!agrees(made)) {
      BOOST_ERROR(made.body);
      return;
    }
  }
}
