// The codec "google-gemini": the Gemini API of Google, and of Vertex AI by its
// base URL. What it sends is in gemini_encoder.hpp, what it reads in
// gemini_decoder.hpp, what differs by model in gemini_models.hpp.
#include "providers/gemini_decoder.hpp"
#include "providers/gemini_encoder.hpp"

namespace penstock {

namespace {

class codec final : public api_codec {
public:
  std::string_view api() const noexcept override { return "google-gemini"; }

  // A model's turn as the last one is answered with an empty one, or refused.
  bool has_prefill(const endpoint&, std::string_view) const noexcept override {
    return false;
  }

  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override {
    return gemini::encode_request(at, model, what);
  }

  std::unique_ptr<response_decoder>
  make_decoder(std::string_view) const override {
    return std::make_unique<gemini::decoder>();
  }
};

} // namespace

const api_codec& gemini_codec();
const api_codec& gemini_codec() {
  static const codec instance;
  return instance;
}

} // namespace penstock
