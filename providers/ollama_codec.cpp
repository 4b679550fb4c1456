// The codec "ollama": the native chat API of Ollama, at /api/chat.
#include "providers/ollama_decoder.hpp"
#include "providers/ollama_encoder.hpp"

namespace penstock {

namespace {

class codec final : public api_codec {
public:
  std::string_view api() const noexcept override { return "ollama"; }

  // The templates of some models continue a last message of the assistant,
  // those of others close it; the API does not tell which.
  bool has_prefill(const endpoint&, std::string_view) const noexcept override {
    return false;
  }

  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override {
    return encode_ollama(at, model, what);
  }

  std::unique_ptr<response_decoder>
  make_decoder(std::string_view) const override {
    return std::make_unique<ollama_decoder>();
  }
};

} // namespace

const api_codec& ollama_codec();
const api_codec& ollama_codec() {
  static const codec instance;
  return instance;
}

} // namespace penstock
