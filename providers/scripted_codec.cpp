#include "providers/scripted_codec.hpp"

#include "messages/check.hpp"
#include "providers/scripted_answers.hpp"

namespace penstock {

namespace {

const api_codec& chat() {
  const auto* codec = find_codec("openai-chat");
  PENSTOCK_CHECK(codec);
  return *codec;
}

class codec final : public api_codec {
public:
  std::string_view api() const noexcept override { return "scripted"; }

  bool has_prefill(const endpoint&, std::string_view) const noexcept override {
    return false;
  }

  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override {
    return chat().encode(at, model, what);
  }

  std::unique_ptr<response_decoder>
  make_decoder(std::string_view provider) const override {
    return chat().make_decoder(provider);
  }
};

} // namespace

const api_codec& scripted_codec() {
  static const codec instance;
  return instance;
}

model_script builtin_script() {
  using namespace std::chrono_literals;
  answer_pace pace;
  pace.first = 200ms;
  pace.between = 40ms;
  token_usage usage;
  usage.input_total = 1;
  usage.output_total = 14;
  return {{"hello",
           {openai_chat_answer(
             scripted_turn{}
               .text("Hello! I am a script, not a model: no key and no network "
                     "was needed.")
               .usage(usage),
             pace)}}};
}

std::string scripted_base_url(std::string_view provider) {
  // Any name there can be, in what a URL can hold.
  constexpr std::string_view digits = "0123456789abcdef";
  std::string url{scripted_host};
  for (const char c : provider) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9') || c == '-')
      url += c;
    else
      url.append("%").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return url;
}

} // namespace penstock
