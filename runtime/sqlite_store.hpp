// A store in one SQLite file.
#pragma once

#include "actors/store.hpp"
#include "messages/options.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock {

/// Which file, and how safe.
struct sqlite_store_options {
  std::string path; ///< ":memory:": nothing on disk.
  store_durability durability = store_durability::process;
  std::string vfs{}; ///< SQLite's name of another file system, for tests.
};

/// Since the store was opened.
struct sqlite_store_counts {
  std::uint64_t batches = 0; ///< Calls of `write`.
  std::uint64_t commits = 0; ///< Transactions that they shared.
};

/// One thread writes for all workspaces: what waits when it comes back from the
/// disk goes into one transaction. A second one reads, while it writes. Callers
/// never wait for either.
///
/// Opening closes what a crash has left open: as `stream_abort` of reason
/// `interrupted`, see `load_interrupted`.
///
/// Threads:  as `store`; functions passed in run on a thread of this.
/// Lifetime: the destructor writes all that was given to `write`.
/// Limits:   nothing is ever deleted but what `history_cut` names; the parts of
///           a stream stay for late subscribers.
/// Cost:     bytes written are linear in the output (docs/decisions/0030).
/// Errors:   `storage`: no space, an I/O error; the batch is not written, and
///           the next one is tried anew.
class sqlite_store final : public store {
public:
  /// Errors: `storage`, with what to do: in use by another process, a bad
  ///         path, no database or another program's, a newer version, damage.
  static expected<std::shared_ptr<sqlite_store>>
  open(sqlite_store_options options);
  ~sqlite_store() override;

  void write(const std::string& workspace_id, std::vector<store_record> records,
             std::function<void(error)> done) override;
  void load(const std::string& workspace_id,
            std::function<void(expected<workspace_snapshot>)> done) override;
  void load_stream(
    const std::string& workspace_id, stream_id stream,
    std::function<void(expected<std::optional<closed_stream>>)> done) override;
  void list_workspaces(
    std::function<void(expected<std::vector<std::string>>)> done) override;
  void load_interrupted(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<interrupted_stream>>)> done)
    override;
  void load_usage(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<usage_row>>)> done) override;

  /// What does not fit together, beyond what SQLite checks. Reads everything.
  void verify(std::function<void(expected<std::vector<std::string>>)> done);

  /// How well commits were shared. From any thread.
  sqlite_store_counts counts() const;

private:
  class threads;
  explicit sqlite_store(std::unique_ptr<threads> made);
  const std::unique_ptr<threads> threads_;
};

} // namespace penstock
