#include "tests/support/collecting_sink.hpp"

namespace penstock::testing {

std::string transcript::grow(std::uint32_t part, std::uint64_t offset,
                             const std::string& more) {
  auto& text = parts_[part];
  if (offset != text.size())
    return "part " + std::to_string(part) + " has "
           + std::to_string(text.size()) + " bytes, and a delta begins at "
           + std::to_string(offset);
  if (closed_[part] && !more.empty())
    return "part " + std::to_string(part) + " grew after its end";
  text += more;
  return {};
}

std::string transcript::take(const stream_event& e) {
  if (!e.of)
    return "an event without identity";
  if (e.after)
    after_ = e.after;
  const auto stream = e.of->stream;
  if (std::get_if<event::stream_start>(e.body.get())) {
    if (!ended_)
      return "stream_start before the end of the stream before";
    discard();
    stream_ = stream;
    ended_ = false;
    ++starts_;
    return {};
  }
  if (terminal(*e.body)) {
    if (stream == stream_id{})
      return {};
    if (stream == stream_ && ended_ && starts_ != 0)
      return "a second terminal event";
    ended_ = true;
    ++ends_;
    return {};
  }
  if (std::get_if<event::caught_up>(e.body.get())
      || std::get_if<event::queue_changed>(e.body.get())
      || std::get_if<event::history_changed>(e.body.get()))
    return {};
  if (ended_)
    return std::string{"after the terminal event: "} += name_of(*e.body);
  if (auto* m = std::get_if<event::text_delta>(e.body.get()))
    return grow(m->part, m->offset, m->text);
  if (auto* m = std::get_if<event::reasoning_delta>(e.body.get()))
    return grow(m->part, m->offset, m->text);
  if (auto* m = std::get_if<event::refusal_delta>(e.body.get()))
    return grow(m->part, m->offset, m->text);
  if (auto* m = std::get_if<event::tool_call_delta>(e.body.get()))
    return grow(m->part, m->offset, m->input_text);
  if (auto* m = std::get_if<event::text_end>(e.body.get()))
    closed_[m->part] = true;
  if (auto* m = std::get_if<event::reasoning_end>(e.body.get()))
    closed_[m->part] = true;
  if (auto* m = std::get_if<event::retract>(e.body.get())) {
    parts_.erase(parts_.lower_bound(m->part), parts_.end());
    closed_.erase(closed_.lower_bound(m->part), closed_.end());
  }
  return {};
}

std::string transcript::text() const {
  std::string all;
  for (const auto& [part, text] : parts_)
    all += text;
  return all;
}

void transcript::discard() {
  parts_.clear();
  closed_.clear();
}

void collecting_sink::deliver(event_batch batch) {
  ++batches;
  if (batch.empty())
    violations.push_back("an empty batch");
  for (auto& e : batch) {
    if (e.seq != ++last_seq_)
      violations.push_back("seq " + std::to_string(e.seq) + " where "
                           + std::to_string(last_seq_) + " was due");
    if (auto wrong = heard.take(e); !wrong.empty())
      violations.push_back(std::move(wrong));
    events.push_back(std::move(e));
  }
  if (!holds_credit_)
    (void)return_credit();
}

std::vector<std::string> collecting_sink::names() const {
  std::vector<std::string> all;
  for (const auto& e : events)
    all.emplace_back(name_of(*e.body));
  return all;
}

} // namespace penstock::testing
