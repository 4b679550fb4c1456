#include "providers/codec.hpp"
#include "providers/openai_responses_decoder.hpp"
#include "providers/openai_responses_encoder.hpp"

namespace penstock {

namespace {

class codec final : public api_codec {
public:
  std::string_view api() const noexcept override { return "openai-responses"; }

  // The API begins every answer anew.
  bool has_prefill(const endpoint&, std::string_view) const noexcept override {
    return false;
  }

  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override {
    return encode_openai_responses(at, model, what);
  }

  std::unique_ptr<response_decoder>
  make_decoder(std::string_view provider) const override {
    return std::make_unique<openai_responses_decoder>(provider);
  }
};

} // namespace

const api_codec& openai_responses_codec();
const api_codec& openai_responses_codec() {
  static const codec instance;
  return instance;
}

} // namespace penstock
