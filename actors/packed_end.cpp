#include "actors/packed_end.hpp"

#include "actors/packing.hpp"

#include <utility>

namespace penstock {

namespace {

std::string packed(const event_body& body) {
  packing::writer out;
  out.all(body.index());
  if (const auto* end = std::get_if<event::stream_end>(&body))
    out.all(*end);
  else if (const auto* abort = std::get_if<event::stream_abort>(&body))
    out.all(*abort);
  else
    out.all(std::get<event::stream_error>(body));
  return out.bytes(); // A copy has no room to spare.
}

template <class Event>
bool read(packing::reader& in, std::size_t index, event_body& body) {
  if (index != event_body{Event{}}.index())
    return false;
  in.all(body.emplace<Event>());
  PENSTOCK_CHECK(in.at_end());
  return true;
}

event_body unpacked(const std::string& bytes) {
  packing::reader in{bytes};
  std::size_t index = 0;
  in.all(index);
  event_body body;
  PENSTOCK_CHECK(read<event::stream_end>(in, index, body)
                 || read<event::stream_abort>(in, index, body)
                 || read<event::stream_error>(in, index, body));
  return body;
}

} // namespace

packed_end::packed_end(closed_stream end)
  : identity_(std::move(end.identity)), event_(std::move(end.terminal)) {
  PENSTOCK_CHECK(identity_ != nullptr);
}

void packed_end::pack() {
  const auto* whole = std::get_if<0>(&event_);
  if (whole && whole->use_count() == 1)
    event_ = packed(**whole);
}

closed_stream packed_end::unpack() const {
  if (const auto* whole = std::get_if<0>(&event_))
    return {identity_, *whole};
  return {identity_, std::make_shared<const event_body>(
                       unpacked(std::get<std::string>(event_)))};
}

} // namespace penstock
