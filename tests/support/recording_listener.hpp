// An http_listener that keeps what it hears and lets a test wait for it.
#pragma once

#include "providers/http_client.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace penstock::testing {

/// What one transfer told its listener, in the order of the calls.
struct heard {
  /// "connected", "response 200", "body", "end"; adjacent bodies count once.
  std::vector<std::string> calls;
  std::optional<http_response_head> head;
  std::string body;
  std::size_t pieces = 0;
  std::size_t ends = 0;
  std::optional<error> ended;
  std::thread::id thread; ///< Of the last call.
};

class recording_listener final : public http_listener {
public:
  using condition = std::function<bool(const heard&)>;
  using pause_rule = std::function<bool(const heard&)>;

  /// @param pause_when asked after each body piece, which is in the argument.
  explicit recording_listener(pause_rule pause_when = {},
                              std::function<void()> on_body_too = {})
    : pause_when_(std::move(pause_when)), on_body_too_(std::move(on_body_too)) {
  }

  void on_connected() override {
    note([](heard& h) { h.calls.emplace_back("connected"); });
  }
  void on_response(http_response_head head) override {
    note([&](heard& h) {
      h.calls.push_back("response " + std::to_string(head.status));
      h.head = std::move(head);
    });
  }
  bool on_body(std::string_view bytes) override {
    bool go_on = true;
    note([&](heard& h) {
      if (h.calls.empty() || h.calls.back() != "body")
        h.calls.emplace_back("body");
      h.body += bytes;
      ++h.pieces;
      go_on = !pause_when_ || !pause_when_(h);
    });
    if (on_body_too_)
      on_body_too_();
    return go_on;
  }
  void on_end(error why) override {
    note([&](heard& h) {
      h.calls.emplace_back("end");
      ++h.ends;
      h.ended = std::move(why);
    });
  }

  heard copy() const {
    const std::lock_guard lock{mutex_};
    return heard_;
  }
  bool wait_until(const condition& holds,
                  std::chrono::milliseconds limit = std::chrono::seconds{
                    20}) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, limit, [&] { return holds(heard_); });
  }
  bool wait_for_end(std::chrono::milliseconds limit = std::chrono::seconds{
                      20}) const {
    return wait_until([](auto& h) { return h.ends > 0; }, limit);
  }

private:
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock{mutex_};
    heard_.thread = std::this_thread::get_id();
    change(heard_);
    changed_.notify_all();
  }

  pause_rule pause_when_;
  std::function<void()> on_body_too_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  heard heard_;
};

} // namespace penstock::testing
