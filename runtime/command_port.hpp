// Internal: the door from the host's threads to the DIRECTORY shards.
#pragma once

#include "actors/refusal.hpp"
#include "messages/actor_interfaces.hpp"
#include "messages/actor_messages.hpp"

#include <cstddef>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

namespace penstock {

/// Subscriptions may outlive their runtime: they hold this, and not the actors.
///
/// Threads: any. A post is a lock shared with other posts and one enqueue.
class command_port {
public:
  /// Posts to the shard of the command's workspace. Closed, it refuses the
  /// command.
  template <class Command>
  void post(Command command) {
    std::shared_lock guard{mutex_};
    if (!shards_.empty()) {
      const auto& shard = shards_[std::hash<std::string>{}(command.workspace_id)
                                  % shards_.size()];
      return caf_compat::post(shard, std::move(command));
    }
    guard.unlock(); // What answers may post again.
    refuse_at_shutdown(command);
  }

  void open(std::vector<directory_actor> shards) {
    std::unique_lock guard{mutex_};
    shards_ = std::move(shards);
  }

  /// @returns the shards that it had; nothing is posted any more.
  std::vector<directory_actor> close() {
    std::unique_lock guard{mutex_};
    return std::exchange(shards_, {});
  }

  bool closed() {
    std::shared_lock guard{mutex_};
    return shards_.empty();
  }

  directory_actor shard_of(const std::string& workspace_id) {
    std::shared_lock guard{mutex_};
    return shards_.empty()
             ? directory_actor{}
             : shards_[std::hash<std::string>{}(workspace_id) % shards_.size()];
  }

private:
  std::shared_mutex mutex_;
  std::vector<directory_actor> shards_; // empty: closed
};

} // namespace penstock
