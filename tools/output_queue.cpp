#include "tools/output_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace penstock::cli {

namespace {

/// A pipe that poll() calls writable takes so much without blocking.
constexpr std::size_t piece_bytes = 4'096;

} // namespace

struct output_queue::state {
  struct entry {
    int descriptor;
    std::string bytes;
  };

  state(int watched_, failure_hook hook, std::size_t most)
    : watched(watched_), bytes_max(most),
      wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      on_failure(std::move(hook)) {
    if (wake < 0)
      throw std::system_error{errno, std::generic_category(), "eventfd"};
  }
  ~state() { close(wake); }

  void signal() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake, &one, sizeof one);
  }

  void run();
  bool wait_for(int descriptor, short events) const;
  int write_one(int descriptor, std::string_view& bytes);
  void fail(int error_number);
  void lose(int descriptor, std::size_t unwritten);

  const int watched;
  const std::size_t bytes_max;
  const int wake;

  std::mutex hook_mutex; // held while it is called
  failure_hook on_failure;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<entry> entries;
  std::vector<int> lost;   // others than `watched`, whose readers have gone
  std::size_t waiting = 0; // bytes, those being written included
  std::optional<std::chrono::steady_clock::time_point> latest;
  int error_number = 0;
  bool over = false;
};

output_queue::output_queue(int watched, failure_hook on_failure,
                           std::size_t bytes_max)
  : state_(std::make_shared<state>(watched, std::move(on_failure), bytes_max)) {
  std::thread{[s = state_] { s->run(); }}.detach();
}

output_queue::~output_queue() {
  {
    const std::lock_guard lock{state_->hook_mutex};
    state_->on_failure = nullptr; // Whose it is may be gone from now on.
  }
  {
    const std::lock_guard lock{state_->mutex};
    state_->over = true;
  }
  state_->changed.notify_all();
  state_->signal();
}

void output_queue::write(int descriptor, std::string bytes) {
  if (bytes.empty())
    return;
  auto& s = *state_;
  std::unique_lock lock{s.mutex};
  s.changed.wait(lock, [&] {
    return s.waiting < s.bytes_max || s.latest || s.error_number != 0;
  });
  if (s.error_number != 0
      || std::find(s.lost.begin(), s.lost.end(), descriptor) != s.lost.end())
    return;
  s.waiting += bytes.size();
  if (!s.entries.empty() && s.entries.back().descriptor == descriptor)
    s.entries.back().bytes += bytes;
  else
    s.entries.push_back({descriptor, std::move(bytes)});
  lock.unlock();
  s.signal();
}

void output_queue::hurry(std::chrono::milliseconds limit) {
  {
    const std::lock_guard lock{state_->mutex};
    if (!state_->latest)
      state_->latest = std::chrono::steady_clock::now() + limit;
  }
  state_->changed.notify_all();
}

bool output_queue::flush() {
  auto& s = *state_;
  std::unique_lock lock{s.mutex};
  const auto done = [&] { return s.waiting == 0 || s.error_number != 0; };
  s.changed.wait(lock, [&] { return done() || s.latest; });
  if (!done())
    s.changed.wait_until(lock, *s.latest, done);
  return s.waiting == 0 && s.error_number == 0;
}

int output_queue::failure() const {
  const std::lock_guard lock{state_->mutex};
  return state_->error_number;
}

// ---- the thread ------------------------------------------------------------

/// Waits for `events` of the descriptor, or for more to write.
/// @returns whether the descriptor is in order.
bool output_queue::state::wait_for(int descriptor, short events) const {
  pollfd all[] = {{descriptor, events, 0}, {wake, POLLIN, 0}};
  // While it writes it need not know that there is more.
  const nfds_t count = events == 0 ? 2 : 1;
  while (poll(all, count, -1) < 0)
    if (errno != EINTR)
      return false;
  std::uint64_t ignored;
  if (all[1].revents != 0) [[maybe_unused]]
    const auto got = read(wake, &ignored, sizeof ignored);
  return (all[0].revents & (POLLERR | POLLNVAL)) == 0;
}

/// Takes from `bytes` what it has written. @returns errno, or 0.
int output_queue::state::write_one(int descriptor, std::string_view& bytes) {
  while (!bytes.empty()) {
    if (!wait_for(descriptor, POLLOUT))
      return EPIPE;
    const auto n =
      ::write(descriptor, bytes.data(), std::min(bytes.size(), piece_bytes));
    if (n < 0 && errno != EINTR && errno != EAGAIN)
      return errno;
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      const std::lock_guard lock{mutex};
      waiting -= static_cast<std::size_t>(n);
      changed.notify_all();
    }
  }
  return 0;
}

void output_queue::state::fail(int number) {
  {
    const std::lock_guard lock{mutex};
    error_number = number;
    entries.clear();
  }
  changed.notify_all();
  const std::lock_guard lock{hook_mutex};
  if (on_failure)
    on_failure(number);
}

void output_queue::state::lose(int descriptor, std::size_t unwritten) {
  {
    const std::lock_guard lock{mutex};
    lost.push_back(descriptor);
    waiting -= unwritten;
    std::erase_if(entries, [&](const entry& e) {
      if (e.descriptor == descriptor)
        waiting -= e.bytes.size();
      return e.descriptor == descriptor;
    });
  }
  changed.notify_all();
}

void output_queue::state::run() {
  for (;;) {
    std::unique_lock lock{mutex};
    if (over)
      return;
    if (entries.empty()) {
      lock.unlock();
      if (!wait_for(watched, 0))
        return fail(EPIPE);
      continue;
    }
    const auto next = std::move(entries.front());
    entries.pop_front();
    lock.unlock();
    std::string_view left = next.bytes;
    const auto number = write_one(next.descriptor, left);
    if (number != 0 && next.descriptor == watched)
      return fail(number);
    if (number != 0)
      lose(next.descriptor, left.size());
  }
}

} // namespace penstock::cli
