// How a log is told: from a place in it to the events that follow.
#include "actors/stream_log.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

constexpr std::size_t mark_bytes = 64; // what a mark weighs in a batch, about

/// The first UTF-8 boundary at or before `at`.
std::uint64_t boundary(std::string_view text, std::uint64_t at) {
  while (at > 0 && at < text.size()
         && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80)
    --at;
  return at;
}

template <class Event>
std::shared_ptr<const event_body> shared(Event what) {
  return std::make_shared<const event_body>(std::move(what));
}

} // namespace

bool stream_log::pending(place& at, std::uint32_t until) const {
  while (at.entry < until) {
    const auto& e = entries_[at.entry];
    const auto& by = entries_[e.withdrawn_by];
    if (e.withdrawn_by != 0 && by.crossed) {
      at = {at.entry + 1, entries_[at.entry + 1].begin};
    } else if (e.withdrawn_by != 0) {
      // Whoever has seen some of it is led to the mark that says so, all
      // others behind that.
      const auto& mark = std::get<event::retract>(*marks_[by.index]);
      const bool unseen = at.entry == mark.part && at.offset == 0;
      at = {e.withdrawn_by, unseen ? 1u : 0u};
    } else if (at.offset < length(e)) {
      return true;
    } else if (at.entry + 1 == size()) {
      return false;
    } else {
      at = {at.entry + 1, entries_[at.entry + 1].begin};
    }
  }
  return false;
}

bool stream_log::tell(place& at, std::size_t bytes_max,
                      std::vector<stream_event>& out,
                      std::uint32_t until) const {
  for (std::size_t told = 0; pending(at, until);) {
    if (told >= bytes_max)
      return false;
    const auto& e = entries_[at.entry];
    if (e.what == kind::segment) {
      const auto from = std::max(at.offset, e.begin);
      auto to = e.end;
      if (to - from > bytes_max - told) {
        to = boundary(bytes(parts_[e.index]), from + bytes_max - told);
        if (to <= from)
          to = e.end; // One character is larger than what is left.
      }
      out.emplace_back().body = segment_event(e, from, to);
      told += to - from;
      at.offset = to;
    } else {
      out.emplace_back().body = mark_event(e);
      at.offset = 1;
      told += mark_bytes;
    }
    out.back().of = of_;
    out.back().after = position{of_->stream, at.entry, at.offset};
  }
  return true;
}

std::shared_ptr<const event_body>
stream_log::segment_event(const entry& e, std::uint64_t from,
                          std::uint64_t to) const {
  const auto& p = parts_[e.index];
  std::string text{bytes(p).substr(from, to - from)};
  if (std::holds_alternative<text_content>(p.content))
    return shared(event::text_delta{p.number, from, std::move(text)});
  if (std::holds_alternative<reasoning_content>(p.content))
    return shared(event::reasoning_delta{p.number, from, std::move(text), {}});
  if (std::holds_alternative<refusal_content>(p.content))
    return shared(event::refusal_delta{p.number, from, std::move(text)});
  const auto& call = std::get<tool_call_content>(p.content);
  return shared(
    event::tool_call_delta{p.number, call.id, from, std::move(text)});
}

std::shared_ptr<const event_body> stream_log::mark_event(const entry& e) const {
  if (e.what == kind::start)
    return shared(start_);
  if (e.what == kind::mark || e.what == kind::source)
    return marks_[e.index];
  if (e.what == kind::terminal)
    return terminal_;
  const auto& p = parts_[e.index];
  const auto* call = std::get_if<tool_call_content>(&p.content);
  switch (e.what) {
  case kind::text_end:
    return shared(event::text_end{p.number});
  case kind::signature: {
    const auto& reasoning = std::get<reasoning_content>(p.content);
    return shared(event::reasoning_delta{p.number, reasoning.text.size(), "",
                                         reasoning.signature});
  }
  case kind::reasoning_end:
    return shared(event::reasoning_end{p.number});
  case kind::file:
    return shared(event::file{p.number, std::get<file_content>(p.content)});
  case kind::call_start:
    return shared(event::tool_call_start{p.number, call->id, call->name});
  case kind::call:
    return shared(event::tool_call{p.number,
                                   call->id,
                                   call->name,
                                   call->input_json,
                                   call->provider_executed,
                                   {}});
  case kind::execution:
    return shared(event::tool_execution_start{p.number, call->id, {}});
  case kind::result:
    return shared(event::tool_result{p.number,
                                     call->id,
                                     p.result->output_json,
                                     p.result->is_error,
                                     p.result->provider_executed,
                                     {}});
  default:
    PENSTOCK_CHECK(!"an entry that cannot be told");
  }
}

std::optional<stream_log::place> stream_log::find(const position& p) const {
  if (p.stream != of_->stream || p.part >= entries_.size())
    return std::nullopt;
  auto at = place{p.part, p.offset};
  const auto& first = entries_[p.part];
  if (first.what == kind::call_start && p.offset > 1)
    return find_in_call(p);
  if (first.what != kind::segment)
    return p.offset <= 1 ? std::optional{at} : std::nullopt;
  // A client that counts a part's bytes names the part, not the segment.
  while (at.offset > entries_[at.entry].end) {
    const auto next = std::find_if(
      entries_.begin() + at.entry + 1, entries_.end(), [&](const entry& e) {
        return e.what == kind::segment && e.part == first.part;
      });
    if (next == entries_.end())
      return std::nullopt;
    at.entry = static_cast<std::uint32_t>(next - entries_.begin());
  }
  const auto text = bytes(parts_[first.index]);
  if (at.offset < entries_[at.entry].begin
      || boundary(text, p.offset) != p.offset)
    return std::nullopt;
  return at;
}

// The bytes of its input so far, then its states: called, started, answered. 1
// is a call that has begun, as `tell` names it: its first byte comes again.
std::optional<stream_log::place>
stream_log::find_in_call(const position& p) const {
  std::uint64_t before = 0;
  for (auto i = p.part + 1; i < size(); ++i) {
    const auto& e = entries_[i];
    if (e.part != p.part)
      continue;
    if (e.what != kind::segment) {
      if (++before == p.offset)
        return place{i, 1};
    } else if (p.offset > e.end) {
      before = e.end;
    } else if (boundary(bytes(data(p.part)), p.offset) == p.offset) {
      return place{i, p.offset};
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

} // namespace penstock
