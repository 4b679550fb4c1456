// Where workspaces keep what must outlive them. The interface that WORKSPACE
// needs; the stores themselves live in runtime/.
#pragma once

#include "messages/record.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace penstock {

/// Keeps records, one ordered sequence per workspace.
///
/// Threads: every member from any thread; none blocks. Functions passed in are
///          called once, on a thread of the store's own or within the call;
///          they must not block.
/// Errors:  `storage`, with what went wrong and where.
class store {
public:
  virtual ~store() = default;

  /// Whether it keeps what a stream that runs has made so far. If not, it is
  /// spared `part_grown` and what else only a restart could read of it.
  virtual bool keeps_growth() const noexcept { return true; }

  /// All of `records` or none of them, after all that was written before for
  /// the same workspace. A `stream_opened` whose stream id or message id was
  /// used before in the workspace fails with `invalid_request`, and with it
  /// all of its batch; but one that resumes has the message id of the stream
  /// that it `resumes`. `ids_unused` asks for no more than that.
  virtual void write(const std::string& workspace_id,
                     std::vector<store_record> records,
                     std::function<void(error)> done) = 0;

  /// An unknown workspace has an empty snapshot.
  virtual void load(const std::string& workspace_id,
                    std::function<void(expected<workspace_snapshot>)> done) = 0;

  /// The end of any stream of the workspace; absent if there is none.
  virtual void load_stream(
    const std::string& workspace_id, stream_id stream,
    std::function<void(expected<std::optional<closed_stream>>)> done) = 0;

  // Of one workspace, or of all for an empty id. In order of their ids, then
  // of time.

  /// Workspaces that were written to.
  virtual void list_workspaces(
    std::function<void(expected<std::vector<std::string>>)>) = 0;
  /// Streams that can be resumed; at most one per workspace.
  virtual void load_interrupted(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<interrupted_stream>>)> done) = 0;
  /// One row per attempt, and per model call of a tool.
  virtual void
  load_usage(const std::string& workspace_id,
             std::function<void(expected<std::vector<usage_row>>)> done) = 0;
};

/// For whoever waited so long for a store's answer.
inline error no_answer_of_store(std::chrono::milliseconds store_deadline) {
  return {errc::storage, "the store did not answer within store_deadline_ms ("
                           + std::to_string(store_deadline.count())
                           + "); look at its disk"};
}

} // namespace penstock
