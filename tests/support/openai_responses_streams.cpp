#include "tests/support/openai_responses_streams.hpp"

#include "providers/codec.hpp"
#include "providers/json.hpp"

#include <iterator>

namespace penstock::test {

std::string responses_events(const lines& data) {
  std::string body;
  for (const auto& one : data) {
    const auto value = parse_json(one);
    if (const auto type = value ? text_of(*value, "type") : ""; !type.empty())
      body += "event: " + type + "\n";
    body += "data: " + one + "\n\n";
  }
  return body;
}

std::string responses_event(const std::string& type, int index,
                            const std::string& rest) {
  return R"({"type":"response.)" + type + R"(","output_index":)"
         + std::to_string(index) + "," + rest + "}";
}

std::string item_added(int index, const std::string& item_json) {
  return responses_event("output_item.added", index, R"("item":)" + item_json);
}

std::string item_done(int index, const std::string& item_json) {
  return responses_event("output_item.done", index, R"("item":)" + item_json);
}

decoded_answer decode_responses(std::string_view body,
                                const std::vector<std::size_t>& cuts,
                                const std::string& provider) {
  const auto decoder = find_codec("openai-responses")->make_decoder(provider);
  decoded_answer answer;
  part_batch batch;
  // Each piece in memory of its own, so that a view kept too long is found.
  const auto push = [&](std::string_view piece) {
    decoder->push(std::string{piece}, batch);
    std::move(batch.parts().begin(), batch.parts().end(),
              std::back_inserter(answer.parts));
    batch.clear();
  };
  std::size_t begin = 0;
  for (const auto cut : cuts) {
    push(body.substr(begin, cut - begin));
    begin = cut;
  }
  push(body.substr(begin));
  decoder->end(batch);
  std::move(batch.parts().begin(), batch.parts().end(),
            std::back_inserter(answer.parts));
  answer.finished = decoder->finished();
  return answer;
}

lines responses_lines(const std::string& body, std::size_t piece_bytes,
                      const std::string& provider) {
  std::vector<std::size_t> cuts;
  for (auto at = piece_bytes; at < body.size(); at += piece_bytes)
    cuts.push_back(at);
  const auto answer = decode_responses(body, cuts, provider);
  auto result = shown_parts(answer.parts);
  if (!answer.finished)
    result.emplace_back("unfinished");
  return result;
}

} // namespace penstock::test
