#include "providers/codec.hpp"

namespace penstock {

// One line per API. Each codec's own file defines its function.
const api_codec& openai_chat_codec();
const api_codec& openai_responses_codec();
const api_codec& anthropic_codec();
const api_codec& ollama_codec();
const api_codec& scripted_codec();
const api_codec& gemini_codec();

namespace {

struct row {
  std::string_view api;
  const api_codec& (*codec)();
};

constexpr row codecs[] = {
  {"openai-chat", openai_chat_codec},
  {"openai-compatible", openai_chat_codec},
  {"openai-responses", openai_responses_codec},
  {"anthropic-messages", anthropic_codec},
  {"ollama", ollama_codec},
  {"scripted", scripted_codec},
  {"google-gemini", gemini_codec},
};

} // namespace

const api_codec* find_codec(std::string_view api) noexcept {
  for (const auto& r : codecs)
    if (r.api == api)
      return &r.codec();
  return nullptr;
}

std::vector<std::string_view> codec_names() {
  std::vector<std::string_view> names;
  for (const auto& r : codecs)
    names.push_back(r.api);
  return names;
}

} // namespace penstock
