#include "tests/support/faulty_store.hpp"

#include <algorithm>
#include <utility>

namespace penstock::testing {

namespace {

error disk_failure() {
  return {errc::storage, "the disk failed, as the test asks"};
}

} // namespace

faulty_store::faulty_store(std::shared_ptr<store> under)
  : under_(std::move(under)) {}

void faulty_store::hold() {
  std::lock_guard guard{mutex_};
  holding_ = holding::everything;
}

void faulty_store::hold_answers() {
  std::lock_guard guard{mutex_};
  holding_ = holding::answers;
}

std::size_t faulty_store::held() const {
  std::lock_guard guard{mutex_};
  return held_.size();
}

bool faulty_store::release_one() {
  std::function<void()> next;
  {
    std::lock_guard guard{mutex_};
    if (held_.empty())
      return false;
    next = std::move(held_.front());
    held_.pop_front();
  }
  next();
  return true;
}

void faulty_store::release() {
  while (release_one())
    ;
  std::lock_guard guard{mutex_};
  holding_ = holding::nothing;
}

void faulty_store::fail_writes(std::size_t times, record_match which) {
  std::lock_guard guard{mutex_};
  write_failures_ = times;
  failing_ = std::move(which);
}

void faulty_store::fail_loads(std::size_t times) {
  std::lock_guard guard{mutex_};
  load_failures_ = times;
}

bool faulty_store::hold_back(std::function<void()> action, holding what) {
  std::lock_guard guard{mutex_};
  if (holding_ != what)
    return false;
  held_.push_back(std::move(action));
  return true;
}

bool faulty_store::must_fail(const std::vector<store_record>& records) {
  std::lock_guard guard{mutex_};
  if (write_failures_ == 0
      || (failing_ && std::none_of(records.begin(), records.end(), failing_)))
    return false;
  --write_failures_;
  return true;
}

bool faulty_store::load_must_fail() {
  std::lock_guard guard{mutex_};
  return load_failures_ > 0 && load_failures_-- > 0;
}

void faulty_store::write(const std::string& workspace_id,
                         std::vector<store_record> records,
                         std::function<void(error)> done) {
  const auto answer = [this, done = std::move(done)](error why) {
    if (!hold_back([done, why] { done(why); }, holding::answers))
      done(std::move(why));
  };
  const auto go = [this, workspace_id, records = std::move(records), answer] {
    if (must_fail(records))
      answer(disk_failure());
    else
      under_->write(workspace_id, records, answer);
  };
  if (!hold_back(go, holding::everything))
    go();
}

void faulty_store::load(
  const std::string& workspace_id,
  std::function<void(expected<workspace_snapshot>)> done) {
  const auto go = [this, workspace_id, done = std::move(done)] {
    if (load_must_fail())
      done(fail(disk_failure()));
    else
      under_->load(workspace_id, done);
  };
  if (!hold_back(go, holding::everything))
    go();
}

void faulty_store::load_stream(
  const std::string& workspace_id, stream_id stream,
  std::function<void(expected<std::optional<closed_stream>>)> done) {
  const auto go = [this, workspace_id, stream, done = std::move(done)] {
    if (load_must_fail())
      done(fail(disk_failure()));
    else
      under_->load_stream(workspace_id, stream, done);
  };
  if (!hold_back(go, holding::everything))
    go();
}

void faulty_store::load_interrupted(
  const std::string& workspace_id,
  std::function<void(expected<std::vector<interrupted_stream>>)> done) {
  const auto go = [this, workspace_id, done = std::move(done)] {
    under_->load_interrupted(workspace_id, done);
  };
  if (!hold_back(go, holding::everything))
    go();
}

void faulty_store::load_usage(
  const std::string& workspace_id,
  std::function<void(expected<std::vector<usage_row>>)> done) {
  const auto go = [this, workspace_id, done = std::move(done)] {
    under_->load_usage(workspace_id, done);
  };
  if (!hold_back(go, holding::everything))
    go();
}

} // namespace penstock::testing
