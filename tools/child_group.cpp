#include "tools/child_group.hpp"

#include "providers/owned_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <set>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace penstock::cli {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto group_look_ms = 5ms; // Between two looks at who is left.

/// Not for the lifetime of a thread: a host may want its SIGPIPE.
class no_sigpipe {
public:
  no_sigpipe() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~no_sigpipe() {
    const timespec now{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &now) == -1 && errno == EINTR) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  no_sigpipe(const no_sigpipe&) = delete;
  no_sigpipe& operator=(const no_sigpipe&) = delete;

private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

/// The groups that run, of the whole process as they are its children.
class group_list {
public:
  /// Under the lock, so that none begins unseen by `kill_all`.
  /// @param start makes a group and returns its number, or -1.
  template <class Start>
  void add(Start start) {
    const std::lock_guard lock{mutex_};
    if (!closed_)
      if (const pid_t group = start(); group > 0)
        groups_.insert(group);
  }
  void remove(pid_t group) {
    const std::lock_guard lock{mutex_};
    groups_.erase(group);
  }
  void kill_all() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    for (const auto group : groups_)
      kill(-group, SIGKILL);
  }

private:
  std::mutex mutex_;
  std::set<pid_t> groups_;
  bool closed_ = false;
};

group_list& running_groups() {
  static auto& all = *new group_list; // Outlives threads left to themselves.
  return all;
}

struct pipe_ends {
  owned_fd read, write;
};

/// Above 2, so that no end is in the way of the child's three.
bool make_pipe(pipe_ends& ends) {
  std::array<int, 2> raw{};
  if (pipe2(raw.data(), O_CLOEXEC) != 0)
    return false;
  const owned_fd low_read{raw[0]};
  const owned_fd low_write{raw[1]};
  ends.read = owned_fd{fcntl(raw[0], F_DUPFD_CLOEXEC, 3)};
  ends.write = owned_fd{fcntl(raw[1], F_DUPFD_CLOEXEC, 3)};
  return ends.read && ends.write;
}

bool set_nonblocking(const owned_fd& which) {
  return fcntl(which.get(), F_SETFL, O_NONBLOCK) == 0;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const auto& text : texts)
    all.push_back(const_cast<char*>(text.c_str())); // posix_spawn reads them
  all.push_back(nullptr);
  return all;
}

/// 0, or errno.
int spawn(const child_command& command, const std::array<int, 3>& ends,
          pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&how);
  int failed = 0;
  for (int i = 0; i < 3 && failed == 0; ++i)
    failed = posix_spawn_file_actions_adddup2(
      &files, ends[static_cast<std::size_t>(i)], i);
  if (failed == 0)
    failed = posix_spawn_file_actions_addclosefrom_np(&files, 3);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK
                                   | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&how, 0);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setsigdefault(&how, &all);
  if (failed == 0)
    failed = posix_spawnp(&child, command.argv.front().c_str(), &files, &how,
                          pointers(command.argv).data(),
                          pointers(command.environment).data());
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  return failed;
}

class child_group {
public:
  child_group(const child_command& command, std::string_view input)
    : command_(command), input_(input),
      // A wait of a year needs no more, and cannot overflow.
      deadline_(
        steady_clock::now()
        + std::min<std::chrono::milliseconds>(command.timeout_ms, 24h * 365)) {}

  child_end run(std::stop_token cancelled) {
    if (const int failed = start()) {
      end_.number = failed;
      return std::move(end_);
    }
    {
      const std::stop_callback wake{std::move(cancelled),
                                    [this] { eventfd_write(wake_.get(), 1); }};
      while (!exited_)
        step();
    }
    drain();
    end_group();
    return std::move(end_);
  }

private:
  using kind = child_end::kind;

  int start() {
    wake_ = owned_fd{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    pipe_ends in, out, err;
    if (!wake_ || !make_pipe(in) || !make_pipe(out) || !make_pipe(err)
        || !set_nonblocking(in.write) || !set_nonblocking(out.read)
        || !set_nonblocking(err.read))
      return errno;
    int spawned = ECANCELED;
    running_groups().add([&] {
      spawned = spawn(
        command_, {in.read.get(), out.write.get(), err.write.get()}, child_);
      return spawned == 0 ? child_ : -1;
    });
    if (spawned != 0)
      return spawned;
    in_ = std::move(in.write);
    out_ = std::move(out.read);
    err_ = std::move(err.read);
    exit_ = owned_fd{static_cast<int>(syscall(SYS_pidfd_open, child_, 0))};
    if (exit_)
      return 0;
    const int failed = errno;
    kill(-child_, SIGKILL);
    running_groups().remove(child_);
    while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
    return failed;
  }

  void step() {
    if (input_.empty())
      in_ = owned_fd{};
    std::array<pollfd, 5> on{{{exit_.get(), POLLIN, 0},
                              {ending_ ? -1 : wake_.get(), POLLIN, 0},
                              {in_.get(), POLLOUT, 0},
                              {out_.get(), POLLIN, 0},
                              {err_.get(), POLLIN, 0}}};
    poll(on.data(), on.size(), wait_ms());
    exited_ = on[0].revents != 0;
    if (on[1].revents != 0)
      end_early(kind::cancelled);
    if (on[2].revents != 0 && in_)
      feed();
    if (on[3].revents != 0)
      take(out_, SIZE_MAX);
    if (on[4].revents != 0)
      take(err_, SIZE_MAX);
    if (!exited_ && steady_clock::now() >= deadline_) {
      if (!ending_)
        end_early(kind::timed_out);
      else
        kill_now();
    }
  }

  int wait_ms() const {
    if (killed_)
      return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      deadline_ - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
  }

  void end_early(kind why) {
    if (ending_)
      return;
    ending_ = true;
    end_.how = why;
    in_ = owned_fd{};
    begin_grace();
  }

  void begin_grace() {
    kill(-child_, SIGTERM);
    deadline_ =
      steady_clock::now()
      + std::min<std::chrono::milliseconds>(command_.kill_grace_ms, 24h * 365);
  }

  void kill_now() {
    killed_ = true;
    kill(-child_, SIGKILL);
    // Only for its exit do we wait now.
    deadline_ = steady_clock::time_point::max();
  }

  void feed() {
    const no_sigpipe quiet;
    const auto put = write(in_.get(), input_.data(), input_.size());
    if (put > 0)
      input_.remove_prefix(static_cast<std::size_t>(put));
    else if (put < 0 && errno != EAGAIN && errno != EINTR)
      in_ = owned_fd{}; // It does not read, which is its right.
  }

  /// Takes up to `most` bytes of what is there. @returns how many.
  std::size_t take(owned_fd& from, std::size_t most) {
    std::array<char, 64 << 10> bytes;
    const auto got =
      read(from.get(), bytes.data(), std::min(most, bytes.size()));
    if (got <= 0) {
      if (got == 0 || (errno != EAGAIN && errno != EINTR))
        from = owned_fd{};
      return 0;
    }
    const auto count = static_cast<std::size_t>(got);
    auto& text = &from == &out_ ? end_.output : end_.errors;
    if (&from == &out_) {
      if (count > command_.output_bytes_max - text.size())
        end_early(kind::too_large);
      if (!ending_)
        text.append(bytes.data(), count);
      return count;
    }
    text.append(bytes.data(), count);
    if (text.size() > command_.errors_bytes_max)
      text.erase(0, text.size() - command_.errors_bytes_max);
    return count;
  }

  /// What it wrote before it exited is in the pipes now. No end is awaited:
  /// those whom it left behind may hold them open, and write for ever.
  void drain() {
    for (auto* from : {&out_, &err_}) {
      int there = 0;
      if (!*from || ioctl(from->get(), FIONREAD, &there) != 0)
        continue;
      auto left = static_cast<std::size_t>(std::max(there, 0));
      while (left > 0 && *from) {
        const auto got = take(*from, left);
        if (got == 0)
          break;
        left -= got;
      }
    }
  }

  /// The child has exited and is not reaped: nobody else has its number.
  void end_group() {
    out_ = owned_fd{};
    err_ = owned_fd{};
    in_ = owned_fd{};
    if (!ending_ && !killed_)
      begin_grace();
    reap();
    // While one of them is left, the number stays the group's.
    while (!killed_ && kill(-child_, 0) == 0) {
      if (steady_clock::now() >= deadline_)
        kill_now();
      else
        poll(nullptr, 0, static_cast<int>(group_look_ms.count()));
    }
    running_groups().remove(child_);
  }

  void reap() {
    siginfo_t how{};
    int failed = 0;
    do {
      failed = waitid(P_PID, static_cast<id_t>(child_), &how, WEXITED);
    } while (failed != 0 && errno == EINTR);
    if (ending_)
      return;
    end_.number = how.si_status;
    if (failed != 0)
      end_.how = kind::lost;
    else
      end_.how = how.si_code == CLD_EXITED ? kind::exited : kind::signalled;
  }

  const child_command& command_;
  std::string_view input_; // what is still to be written
  steady_clock::time_point deadline_;
  pid_t child_ = -1;
  owned_fd wake_, exit_, in_, out_, err_;
  child_end end_;
  bool exited_ = false;
  bool ending_ = false; // `end_.how` is decided, SIGTERM is sent
  bool killed_ = false;
};

} // namespace

child_end run_child(const child_command& command, std::string_view input,
                    std::stop_token cancelled) {
  if (cancelled.stop_requested())
    return {child_end::kind::cancelled, 0, {}, {}};
  return child_group{command, input}.run(std::move(cancelled));
}

void kill_children() {
  running_groups().kill_all();
}

} // namespace penstock::cli
