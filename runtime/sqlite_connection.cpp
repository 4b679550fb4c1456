#include "runtime/sqlite_connection.hpp"

#include "messages/check.hpp"

#include <sqlite3.h>
#include <utility>

namespace penstock {

namespace {

/// What a person can do about it.
const char* remedy(int code) {
  switch (code & 0xff) {
  case SQLITE_FULL:
    return "; the disk is full: free some space and go on";
  case SQLITE_IOERR:
    return "; the disk failed: look at the system's log";
  case SQLITE_CANTOPEN:
    return "; check that its directory exists and may be written to";
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return "; check the permissions of the file and of its directory";
  case SQLITE_NOTADB:
    return "; it is no store: choose another file";
  case SQLITE_CORRUPT:
    return "; the file is damaged: restore a backup, or save what can be read "
           "with: sqlite3 FILE .recover";
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return "; another program holds it: end that first";
  default:
    return "";
  }
}

} // namespace

// ---- rows ------------------------------------------------------------------

sqlite_rows::~sqlite_rows() {
  if (statement_) {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
}

bool sqlite_rows::next() {
  if (!statement_ || db_->failed())
    return false;
  switch (sqlite3_step(statement_)) {
  case SQLITE_ROW:
    return true;
  case SQLITE_DONE:
    return false;
  default:
    db_->note_failure("reading or writing");
    return false;
  }
}

std::int64_t sqlite_rows::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string sqlite_rows::text(int column) const {
  const auto* bytes =
    static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = sqlite3_column_bytes(statement_, column);
  return bytes ? std::string(bytes, static_cast<std::size_t>(size))
               : std::string{};
}

bool sqlite_rows::null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

// ---- connection ------------------------------------------------------------

expected<std::unique_ptr<sqlite_connection>>
sqlite_connection::open(const options& how) {
  std::unique_ptr<sqlite_connection> made{new sqlite_connection{how.path}};
  const int flags =
    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    | (how.read_only ? SQLITE_OPEN_READONLY
                     : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (sqlite3_open_v2(how.path.c_str(), &made->db_, flags,
                      how.vfs.empty() ? nullptr : how.vfs.c_str())
      != SQLITE_OK) {
    made->note_failure("opening");
    return fail(made->take_failure());
  }
  return made;
}

sqlite_connection::~sqlite_connection() {
  for (auto& [sql, statement] : statements_)
    sqlite3_finalize(statement);
  sqlite3_close(db_);
}

void sqlite_connection::note_failure(const char* doing) {
  if (failure_)
    return;
  const int code = db_ ? sqlite3_extended_errcode(db_) : SQLITE_NOMEM;
  failure_ = error{errc::storage,
                   std::string{doing} + " the store " + path_ + " failed: "
                     + (db_ ? sqlite3_errmsg(db_) : "out of memory") + " ("
                     + std::to_string(code) + ")" + remedy(code)};
}

error sqlite_connection::take_failure() {
  return std::exchange(failure_, std::nullopt).value_or(error{});
}

error sqlite_connection::roll_back() {
  auto why = take_failure();
  exec("ROLLBACK"); // In vain where SQLite has done so itself.
  (void)take_failure();
  return why;
}

bool sqlite_connection::exec(const std::string& sql) {
  if (failed())
    return false;
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    note_failure("reading or writing");
  return !failed();
}

sqlite3_stmt* sqlite_connection::prepare(std::string_view sql) {
  if (failed())
    return nullptr;
  if (const auto it = statements_.find(sql); it != statements_.end())
    return it->second;
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &made, nullptr)
      != SQLITE_OK) {
    note_failure("reading");
    return nullptr;
  }
  statements_.emplace(sql, made);
  return made;
}

void sqlite_connection::bind(sqlite3_stmt* to, int index, std::int64_t value) {
  if (to && sqlite3_bind_int64(to, index, value) != SQLITE_OK)
    note_failure("writing");
}
// The bytes live until the statement has run: they are the caller's arguments.
void sqlite_connection::bind(sqlite3_stmt* to, int index,
                             std::string_view text) {
  if (to
      && sqlite3_bind_text64(to, index, text.data() ? text.data() : "",
                             text.size(), SQLITE_STATIC, SQLITE_UTF8)
           != SQLITE_OK)
    note_failure("writing");
}
void sqlite_connection::bind(sqlite3_stmt* to, int index, sqlite_blob value) {
  if (to
      && sqlite3_bind_blob64(to, index,
                             value.bytes.data() ? value.bytes.data() : "",
                             value.bytes.size(), SQLITE_STATIC)
           != SQLITE_OK)
    note_failure("writing");
}

std::int64_t sqlite_connection::last_row() const {
  return sqlite3_last_insert_rowid(db_);
}

} // namespace penstock
