#include "runtime/callback_threads.hpp"

#include "providers/named_thread.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace penstock {

struct callback_threads::state {
  explicit state(log_hook l) : log(std::move(l)) {}

  const log_hook log;
  std::mutex mutex; // guards what follows
  std::condition_variable changed;
  std::deque<std::function<void()>> waiting;
  std::size_t running = 0; ///< Threads that have not left `run`.
  bool closing = false;
  std::vector<std::thread> threads;
  /// Some of `waiting` were put off. Read without the lock: who put off sees
  /// it, and the others' are not its concern.
  std::atomic<bool> unannounced{false};

  void run();
  void call(const std::function<void()>& what) const;
  bool is_own_thread() const;
  /// What a call leaves behind is made too: its thread ends after it.
  bool takes_more() const { return !closing || is_own_thread(); }
};

void callback_threads::state::run() {
  std::unique_lock lock{mutex};
  for (;;) {
    changed.wait(lock, [&] { return closing || !waiting.empty(); });
    if (waiting.empty())
      break;
    auto next = std::move(waiting.front());
    waiting.pop_front();
    lock.unlock();
    call(next);
    next = nullptr; // what it holds may be the host's
    lock.lock();
  }
  --running;
  changed.notify_all();
}

void callback_threads::state::call(const std::function<void()>& what) const {
  std::string line = "a callback of the host threw";
  try {
    what();
    return;
  } catch (const std::exception& e) {
    line += std::string{": "} + e.what();
  } catch (...) {
  }
  if (log)
    log(line);
}

bool callback_threads::state::is_own_thread() const {
  for (const auto& t : threads)
    if (t.get_id() == std::this_thread::get_id())
      return true;
  return false;
}

expected<std::unique_ptr<callback_threads>>
callback_threads::start(std::uint32_t count, log_hook log) {
  auto s = std::make_shared<state>(std::move(log));
  std::unique_ptr<callback_threads> made{new callback_threads{s}};
  std::lock_guard guard{s->mutex};
  for (std::uint32_t i = 0; i < count; ++i) {
    auto thread = start_named_thread("penstock-calls", [s] { s->run(); });
    if (!thread) {
      s->closing = true; // the destructor lets go of those that run
      s->changed.notify_all();
      return fail(thread.error());
    }
    ++s->running;
    s->threads.push_back(std::move(*thread));
  }
  return made;
}

callback_threads::callback_threads(std::shared_ptr<state> s)
  : state_(std::move(s)) {}

callback_threads::~callback_threads() {
  close(milliseconds{0});
  for (auto& t : state_->threads)
    if (t.joinable())
      t.detach();
}

bool callback_threads::post(std::function<void()> call) {
  std::lock_guard guard{state_->mutex};
  if (!state_->takes_more())
    return false;
  state_->waiting.push_back(std::move(call));
  state_->changed.notify_one();
  return true;
}

bool callback_threads::put_off(std::function<void()> call) {
  std::lock_guard guard{state_->mutex};
  if (!state_->takes_more())
    return false;
  state_->waiting.push_back(std::move(call));
  state_->unannounced.store(true, std::memory_order_relaxed);
  return true;
}

void callback_threads::announce() {
  auto& s = *state_;
  if (!s.unannounced.load(std::memory_order_relaxed))
    return;
  std::lock_guard guard{s.mutex};
  s.unannounced.store(false, std::memory_order_relaxed);
  if (s.waiting.size() == 1)
    s.changed.notify_one();
  else if (!s.waiting.empty())
    s.changed.notify_all();
}

void callback_threads::post_or_call(std::function<void()> call) {
  if (!post(call))
    state_->call(call);
}

bool callback_threads::is_own_thread() const {
  std::lock_guard guard{state_->mutex};
  return state_->is_own_thread();
}

bool callback_threads::close(milliseconds limit) {
  auto& s = *state_;
  std::unique_lock lock{s.mutex};
  s.closing = true;
  s.changed.notify_all();
  const std::size_t mine = s.is_own_thread() ? 1 : 0;
  if (!s.changed.wait_for(lock, limit, [&] { return s.running <= mine; }))
    return false;
  auto ended = std::exchange(s.threads, {});
  lock.unlock();
  for (auto& t : ended)
    if (t.get_id() == std::this_thread::get_id())
      t.detach();
    else
      t.join();
  return true;
}

} // namespace penstock
