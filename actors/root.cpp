#include "actors/root.hpp"

#include "messages/type_ids.hpp"

#include <utility>

namespace penstock {

root::root(shell& self, root_parts parts)
  : self_(self), parts_(std::move(parts)),
    directories_alive_(parts_.directories.size()),
    workspaces_(std::make_shared<std::atomic<std::size_t>>(0)) {
  for (const auto& shard : parts_.directories)
    self_.watch(shard, [this](const auto& why) { directory_ended(why); });
  watch_supervisor();
}

root::~root() {
  for (const auto& shard : parts_.directories)
    caf_compat::post_exit(shard);
  caf_compat::post_exit(parts_.supervisor);
}

void root::watch_supervisor() {
  supervisor_alive_ = true;
  self_.watch(parts_.supervisor,
              [this](const auto& why) { supervisor_ended(why); });
}

void root::supervisor_ended(const caf_compat::exit_text& why) {
  supervisor_alive_ = false;
  if (stopping_ && directories_alive_ == 0) {
    end_in_order();
    return;
  }
  if (crashes_too_often()) {
    parts_.report("the supervisor keeps crashing (" + why
                  + "); the runtime shuts down");
    stop_shards();
    return;
  }
  parts_.report("the supervisor crashed (" + why + ") and is replaced");
  parts_.supervisor = parts_.spawn_supervisor();
  watch_supervisor();
  for (const auto& shard : parts_.directories)
    caf_compat::post(shard, supervisor_replaced{parts_.supervisor});
}

bool root::crashes_too_often() {
  const auto now = parts_.time->now();
  crashes_.push_back(now);
  while (now - crashes_.front() > crash_window)
    crashes_.pop_front();
  return crashes_.size() > crashes_max;
}

void root::directory_ended(const caf_compat::exit_text& why) {
  --directories_alive_;
  if (!why.empty())
    parts_.report("a directory crashed (" + why
                  + "); its workspaces cannot be reached any more");
  if (stopping_)
    end_in_order();
}

void root::on(const view_health& m) {
  caf_compat::post(parts_.supervisor, m);
}

void root::on(const stop_everything& m) {
  ended_.push_back(m.ended);
  stop_shards();
}

void root::stop_shards() {
  if (std::exchange(stopping_, true))
    return;
  const auto count = [sum = workspaces_](expected<std::size_t> ended) {
    *sum += ended.value_or(0);
  };
  for (const auto& shard : parts_.directories)
    caf_compat::post(shard, stop_everything{reply<std::size_t>{count}});
  end_in_order();
}

// One step each time that something has ended.
void root::end_in_order() {
  if (directories_alive_ > 0)
    return;
  if (supervisor_alive_) {
    caf_compat::post_exit(parts_.supervisor);
    return;
  }
  for (const auto& ended : ended_)
    ended(workspaces_->load());
  self_.end();
}

} // namespace penstock
