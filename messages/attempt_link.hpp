// What one attempt's HTTP thread, PROVIDER and WORKSPACE share beside their
// messages: a flag that overtakes every queue, and a gauge that bounds them.
#pragma once

#include "messages/clock.hpp"
#include "messages/footprint.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace penstock {

/// One per stream: whoever asks for a hard stop sets it before the stop is sent
/// (messages/stop_board.hpp). Never reset.
///
/// Threads: all members from any thread. None blocks, but for the hooks.
class stop_mark {
public:
  explicit operator bool() const noexcept { return set_; }
  /// Closes what is open for the stream, before the stop gets there.
  void set() {
    set_ = true;
    const std::lock_guard guard{mutex_};
    for (const auto& [owner, close] : hooks_)
      close();
  }

  /// `close` is called by `set`, or now if it is set: at least once. It must
  /// not block, nor come back here.
  void on_set(const void* owner, std::function<void()> close) const {
    const std::lock_guard guard{mutex_};
    if (set_)
      close();
    hooks_.emplace_back(owner, std::move(close));
  }
  /// The owner's hook is gone, and does not run, when this returns.
  void forget(const void* owner) const {
    const std::lock_guard guard{mutex_};
    std::erase_if(hooks_, [&](const auto& h) { return h.first == owner; });
  }

private:
  std::atomic<bool> set_{false};
  mutable std::mutex mutex_; // guards hooks_; nobody takes it for a token
  /// One per attempt.
  mutable std::vector<std::pair<const void*, std::function<void()>>> hooks_;
};

/// How long we have held a socket so far, in all.
///
/// Threads: any; nothing blocks.
class transfer_meter {
public:
  /// It is held from now on, or no longer. Idempotent.
  void hold(steady_time now) noexcept {
    auto seen = paused_.load();
    while (!(seen & 1)
           && !paused_.compare_exchange_weak(
             seen, ((seen >> 1) - ticks(now)) * 2 + 1)) {
    }
  }
  void release(steady_time now) noexcept {
    auto seen = paused_.load();
    while (
      (seen & 1)
      && !paused_.compare_exchange_weak(seen, ((seen >> 1) + ticks(now)) * 2)) {
    }
  }

  /// An attempt's clocks run on `now - paused_for(now)`, which stands still
  /// while we hold the socket.
  std::chrono::nanoseconds paused_for(steady_time now) const noexcept {
    const auto seen = paused_.load();
    return std::chrono::nanoseconds{(seen >> 1)
                                    + ((seen & 1) ? ticks(now) : 0)};
  }

private:
  static std::int64_t ticks(steady_time time) noexcept {
    using std::chrono::nanoseconds;
    return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch())
      .count();
  }

  // Nanoseconds held in all, shifted left by one. While the socket is held the
  // lowest bit is set and the time since is missing: total minus start.
  std::atomic<std::int64_t> paused_{0};
};

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
    footprint::note(footprint::place::link, this, &mutex_);
    if (stopping_)
      footprint::note(footprint::place::stop_mark,
                      reinterpret_cast<const char&>(*stopping_));
    received_ += bytes;
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

  /// The stream's, or null.
  const stop_mark* mark() const noexcept { return stopping_.get(); }

  /// Whether we hold the socket. The attempt's clocks stand still meanwhile.
  bool paused() const noexcept { return paused_; }
  std::size_t in_flight_bytes() const noexcept { return in_flight_; }
  /// All bytes that ever came.
  std::size_t received_bytes() const noexcept { return received_; }
  transfer_meter& meter() noexcept { return meter_; }

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
  std::atomic<std::size_t> received_{0};
  transfer_meter meter_;
  std::mutex mutex_; // guards resume_; taken on a resume only
  std::function<void()> resume_;
};

} // namespace penstock
