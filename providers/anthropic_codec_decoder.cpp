#include "providers/anthropic_codec_decoder.hpp"

#include "providers/ascii.hpp"
#include "providers/decoding.hpp"
#include "providers/error_classifier.hpp"
#include "providers/json.hpp"

namespace penstock::anthropic {

void decoder::push(std::string_view bytes, part_batch& out) {
  if (reader_.done())
    return;
  sse_.push(bytes);
  drain(out);
}

void decoder::drain(part_batch& out) {
  sse_event event;
  while (!reader_.done() && sse_.next(event)) {
    any_event_ = true;
    reader_.take(event.type, event.data, out);
  }
  if (sse_.failure().code != errc::none)
    reader_.fail(sse_.failure(), out);
}

void decoder::end(part_batch& out) {
  if (reader_.done())
    return;
  const bool cut = sse_.mid_event();
  sse_event event;
  // What lacks only its blank line is whole if its data is.
  if (sse_.flush_at_end(event) && parse_json(event.data)) {
    any_event_ = true;
    reader_.take(event.type, event.data, out);
  }
  if (!reader_.done())
    judge_body(cut, out);
  reader_.end(out);
}

// The body is over. Perhaps it was no event stream, or a server threw an error
// at us that is no event.
void decoder::judge_body(bool cut, part_batch& out) {
  const auto stray = ascii::trimmed(sse_.stray());
  if (const auto value = parse_json(stray);
      value && !member(*value, "error").is_null())
    return reader_.fail(classify_in_stream("anthropic-messages", stray), out);
  if (any_event_ || sse_.saw_field())
    return; // it was one, and was cut
  if (!stray.empty())
    reader_.fail(decoding::unexpected_body("an event stream", stray), out);
  else if (!cut)
    reader_.fail({errc::stream_truncated, "the answer has no body"}, out);
}

} // namespace penstock::anthropic
