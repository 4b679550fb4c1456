#include "runtime/tool_pool.hpp"

#include "messages/check.hpp"
#include "providers/named_thread.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace penstock {

struct tool_pool::entry {
  blocking_call call;
  tool_runner::done_function done; // empty once called
  std::stop_source stop;           // of the token that the function has
  bool asked_to_stop = false;
  std::list<entry_ptr>::iterator place; // while it is queued
  deadline_id deadline{};
  steady_time give_up_at{};
  // Set by `run` alone; goes with the entry.
  std::optional<std::stop_callback<std::function<void()>>> link;
};

namespace {

// A host may write "for ever" as a number that no time point can hold.
constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};

error cancelled() {
  return {errc::aborted, "cancelled"};
}

error call_function(const blocking_call& call, std::stop_token token) {
  try {
    call.function(std::move(token));
    return {};
  } catch (const std::exception& why) {
    return {errc::tool, call.name + " failed: " + why.what()};
  } catch (...) {
    return {errc::tool, call.name + " failed"};
  }
}

} // namespace

tool_pool::tool_pool(clock& time, tool_thread_options options)
  : options_(options), clock_(&time) {
  PENSTOCK_CHECK(options.threads > 0);
}

void tool_pool::run(blocking_call call, tool_runner::done_function done) {
  PENSTOCK_CHECK(call.function && done);
  if (call.cancelled.stop_requested())
    return done(cancelled());
  const auto one = std::make_shared<entry>();
  const auto token = call.cancelled;
  one->call = std::move(call);
  one->done = std::move(done);
  errands later;
  {
    const lock held{mutex_};
    PENSTOCK_CHECK(!closing_);
    one->place = queue_.insert(queue_.end(), one);
    staff(later);
  }
  work_changed_.notify_one();
  run_errands(later);
  // Last, for it may call back at once.
  one->link.emplace(
    token, [pool = weak_from_this(), weak = std::weak_ptr<entry>{one}] {
      const auto strong = pool.lock();
      if (const auto it = weak.lock(); strong && it)
        strong->cancel(it);
    });
}

tool_thread_counts tool_pool::counts() const {
  const lock held{mutex_};
  return {.threads = threads_.size(),
          .busy = running_.size(),
          .hung = hung_,
          .queued = queue_.size(),
          .hung_total = hung_total_};
}

bool tool_pool::is_own_thread() const {
  const lock held{mutex_};
  return threads_.contains(std::this_thread::get_id());
}

void tool_pool::excuse_caller() {
  const lock held{mutex_};
  if (const auto self = std::this_thread::get_id(); threads_.contains(self))
    excused_.insert(self);
}

bool tool_pool::close() {
  errands later;
  std::vector<entry_ptr> asked, upkeep;
  {
    const lock held{mutex_};
    if (std::exchange(closing_, true))
      return true;
    for (const auto& one : running_) {
      one->asked_to_stop = true;
      asked.push_back(one);
    }
    for (const auto& one : std::exchange(queue_, {}))
      if (one->call.of == blocking_call::kind::upkeep)
        upkeep.push_back(*running_.insert(one).first);
      else
        settle(*one, cancelled(), later);
  }
  work_changed_.notify_all();
  run_errands(later);
  for (const auto& one : asked)
    one->stop.request_stop();

  lock held{mutex_};
  for (const auto& one : upkeep) { // No thread may be left for it.
    arm(one, one->call.timeout_ms);
    execute(one, held);
  }
  // A handler may hold the last reference to the runtime: then this is one of
  // the threads.
  if (const auto self = std::this_thread::get_id(); threads_.contains(self))
    excused_.insert(self);
  const bool all_ended =
    thread_ended_.wait_for(held, options_.close_deadline_ms, [&] {
      return std::all_of(threads_.begin(), threads_.end(), [&](const auto& t) {
        return excused_.contains(t.first);
      });
    });
  for (const auto& one : std::exchange(running_, {}))
    give_up(one, cancelled(), later);
  clock_ = nullptr;
  auto ended = std::exchange(ended_, {});
  for (auto& [id, thread] : std::exchange(threads_, {}))
    thread.detach();
  held.unlock();
  for (auto& thread : ended)
    thread.join();
  run_errands(later);
  return all_ended;
}

void tool_pool::work() {
  const auto self = std::this_thread::get_id();
  lock held{mutex_};
  for (;;) {
    ++idle_;
    work_changed_.wait(held, [this] { return closing_ || !queue_.empty(); });
    --idle_;
    if (closing_)
      break;
    const auto one = queue_.front();
    queue_.pop_front();
    running_.insert(one);
    arm(one, one->call.timeout_ms);
    execute(one, held);
    // A thread that was replaced while it hung is one too many.
    if (!closing_ && threads_.size() > options_.threads + hung_)
      break;
  }
  if (const auto it = threads_.find(self); it != threads_.end()) {
    if (closing_)
      ended_.push_back(std::move(it->second));
    else
      it->second.detach();
    threads_.erase(it);
  } // Else close() has detached it.
  thread_ended_.notify_all();
}

void tool_pool::execute(const entry_ptr& one, lock& held) {
  held.unlock();
  auto why = call_function(one->call, one->stop.get_token());
  one->call.function = nullptr; // What it owns goes before anybody is told.
  held.lock();
  errands later;
  if (running_.erase(one) > 0) {
    if (clock_)
      clock_->cancel(one->deadline);
    settle(*one, one->asked_to_stop ? cancelled() : std::move(why), later);
  } else {
    --hung_;
  }
  held.unlock();
  run_errands(later);
  held.lock();
}

// The caller's token was stopped.
void tool_pool::cancel(const entry_ptr& one) {
  errands later;
  {
    const lock held{mutex_};
    if (!one->done || one->asked_to_stop)
      return;
    one->asked_to_stop = true;
    if (running_.count(one) == 0) {
      queue_.erase(one->place);
      settle(*one, cancelled(), later);
    } else {
      const auto left = one->give_up_at - clock_->now();
      clock_->cancel(one->deadline);
      arm(one, std::min(options_.cancel_grace_ms,
                        std::chrono::ceil<std::chrono::milliseconds>(left)));
      later.push_back([one] { one->stop.request_stop(); });
    }
  }
  run_errands(later);
}

// The deadline of a running call has fired, or one that was replaced since.
void tool_pool::expire(const entry_ptr& one) {
  errands later;
  {
    const lock held{mutex_};
    if (!clock_ || running_.count(one) == 0 || clock_->now() < one->give_up_at)
      return;
    running_.erase(one);
    auto why = cancelled();
    if (!one->asked_to_stop)
      why = {errc::timeout, one->call.name + " timed out after "
                              + std::to_string(one->call.timeout_ms.count())
                              + " ms"};
    give_up(one, std::move(why), later);
    staff(later);
  }
  run_errands(later);
}

void tool_pool::arm(const entry_ptr& one, std::chrono::milliseconds after) {
  // close() forgets the clock only when nothing runs any more.
  PENSTOCK_CHECK(clock_ != nullptr);
  one->give_up_at = clock_->now() + std::min(after, longest);
  one->deadline =
    clock_->arm(one->give_up_at,
                [pool = weak_from_this(), weak = std::weak_ptr<entry>{one}] {
                  const auto strong = pool.lock();
                  if (const auto it = weak.lock(); strong && it)
                    strong->expire(it);
                });
}

void tool_pool::settle(entry& one, error why, errands& later) {
  PENSTOCK_CHECK(one.done);
  later.push_back([done = std::exchange(one.done, nullptr),
                   why = std::move(why)] { done(why); });
}

void tool_pool::give_up(const entry_ptr& one, error why, errands& later) {
  ++hung_;
  ++hung_total_;
  if (clock_)
    clock_->cancel(one->deadline);
  settle(*one, std::move(why), later);
  later.push_back([one] { one->stop.request_stop(); });
}

// Starts a thread if a call needs one and there may be one more. If all hang,
// nothing that waits will ever run.
void tool_pool::staff(errands& later) {
  if (closing_ || queue_.size() <= idle_)
    return;
  const auto most = options_.threads + options_.hung_threads_max;
  if (threads_.size() - hung_ < options_.threads && threads_.size() < most) {
    auto thread = start_named_thread(
      "penstock-tool", [self = shared_from_this()] { self->work(); });
    if (thread) {
      const auto id = thread->get_id();
      threads_.emplace(id, std::move(*thread));
    }
  }
  if (threads_.size() > hung_)
    return;
  for (const auto& one : std::exchange(queue_, {}))
    settle(*one,
           {errc::tool, one->call.name
                          + " was not started: no tool thread is free ("
                          + std::to_string(hung_) + " hang)"},
           later);
}

void tool_pool::run_errands(errands& what) {
  for (auto& errand : std::exchange(what, {}))
    errand();
}

} // namespace penstock
