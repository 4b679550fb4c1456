#include "runtime/event_feed.hpp"

#include <iterator>
#include <utility>

namespace penstock {

class event_feed::sink final : public event_sink {
public:
  explicit sink(std::shared_ptr<event_feed> to) : to_(std::move(to)) {}
  ~sink() override { to_->close(); }
  void deliver(event_batch batch) override { to_->deliver(std::move(batch)); }
  void round_over() override { to_->round_over(); }
  void closed() override { to_->close(); }

private:
  const std::shared_ptr<event_feed> to_;
};

event_feed::event_feed(subscription_callbacks calls,
                       std::shared_ptr<callback_threads> threads,
                       credit_hook returned)
  : threads_(calls.on_events ? std::move(threads) : nullptr),
    credit_returned_(std::move(returned)),
    calls_(std::make_shared<const subscription_callbacks>(std::move(calls))) {}

std::shared_ptr<event_sink> event_feed::make_sink() {
  auto made = std::make_shared<sink>(shared_from_this());
  sink_ = made;
  return made;
}

// ---- from the actors -------------------------------------------------------

void event_feed::deliver(event_batch batch) {
  std::lock_guard guard{mutex_};
  if (!calls_)
    return;
  if (waiting_.empty())
    waiting_ = std::move(batch);
  else
    std::move(batch.begin(), batch.end(), std::back_inserter(waiting_));
  changed_.notify_all();
  schedule();
}

void event_feed::round_over() {
  if (threads_)
    threads_->announce();
}

void event_feed::close() {
  std::lock_guard guard{mutex_};
  closed_ = true;
  changed_.notify_all();
  schedule();
  round_over(); // There may be no other.
}

// ---- to the host -----------------------------------------------------------

event_batch event_feed::take(std::unique_lock<std::mutex>& lock) {
  auto batch = std::exchange(waiting_, {});
  lock.unlock();
  if (!batch.empty())
    return_credit();
  return batch;
}

event_batch event_feed::poll() {
  std::unique_lock lock{mutex_};
  return take(lock);
}

event_batch
event_feed::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  const auto ready = [&] { return closed_ || !waiting_.empty(); };
  // Some libraries wait on the wall clock and overflow near its end.
  if (deadline == std::chrono::steady_clock::time_point::max())
    changed_.wait(lock, ready);
  else
    changed_.wait_until(lock, deadline, ready);
  return take(lock);
}

bool event_feed::ended() const {
  std::lock_guard guard{mutex_};
  return closed_ && waiting_.empty();
}

// The sink may go with our reference, so no lock is held.
void event_feed::return_credit() {
  if (const auto to = sink_.lock(); to && to->return_credit())
    credit_returned_();
}

// ---- callbacks -------------------------------------------------------------

// Wakes nobody: a thread that is woken for each of a hundred subscribers takes
// the processor from who tells them, a hundred times.
// @pre the lock is held, and `round_over` follows.
void event_feed::schedule() {
  const bool something = !waiting_.empty() || (closed_ && !told_closed_);
  if (!threads_ || scheduled_ || !calls_ || !something)
    return;
  scheduled_ = true;
  threads_->put_off([me = shared_from_this()] { me->call_back(); });
}

/// Brings the feed back to rest, also after an exception of the host's.
void event_feed::call_back() {
  std::unique_lock lock{mutex_};
  auto calls = calls_; // outlives a `detach` from inside
  auto batch = std::exchange(waiting_, {});
  const bool close = batch.empty() && closed_ && !told_closed_;
  told_closed_ = told_closed_ || close;
  if (!calls) {
    scheduled_ = false;
    return;
  }
  calling_ = std::this_thread::get_id();
  lock.unlock();

  const auto rest = [&] {
    if (!close)
      return_credit();
    calls.reset(); // `detach` has the last one, if it waits.
    lock.lock();
    calling_ = {};
    scheduled_ = false;
    changed_.notify_all();
    schedule();
    round_over();
    lock.unlock();
  };
  try {
    if (!close)
      calls->on_events(batch);
    else if (calls->on_closed)
      calls->on_closed();
  } catch (...) {
    rest();
    throw; // `callback_threads` reports it
  }
  rest();
}

void event_feed::detach() {
  std::unique_lock lock{mutex_};
  // What the callbacks hold is the host's: it goes on the host's thread.
  auto calls = std::exchange(calls_, nullptr);
  waiting_.clear();
  if (calling_ != std::this_thread::get_id())
    changed_.wait(lock, [&] { return calling_ == std::thread::id{}; });
  lock.unlock();
}

} // namespace penstock
