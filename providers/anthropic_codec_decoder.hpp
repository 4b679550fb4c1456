// Stream decoder of the Anthropic Messages API.
#pragma once

#include "providers/anthropic_codec_stream.hpp"
#include "providers/codec.hpp"
#include "providers/sse_decoder.hpp"

#include <string_view>

namespace penstock::anthropic {

/// Bytes of one response body to parts: framing, and what the body was if it
/// was no event stream at all. The events themselves are `event_reader`'s.
///
/// Source: platform.claude.com/docs/en/build-with-claude/streaming
/// Limits: limits::sse_*, and those of event_reader.
/// Errors: one `part::failed`: `protocol` for a body that is no event stream
///         (HTML, a proxy's page) or a limit; the class of the error for one
///         that came in the stream or as a bare JSON body; `stream_truncated`
///         for no body. A body that stops in the middle is no failure here:
///         `finished` is false.
class decoder final : public response_decoder {
public:
  /// @param short_way as event_reader's.
  explicit decoder(bool short_way = true) : reader_(short_way) {}

  void push(std::string_view bytes, part_batch& out) override;
  void end(part_batch& out) override;
  bool finished() const noexcept override { return reader_.finished(); }

private:
  void drain(part_batch& out);
  void judge_body(bool cut, part_batch& out);

  sse_decoder sse_;
  event_reader reader_;
  bool any_event_ = false;
};

} // namespace penstock::anthropic
