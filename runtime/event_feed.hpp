// Internal: what a subscription of a host and its sink inside the actors
// share.
#pragma once

#include "messages/subscriber.hpp"
#include "runtime/callback_threads.hpp"
#include "runtime/subscription.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace penstock {

/// Holds the one batch that the workspace may have sent ahead.
///
/// Threads:   any. Callbacks run on `callback_threads`, one at a time.
/// Invariant: the credit is out (the workspace may send) iff no batch waits
///            and no callback runs on one.
class event_feed : public std::enable_shared_from_this<event_feed> {
public:
  /// Tells the workspace that the credit is back and that it wanted it.
  using credit_hook = std::function<void()>;

  /// Without callbacks, events wait for `poll` or `wait`.
  event_feed(subscription_callbacks calls,
             std::shared_ptr<callback_threads> threads, credit_hook returned);

  /// What the actors get. Its destruction closes the feed: nobody is left who
  /// could send, be it for a shutdown or for a crash. Call once.
  std::shared_ptr<event_sink> make_sink();

  /// What is there, or nothing.
  event_batch poll();
  /// As soon as there is something, or the feed is closed, or at the deadline.
  event_batch wait_until(std::chrono::steady_clock::time_point deadline);
  /// Closed, and every event has been taken.
  bool ended() const;

  /// The host has lost interest: no callback begins from now on, and none runs
  /// when this returns, unless it is the one that called this.
  void detach();

private:
  class sink;

  void deliver(event_batch batch);
  void round_over();
  void close();
  event_batch take(std::unique_lock<std::mutex>& lock);
  void return_credit();
  void schedule();
  void call_back();

  const std::shared_ptr<callback_threads> threads_; // null without callbacks
  const credit_hook credit_returned_;
  std::weak_ptr<event_sink> sink_;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  std::shared_ptr<const subscription_callbacks> calls_; // null: detached
  event_batch waiting_;
  bool closed_ = false;
  bool told_closed_ = false;
  bool scheduled_ = false;  ///< A `call_back` is on its way or runs.
  std::thread::id calling_; ///< The thread inside of a callback, if one is.
};

} // namespace penstock
