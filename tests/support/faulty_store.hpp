// A store that does what disks do: it is slow, fails, and answers late.
#pragma once

#include "actors/store.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace penstock::testing {

/// In front of another store; without an order it only passes on.
///
/// Threads: any. Order is kept: nothing overtakes what is held.
class faulty_store final : public store {
public:
  using record_match = std::function<bool(const store_record&)>;

  explicit faulty_store(std::shared_ptr<store> under);

  /// Nothing is written, read or answered from now on.
  void hold();
  /// What is held goes on, in order, and nothing more is held.
  void release();
  /// Lets the oldest go on. @returns false if nothing was held.
  bool release_one();
  std::size_t held() const;

  /// Writes go through and only their answers are held.
  void hold_answers();

  /// The next `times` writes that hold a record like `which` (null: any) fail
  /// with `storage` and are not written.
  void fail_writes(std::size_t times, record_match which = nullptr);
  /// The next `times` loads fail with `storage`.
  void fail_loads(std::size_t times);

  void write(const std::string& workspace_id, std::vector<store_record> records,
             std::function<void(error)> done) override;
  void load(const std::string& workspace_id,
            std::function<void(expected<workspace_snapshot>)> done) override;
  void load_stream(
    const std::string& workspace_id, stream_id stream,
    std::function<void(expected<std::optional<closed_stream>>)> done) override;
  // It passes at once.
  void list_workspaces(
    std::function<void(expected<std::vector<std::string>>)> done) override {
    under_->list_workspaces(std::move(done));
  }
  // These never fail.
  void load_interrupted(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<interrupted_stream>>)> done)
    override;
  void load_usage(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<usage_row>>)> done) override;

private:
  enum class holding { nothing, everything, answers };

  bool hold_back(std::function<void()> action, holding what);
  bool must_fail(const std::vector<store_record>& records);
  bool load_must_fail();

  const std::shared_ptr<store> under_;
  mutable std::mutex mutex_; // guards what follows
  holding holding_ = holding::nothing;
  std::deque<std::function<void()>> held_;
  std::size_t write_failures_ = 0, load_failures_ = 0;
  record_match failing_;
};

} // namespace penstock::testing
