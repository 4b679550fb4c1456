#include "runtime/sqlite_store.hpp"

#include "providers/named_thread.hpp"
#include "runtime/sqlite_queries.hpp"
#include "runtime/sqlite_records.hpp"
#include "runtime/sqlite_schema.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace penstock {

namespace {

/// Runs what it is given, in order, on a thread of its own; several at once if
/// they have gathered.
template <class Item>
class work_thread {
public:
  using run = std::function<void(std::deque<Item>)>;

  expected<void> start(const char* name, run each) {
    auto made = start_named_thread(name, [this, each = std::move(each)] {
      for (auto items = wait(); !items.empty(); items = wait())
        each(std::move(items));
    });
    if (!made)
      return fail(made.error());
    thread_ = std::move(*made);
    return {};
  }
  void post(Item item) {
    {
      std::lock_guard guard{mutex_};
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
  }
  /// Runs what is left, then ends.
  void end() {
    {
      std::lock_guard guard{mutex_};
      ending_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable())
      thread_.join();
  }

private:
  std::deque<Item> wait() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return ending_ || !items_.empty(); });
    return std::exchange(items_, {});
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_; // guarded by mutex_
  bool ending_ = false;    // guarded by mutex_
  std::thread thread_;
};

using reading = std::function<void(sqlite_connection&)>;

/// Either of the two.
struct writing {
  std::string workspace_id;
  std::vector<store_record> records;
  std::function<void(error)> done;
  reading read; ///< In memory there is one connection for all.
};

bool only_growth(const store_record& r) {
  return std::holds_alternative<record::part_grown>(r)
         || std::holds_alternative<record::part_closed>(r)
         || std::holds_alternative<record::parts_retracted>(r)
         || std::holds_alternative<record::attempt_began>(r);
}

/// Whether a power cut must not take it.
bool must_be_synced(const writing& w) {
  return !std::all_of(w.records.begin(), w.records.end(), only_growth);
}

} // namespace

class sqlite_store::threads {
public:
  explicit threads(sqlite_store_options options)
    : options_(std::move(options)) {}
  ~threads() {
    writer_.end();
    reader_.end();
  }

  expected<void> open() {
    const bool in_file = options_.path != ":memory:";
    if (in_file) {
      auto lock = lock_store(options_.path);
      if (!lock)
        return fail(lock.error());
      lock_.emplace(std::move(*lock));
    }
    auto made = open_schema({options_.path, options_.vfs, false});
    if (!made)
      return fail(made.error());
    db_ = std::move(*made);
    records_ = std::make_unique<record_writer>(*db_);
    if (auto done = close_interrupted(*db_, *records_); !done)
      return done;
    if (in_file) {
      auto other = sqlite_connection::open({options_.path, options_.vfs, true});
      if (!other)
        return fail(other.error());
      read_db_ = std::move(*other);
      read_db_->exec("PRAGMA busy_timeout = 1000");
      if (auto done = reader_.start("penstock-read",
                                    [this](std::deque<reading> all) {
                                      for (auto& read : all)
                                        read(*read_db_);
                                    });
          !done)
        return done;
    }
    return writer_.start("penstock-store", [this](std::deque<writing> all) {
      write_all(std::move(all));
    });
  }

  void write(writing what) {
    ++batches;
    writer_.post(std::move(what));
  }
  /// Calls `done` with what `query` finds.
  template <class Found, class Query>
  void read(std::function<void(expected<Found>)> done, Query query) {
    reading what = [done = std::move(done),
                    query = std::move(query)](sqlite_connection& db) {
      auto found = query(db);
      if (db.failed())
        done(fail(db.roll_back()));
      else
        done(std::move(found));
    };
    if (read_db_)
      reader_.post(std::move(what));
    else
      writer_.post({{}, {}, {}, std::move(what)});
  }

  std::atomic<std::uint64_t> batches{0}, commits{0};

private:
  void write_all(std::deque<writing> all) {
    std::vector<writing> group;
    for (auto& one : all) {
      if (!one.read) {
        group.push_back(std::move(one));
        continue;
      }
      write_group(std::exchange(group, {}));
      one.read(*db_);
    }
    write_group(std::move(group));
  }

  /// One transaction for all; if that fails, one for each, so that a batch
  /// that cannot be written takes no other along.
  void write_group(std::vector<writing> group) {
    if (group.empty())
      return;
    std::vector<error> why(group.size());
    if (commit(group.data(), group.size(), why.data()) != errc::none)
      for (std::size_t i = 0; i < group.size(); ++i)
        if (group.size() > 1)
          commit(&group[i], 1, &why[i]);
    for (std::size_t i = 0; i < group.size(); ++i) {
      group[i].records.clear(); // Who hears of it holds the rest alone.
      group[i].done(std::move(why[i]));
    }
  }

  errc commit(const writing* group, std::size_t count, error* why) {
    ++commits;
    if (options_.durability == store_durability::power)
      db_->exec(std::any_of(group, group + count, must_be_synced)
                  ? "PRAGMA synchronous = FULL"
                  : "PRAGMA synchronous = NORMAL");
    db_->exec("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < count && !db_->failed(); ++i)
      why[i] = records_->apply(group[i].workspace_id, group[i].records);
    db_->exec("COMMIT");
    if (!db_->failed())
      return errc::none;
    const auto failure = db_->roll_back();
    records_->forget();
    std::fill(why, why + count, failure);
    return failure.code;
  }

  const sqlite_store_options options_;
  std::optional<store_lock> lock_; // goes last
  std::unique_ptr<sqlite_connection> db_, read_db_;
  std::unique_ptr<record_writer> records_;
  work_thread<writing> writer_;
  work_thread<reading> reader_;
};

// ---- store -----------------------------------------------------------------

expected<std::shared_ptr<sqlite_store>>
sqlite_store::open(sqlite_store_options options) {
  auto made = std::make_unique<threads>(std::move(options));
  if (auto done = made->open(); !done)
    return fail(done.error());
  return std::shared_ptr<sqlite_store>{new sqlite_store{std::move(made)}};
}

sqlite_store::sqlite_store(std::unique_ptr<threads> made)
  : threads_(std::move(made)) {}
sqlite_store::~sqlite_store() = default;

void sqlite_store::write(const std::string& workspace_id,
                         std::vector<store_record> records,
                         std::function<void(error)> done) {
  threads_->write({workspace_id, std::move(records), std::move(done), {}});
}

void sqlite_store::load(
  const std::string& workspace_id,
  std::function<void(expected<workspace_snapshot>)> done) {
  threads_->read<workspace_snapshot>(std::move(done),
                                     [workspace_id](sqlite_connection& db) {
                                       return query_snapshot(db, workspace_id);
                                     });
}

void sqlite_store::load_stream(
  const std::string& workspace_id, stream_id stream,
  std::function<void(expected<std::optional<closed_stream>>)> done) {
  threads_->read<std::optional<closed_stream>>(
    std::move(done), [workspace_id, stream](sqlite_connection& db) {
      return query_stream(db, workspace_id, stream);
    });
}

void sqlite_store::list_workspaces(
  std::function<void(expected<std::vector<std::string>>)> done) {
  threads_->read<std::vector<std::string>>(std::move(done), query_workspaces);
}

void sqlite_store::load_interrupted(
  const std::string& workspace_id,
  std::function<void(expected<std::vector<interrupted_stream>>)> done) {
  threads_->read<std::vector<interrupted_stream>>(
    std::move(done), [workspace_id](sqlite_connection& db) {
      return query_interrupted(db, workspace_id);
    });
}

void sqlite_store::load_usage(
  const std::string& workspace_id,
  std::function<void(expected<std::vector<usage_row>>)> done) {
  threads_->read<std::vector<usage_row>>(std::move(done),
                                         [workspace_id](sqlite_connection& db) {
                                           return query_usage(db, workspace_id);
                                         });
}

void sqlite_store::verify(
  std::function<void(expected<std::vector<std::string>>)> done) {
  threads_->read<std::vector<std::string>>(std::move(done), query_faults);
}

sqlite_store_counts sqlite_store::counts() const {
  return {threads_->batches, threads_->commits};
}

} // namespace penstock
