// Goal: the short way through a delta gives the same parts as the general way,
// whatever is sent. Method: every recording, and mutants of it whose number
// PENSTOCK_MUTANTS sets (default 12 a recording; 20 000 in a long run), decoded
// both ways.
#define BOOST_TEST_MODULE plain_delta
#include <boost/test/unit_test.hpp>

#include "providers/anthropic_codec_decoder.hpp"
#include "providers/gemini_decoder.hpp"
#include "providers/ollama_decoder.hpp"
#include "providers/openai_chat_decoder.hpp"
#include "providers/openai_responses_decoder.hpp"
#include "tests/support/openai_chat_streams.hpp"
#include "tests/support/skipping.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>

using namespace penstock;
using namespace penstock::test;
namespace fs = std::filesystem;

namespace {

struct recorded {
  std::string name, body, api;
};

std::vector<recorded> recordings() {
  const auto* folder = std::getenv("PENSTOCK_CORPUS");
  const fs::path root = folder ? folder : "../shared/corpus";
  if (!fs::is_directory(root))
    testing::skip_case("no recordings at " + root.string());
  std::vector<recorded> all;
  for (const auto& entry : fs::recursive_directory_iterator{root}) {
    if (entry.path().filename() != "stream.sse")
      continue;
    const auto api = entry.path().parent_path().parent_path().filename();
    std::ifstream file{entry.path(), std::ios::binary};
    all.push_back({entry.path().parent_path().filename(),
                   {std::istreambuf_iterator<char>{file}, {}},
                   api});
  }
  std::sort(all.begin(), all.end(),
            [](auto& a, auto& b) { return a.name < b.name; });
  return all;
}

std::unique_ptr<response_decoder> decoder_of(const std::string& api,
                                             bool short_way) {
  if (api == "anthropic-messages")
    return std::make_unique<anthropic::decoder>(short_way);
  if (api == "google-gemini")
    return std::make_unique<gemini::decoder>(short_way);
  if (api == "ollama")
    return std::make_unique<ollama_decoder>(short_way);
  if (api == "openai-responses")
    return std::make_unique<openai_responses_decoder>("openai", short_way);
  return std::make_unique<openai_chat_decoder>(short_way);
}

lines decode(const recorded& what, bool short_way) {
  const auto decoder = decoder_of(what.api, short_way);
  part_batch batch;
  decoder->push(what.body, batch);
  decoder->end(batch);
  auto result = shown_parts(batch.parts());
  for (const auto& part : batch.parts())
    if (const auto* failed = std::get_if<part::failed>(&part))
      result.push_back(failed->why.message);
  result.emplace_back(decoder->finished() ? "finished" : "unfinished");
  return result;
}

bool agrees(const recorded& what) {
  const auto quick = decode(what, true), thorough = decode(what, false);
  BOOST_TEST(quick == thorough, boost::test_tools::per_element());
  return quick == thorough;
}

// What servers and attackers put where it is not expected.
constexpr std::array<std::string_view, 47> splices{
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
  "\"thought\":true,",
  "\"thoughtSignature\":\"s\",",
  "\"candidatesTokenCount\":7,",
  "\"finishReason\":\"STOP\",",
  "\"output_index\":1,",
  "\"logprobs\":[1],",
  "\"done\":true,",
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

/// Bodies of some of `events` in any order.
template <class Events>
void agrees_on_mixtures(const std::string& api, const Events& events,
                        const std::string& before, const std::string& after) {
  std::mt19937_64 dice{8};
  for (int round = 0; round < 2'000; ++round) {
    recorded made{"made up", {}, api};
    for (int n = 0; n < 9; ++n)
      made.body += std::string{dice() % 32 == 0 ? "event: error\n" : ""}
                   + before + events[dice() % events.size()] + after;
    if (!agrees(made)) {
      BOOST_ERROR(made.body);
      return;
    }
  }
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
    recorded made{"made up", {}, "anthropic-messages"};
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
    std::string{R"({"choices":[{"message":{"content":"whole"}}]})"},
    std::string{
      R"({"id":"","model":"m","choices":[{"delta":{"content":"e"}}]})"},
  };
  agrees_on_mixtures("openai-chat", all, "data: ", "\n\n");
}

BOOST_AUTO_TEST_CASE(responses_deltas_go_where_the_general_way_puts_them) {
  const auto event = [](const std::string& type, const std::string& rest) {
    return R"({"type":"response.)" + type + R"(","sequence_number":7,)" + rest
           + "}";
  };
  const std::string text = "output_text.delta",
                    input = "function_call_arguments";
  const std::array all{
    event(text, R"("output_index":0,"content_index":0,"delta":"a")"),
    event(text, R"("output_index":0,"content_index":0,"delta":"\ud83d")"),
    event(text,
          R"("output_index":0,"content_index":1,"delta":"b","logprobs":[])"),
    event(text, R"("item_id":"m","delta":"c","obfuscation":"x")"),
    event(text, R"("delta":"d")"),
    event(text, R"("output_index":1,"delta":"e")"),
    event("reasoning_summary_text.delta",
          R"("output_index":0,"summary_index":0,"delta":"r")"),
    event("reasoning_summary_text.delta",
          R"("output_index":0,"summary_index":1,"delta":"s")"),
    event("refusal.delta", R"("output_index":0,"content_index":0,"delta":"n")"),
    event(input + ".delta", R"("output_index":2,"delta":"{}")"),
    event(input + ".done", R"("output_index":2,"arguments":"{}")"),
    event(
      "output_item.added",
      R"("output_index":2,"item":{"type":"function_call","id":"f","name":"t"})"),
    event("output_item.added",
          R"("output_index":0,"item":{"type":"message","id":"m"})"),
    event("output_item.done",
          R"("output_index":0,"item":{"type":"message","id":"m"})"),
    event("output_text.done", R"("output_index":0,"text":"whole")"),
    std::string{R"({"delta":"no type","output_index":0})"},
    std::string{R"({"type":"","delta":"none","output_index":0})"},
    std::string{"{"},
    event("in_progress", R"("response":{"id":"i","model":"m"})"),
  };
  agrees_on_mixtures("openai-responses", all, "data: ", "\n\n");
  agrees_on_mixtures("openai-responses", all,
                     "event: response.output_text.delta\ndata: ", "\n\n");
}

BOOST_AUTO_TEST_CASE(gemini_chunks_go_where_the_general_way_puts_them) {
  const auto chunk = [](const std::string& part, const std::string& rest = {}) {
    return R"({"candidates":[{"content":{"parts":[)" + part
           + R"(],"role":"model"},"index":0}])" + rest
           + R"(,"modelVersion":"m"})";
  };
  const std::string usage =
    R"(,"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":)";
  const std::array all{
    chunk(R"({"text":"a"})", usage + "1}"),
    chunk(R"({"text":"b"})", usage + R"(22,"totalTokenCount":30})"),
    chunk(R"({"text":"c"})", usage + R"(22,"totalTokenCount":31})"),
    chunk(R"({"text":"d"})", usage + R"(3,"thoughtsTokenCount":9})"),
    chunk(R"({"text":"e"})", usage + R"("4"})"),
    chunk(R"({"text":"f"})", usage + "1e3}"),
    chunk(R"({"text":"g","thought":true})", usage + "5}"),
    chunk(R"({"text":"h","thought":false})", usage + "5}"),
    chunk(R"({"text":"i","thoughtSignature":"s"})", usage + "6}"),
    chunk(R"({"text":"j"},{"text":"k"})", usage + "6}"),
    chunk(R"({"text":"\ud83d"})"),
    chunk(R"({"functionCall":{"name":"f"}})"),
    std::string{
      R"({"candidates":[{"index":1,"content":{"parts":[{"text":"no"}]}}]})"},
    std::string{
      R"({"candidates":[{"finishReason":"STOP","content":{"parts":[{"text":"l"}]}}]})"},
    std::string{R"({"usageMetadata":{"promptTokenCount":1}})"},
  };
  agrees_on_mixtures("google-gemini", all, "data: ", "\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(ollama_lines_go_where_the_general_way_puts_them) {
  const auto line = [](const std::string& message,
                       const std::string& rest = R"(,"done":false)") {
    return R"({"model":"m","created_at":"2026-11-26T01:02:03.4Z","message":{)"
           + message + "}" + rest + "}";
  };
  const std::array all{
    line(R"("role":"assistant","content":"a")"),
    line(R"("role":"assistant","content":"b")"),
    line(R"("role":"assistant","content":"","thinking":"t")"),
    line(R"("role":"assistant","content":"c","thinking":"u")"),
    line(R"("role":"assistant","content":"\ud83d")"),
    line(R"("role":"assistant","content":"d","images":null,"tool_calls":[])"),
    line(R"("content":"e","tool_calls":[{"function":{"name":"f"}}])"),
    line(R"("content":"f")", R"(,"done":false,"error":"")"),
    line(R"("content":"g")", ""),
    line(R"("content":"h")", R"(,"done":false,"remote_model":"r")"),
  };
  agrees_on_mixtures("ollama", all, "", "\n");
}
