// Where a hard stop leaves its mark before its message goes: what lies in
// mailboxes before the message is then dropped unread.
#pragma once

#include "messages/attempt_link.hpp"
#include "messages/stream.hpp"

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace penstock {

/// The streams that run, each with its mark. One per runtime.
///
/// A mark decides nothing but what is dropped. Whoever sets it sends the stop
/// as well, and until that comes no attempt of the stream counts as settled:
/// it was cut by the mark.
///
/// Threads: any. A lock is held for one look-up, and shared with the sixteenth
///          of all workspaces that fell to the same shard.
class stop_board : public std::enable_shared_from_this<stop_board> {
public:
  /// WORKSPACE: a stream is registered. It is on the board for as long as its
  /// mark is held, or until the next one of the workspace comes.
  std::shared_ptr<const stop_mark> enter(const std::string& workspace_id,
                                         stream_id stream) {
    std::shared_ptr<stop_mark> mark{
      new stop_mark,
      [board = shared_from_this(), workspace_id, stream](stop_mark* gone) {
        board->leave(workspace_id, stream);
        delete gone;
      }};
    auto& s = shard_of(workspace_id);
    const std::lock_guard guard{s.mutex};
    s.running.insert_or_assign(workspace_id, entry{stream, mark});
    return mark;
  }

  /// A caller, before it sends a hard stop. Absent: whichever runs. Marks
  /// nothing if another stream runs, or none.
  void mark(const std::string& workspace_id, std::optional<stream_id> stream) {
    // The last holder leaves without a lock, and hooks are called without one.
    if (const auto found = mark_of(workspace_id, stream))
      found->set();
  }

  /// Streams on it, for tests.
  std::size_t size() {
    std::size_t all = 0;
    for (auto& s : shards_) {
      const std::lock_guard guard{s.mutex};
      all += s.running.size();
    }
    return all;
  }

private:
  struct entry {
    stream_id stream{};
    std::weak_ptr<stop_mark> mark;
  };
  struct shard {
    std::mutex mutex;
    std::unordered_map<std::string, entry> running;
  };

  std::shared_ptr<stop_mark> mark_of(const std::string& workspace_id,
                                     std::optional<stream_id> stream) {
    auto& s = shard_of(workspace_id);
    const std::lock_guard guard{s.mutex};
    const auto it = s.running.find(workspace_id);
    if (it == s.running.end() || (stream && *stream != it->second.stream))
      return nullptr;
    return it->second.mark.lock();
  }

  void leave(const std::string& workspace_id, stream_id stream) {
    auto& s = shard_of(workspace_id);
    const std::lock_guard guard{s.mutex};
    const auto it = s.running.find(workspace_id);
    if (it != s.running.end() && it->second.stream == stream)
      s.running.erase(it);
  }

  shard& shard_of(const std::string& workspace_id) {
    return shards_[std::hash<std::string>{}(workspace_id) % shards_.size()];
  }

  std::array<shard, 16> shards_;
};

} // namespace penstock
