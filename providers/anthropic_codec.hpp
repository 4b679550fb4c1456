// The codec "anthropic-messages": the Messages API of Anthropic and of servers
// that speak it. What it sends is in anthropic_codec_encoder.hpp, what it reads
// in anthropic_codec_decoder.hpp, what differs by model in
// anthropic_codec_models.hpp.
#pragma once

#include "providers/codec.hpp"

namespace penstock {

/// Static lifetime.
const api_codec& anthropic_codec();

} // namespace penstock
