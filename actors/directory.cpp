#include "actors/directory.hpp"

#include "actors/refusal.hpp"
#include "messages/type_ids.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

directory::directory(shell& self, open_workspace open,
                     supervisor_actor supervisor, workspace_crashed tell_crash)
  : self_(self), open_(std::move(open)), supervisor_(std::move(supervisor)),
    tell_crash_(std::move(tell_crash)) {}

directory::~directory() {
  for (auto& [id, workspace] : live_)
    caf_compat::post_exit(workspace.actor);
  for (auto& [id, workspace] : retiring_)
    caf_compat::post_exit(workspace.actor);
}

template <class Command>
void directory::route(const Command& m) {
  if (stopping_)
    return refuse_at_shutdown(m);
  if (auto it = retiring_.find(m.workspace_id); it != retiring_.end()) {
    it->second.waiting.push_back([this, m] { on(m); });
    return;
  }
  auto it = live_.find(m.workspace_id);
  auto& workspace = it != live_.end() ? it->second : revive(m.workspace_id);
  ++workspace.sent;
  caf_compat::post(workspace.actor, m);
}

bool directory::absent(const std::string& id) const {
  return !live_.contains(id) && !retiring_.contains(id);
}

directory::entry& directory::revive(const std::string& id) {
  std::vector<parked_subscriber> parked;
  if (auto node = parked_.extract(id); !node.empty())
    parked = std::move(node.mapped());
  auto actor = open_({id, self_.self(), supervisor_, std::move(parked)});
  self_.watch(actor);
  ++alive_;
  return live_[id] = entry{std::move(actor), 0};
}

void directory::on(const start_stream& m) {
  route(m);
}
void directory::on(const stop_stream& m) {
  route(m);
}
void directory::on(const await_stream& m) {
  route(m);
}
void directory::on(const subscribe& m) {
  route(m);
}
void directory::on(const enqueue_message& m) {
  route(m);
}
void directory::on(const edit_history& m) {
  route(m);
}
void directory::on(const set_thinking& m) {
  route(m);
}
void directory::on(const view_workspace& m) {
  route(m);
}

// Not worth a revival: nobody but a parked subscriber could be meant.
void directory::on(const unsubscribe& m) {
  if (!absent(m.workspace_id)) {
    route(m);
    return;
  }
  auto it = parked_.find(m.workspace_id);
  if (it == parked_.end())
    return;
  auto& parked = it->second;
  const auto gone = std::find_if(parked.begin(), parked.end(),
                                 [&](const auto& p) { return p.id == m.id; });
  if (gone == parked.end())
    return;
  const auto sink = std::move(gone->sink);
  parked.erase(gone);
  if (parked.empty())
    parked_.erase(it);
  sink->closed();
}

void directory::on(const credit_returned& m) {
  if (absent(m.workspace_id)) {
    const auto it = parked_.find(m.workspace_id);
    if (it == parked_.end()
        || std::none_of(it->second.begin(), it->second.end(),
                        [&](const auto& p) { return p.id == m.id; }))
      return;
  }
  route(m);
}

void directory::on(const passivation_offered& m) {
  const auto it = live_.find(m.workspace_id);
  // Refused in silence if it crossed a command: it will be idle again.
  if (stopping_ || it == live_.end() || it->second.sent != m.received)
    return;
  auto& workspace = it->second;
  caf_compat::post(workspace.actor, retire{});
  retiring_[m.workspace_id] = {std::move(workspace.actor), {}};
  live_.erase(it);
}

void directory::on(const workspace_retired& m) {
  if (stopping_) {
    for (auto& p : m.parked)
      p.sink->closed();
    live_.erase(m.workspace_id);
    retiring_.erase(m.workspace_id);
    return;
  }
  if (!retiring_.contains(m.workspace_id))
    return;
  if (!m.parked.empty())
    parked_[m.workspace_id] = m.parked;
  release(m.workspace_id);
}

/// The old actor of `id` does nothing any more: who waited for that goes on.
void directory::release(const std::string& id) {
  const auto node = retiring_.extract(id);
  for (auto& command : node.mapped().waiting)
    command();
}

void directory::on_end(caf_compat::actor_number who,
                       const caf_compat::exit_text& why) {
  --alive_;
  if (!why.empty()) // Else its last words came before.
    crashed(who, why);
  answer_if_all_ended();
}

void directory::crashed(caf_compat::actor_number who,
                        const caf_compat::exit_text& why) {
  const auto is_it = [&](const auto& one) {
    return one.second.actor.id() == who;
  };
  const auto tell = [&](const std::string& id) {
    if (tell_crash_)
      tell_crash_(id, why);
  };
  if (const auto it = std::find_if(live_.begin(), live_.end(), is_it);
      it != live_.end()) {
    tell(it->first);
    live_.erase(it);
  } else if (const auto old =
               std::find_if(retiring_.begin(), retiring_.end(), is_it);
             old != retiring_.end()) {
    const auto id = old->first;
    tell(id);
    if (stopping_)
      retiring_.erase(old);
    else
      release(id);
  }
}

void directory::on(const supervisor_replaced& m) {
  supervisor_ = m.by;
  for (auto& [id, workspace] : live_)
    caf_compat::post(workspace.actor, m);
}

void directory::on(const stop_everything& m) {
  stopped_replies_.push_back(m.ended);
  if (std::exchange(stopping_, true))
    return;
  stopped_ = alive_;
  for (auto& [id, workspace] : live_)
    caf_compat::post(workspace.actor, stop_everything{});
  for (auto& [id, workspace] : retiring_)
    for (auto& command : std::exchange(workspace.waiting, {}))
      command(); // It is refused.
  for (auto& [id, subscribers] : parked_)
    for (auto& p : subscribers)
      p.sink->closed();
  parked_.clear();
  answer_if_all_ended();
}

void directory::answer_if_all_ended() {
  if (!stopping_ || alive_ > 0)
    return;
  for (auto& ended : stopped_replies_)
    ended(stopped_);
  self_.end();
}

} // namespace penstock
