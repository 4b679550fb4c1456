// Between a running tool and its workspace: passes on what the handler reports,
// until the call is done.
#pragma once

#include "messages/tool.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace penstock {

/// A handler may keep its report, and hang, for ever. Closed, the gate passes
/// on nothing and holds nobody.
///
/// Threads: every member from any thread. It forwards under its lock, so that
///          nothing follows `close`; what it forwards to must not block.
class report_gate final : public tool_report {
public:
  /// @param to may be null: then nothing is passed on.
  explicit report_gate(std::shared_ptr<tool_report> to) : to_(std::move(to)) {}

  void call_started(nested_call call) override {
    const std::lock_guard lock{mutex_};
    if (to_)
      to_->call_started(std::move(call));
  }
  void call_finished(std::string tool_call_id, tool_outcome outcome) override {
    const std::lock_guard lock{mutex_};
    if (to_)
      to_->call_finished(std::move(tool_call_id), std::move(outcome));
  }
  void used(std::string model, token_usage usage) override {
    const std::lock_guard lock{mutex_};
    if (to_)
      to_->used(std::move(model), usage);
  }

  void close() {
    std::shared_ptr<tool_report> gone; // Destroyed without the lock.
    const std::lock_guard lock{mutex_};
    gone.swap(to_);
  }

private:
  std::mutex mutex_;
  std::shared_ptr<tool_report> to_; // guarded by mutex_; null once closed
};

} // namespace penstock
