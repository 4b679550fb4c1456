#include "runtime/sqlite_queries.hpp"

#include "runtime/record_json.hpp"

#include <utility>

namespace penstock {

namespace {

/// One state of the store, for as long as this lives.
class read_transaction {
public:
  explicit read_transaction(sqlite_connection& db) : db_(db) {
    db_.exec("BEGIN");
  }
  ~read_transaction() { db_.exec("COMMIT"); }
  read_transaction(const read_transaction&) = delete;

private:
  sqlite_connection& db_;
};

stream_id id_in(const sqlite_rows& rows, int column) {
  return stream_id{from_row(rows.number(column))};
}

json parsed(const std::string& text) {
  return parse_json(text).value_or(json{});
}

std::vector<history_row> history_of(sqlite_connection& db,
                                    std::int64_t workspace) {
  struct stored {
    history_row row;
    std::int64_t stream;
    std::string body;
  };
  std::vector<stored> found;
  {
    auto rows = db.query("SELECT sequence, message_id, outcome, stream, body "
                         "FROM message WHERE workspace = ?1 ORDER BY sequence",
                         workspace);
    while (rows.next())
      found.push_back({{from_row(rows.number(0)),
                        rows.text(1),
                        {},
                        static_cast<history_row::outcome>(rows.number(2) & 3)},
                       rows.number(3),
                       rows.text(4)});
  }
  std::vector<history_row> history;
  for (auto& one : found) {
    if (one.stream != 0) {
      const auto parts = load_growth(db, one.stream);
      one.row.messages = messages_in(parsed(one.body), &parts);
    } else {
      one.row.messages = messages_in(parsed(one.body), nullptr);
    }
    history.push_back(std::move(one.row));
  }
  return history;
}

/// @param where picks one closed stream of the workspace ?1.
template <class... Values>
std::optional<closed_stream>
closed_where(sqlite_connection& db, const std::string& workspace_id,
             const std::string& where, const Values&... values) {
  std::int64_t row = 0;
  stream_identity identity{workspace_id, {}, {}};
  std::string terminal, parts;
  {
    auto rows = db.query("SELECT id, stream, message_id, terminal, parts FROM "
                         "stream WHERE workspace = ?1 AND state IN (1, 3, 4) "
                           + where,
                         values...);
    if (!rows.next())
      return std::nullopt;
    row = rows.number(0);
    identity.stream = id_in(rows, 1);
    identity.message_id = rows.text(2);
    terminal = rows.text(3);
    parts = rows.text(4);
  }
  auto body = terminal_in(parsed(terminal),
                          parts_in(parsed(parts), load_growth(db, row)));
  if (!body)
    return std::nullopt;
  return closed_stream{
    std::make_shared<const stream_identity>(std::move(identity)),
    std::make_shared<const event_body>(std::move(*body))};
}

std::int64_t workspace_row(sqlite_connection& db, const std::string& id) {
  return db.number("SELECT id FROM workspace WHERE name = ?1", id);
}

} // namespace

workspace_snapshot query_snapshot(sqlite_connection& db,
                                  const std::string& workspace_id) {
  workspace_snapshot found;
  {
    const read_transaction one_state{db};
    const auto workspace = workspace_row(db, workspace_id);
    if (workspace == 0)
      return found;
    found.history = history_of(db, workspace);
    {
      auto rows = db.query(
        "SELECT last_sequence, queue FROM workspace WHERE id = ?1", workspace);
      if (rows.next()) {
        found.last_sequence = from_row(rows.number(0));
        found.queue = queue_in(parsed(rows.text(1)));
      }
    }
    found.last_stream =
      closed_where(db, workspace_id, "ORDER BY id DESC LIMIT 1", workspace);
  }
  for (const auto& u : query_usage(db, workspace_id))
    found.usage += u.usage;
  if (auto all = query_interrupted(db, workspace_id); !all.empty())
    found.interrupted = std::move(all.front());
  return found;
}

std::optional<closed_stream> query_stream(sqlite_connection& db,
                                          const std::string& workspace_id,
                                          stream_id stream) {
  const read_transaction one_state{db};
  return closed_where(db, workspace_id, "AND stream = ?2",
                      workspace_row(db, workspace_id),
                      to_row(static_cast<std::uint64_t>(stream)));
}

std::vector<std::string> query_workspaces(sqlite_connection& db) {
  std::vector<std::string> all;
  for (auto rows = db.query("SELECT name FROM workspace ORDER BY name");
       rows.next();)
    all.push_back(rows.text(0));
  return all;
}

std::vector<interrupted_stream>
query_interrupted(sqlite_connection& db, const std::string& workspace_id) {
  const read_transaction one_state{db};
  std::vector<std::pair<std::int64_t, std::string>> found;
  std::vector<interrupted_stream> all;
  {
    auto rows = db.query(
      "SELECT s.id, w.name, s.stream, s.message_id, s.sequence, s.model, "
      "s.metadata, s.parts FROM stream s JOIN workspace w ON w.id = "
      "s.workspace WHERE s.state = 3 AND (?1 = '' OR w.name = ?1) AND NOT "
      "EXISTS (SELECT 1 FROM stream l WHERE l.workspace = s.workspace AND "
      "l.id > s.id AND l.state <> 2) ORDER BY w.name",
      workspace_id);
    while (rows.next()) {
      found.emplace_back(rows.number(0), rows.text(7));
      all.push_back({rows.text(1),
                     id_in(rows, 2),
                     rows.text(3),
                     from_row(rows.number(4)),
                     rows.text(5),
                     rows.text(6),
                     {},
                     {}});
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto rows = load_growth(db, found[i].first);
    all[i].parts = parts_in(parsed(found[i].second), rows);
    all[i].spans = rows.spans();
  }
  return all;
}

std::vector<usage_row> query_usage(sqlite_connection& db,
                                   const std::string& workspace_id) {
  std::vector<usage_row> all;
  auto rows = db.query(
    "SELECT w.name, u.stream, u.attempt, u.model, u.by_tool, u.known, "
    "u.input_total, u.cache_read, u.cache_write, u.output_total, u.reasoning "
    "FROM workspace w JOIN usage u ON u.workspace = w.id WHERE u.known >= 0 "
    "AND "
      + std::string{workspace_id.empty() ? "?1 = ''" : "w.name = ?1"}
      + " ORDER BY w.name, u.id",
    workspace_id);
  while (rows.next()) {
    usage_row row;
    row.workspace_id = rows.text(0);
    row.attempt = {id_in(rows, 1), static_cast<std::uint32_t>(rows.number(2))};
    row.model = rows.text(3);
    row.by_tool = rows.number(4) != 0;
    row.usage = {static_cast<token_usage::quality>(rows.number(5)),
                 from_row(rows.number(6)),
                 from_row(rows.number(7)),
                 from_row(rows.number(8)),
                 from_row(rows.number(9)),
                 from_row(rows.number(10))};
    all.push_back(std::move(row));
  }
  return all;
}

// ---- what does not fit together --------------------------------------------

namespace {

/// Every reference of `parts` names a part that the rows hold.
bool complete(const json& parts, const stored_parts& rows) {
  if (!parts.is_array())
    return false;
  for (const auto& one : parts) {
    if (one.is_object())
      continue;
    const auto number =
      static_cast<std::uint32_t>(count_of(element(one, 0)).value_or(0));
    if (bytes_of(element(one, 2)) == "result" ? !rows.find_result(number)
                                              : !rows.find(number))
      return false;
  }
  return true;
}

} // namespace

std::vector<std::string> query_faults(sqlite_connection& db) {
  const read_transaction one_state{db};
  std::vector<std::string> faults;
  const auto count = [&](const char* sql, const char* what) {
    if (const auto n = db.number(sql); n > 0)
      faults.push_back(std::to_string(n) + " " + what);
  };
  count("SELECT count(*) FROM stream WHERE state IN (1, 3, 4) AND (terminal IS "
        "NULL OR parts IS NULL)",
        "streams that are closed without a terminal");
  count("SELECT count(*) FROM stream WHERE state IN (0, 2) AND terminal IS NOT "
        "NULL",
        "streams that are open with a terminal");
  count("SELECT count(*) FROM message m WHERE m.stream IS NOT NULL AND NOT "
        "EXISTS (SELECT 1 FROM stream s WHERE s.id = m.stream)",
        "messages of streams that are not there");
  count("SELECT count(*) FROM usage u LEFT JOIN stream s ON s.workspace = "
        "u.workspace AND s.stream = u.stream WHERE u.known = -1 AND "
        "(s.id IS NULL OR s.state <> 0)",
        "attempts of closed streams without usage");
  std::vector<std::pair<std::int64_t, std::string>> closed;
  for (auto rows = db.query("SELECT id, parts FROM stream WHERE terminal IS "
                            "NOT NULL");
       rows.next();)
    closed.emplace_back(rows.number(0), rows.text(1));
  for (const auto& [row, parts] : closed)
    if (!complete(parsed(parts), load_growth(db, row)))
      faults.push_back("stream in row " + std::to_string(row)
                       + " refers to parts that are not there");
  return faults;
}

} // namespace penstock
