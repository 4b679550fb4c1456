// Any bytes as an answer give the same parts on the short way, which reads a
// delta like the last one without a JSON parser, as on the general one.
#include "providers/anthropic_codec_decoder.hpp"
#include "providers/gemini_decoder.hpp"
#include "providers/ollama_decoder.hpp"
#include "providers/openai_chat_decoder.hpp"
#include "providers/openai_responses_decoder.hpp"
#include "tests/fuzz/decoded_parts.hpp"

namespace {

// @param name of an endpoint, where the decoder wants one.
template <class Decoder, class... Name>
void check_ways(std::string_view body, Name... name) {
  Decoder short_way{name..., true};
  Decoder general{name..., false};
  penstock::fuzz::check_same(
    penstock::fuzz::decode(short_way, body, /*cut*/ true),
    penstock::fuzz::decode(general, body, /*cut*/ false));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto body = penstock::fuzz::view(data, size);
  check_ways<penstock::openai_chat_decoder>(body);
  check_ways<penstock::anthropic::decoder>(body);
  check_ways<penstock::openai_responses_decoder>(body, "openai");
  check_ways<penstock::gemini::decoder>(body);
  check_ways<penstock::ollama_decoder>(body);
  return 0;
}
