#include "runtime/sqlite_schema.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string_view>
#include <sys/file.h>

namespace penstock {

namespace {

// Rows of `growth` are numbered stream << 24 | row: those of a stream lie side
// by side, without an index that would be written too.
constexpr const char* version_1 = R"sql(
CREATE TABLE workspace (
  id            INTEGER PRIMARY KEY,
  name          TEXT NOT NULL UNIQUE,
  last_sequence INTEGER NOT NULL DEFAULT 0,
  queue         TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE message_id (
  workspace INTEGER NOT NULL,
  name      TEXT NOT NULL,
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE stream (
  id         INTEGER PRIMARY KEY,
  workspace  INTEGER NOT NULL,
  stream     INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  sequence   INTEGER NOT NULL,
  model      TEXT NOT NULL,
  metadata   TEXT NOT NULL,
  state      INTEGER NOT NULL DEFAULT 0,
  resumes    INTEGER,
  terminal   TEXT,
  parts      TEXT,
  UNIQUE (workspace, stream)
) STRICT;
CREATE INDEX stream_of ON stream (workspace, id);
CREATE INDEX stream_open ON stream (id) WHERE state = 0;
CREATE INDEX stream_interrupted ON stream (workspace) WHERE state = 3;
CREATE TABLE growth (
  id    INTEGER PRIMARY KEY,
  kind  INTEGER NOT NULL,
  part  INTEGER NOT NULL,
  at    INTEGER NOT NULL,
  shape TEXT,
  bytes BLOB
) STRICT;
CREATE TABLE message (
  workspace  INTEGER NOT NULL,
  sequence   INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  outcome    INTEGER NOT NULL,
  stream     INTEGER,
  body       TEXT NOT NULL,
  PRIMARY KEY (workspace, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE usage (
  id           INTEGER PRIMARY KEY,
  workspace    INTEGER NOT NULL,
  stream       INTEGER NOT NULL,
  attempt      INTEGER NOT NULL,
  by_tool      INTEGER NOT NULL,
  model        TEXT NOT NULL,
  known        INTEGER NOT NULL,
  input_total  INTEGER NOT NULL DEFAULT 0,
  cache_read   INTEGER NOT NULL DEFAULT 0,
  cache_write  INTEGER NOT NULL DEFAULT 0,
  output_total INTEGER NOT NULL DEFAULT 0,
  reasoning    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX usage_of ON usage (workspace, id);
CREATE UNIQUE INDEX usage_once ON usage (workspace, stream, attempt)
  WHERE by_tool = 0;
)sql";

constexpr std::array<const char*, 1> steps{version_1};

tl::unexpected<error> refused(std::string why) {
  return fail(errc::storage, std::move(why));
}

} // namespace

std::span<const char* const> schema_steps() {
  return steps;
}

store_lock::~store_lock() {
  if (fd_)
    ::flock(fd_.get(), LOCK_UN);
}

namespace {

/// Whether a file holds what no database begins with. One that a crash left
/// half made has a journal, and is SQLite's to mend.
bool is_foreign(const std::string& path) {
  constexpr std::string_view head{"SQLite format 3\0", 16};
  std::error_code ignored;
  const owned_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  char found[head.size()];
  const auto got = file ? ::read(file.get(), found, sizeof found) : 0;
  return got > 0
         && std::string_view(found, static_cast<std::size_t>(got)) != head
         && !std::filesystem::exists(path + "-journal", ignored);
}

/// Before anything is made beside it.
/// @param lock the name of its lock. Where there is one, the file is or was a
///             store: closing it here would drop SQLite's locks on it, should
///             this process have it open.
expected<void> check_place(const std::string& path, const std::string& lock) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const auto there = fs::status(path, ignored);
  ignored.clear();
  if (fs::is_directory(there))
    return refused("the store " + path + " is a directory; name a file in it");
  if (fs::exists(there) && !fs::is_regular_file(there))
    return refused("the store " + path
                   + " is a device or a pipe; choose another file");
  // Its lock and its journal go by its name: under another name it would be
  // opened a second time, and damaged.
  const auto names =
    fs::is_regular_file(there) ? fs::hard_link_count(path, ignored) : 1;
  if (!ignored && names > 1)
    return refused("the store " + path
                   + " has another name as well (a hard link), under which it "
                     "may be in use; remove that, or copy the file");
  if (fs::is_regular_file(there) && !fs::exists(lock, ignored)
      && is_foreign(path))
    return refused("the store " + path
                   + " is not a database; choose another file");
  return {};
}

} // namespace

expected<store_lock> lock_store(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  // One lock, whatever links lead to the file. A link to a file that is not
  // there yet would count as a file of its own.
  if (fs::is_symlink(fs::symlink_status(path, ignored))
      && !fs::exists(path, ignored))
    owned_fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  const auto real = fs::weakly_canonical(path, ignored);
  const auto name = (ignored ? path : real.string()) + "-lock";
  if (auto fit = check_place(path, name); !fit)
    return fail(fit.error());
  owned_fd fd{::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd)
    return refused("cannot make " + name + ": " + std::strerror(errno)
                   + "; check that the store's directory exists and may be "
                     "written to");
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR)
      continue;
    if (errno == EWOULDBLOCK)
      return refused("the store " + path
                     + " is in use by another process; end that one, or choose "
                       "another file");
    return refused("cannot lock " + name + ": " + std::strerror(errno)
                   + "; put the store on a local disk");
  }
  return store_lock{std::move(fd)};
}

namespace {

/// Whose file it is, and of which version.
expected<std::int64_t> version_of(sqlite_connection& db,
                                  const std::string& path,
                                  std::int64_t newest) {
  const auto whose = db.number("PRAGMA application_id");
  const auto version = db.number("PRAGMA user_version");
  const auto tables = db.number("SELECT count(*) FROM sqlite_schema");
  if (db.failed())
    return fail(db.take_failure());
  if (whose == 0 && version == 0 && tables == 0)
    return 0;
  if (whose != store_application_id)
    return refused(path
                   + " is a database of another program; choose another file");
  if (version < 1)
    return refused("the store " + path + " says of itself to have version "
                   + std::to_string(version)
                   + ", which no penstock writes; restore a backup");
  if (version > newest)
    return refused("the store " + path + " was written by a newer penstock ("
                   + "version " + std::to_string(version)
                   + "; this one reads up to " + std::to_string(newest)
                   + "); use that one, or choose another file");
  return version;
}

expected<void> check(sqlite_connection& db, const std::string& path) {
  std::string found;
  {
    auto rows = db.query("PRAGMA quick_check(1)");
    if (rows.next())
      found = rows.text(0);
  }
  if (db.failed())
    return fail(db.take_failure());
  if (found != "ok")
    return refused("the store " + path + " is damaged (" + found
                   + "); restore a backup, or save what can be read with: "
                     "sqlite3 FILE .recover");
  return {};
}

} // namespace

expected<std::unique_ptr<sqlite_connection>>
open_schema(const sqlite_connection::options& how,
            std::span<const char* const> to) {
  // Conversations are private; SQLite would make the file by the umask.
  if (how.path != ":memory:" && how.vfs.empty())
    owned_fd{::open(how.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  auto opened = sqlite_connection::open(how);
  if (!opened)
    return opened;
  auto& db = **opened;
  db.exec("PRAGMA busy_timeout = 1000");
  const auto newest = static_cast<std::int64_t>(to.size());
  const auto version = version_of(db, how.path, newest);
  if (!version)
    return fail(version.error());
  if (*version > 0)
    if (auto done = check(db, how.path); !done)
      return fail(done.error());
  // NORMAL: what is committed survives the process; the disk is synced at
  // checkpoints. A power cut may take the last commits, never the file.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
          "PRAGMA journal_size_limit = 67108864");
  if (*version < newest) {
    db.exec("BEGIN IMMEDIATE");
    for (auto step = *version; step < newest; ++step)
      db.exec(to[static_cast<std::size_t>(step)]);
    db.exec("PRAGMA application_id = " + std::to_string(store_application_id)
            + "; PRAGMA user_version = " + std::to_string(newest) + "; COMMIT");
  }
  if (db.failed())
    return fail(db.take_failure());
  return opened;
}

} // namespace penstock
