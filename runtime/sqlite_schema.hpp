// Internal: what a store's file looks like, and how it is opened.
#pragma once

#include "providers/owned_fd.hpp"
#include "runtime/sqlite_connection.hpp"

#include <memory>
#include <span>
#include <string>
#include <utility>

namespace penstock {

/// "pens", in the file's header: `file` and others can name it.
inline constexpr std::int64_t store_application_id = 0x70656e73;

/// Each step takes a store from the version before it (0: an empty file) to
/// its own. Steps are never edited once released, only added.
std::span<const char* const> schema_steps();

/// What `stream.state` means. Kept in files: never renumber.
enum class stream_state : std::int64_t {
  open = 0,
  closed = 1,
  discarded = 2,
  interrupted = 3, ///< Closed by us after a crash; can be resumed.
  resumed = 4,
};

/// Unlocks at its end, not when the last copy of its descriptor is closed: a
/// process that is just being started has one until it runs its program.
class store_lock {
public:
  explicit store_lock(owned_fd fd) : fd_(std::move(fd)) {}
  ~store_lock();
  store_lock(store_lock&&) noexcept = default;

private:
  owned_fd fd_;
};

/// Keeps other processes (and other stores of this one) out of `path`, by a
/// lock on PATH-lock that the kernel drops when the process ends, however it
/// does. SQLite's own locks would let two writers take turns.
/// Errors: `storage`: no file, or another program's (then nothing is left
/// beside
///         it); held by another process; the lock cannot be made.
expected<store_lock> lock_store(const std::string& path);

/// Checks whose file it is and its version, looks for damage, brings it up to
/// `steps`. @param how of a file or ":memory:".
/// Errors: `storage`: another program's, a newer version's, damaged, …
expected<std::unique_ptr<sqlite_connection>>
open_schema(const sqlite_connection::options& how,
            std::span<const char* const> steps = schema_steps());

} // namespace penstock
