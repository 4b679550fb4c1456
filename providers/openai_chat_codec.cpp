#include "providers/openai_chat_decoder.hpp"
#include "providers/openai_chat_encoder.hpp"
#include "providers/openai_chat_messages.hpp"
#include "providers/openai_chat_quirks.hpp"

namespace penstock {

namespace {

class codec final : public api_codec {
public:
  std::string_view api() const noexcept override { return "openai-chat"; }

  bool has_prefill(const endpoint& at,
                   std::string_view model) const noexcept override {
    return can_prefill(openai_chat_quirks_of(at.provider, model), at);
  }

  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override {
    return encode_openai_chat(at, model, what);
  }

  // The decoder tells dialects by what they send, not by who sends it.
  std::unique_ptr<response_decoder>
  make_decoder(std::string_view) const override {
    return std::make_unique<openai_chat_decoder>();
  }
};

} // namespace

const api_codec& openai_chat_codec();
const api_codec& openai_chat_codec() {
  static const codec instance;
  return instance;
}

} // namespace penstock
