// How a host listens to a workspace.
#pragma once

#include "messages/stream.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace penstock {

/// Functions that are called as events come.
///
/// Threads: on a callback thread of the runtime, never on one of its actors',
///          one call at a time for one subscription. With one callback thread
///          (the default) all subscriptions take turns, so a slow function
///          delays other callbacks, but no stream: what it misses meanwhile
///          reaches it merged into fewer and larger deltas.
/// Errors:  what a function throws is reported to the log hook and ignored.
struct subscription_callbacks {
  std::function<void(const event_batch&)> on_events;
  /// Nothing will come any more: the runtime has shut down. May be empty. It is
  /// not called for a subscription that was destroyed.
  std::function<void()> on_closed;
};

/// Events of one workspace, from a position on (SPEC §3). Made by
/// `runtime::subscribe`; three ways to use it:
///
///   poll      `while (!s.ended()) for (auto& e : s.poll()) …`
///   wait      the same with `wait(100ms)`, which blocks the calling thread
///   callback  with `subscription_callbacks`; do not poll then
///
/// The workspace sends one batch ahead; the next one holds all that came since
/// the one before was taken. A host that takes nothing costs nothing.
///
/// Lifetime: destroying it unsubscribes. From then on no callback runs: the
///           destructor waits for one that does, unless it is called from
///           inside of it. It may outlive the runtime, and is then closed.
/// Threads:  `poll`, `wait` and `ended` from any thread, not while another
///           destroys or moves the object.
class subscription {
public:
  /// Is closed and has no events.
  subscription();
  ~subscription();
  /// Leaves one that is closed and has no events.
  subscription(subscription&&) noexcept;
  /// Ends what was there, then the same.
  subscription& operator=(subscription&&) noexcept;

  /// The events that are there, oldest first; empty if none are.
  event_batch poll();

  /// The next events, as soon as there are any. Empty if there were none within
  /// `limit`, or if nothing will come any more (`ended`).
  event_batch wait(std::chrono::milliseconds limit);

  /// Nothing will come any more and everything was taken.
  bool ended() const;

private:
  friend class runtime;
  struct parts;
  explicit subscription(std::unique_ptr<parts> made);
  void leave();

  std::unique_ptr<parts> parts_; // null: closed
};

} // namespace penstock
