#include "runtime/sqlite_records.hpp"

#include "runtime/record_json.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace penstock {

namespace {

constexpr int growth_bits = 24; // rows of one stream: 16 million
constexpr std::size_t known_workspaces_max = 100'000;

constexpr std::int64_t first_growth(std::int64_t stream_row) {
  return stream_row << growth_bits;
}

error used(const std::string& what) {
  return {errc::invalid_request,
          what + " was used before in this workspace; choose another"};
}

/// Rows compare as signed numbers: what none can have is above all of them.
std::int64_t row_of_sequence(std::uint64_t sequence) {
  return to_row(std::min<std::uint64_t>(
    sequence, std::numeric_limits<std::int64_t>::max()));
}

std::int64_t row_of(stream_id id) {
  return to_row(static_cast<std::uint64_t>(id));
}

/// Calls `each` with every row of growth of a stream.
template <class Each>
std::int64_t each_growth(sqlite_connection& db, std::int64_t stream_row,
                         Each each) {
  auto rows = db.query(
    "SELECT kind, part, at, shape, bytes, id FROM growth WHERE id >= ?1 AND "
    "id < ?2 ORDER BY id",
    first_growth(stream_row), first_growth(stream_row + 1));
  auto next = first_growth(stream_row);
  while (rows.next()) {
    growth_row row;
    row.what = static_cast<growth_row::kind>(rows.number(0));
    row.part = static_cast<std::uint32_t>(rows.number(1));
    row.at = from_row(rows.number(2));
    row.shape = rows.text(3);
    if (!rows.null(4))
      row.bytes = rows.text(4);
    next = rows.number(5) + 1;
    each(std::move(row));
  }
  return next;
}

} // namespace

stored_parts load_growth(sqlite_connection& db, std::int64_t stream_row) {
  stored_parts parts;
  each_growth(db, stream_row,
              [&](growth_row row) { parts.apply(std::move(row)); });
  return parts;
}

// ---- who is who ------------------------------------------------------------

void record_writer::forget() {
  workspaces_.clear();
  open_.clear();
}

std::int64_t record_writer::workspace_row(const std::string& workspace_id) {
  if (const auto it = workspaces_.find(workspace_id); it != workspaces_.end())
    return it->second;
  auto row =
    db_.number("SELECT id FROM workspace WHERE name = ?1", workspace_id);
  if (row == 0) {
    db_.run("INSERT INTO workspace (name) VALUES (?1)", workspace_id);
    row = db_.last_row();
  }
  if (workspaces_.size() >= known_workspaces_max)
    workspaces_.clear();
  return workspaces_[workspace_id] = row;
}

record_writer::open_stream* record_writer::find(std::int64_t workspace,
                                                stream_id stream) {
  const stream_key key{workspace, stream};
  if (const auto it = open_.find(key); it != open_.end())
    return &it->second;
  const auto row = db_.number("SELECT id FROM stream WHERE workspace = ?1 AND "
                              "stream = ?2 AND state = 0",
                              workspace, row_of(stream));
  if (row == 0)
    return nullptr;
  open_stream found{row, 0, {}};
  found.next_growth =
    each_growth(db_, row, [&](const growth_row& g) { found.stored.apply(g); });
  return &(open_[key] = std::move(found));
}

/// One that is closed already gets another end.
record_writer::open_stream* record_writer::reopen(std::int64_t workspace,
                                                  stream_id stream) {
  const auto row = db_.number("SELECT id FROM stream WHERE workspace = ?1 AND "
                              "stream = ?2 AND state = 1",
                              workspace, row_of(stream));
  if (row == 0)
    return nullptr;
  db_.run("DELETE FROM message WHERE workspace = ?1 AND stream = ?2", workspace,
          row);
  db_.run("UPDATE stream SET state = 0 WHERE id = ?1", row);
  return find(workspace, stream);
}

bool record_writer::knows(std::int64_t workspace, stream_id stream) {
  return db_.number(
           "SELECT count(*) FROM stream WHERE workspace = ?1 AND stream = ?2",
           workspace, row_of(stream))
         != 0;
}

bool record_writer::knows(std::int64_t workspace,
                          const std::string& message_id) {
  return db_.number("SELECT count(*) FROM message_id WHERE workspace = ?1 AND "
                    "name = ?2",
                    workspace, message_id)
         != 0;
}

error record_writer::fault_of(std::int64_t workspace,
                              const std::vector<store_record>& records) {
  std::set<stream_id> streams;
  std::set<std::string> messages;
  for (const auto& any : records) {
    if (const auto* ids = std::get_if<record::ids_unused>(&any)) {
      if (knows(workspace, ids->stream))
        return used("stream id " + to_string(ids->stream));
      if (knows(workspace, ids->message_id))
        return used("message id \"" + ids->message_id + "\"");
    }
    const auto* r = std::get_if<record::stream_opened>(&any);
    if (!r)
      continue;
    if (!streams.insert(r->stream).second || knows(workspace, r->stream))
      return used("stream id " + to_string(r->stream));
    if (r->resumes)
      continue;
    if (!messages.insert(r->message_id).second
        || knows(workspace, r->message_id))
      return used("message id \"" + r->message_id + "\"");
  }
  return {};
}

// ---- records ---------------------------------------------------------------

/// Applies the records of one batch, which is known to be good.
struct record_writer::writer {
  record_writer& self;
  const std::int64_t workspace;
  sqlite_connection& db = self.db_;

  void claim(std::uint64_t sequence, const std::string& message_id) {
    db.run("UPDATE workspace SET last_sequence = ?2 WHERE id = ?1 AND "
           "last_sequence < ?2",
           workspace, to_row(sequence));
    db.run("INSERT OR IGNORE INTO message_id VALUES (?1, ?2)", workspace,
           message_id);
  }
  void grow(stream_id stream, const std::optional<growth_row>& row) {
    auto* s = self.find(workspace, stream);
    if (!s || !row)
      return; // Discarded: nobody will ask.
    if (s->next_growth == first_growth(s->row + 1))
      return; // No number left: the end will repeat what is missing.
    s->stored.apply(*row);
    db.run("INSERT INTO growth VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
           s->next_growth++, static_cast<std::int64_t>(row->what),
           static_cast<std::int64_t>(row->part), to_row(row->at),
           row->shape.empty() ? std::nullopt : std::optional{row->shape},
           row->bytes ? std::optional{sqlite_blob{*row->bytes}}
                      : std::optional<sqlite_blob>{});
  }

  void operator()(const record::stream_opened& r) {
    std::optional<std::int64_t> resumed;
    if (r.resumes) {
      resumed = db.number("SELECT id FROM stream WHERE workspace = ?1 AND "
                          "stream = ?2",
                          workspace, row_of(*r.resumes));
      db.run("UPDATE stream SET state = 4 WHERE id = ?1 AND state = 3",
             *resumed);
    }
    db.run("INSERT INTO stream (workspace, stream, message_id, sequence, "
           "model, metadata, resumes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
           workspace, row_of(r.stream), r.message_id,
           to_row(r.history_sequence), r.model, r.metadata_json, resumed);
    const auto row = db.last_row();
    self.open_[{workspace, r.stream}] = {row, first_growth(row), {}};
    claim(r.history_sequence, r.message_id);
  }
  void operator()(const record::ids_unused&) {} // `fault_of` has looked.
  void operator()(const record::attempt_began& r) {
    grow(r.attempt.stream, growth_of(store_record{r}));
    if (r.attempt.number != 0)
      db.run("INSERT OR IGNORE INTO usage (workspace, stream, attempt, "
             "by_tool, model, known) VALUES (?1, ?2, ?3, 0, ?4, -1)",
             workspace, row_of(r.attempt.stream),
             std::int64_t{r.attempt.number}, r.model);
  }
  void operator()(const record::attempt_used& r) {
    const auto& u = r.usage;
    if (!r.by_tool) // Only the first word on an attempt counts.
      db.run("DELETE FROM usage WHERE workspace = ?1 AND stream = ?2 AND "
             "attempt = ?3 AND by_tool = 0 AND known = -1",
             workspace, row_of(r.attempt.stream),
             std::int64_t{r.attempt.number});
    db.run("INSERT OR IGNORE INTO usage (workspace, stream, attempt, by_tool, "
           "model, known, input_total, cache_read, cache_write, output_total, "
           "reasoning) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
           workspace, row_of(r.attempt.stream), std::int64_t{r.attempt.number},
           std::int64_t{r.by_tool}, r.model, static_cast<std::int64_t>(u.known),
           to_row(u.input_total), to_row(u.cache_read), to_row(u.cache_write),
           to_row(u.output_total), to_row(u.reasoning));
  }
  void operator()(const record::message_added& r) {
    claim(r.row.sequence, r.row.message_id);
    self.add_row(workspace, r.row, std::nullopt, refer(r.row.messages, {}, {}));
  }
  void operator()(const record::stream_closed& r) {
    self.close(workspace, r, stream_state::closed);
  }
  void operator()(const record::stream_discarded& r) {
    const auto* s = self.find(workspace, r.stream);
    if (!s)
      return;
    db.run("UPDATE stream SET state = 2 WHERE id = ?1", s->row);
    db.run("UPDATE stream SET state = 3 WHERE state = 4 AND id = (SELECT "
           "resumes FROM stream WHERE id = ?1)",
           s->row);
    self.open_.erase({workspace, r.stream});
  }
  void operator()(const record::queue_replaced& r) {
    db.run("UPDATE workspace SET queue = ?2 WHERE id = ?1", workspace,
           to_text(json_of(r.queue)));
  }
  void operator()(const record::history_cut& r) {
    db.run("DELETE FROM message WHERE workspace = ?1 AND sequence >= ?2",
           workspace, row_of_sequence(r.from_sequence));
    db.run("UPDATE stream SET state = 1 WHERE workspace = ?1 AND state = 3 AND "
           "sequence >= ?2",
           workspace, row_of_sequence(r.from_sequence));
  }
  template <class Growth>
  void operator()(const Growth& r) {
    grow(r.stream, growth_of(store_record{r}));
  }
};

error record_writer::apply(const std::string& workspace_id,
                           const std::vector<store_record>& records) {
  const auto workspace = workspace_row(workspace_id);
  if (auto why = fault_of(workspace, records); why.code != errc::none)
    return why;
  writer w{*this, workspace};
  for (const auto& r : records)
    std::visit(w, r);
  return {};
}

void record_writer::interrupt(const std::string& workspace_id,
                              const record::stream_closed& closed) {
  close(workspace_row(workspace_id), closed, stream_state::interrupted);
}

void record_writer::close(std::int64_t workspace,
                          const record::stream_closed& closed,
                          stream_state state) {
  const auto* s = find(workspace, closed.stream);
  if (!s)
    s = reopen(workspace, closed.stream);
  const auto& parts = parts_of(*closed.terminal);
  for (const auto& row : closed.rows) {
    db_.run("UPDATE workspace SET last_sequence = ?2 WHERE id = ?1 AND "
            "last_sequence < ?2",
            workspace, to_row(row.sequence));
    if (s)
      add_row(workspace, row, s->row, refer(row.messages, parts, s->stored));
    else
      add_row(workspace, row, std::nullopt, refer(row.messages, {}, {}));
  }
  if (!s)
    return;
  // An attempt of which no word came (its write failed) has used what nobody
  // knows.
  db_.run("UPDATE usage SET known = 0 WHERE workspace = ?1 AND stream = ?2 AND "
          "known = -1",
          workspace, row_of(closed.stream));
  db_.run("UPDATE stream SET state = ?2, terminal = ?3, parts = ?4 WHERE "
          "id = ?1",
          s->row, static_cast<std::int64_t>(state),
          to_text(json_of_terminal(*closed.terminal)),
          to_text(refer(parts, s->stored)));
  open_.erase({workspace, closed.stream});
}

void record_writer::add_row(std::int64_t workspace, const history_row& row,
                            std::optional<std::int64_t> stream,
                            const json& body) {
  db_.run("INSERT OR REPLACE INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
          workspace, to_row(row.sequence), row.message_id,
          static_cast<std::int64_t>(row.how), stream, to_text(body));
}

} // namespace penstock
