#include "actors/subscriber_set.hpp"

#include "messages/check.hpp"
#include "messages/footprint.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

// Made when it is needed: most workspaces have nobody to tell of themselves.
const std::shared_ptr<const stream_identity>& subscriber_set::workspace() {
  if (!workspace_)
    workspace_ =
      std::make_shared<stream_identity>(stream_identity{workspace_id_, {}, {}});
  return workspace_;
}

void subscriber_set::begin(std::shared_ptr<const stream_log> log) {
  tellings_ = {};
  last_ = {};
  recent_.push_back(std::move(log));
  // Streams that everyone has left, or that are too far behind, go.
  const auto needed = [&] {
    return std::any_of(all_.begin(), all_.end(), [&](const auto& s) {
      return s.second.ordinal <= first_ordinal_;
    });
  };
  while (recent_.size() > limits::retained_streams_max
         || (recent_.size() > 1 && !needed())) {
    recent_.erase(recent_.begin());
    ++first_ordinal_;
  }
}

bool subscriber_set::knows(const position& p) const {
  if (last_.is(p))
    return true;
  return std::any_of(recent_.begin(), recent_.end(), [&](const auto& log) {
    return log->of()->stream == p.stream;
  });
}

// At the end of the present, with nothing to tell.
void subscriber_set::place_at_end(one& s) {
  s.ordinal = first_ordinal_ + recent_.size() - 1;
  if (!recent_.empty()) {
    s.log = recent_.back();
    s.at = s.log->end();
  }
}

void subscriber_set::add(const subscribe& m) {
  one s;
  s.sink = m.sink;
  s.caught_up.emplace();
  place_at_end(s);
  const bool active = s.log && !s.log->ended();
  if (m.after && last_.is(*m.after))
    s.caught_up->how = event::caught_up::mode::since;
  if (m.after)
    for (std::size_t i = 0; i < recent_.size(); ++i)
      if (auto at = recent_[i]->find(*m.after)) {
        s.log = recent_[i];
        s.ordinal = first_ordinal_ + i;
        s.at = *at;
        s.caught_up->how = event::caught_up::mode::since;
      }
  if (s.caught_up->how != event::caught_up::mode::since
      && (active || (m.after && s.log && knows(*m.after)))) {
    s.at = {};
    s.caught_up->how = event::caught_up::mode::full;
  } else if (s.caught_up->how == event::caught_up::mode::none && m.after) {
    s.caught_up->how = event::caught_up::mode::full;
  }
  all_.insert_or_assign(m.id, std::move(s));
}

void subscriber_set::add_waiting(const subscribe& m) {
  add({m.workspace_id, m.id, m.sink, std::nullopt});
  all_.at(m.id).waits = true;
}

void subscriber_set::add_after(const subscribe& m,
                               std::optional<closed_stream> found) {
  if (!all_.contains(m.id))
    add_waiting(m);
  auto& s = all_.at(m.id);
  s.waits = false;
  s.caught_up->how =
    found ? event::caught_up::mode::since : event::caught_up::mode::full;
  if (found)
    s.notes.insert(s.notes.begin(), told{found->identity, found->terminal});
}

void subscriber_set::add_for_stream(subscription_id id,
                                    std::shared_ptr<event_sink> sink) {
  PENSTOCK_CHECK(!recent_.empty());
  one s;
  s.sink = std::move(sink);
  place_at_end(s);
  s.at = {};
  s.leaves_at_end = true;
  all_.insert_or_assign(id, std::move(s));
}

void subscriber_set::remove(subscription_id id) {
  if (const auto it = all_.find(id); it != all_.end())
    leave(it);
}

void subscriber_set::adopt(parked_subscriber parked) {
  one s;
  s.sink = std::move(parked.sink);
  s.seq = parked.seq;
  place_at_end(s);
  all_.insert_or_assign(parked.id, std::move(s));
}

std::vector<parked_subscriber> subscriber_set::park() {
  std::vector<parked_subscriber> parked;
  for (auto& [id, s] : all_)
    parked.push_back({id, std::move(s.sink), s.seq});
  all_.clear();
  return parked;
}

bool subscriber_set::settled() {
  return std::none_of(all_.begin(), all_.end(),
                      [&](auto& s) { return pending(s.second); });
}

void subscriber_set::note(event_body what) {
  const auto body = std::make_shared<const event_body>(std::move(what));
  for (auto& [id, s] : all_) {
    std::erase_if(s.notes, [&](const told& n) {
      return n.body->index() == body->index() && n.of == workspace();
    });
    s.notes.push_back({workspace(), body});
  }
}

void subscriber_set::forget_ended() {
  if (recent_.size() != 1 || !recent_.back()->ended() || !settled())
    return;
  const auto& of = *recent_.back()->of();
  const auto at = recent_.back()->end();
  last_ = {{of.stream, at.entry, at.offset}, packed_block{of.message_id}};
  for (auto& [id, s] : all_) {
    PENSTOCK_CHECK(!s.leaves_at_end);
    s.log.reset();
    s.ordinal = first_ordinal_;
  }
  ++first_ordinal_;
  decltype(recent_){}.swap(recent_);
}

// Steps into the stream after the one that it has been told to its end.
bool subscriber_set::next_log(one& s) {
  const auto last = first_ordinal_ + recent_.size() - 1;
  if (recent_.empty() || s.ordinal >= last || s.leaves_at_end)
    return false;
  s.ordinal = std::max(s.ordinal + 1, first_ordinal_);
  s.log = recent_[s.ordinal - first_ordinal_];
  s.at = {};
  return true;
}

bool subscriber_set::pending(one& s) {
  if (s.caught_up || !s.notes.empty())
    return true;
  return (s.log && s.log->pending(s.at, s.log->held_from()))
         || (!recent_.empty() && !s.leaves_at_end
             && s.ordinal < first_ordinal_ + recent_.size() - 1);
}

// @returns whether all that its log has was told.
bool subscriber_set::tell(one& s, event_batch& batch) {
  const auto until = s.log->held_from();
  if (all_.size() < 2 || s.log != recent_.back())
    return s.log->tell(s.at, limits::batch_bytes_max, batch, until);
  const auto end = s.log->end();
  auto same =
    std::find_if(tellings_.begin(), tellings_.end(), [&](const telling& t) {
      return t.from == s.at && t.end == end && t.until == until;
    });
  if (same == tellings_.end()) {
    if (tellings_.size() == tellings_max)
      tellings_.erase(tellings_.begin());
    same = tellings_.insert(tellings_.end(),
                            telling{s.at, end, until, s.at, false, {}});
    same->all =
      s.log->tell(same->to, limits::batch_bytes_max, same->events, until);
  }
  s.at = same->to;
  batch.insert(batch.end(), same->events.begin(), same->events.end());
  return same->all;
}

// Where `s` stands, for its `caught_up`. @returns of which stream.
std::shared_ptr<const stream_identity>
subscriber_set::name_place(const one& s, event::caught_up& what) {
  if (s.log) {
    what.position = position{s.log->of()->stream, s.at.entry, s.at.offset};
    return s.log->of();
  }
  if (!last_.any())
    return workspace();
  what.position = last_.where;
  return std::make_shared<stream_identity>(stream_identity{
    workspace_id_, last_.where.stream, std::string{last_.message_id.bytes()}});
}

// What has ended is not told often any more.
void subscriber_set::forget_tellings() {
  if (!recent_.empty() && recent_.back()->ended())
    decltype(tellings_){}.swap(tellings_);
}

// @returns whether nothing more waits for it.
bool subscriber_set::fill(one& s, event_batch& batch, std::string_view state) {
  const auto add = [&](std::shared_ptr<const stream_identity> of,
                       std::shared_ptr<const event_body> body) {
    batch.emplace_back();
    batch.back().of = std::move(of);
    batch.back().body = std::move(body);
  };
  const auto tell_notes = [&] {
    for (auto& [of, body] : std::exchange(s.notes, {}))
      add(std::move(of), std::move(body));
  };
  // A past stream's terminal comes before the stream that runs now.
  if (s.caught_up)
    tell_notes();
  bool all = true;
  do {
    if (s.log)
      all = tell(s, batch);
  } while (all && next_log(s));
  if (!all)
    return false;
  if (s.caught_up) {
    for (auto& e : batch)
      e.replay = true;
    auto what = *std::exchange(s.caught_up, std::nullopt);
    auto of = name_place(s, what);
    what.state = state;
    add(std::move(of), std::make_shared<const event_body>(std::move(what)));
  }
  tell_notes();
  return true;
}

// The last look asks for credit that is not there, so that a sink which got a
// part of what waits says when it wants the rest: nothing else may come.
void subscriber_set::publish(one& s, std::string_view state, wall_time now,
                             bool is_last) {
  while (!s.waits && pending(s) && (is_last || s.sink->take_credit())) {
    event_batch batch;
    using at = footprint::place;
    if (!recent_.empty())
      footprint::note(at::logs, recent_.back());
    footprint::note(at::subscriber, s);
    footprint::note(at::sink, *s.sink);
    const bool all = fill(s, batch, state);
    PENSTOCK_CHECK(!batch.empty());
    for (auto& e : batch) {
      e.seq = ++s.seq;
      e.at = now;
      if (s.caught_up)
        e.replay = true;
    }
    s.sink->deliver(std::move(batch));
    if (all)
      return;
  }
}

void subscriber_set::publish(std::string_view state, wall_time now) {
  for (auto& [id, s] : all_)
    publish(s, state, now);
  for (auto it = all_.begin(); it != all_.end();) {
    it->second.sink->round_over();
    it = over(it->second) ? leave(it) : std::next(it);
  }
  forget_tellings();
}

void subscriber_set::publish_to(subscription_id id, std::string_view state,
                                wall_time now) {
  const auto it = all_.find(id);
  if (it == all_.end())
    return;
  publish(it->second, state, now);
  it->second.sink->round_over();
  if (over(it->second))
    leave(it);
  forget_tellings();
}

void subscriber_set::publish_rest(std::string_view state, wall_time now) {
  for (auto& [id, s] : all_)
    publish(s, state, now, true);
  for (auto& [id, s] : all_)
    s.sink->round_over();
  forget_tellings();
}

bool subscriber_set::over(one& s) {
  return s.leaves_at_end && s.log->ended() && !pending(s);
}

subscriber_set::iterator subscriber_set::leave(iterator it) {
  it->second.sink->closed();
  return all_.erase(it);
}

} // namespace penstock
