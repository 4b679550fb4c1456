// Internal: records into rows.
#pragma once

#include "messages/record.hpp"
#include "runtime/sqlite_connection.hpp"
#include "runtime/sqlite_schema.hpp"
#include "runtime/stored_parts.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace penstock {

/// Writes batches of records inside of whatever transaction is open. Knows of
/// streams that run what their rows hold, so that their end need not repeat it.
///
/// Threads: one owner, the thread of `db`.
class record_writer {
public:
  explicit record_writer(sqlite_connection& db) : db_(db) {}

  /// The whole batch or nothing of it. A failure of the database stays in it,
  /// and the transaction is lost.
  /// @returns `invalid_request` for a used id, else errc::none.
  error apply(const std::string& workspace_id,
              const std::vector<store_record>& records);

  /// Closes a stream that a crash left open.
  void interrupt(const std::string& workspace_id,
                 const record::stream_closed& closed);

  /// The transaction was rolled back: what was known of it is not true.
  void forget();

private:
  struct writer;
  struct open_stream {
    std::int64_t row = 0;
    std::int64_t next_growth = 0;
    parts_digest stored;
  };
  using stream_key = std::pair<std::int64_t, stream_id>;

  std::int64_t workspace_row(const std::string& workspace_id);
  bool knows(std::int64_t workspace, stream_id stream);
  bool knows(std::int64_t workspace, const std::string& message_id);
  error fault_of(std::int64_t workspace,
                 const std::vector<store_record>& records);
  /// Null if it is not open.
  open_stream* find(std::int64_t workspace, stream_id stream);
  open_stream* reopen(std::int64_t workspace, stream_id stream);
  void close(std::int64_t workspace, const record::stream_closed& closed,
             stream_state state);
  void add_row(std::int64_t workspace, const history_row& row,
               std::optional<std::int64_t> stream, const json& body);

  sqlite_connection& db_;
  std::unordered_map<std::string, std::int64_t> workspaces_;
  std::map<stream_key, open_stream> open_;
};

/// Rows of growth of the stream with this row, in order.
stored_parts load_growth(sqlite_connection& db, std::int64_t stream_row);

} // namespace penstock
