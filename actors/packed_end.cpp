#include "actors/packed_end.hpp"

#include "actors/packing.hpp"

#include <utility>

namespace penstock {

namespace {

packed_block packed(const closed_stream& end) {
  packing::writer out;
  const auto& body = *end.terminal;
  out.all(end.identity->stream, end.identity->message_id, body.index());
  if (const auto* normal = std::get_if<event::stream_end>(&body))
    out.all(*normal);
  else if (const auto* abort = std::get_if<event::stream_abort>(&body))
    out.all(*abort);
  else
    out.all(std::get<event::stream_error>(body));
  return packed_block{out.bytes()};
}

template <class Event>
bool read(packing::reader& in, std::size_t index, event_body& body) {
  if (index != event_body{Event{}}.index())
    return false;
  in.all(body.emplace<Event>());
  PENSTOCK_CHECK(in.at_end());
  return true;
}

event_body unpacked(packing::reader& in) {
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
  : whole_(std::make_unique<closed_stream>(std::move(end))) {
  PENSTOCK_CHECK(whole_->identity && whole_->terminal);
}

void packed_end::pack() {
  if (!whole_ || whole_->terminal.use_count() > 1)
    return;
  bytes_ = packed(*whole_);
  whole_.reset();
}

stream_id packed_end::stream() const {
  if (whole_)
    return whole_->identity->stream;
  stream_id stream{};
  packing::reader{bytes_.bytes()}.all(stream);
  return stream;
}

closed_stream packed_end::unpack(const std::string& workspace_id) const {
  if (whole_)
    return *whole_;
  packing::reader in{bytes_.bytes()};
  stream_identity identity{workspace_id, {}, {}};
  in.all(identity.stream, identity.message_id);
  auto body = unpacked(in);
  return {std::make_shared<const stream_identity>(std::move(identity)),
          std::make_shared<const event_body>(std::move(body))};
}

} // namespace penstock
