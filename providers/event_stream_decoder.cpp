#include "providers/event_stream_decoder.hpp"

#include "providers/ascii.hpp"
#include "providers/decoding.hpp"

#include <utility>

namespace penstock {

void event_stream_decoder::push(std::string_view bytes, part_batch& out) {
  if (over_)
    return;
  frames_.lend(bytes);
  sse_event event;
  while (!over_ && frames_.next(event))
    take(event, false, out);
  if (!over_ && frames_.failure().code != errc::none)
    fail(frames_.failure(), out);
}

void event_stream_decoder::end(part_batch& out) {
  sse_event event;
  if (!over_ && frames_.flush_at_end(event))
    take(event, true, out);
  if (!over_)
    on_body_end(out);
  over_ = true;
}

void event_stream_decoder::take(const sse_event& event, bool at_end,
                                part_batch& out) {
  const auto data = ascii::trimmed(event.data);
  if (data.empty()
      || (decoding::is_keep_alive(event.type) && !data.starts_with('{')))
    return;
  on_event(event, data, at_end, out);
}

std::string_view event_stream_decoder::stray() const noexcept {
  return ascii::trimmed(frames_.stray());
}

void event_stream_decoder::refuse_stray(std::string_view text,
                                        part_batch& out) {
  if (!frames_.saw_field() && !text.empty())
    fail(decoding::unexpected_body("an event stream", text), out);
}

void event_stream_decoder::fail(error why, part_batch& out,
                                std::optional<std::string> finish_raw) {
  over_ = true;
  out.add(part::failed{std::move(why), std::move(finish_raw)});
}

} // namespace penstock
