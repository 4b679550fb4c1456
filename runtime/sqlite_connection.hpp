// Internal: SQLite's C interface with owners, bound values and errors that say
// what to do.
#pragma once

#include "messages/errc.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace penstock {

/// Bytes that are no text.
struct sqlite_blob {
  std::string_view bytes;
};

/// The rows of one running statement. Gone when this is.
///
///   for (auto rows = db.query("SELECT …", id); rows.next();) … rows.text(0)
///
/// Lifetime: views end with the next call of `next`.
class sqlite_rows {
public:
  sqlite_rows(class sqlite_connection& db, sqlite3_stmt* statement)
    : db_(&db), statement_(statement) {}
  ~sqlite_rows();
  sqlite_rows(sqlite_rows&&) = delete;

  /// @returns whether there is a row; false also after a failure.
  bool next();
  std::int64_t number(int column) const;
  std::string text(int column) const;
  bool null(int column) const;

private:
  class sqlite_connection* db_;
  sqlite3_stmt* statement_;
};

/// One connection, used by one thread at a time.
///
/// Errors: the first failure stays until it is taken, and while it stays
///         nothing else is done: write many statements, then look once.
class sqlite_connection {
public:
  struct options {
    std::string path; ///< ":memory:" or a file's.
    std::string vfs;  ///< Empty: the system's.
    bool read_only = false;
  };
  /// Errors: `storage`.
  static expected<std::unique_ptr<sqlite_connection>> open(const options& how);
  ~sqlite_connection();
  sqlite_connection(const sqlite_connection&) = delete;
  sqlite_connection& operator=(const sqlite_connection&) = delete;

  /// Statements without values, separated by semicolons.
  bool exec(const std::string& sql);

  /// @param values numbers, text, sqlite_blob; null for an empty optional.
  template <class... Values>
  sqlite_rows query(std::string_view sql, const Values&... values) {
    auto* statement = prepare(sql);
    int index = 0;
    (bind(statement, ++index, values), ...);
    return {*this, statement};
  }
  /// A statement that has no rows.
  template <class... Values>
  bool run(std::string_view sql, const Values&... values) {
    auto rows = query(sql, values...);
    rows.next();
    return !failed();
  }
  /// The first column of the first row, or 0.
  template <class... Values>
  std::int64_t number(std::string_view sql, const Values&... values) {
    auto rows = query(sql, values...);
    return rows.next() ? rows.number(0) : 0;
  }

  std::int64_t last_row() const;

  bool failed() const noexcept { return failure_.has_value(); }
  /// What went wrong, errc::none if nothing did. Forgets it.
  error take_failure();
  /// The same, and leaves no transaction open behind it: SQLite ends it by
  /// itself for some failures only.
  error roll_back();
  void note_failure(const char* doing);

private:
  friend class sqlite_rows;
  explicit sqlite_connection(std::string path) : path_(std::move(path)) {}
  sqlite3_stmt* prepare(std::string_view sql);
  void bind(sqlite3_stmt* to, int index, std::int64_t value);
  void bind(sqlite3_stmt* to, int index, std::string_view text);
  void bind(sqlite3_stmt* to, int index, const std::string& text) {
    bind(to, index, std::string_view{text});
  }
  void bind(sqlite3_stmt* to, int index, const char* text) {
    bind(to, index, std::string_view{text});
  }
  void bind(sqlite3_stmt* to, int index, sqlite_blob value);
  template <class Value>
  void bind(sqlite3_stmt* to, int index, const std::optional<Value>& value) {
    if (value)
      bind(to, index, *value);
  }

  const std::string path_;
  sqlite3* db_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
  std::optional<error> failure_;
};

/// 64 bits of an id, in SQLite's signed numbers.
constexpr std::int64_t to_row(std::uint64_t bits) noexcept {
  return static_cast<std::int64_t>(bits);
}
constexpr std::uint64_t from_row(std::int64_t bits) noexcept {
  return static_cast<std::uint64_t>(bits);
}

} // namespace penstock
