// What one attempt's HTTP thread, PROVIDER and WORKSPACE share beside their
// messages: a flag that overtakes every queue, and a gauge that bounds them.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace penstock {

/// One per stream: whoever asks for a hard stop sets it before the stop is sent
/// (messages/stop_board.hpp). Never reset.
using stop_mark = std::atomic<bool>;

/// One per attempt.
///
/// Threads: all members from any thread. None blocks, but for the hook.
/// Invariant: bytes are added by the HTTP thread and subtracted exactly once,
///            by whoever used them or dropped them.
class attempt_link {
public:
  /// @param stopping of the attempt's stream; set, it is like `cancel`. Null:
  ///                 nobody sets one.
  explicit attempt_link(std::size_t in_flight_bytes_max,
                        std::shared_ptr<const stop_mark> stopping = nullptr)
    : in_flight_bytes_max_(in_flight_bytes_max),
      stopping_(std::move(stopping)) {}

  /// From now on whatever is queued of this attempt is dropped unread.
  void cancel() noexcept { cancelled_ = true; }
  bool cancelled() const noexcept {
    return cancelled_ || (stopping_ && *stopping_);
  }

  /// HTTP thread: bytes came in. @returns false to pause the socket.
  [[nodiscard]] bool received(std::size_t bytes) noexcept {
    if (in_flight_.fetch_add(bytes) + bytes <= in_flight_bytes_max_)
      return true;
    paused_ = true;
    // The reader may have drained all of it before it saw the flag.
    return in_flight_ <= in_flight_bytes_max_ / 4 && paused_.exchange(false);
  }

  /// PROVIDER or WORKSPACE: these bytes are done with. Resumes the socket once
  /// three quarters are free.
  void consumed(std::size_t bytes) {
    if (in_flight_.fetch_sub(bytes) - bytes <= in_flight_bytes_max_ / 4
        && paused_.exchange(false))
      call_resume();
  }

  /// Whether we hold the socket. The attempt's clocks stand still meanwhile.
  bool paused() const noexcept { return paused_; }
  std::size_t in_flight_bytes() const noexcept { return in_flight_; }

  /// Set once, before the transfer starts; must not block.
  void on_resume(std::function<void()> resume) {
    std::lock_guard guard{mutex_};
    resume_ = std::move(resume);
  }

private:
  void call_resume() {
    std::lock_guard guard{mutex_};
    if (resume_)
      resume_();
  }

  const std::size_t in_flight_bytes_max_;
  const std::shared_ptr<const stop_mark> stopping_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> paused_{false};
  std::atomic<std::size_t> in_flight_{0};
  std::mutex mutex_; // guards resume_; taken on a resume only
  std::function<void()> resume_;
};

} // namespace penstock
