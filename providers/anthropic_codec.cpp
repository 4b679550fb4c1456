#include "providers/anthropic_codec.hpp"

#include "providers/anthropic_codec_decoder.hpp"
#include "providers/anthropic_codec_encoder.hpp"
#include "providers/anthropic_codec_models.hpp"

namespace penstock {

namespace {

class anthropic_api final : public api_codec {
public:
  std::string_view api() const noexcept override {
    return "anthropic-messages";
  }
  bool has_prefill(const endpoint&,
                   std::string_view model) const noexcept override {
    return anthropic::facts_of(model).prefill;
  }
  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override {
    return anthropic::encode_request(at, model, what);
  }
  std::unique_ptr<response_decoder>
  make_decoder(std::string_view) const override {
    return std::make_unique<anthropic::decoder>();
  }
};

} // namespace

const api_codec& anthropic_codec() {
  static const anthropic_api codec;
  return codec;
}

} // namespace penstock
