#include "tests/support/gemini_streams.hpp"

#include "providers/codec.hpp"
#include "tests/support/openai_chat_streams.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace penstock::test {

std::vector<gemini_recording> gemini_recordings() {
  namespace fs = std::filesystem;
  std::vector<gemini_recording> all;
  const char* corpus = std::getenv("PENSTOCK_CORPUS");
  for (const char* set : {"open", "open-cassettes"}) {
    std::error_code none;
    const auto folder = fs::path{corpus ? corpus : "."} / set / "google-gemini";
    for (const auto& entry : fs::directory_iterator{folder, none}) {
      std::ifstream in{entry.path() / "stream.sse", std::ios::binary};
      all.push_back({entry.path().filename().string(),
                     {std::istreambuf_iterator<char>{in}, {}}});
    }
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

std::string gemini_events(const std::vector<std::string>& data) {
  std::string body;
  for (const auto& one : data)
    body += "data: " + one + "\r\n\r\n";
  return body;
}

std::string gemini_chunk(const std::string& parts_json,
                         const std::string& finish) {
  return R"({"candidates":[{"content":{"role":"model","parts":[)" + parts_json
         + "]}" + (finish.empty() ? "" : R"(,"finishReason":")" + finish + '"')
         + R"(,"index":0}]})";
}

gemini_answer decode_gemini(const std::string& body,
                            const std::vector<std::size_t>& cuts) {
  const auto decoder = find_codec("google-gemini")->make_decoder({});
  gemini_answer answer;
  part_batch batch;
  const auto take = [&] {
    std::move(batch.parts().begin(), batch.parts().end(),
              std::back_inserter(answer.parts));
    batch.clear();
  };
  std::size_t at = 0;
  const auto push_to = [&](std::size_t end) {
    // A copy: what is pushed must not be needed any longer.
    decoder->push(body.substr(at, end - at), batch);
    at = end;
    take();
  };
  for (const auto cut : cuts)
    push_to(cut);
  push_to(body.size());
  decoder->end(batch);
  take();
  answer.finished = decoder->finished();
  return answer;
}

std::vector<std::string> gemini_lines(const std::string& body,
                                      const std::vector<std::size_t>& cuts) {
  const auto answer = decode_gemini(body, cuts);
  auto result = shown_parts(answer.parts);
  if (!answer.finished)
    result.emplace_back("unfinished");
  return result;
}

} // namespace penstock::test
