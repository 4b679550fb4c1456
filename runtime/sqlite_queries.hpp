// Internal: rows into what the runtime asks for.
#pragma once

#include "messages/record.hpp"
#include "runtime/sqlite_connection.hpp"
#include "runtime/sqlite_records.hpp"

#include <optional>
#include <string>
#include <vector>

namespace penstock {

// Each reads one state of the store, whatever is written meanwhile. A failure
// stays in `db`, and what is returned then does not count.

workspace_snapshot query_snapshot(sqlite_connection& db,
                                  const std::string& workspace_id);
std::optional<closed_stream> query_stream(sqlite_connection& db,
                                          const std::string& workspace_id,
                                          stream_id stream);
std::vector<std::string> query_workspaces(sqlite_connection& db);
std::vector<interrupted_stream>
query_interrupted(sqlite_connection& db, const std::string& workspace_id);
std::vector<usage_row> query_usage(sqlite_connection& db,
                                   const std::string& workspace_id);

/// Closes the streams that a crash has left open, in one transaction each: as
/// `stream_abort` of reason `interrupted`, with the parts that are kept.
/// Errors: `storage`.
expected<void> close_interrupted(sqlite_connection& db, record_writer& writer);

/// What does not fit together in a store that SQLite itself finds sound: a
/// reference without its part, a stream that is half closed. Empty: nothing.
std::vector<std::string> query_faults(sqlite_connection& db);

} // namespace penstock
