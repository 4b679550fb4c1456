// A store that keeps everything in memory and nothing on disk.
#pragma once

#include "actors/store.hpp"
#include "messages/lazy_map.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock {

/// For hosts that want nothing to outlive the process, and for tests.
///
/// Functions passed in are called within the call, without a lock. What only a
/// restart could use (parts of a stream that runs) is not kept; the parts of
/// a finished one are, in its terminal event.
///
/// Cost:   a write O(records); a load copies the workspace's history. Two
///         workspaces share a lock at most for that long.
/// Limits: grows with the history, for as long as the store lives.
/// Errors: `invalid_request` for a used stream or message id; none else.
class in_memory_store final : public store {
public:
  bool keeps_growth() const noexcept override { return false; }
  void write(const std::string& workspace_id, std::vector<store_record> records,
             std::function<void(error)> done) override;
  void load(const std::string& workspace_id,
            std::function<void(expected<workspace_snapshot>)> done) override;
  void load_stream(
    const std::string& workspace_id, stream_id stream,
    std::function<void(expected<std::optional<closed_stream>>)> done) override;
  void list_workspaces(
    std::function<void(expected<std::vector<std::string>>)> done) override;
  /// None: what could interrupt a stream ends this store too.
  void load_interrupted(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<interrupted_stream>>)> done)
    override;
  void load_usage(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<usage_row>>)> done) override;

private:
  struct workspace {
    workspace_snapshot now;
    lazy_map<stream_id, std::shared_ptr<const stream_identity>> open;
    lazy_map<stream_id, closed_stream> closed;
    std::set<stream_id> used_streams;
    std::set<std::string> used_message_ids;
    std::vector<usage_row> used;
  };
  struct writer;
  struct shard {
    std::mutex mutex;
    std::unordered_map<std::string, workspace> workspaces;
  };

  shard& shard_of(const std::string& workspace_id);
  static std::optional<error>
  find_used_id(const workspace& w, const std::vector<store_record>& records);

  std::array<shard, 16> shards_;
};

} // namespace penstock
