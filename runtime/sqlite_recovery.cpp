// What a crash left open is closed when its store is opened.
#include "runtime/sqlite_queries.hpp"

#include "actors/conversation.hpp"

#include <utility>

namespace penstock {

namespace {

struct open_stream {
  std::int64_t row = 0, workspace = 0;
  std::string workspace_id, message_id, metadata_json;
  stream_id stream{};
  std::uint64_t sequence = 0;
};

std::vector<open_stream> open_streams(sqlite_connection& db) {
  std::vector<open_stream> all;
  auto rows = db.query(
    "SELECT s.id, s.workspace, w.name, s.message_id, s.metadata, s.stream, "
    "s.sequence FROM stream s JOIN workspace w ON w.id = s.workspace WHERE "
    "s.state = 0 ORDER BY s.id");
  while (rows.next())
    all.push_back({rows.number(0), rows.number(1), rows.text(2), rows.text(3),
                   rows.text(4), stream_id{from_row(rows.number(5))},
                   from_row(rows.number(6))});
  return all;
}

/// Attempts that did not live to tell have an unknown usage.
void book_usage(sqlite_connection& db, const open_stream& s,
                event::stream_abort& terminal) {
  db.run("UPDATE usage SET known = 0 WHERE workspace = ?1 AND stream = ?2 AND "
         "known = -1",
         s.workspace, to_row(static_cast<std::uint64_t>(s.stream)));
  for (const auto& row : query_usage(db, s.workspace_id)) {
    if (row.attempt.stream != s.stream)
      continue;
    terminal.usage += row.usage;
    auto& models = terminal.usage_by_model;
    auto it = models.begin();
    while (it != models.end() && it->model != row.model)
      ++it;
    if (it == models.end())
      models.push_back({row.model, row.usage});
    else
      it->usage += row.usage;
  }
}

void close(sqlite_connection& db, record_writer& writer, const open_stream& s) {
  const auto rows = load_growth(db, s.row);
  event::stream_abort terminal;
  terminal.why = event::stream_abort::reason::interrupted;
  terminal.metadata_json = s.metadata_json;
  terminal.parts = rows.parts();
  book_usage(db, s, terminal);
  record::stream_closed closed{s.stream, nullptr, {}};
  const auto spans = rows.spans();
  if (auto messages = final_messages(terminal.parts, spans); !messages.empty())
    closed.rows.push_back({s.sequence, s.message_id, std::move(messages),
                           history_row::outcome::interrupted});
  closed.terminal = std::make_shared<const event_body>(std::move(terminal));
  writer.interrupt(s.workspace_id, closed);
}

} // namespace

expected<void> close_interrupted(sqlite_connection& db, record_writer& writer) {
  for (const auto& s : open_streams(db)) {
    db.exec("BEGIN IMMEDIATE");
    close(db, writer, s);
    db.exec("COMMIT");
    if (db.failed())
      return fail(db.roll_back());
  }
  return {};
}

} // namespace penstock
