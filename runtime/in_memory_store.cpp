#include "runtime/in_memory_store.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <variant>

namespace penstock {

in_memory_store::shard&
in_memory_store::shard_of(const std::string& workspace_id) {
  return shards_[std::hash<std::string>{}(workspace_id) % shards_.size()];
}

/// Applies the records of one batch, which is known to be good.
struct in_memory_store::writer {
  const std::string& id;
  workspace& w;

  void operator()(record::stream_opened& r) {
    w.used_streams.insert(r.stream);
    w.used_message_ids.insert(r.message_id);
    w.open[r.stream] = std::make_shared<const stream_identity>(
      stream_identity{id, r.stream, std::move(r.message_id)});
    claim(r.history_sequence);
  }
  void operator()(record::message_added& r) { add(std::move(r.row)); }
  void operator()(record::attempt_used& r) {
    const bool booked =
      !r.by_tool
      && std::any_of(w.used.begin(), w.used.end(), [&](const usage_row& u) {
           return !u.by_tool && u.attempt == r.attempt;
         });
    if (booked)
      return;
    w.now.usage += r.usage;
    w.used.push_back({id, r.attempt, std::move(r.model), r.usage, r.by_tool});
  }
  void operator()(record::stream_closed& r) {
    if (const auto* const before = w.closed.find(r.stream)) {
      std::erase_if(w.now.history, [&](const history_row& row) {
        return row.message_id == before->identity->message_id;
      });
      w.open[r.stream] = before->identity;
    }
    for (auto& row : r.rows)
      add(std::move(row));
    if (auto node = w.open.extract(r.stream); !node.empty()) {
      closed_stream closed{std::move(node.mapped()), std::move(r.terminal)};
      w.now.last_stream = closed;
      w.closed[r.stream] = std::move(closed);
    }
  }
  void operator()(record::stream_discarded& r) { w.open.erase(r.stream); }
  void operator()(record::queue_replaced& r) {
    w.now.queue = std::move(r.queue);
  }
  void operator()(record::history_cut& r) {
    std::erase_if(w.now.history, [&](const history_row& row) {
      return row.sequence >= r.from_sequence;
    });
  }
  void operator()(record::ids_unused&) {} // `find_used_id` has looked.
  // Only a restart would read these.
  void operator()(record::attempt_began&) {}
  void operator()(record::part_closed&) {}
  void operator()(record::part_grown&) {}
  void operator()(record::parts_retracted&) {}
  void operator()(record::tool_started&) {}
  void operator()(record::tool_ended&) {}

  void claim(std::uint64_t sequence) {
    w.now.last_sequence = std::max(w.now.last_sequence, sequence);
  }

  // Rows come in order, but for one that was opened before an edit.
  void add(history_row row) {
    claim(row.sequence);
    w.used_message_ids.insert(row.message_id);
    const auto at = std::upper_bound(
      w.now.history.begin(), w.now.history.end(), row.sequence,
      [](std::uint64_t s, const history_row& r) { return s < r.sequence; });
    w.now.history.insert(at, std::move(row));
  }
};

std::optional<error>
in_memory_store::find_used_id(const workspace& w,
                              const std::vector<store_record>& records) {
  const auto used = [](const std::string& what) {
    return error{errc::invalid_request,
                 what + " was used before in this workspace; choose another"};
  };
  std::vector<const record::stream_opened*> opened;
  for (const auto& any : records) {
    if (const auto* ids = std::get_if<record::ids_unused>(&any)) {
      if (w.used_streams.contains(ids->stream))
        return used("stream id " + to_string(ids->stream));
      if (w.used_message_ids.contains(ids->message_id))
        return used("message id \"" + ids->message_id + "\"");
    }
    const auto* r = std::get_if<record::stream_opened>(&any);
    if (!r)
      continue;
    const auto same = [&](bool known, auto member) {
      return known || std::any_of(opened.begin(), opened.end(), [&](auto* o) {
               return o->*member == r->*member;
             });
    };
    if (same(w.used_streams.contains(r->stream),
             &record::stream_opened::stream))
      return used("stream id " + to_string(r->stream));
    if (!r->resumes
        && same(w.used_message_ids.contains(r->message_id),
                &record::stream_opened::message_id))
      return used("message id \"" + r->message_id + "\"");
    opened.push_back(r);
  }
  return std::nullopt;
}

void in_memory_store::write(const std::string& workspace_id,
                            std::vector<store_record> records,
                            std::function<void(error)> done) {
  error why;
  {
    auto& s = shard_of(workspace_id);
    std::lock_guard guard{s.mutex};
    auto& w = s.workspaces[workspace_id];
    if (auto used = find_used_id(w, records))
      why = std::move(*used);
    else
      for (auto& r : records)
        std::visit(writer{workspace_id, w}, r);
  }
  done(std::move(why));
}

void in_memory_store::load(
  const std::string& workspace_id,
  std::function<void(expected<workspace_snapshot>)> done) {
  workspace_snapshot found;
  {
    auto& s = shard_of(workspace_id);
    std::lock_guard guard{s.mutex};
    if (const auto it = s.workspaces.find(workspace_id);
        it != s.workspaces.end())
      found = it->second.now;
  }
  done(std::move(found));
}

void in_memory_store::load_stream(
  const std::string& workspace_id, stream_id stream,
  std::function<void(expected<std::optional<closed_stream>>)> done) {
  std::optional<closed_stream> found;
  {
    auto& s = shard_of(workspace_id);
    std::lock_guard guard{s.mutex};
    if (const auto w = s.workspaces.find(workspace_id); w != s.workspaces.end())
      if (const auto* const closed = w->second.closed.find(stream))
        found = *closed;
  }
  done(std::move(found));
}

void in_memory_store::list_workspaces(
  std::function<void(expected<std::vector<std::string>>)> done) {
  std::vector<std::string> all;
  for (auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    for (const auto& [id, w] : s.workspaces)
      all.push_back(id);
  }
  std::sort(all.begin(), all.end());
  done(std::move(all));
}

void in_memory_store::load_interrupted(
  const std::string&,
  std::function<void(expected<std::vector<interrupted_stream>>)> done) {
  done(std::vector<interrupted_stream>{});
}

void in_memory_store::load_usage(
  const std::string& workspace_id,
  std::function<void(expected<std::vector<usage_row>>)> done) {
  std::map<std::string, std::vector<usage_row>> found;
  for (auto& s : shards_) {
    std::lock_guard guard{s.mutex};
    for (const auto& [id, w] : s.workspaces)
      if (workspace_id.empty() || id == workspace_id)
        found[id] = w.used;
  }
  std::vector<usage_row> all;
  for (auto& [id, rows] : found)
    all.insert(all.end(), rows.begin(), rows.end());
  done(std::move(all));
}

} // namespace penstock
