// Question: what does it cost to decode a token, beside the least that could
// do?
//   decode [--tokens 20000] [--rounds 15] [--piece-bytes 16384]
//
// For each API one stream of text deltas as its provider sends them, decoded in
// turn by a bare loop (events split by memchr, the text taken out by simdjson
// on demand, nothing checked), by the decoder, and by the decoder's general way
// alone. All see the same bytes in the same pieces and must find the same text.
// One line of JSON for each API: nanoseconds of CPU a token, the medians of the
// rounds; `ratio` is the median of decoder / bare within a round.
#include "bench/support/arguments.hpp"
#include "bench/support/event_text.hpp"
#include "bench/support/meter.hpp"
#include "providers/anthropic_codec_decoder.hpp"
#include "providers/gemini_decoder.hpp"
#include "providers/ollama_decoder.hpp"
#include "providers/openai_chat_decoder.hpp"
#include "providers/openai_responses_decoder.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <simdjson.h>

namespace {

using namespace penstock;
using namespace penstock::bench;
using make_decoder =
  std::function<std::unique_ptr<response_decoder>(bool short_way)>;
using simdjson::ondemand::document;

/// Where the text of an API is, for the bare loop; false if there is none.
using find_text = bool (*)(document&, std::string_view& text);

struct api_row {
  const char* name;
  std::function<std::string(std::size_t token, const std::string& text)> event;
  find_text find;
  make_decoder make;
  bool lines = false; ///< NDJSON, without "data: ".
};

template <class Decoder>
std::unique_ptr<response_decoder> made(bool short_way) {
  return std::make_unique<Decoder>(short_way);
}

std::string framed(const std::string& data, const char* type = nullptr) {
  return (type ? std::string{"event: "} + type + "\n" : std::string{})
         + "data: " + data + "\n\n";
}

const api_row apis[] = {
  {"openai-chat",
   [](std::size_t, const std::string& text) {
     return framed(
       R"({"id":"chatcmpl-BxT0","object":"chat.completion.chunk",)"
       R"("created":1764122400,"model":"gpt-4o-2024-08-06","service_tier":)"
       R"("default","system_fingerprint":"fp_07871e2ad8","choices":[{"index":)"
       R"(0,"delta":{"content":")"
       + text + R"("},"logprobs":null,"finish_reason":null}],"usage":null})");
   },
   [](document& d, std::string_view& text) {
     for (auto choice : d["choices"])
       return !choice["delta"]["content"].get(text);
     return false;
   },
   made<openai_chat_decoder>},
  {"openai-responses",
   [](std::size_t token, const std::string& text) {
     return framed(R"({"type":"response.output_text.delta","sequence_number":)"
                     + std::to_string(token + 4)
                     + R"(,"item_id":"msg_68f0a1","output_index":0,)"
                       R"("content_index":0,"delta":")"
                     + text + R"(","logprobs":[]})",
                   "response.output_text.delta");
   },
   [](document& d, std::string_view& text) { return !d["delta"].get(text); },
   [](bool short_way) {
     return std::make_unique<openai_responses_decoder>("openai", short_way);
   }},
  {"anthropic-messages",
   [](std::size_t, const std::string& text) {
     return framed(R"({"type":"content_block_delta","index":0,"delta":)"
                   R"({"type":"text_delta","text":")"
                     + text + R"("}})",
                   "content_block_delta");
   },
   [](document& d, std::string_view& text) {
     return !d["delta"]["text"].get(text);
   },
   made<anthropic::decoder>},
  {"google-gemini",
   [](std::size_t token, const std::string& text) {
     const auto count = std::to_string(token + 1);
     return framed(R"({"candidates": [{"content": {"parts": [{"text": ")" + text
                   + R"("}],"role": "model"},"index": 0}],"usageMetadata": )"
                     R"({"promptTokenCount": 8,"candidatesTokenCount": )"
                   + count + R"(,"totalTokenCount": )" + count
                   + R"(,"promptTokensDetails": [{"modality": "TEXT",)"
                     R"("tokenCount": 8}]},"modelVersion": )"
                     R"("gemini-2.5-flash","responseId": "aB3"})");
   },
   [](document& d, std::string_view& text) {
     for (auto candidate : d["candidates"])
       for (auto part : candidate["content"]["parts"])
         return !part["text"].get(text);
     return false;
   },
   made<gemini::decoder>},
  {"ollama",
   [](std::size_t token, const std::string& text) {
     return R"({"model":"llama3.2","created_at":"2026-11-26T08:52:19.)"
            + std::to_string(100'000'000 + token)
            + R"(Z","message":{"role":"assistant","content":")" + text
            + "\"},\"done\":false}\n";
   },
   [](document& d, std::string_view& text) {
     return !d["message"]["content"].get(text);
   },
   made<ollama_decoder>, true},
};

struct measured {
  double ns = 0; ///< A token.
  std::uint64_t text = 0;
};

// Of this thread: it waits for nothing, and others may use the machine.
double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9
         + static_cast<double>(now.tv_nsec);
}

template <class F>
measured timed(std::size_t tokens, F run) {
  digest found;
  const auto begin = cpu_ns();
  run(found);
  return {(cpu_ns() - begin) / static_cast<double>(tokens), found.value()};
}

template <class F>
void each_piece(std::string_view body, std::size_t bytes, F take) {
  for (; !body.empty(); body.remove_prefix(std::min(bytes, body.size())))
    take(body.substr(0, bytes));
}

void bare(const api_row& api, std::string_view body, std::size_t piece_bytes,
          digest& found) {
  simdjson::ondemand::parser parser;
  std::string padded, rest;
  const auto take = [&](std::string_view data) {
    padded.assign(data);
    padded.reserve(data.size() + simdjson::SIMDJSON_PADDING);
    document parsed;
    std::string_view text;
    if (!parser.iterate(padded.data(), padded.size(), padded.capacity())
           .get(parsed)
        && api.find(parsed, text))
      found.add(text);
  };
  event_splitter events;
  each_piece(body, piece_bytes, [&](std::string_view piece) {
    if (!api.lines)
      return events.push(piece, take);
    rest.append(piece);
    std::size_t begin = 0;
    for (auto end = rest.find('\n'); end != rest.npos;
         begin = end + 1, end = rest.find('\n', begin))
      take(std::string_view{rest}.substr(begin, end - begin));
    rest.erase(0, begin);
  });
}

void decode(response_decoder& decoder, std::string_view body,
            std::size_t piece_bytes, digest& found) {
  part_batch batch;
  each_piece(body, piece_bytes, [&](std::string_view piece) {
    batch.clear();
    decoder.push(piece, batch);
    for (const auto& part : batch.parts())
      if (const auto* text = std::get_if<part::text>(&part))
        found.add(text->bytes);
  });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// @returns false if one of them found another text.
bool measure(const api_row& api, std::size_t tokens, std::size_t rounds,
             std::size_t piece_bytes) {
  const char* const words[] = {" the",   " answer",     ",", " is",
                               " forty", "-two",        ".", " \\\"So",
                               "\\n",    " caf\xC3\xA9"};
  std::string body;
  for (std::size_t i = 0; i < tokens; ++i)
    body += api.event(i, words[i * 7 % std::size(words)]);
  std::vector<double> least, short_way, general, ratio;
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto a =
      timed(tokens, [&](digest& d) { bare(api, body, piece_bytes, d); });
    const auto by = [&](bool is_short) {
      return timed(tokens, [&](digest& d) {
        decode(*api.make(is_short), body, piece_bytes, d);
      });
    };
    const auto b = by(true), c = by(false);
    if (a.text != b.text || a.text != c.text)
      return false;
    least.push_back(a.ns);
    short_way.push_back(b.ns);
    general.push_back(c.ns);
    ratio.push_back(b.ns / a.ns);
  }
  std::printf("%s\n", json_line{}
                        .add("question", "decode")
                        .add("api", api.name)
                        .add("event_bytes", static_cast<double>(body.size())
                                              / static_cast<double>(tokens))
                        .add("bare_ns", median(least))
                        .add("decoder_ns", median(short_way))
                        .add("general_ns", median(general))
                        .add("ratio", median(ratio))
                        .text()
                        .c_str());
  return true;
}

} // namespace

int main(int count, char** values) {
  const arguments given{count, values};
  for (const auto& api : apis)
    if (!measure(api, given.count("tokens", 20'000), given.count("rounds", 15),
                 given.count("piece-bytes", 16'384))) {
      std::fprintf(stderr, "%s: the texts differ\n", api.name);
      return 1;
    }
  return 0;
}
