#include "tests/support/tool_process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace penstock::testing {

namespace {

/// What the program gets of our environment; the rest is the test's.
constexpr const char* passed_on[] = {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                     "TSAN_OPTIONS", "LSAN_OPTIONS"};

void fail(const char* what) {
  throw std::runtime_error{what};
}

struct spawning {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  spawning() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // As a shell starts it, whatever the test runner ignores or blocks.
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF
                                            | POSIX_SPAWN_SETSIGMASK
                                            | POSIX_SPAWN_SETSID);
  }
  ~spawning() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  spawning(const spawning&) = delete;
  spawning& operator=(const spawning&) = delete;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> made;
  for (auto& text : texts)
    made.push_back(text.data());
  made.push_back(nullptr);
  return made;
}

std::vector<std::string> environment_of(const tool_call& call) {
  std::vector<std::string> made;
  for (const auto* name : passed_on)
    if (const auto* value = std::getenv(name))
      made.push_back(std::string{name} + '=' + value);
  for (const auto& [name, value] : call.environment)
    made.push_back(name + '=' + value);
  return made;
}

void write_all(int descriptor, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto n = write(descriptor, text.data() + at, text.size() - at);
    if (n <= 0)
      return; // It reads no more.
    at += static_cast<std::size_t>(n);
  }
}

/// @returns whether more may come.
bool read_some(int descriptor, std::string& to, std::mutex& mutex) {
  char buffer[64u << 10];
  const auto got = read(descriptor, buffer, sizeof buffer);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return true;
  if (got <= 0) // EIO: the terminal's other side has gone.
    return false;
  const std::lock_guard lock{mutex};
  to.append(buffer, static_cast<std::size_t>(got));
  return true;
}

} // namespace

tool_process::tool_process(const tool_call& call)
  : reads_out_(call.reads_output), reads_err_(call.reads_errors) {
  const auto* path = std::getenv("PENSTOCK_TOOL");
  if (!path)
    fail("PENSTOCK_TOOL is not set");
  spawning how;
  int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
  std::string name; // of the terminal
  if (call.terminal) {
    terminal_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal_ < 0 || grantpt(terminal_) != 0 || unlockpt(terminal_) != 0)
      fail("no terminal");
    name = ptsname(terminal_);
    // The leader of a session makes what it opens its terminal.
    posix_spawn_file_actions_addopen(&how.actions, 0, name.c_str(), O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&how.actions, 0, 1);
    posix_spawn_file_actions_adddup2(&how.actions, 0, 2);
    out_fd_ = terminal_;
  } else {
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0
        || pipe2(err, O_CLOEXEC) != 0)
      fail("no pipe");
    posix_spawn_file_actions_adddup2(
      &how.actions, call.input_from >= 0 ? call.input_from : in[0], 0);
    posix_spawn_file_actions_adddup2(
      &how.actions, call.output_to >= 0 ? call.output_to : out[1], 1);
    posix_spawn_file_actions_adddup2(&how.actions, err[1], 2);
    in_ = in[1];
    out_fd_ = out[0];
    err_fd_ = err[0];
  }
  std::vector<std::string> arguments{path};
  arguments.insert(arguments.end(), call.arguments.begin(),
                   call.arguments.end());
  for (const int end : call.closed)
    posix_spawn_file_actions_addclose(&how.actions, end);
  auto environment = environment_of(call);
  const bool failed =
    posix_spawn(&pid_, path, &how.actions, &how.attributes,
                pointers(arguments).data(), pointers(environment).data())
    != 0;
  for (const int end : {in[0], out[1], err[1]})
    if (end >= 0)
      close(end);
  if (failed) {
    close_ends();
    fail("cannot start the tool");
  }
  for (const int end : {out_fd_, err_fd_})
    if (end >= 0)
      fcntl(end, F_SETFL, O_NONBLOCK);
  stop_ = eventfd(0, EFD_CLOEXEC);
  reader_ = std::thread{[this] { read_all(); }};
  if (!call.terminal) {
    signal(SIGPIPE, SIG_IGN); // It may end before it has read its input.
    write_all(in_, call.input);
    close(std::exchange(in_, -1));
  }
}

tool_process::~tool_process() {
  send(SIGKILL);
  eventfd_write(stop_, 1);
  reader_.join();
  if (!status_)
    waitpid(pid_, nullptr, 0);
  close_ends();
}

void tool_process::close_ends() {
  for (const int end : {in_, out_fd_, err_fd_, stop_})
    if (end >= 0)
      close(end);
}

void tool_process::send(int signal) {
  if (!status_) // A zombie until waitpid: the id stays ours.
    kill(pid_, signal);
}

void tool_process::type(const std::string& keys) {
  write_all(terminal_, keys);
}

void tool_process::close_output() {
  close(std::exchange(out_fd_, -1));
}

void tool_process::close_errors() {
  close(std::exchange(err_fd_, -1));
}

int tool_process::exit_code(milliseconds limit) {
  if (!status_) {
    const auto end = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    pollfd what{end, POLLIN, 0};
    const bool over = poll(&what, 1, static_cast<int>(limit.count())) == 1;
    close(end);
    if (!over)
      return -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    status_ = status;
    eventfd_write(stop_, 1);
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return ended_; });
  }
  return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
}

void tool_process::read_all() {
  bool out_open = reads_out_, err_open = reads_err_ && err_fd_ >= 0,
       stopped = false;
  while (out_open || err_open) {
    pollfd all[] = {{out_open ? out_fd_ : -1, POLLIN, 0},
                    {err_open ? err_fd_ : -1, POLLIN, 0},
                    {stopped ? -1 : stop_, POLLIN, 0}};
    // Once it has ended, what is there is all there is.
    if (poll(all, 3, stopped ? 0 : -1) == 0)
      break;
    if (all[0].revents != 0)
      out_open = read_some(out_fd_, out_, mutex_);
    if (all[1].revents != 0)
      err_open = read_some(err_fd_, err_, mutex_);
    stopped = stopped || all[2].revents != 0;
    const std::lock_guard lock{mutex_};
    changed_.notify_all();
  }
  const std::lock_guard lock{mutex_};
  ended_ = true;
  changed_.notify_all();
}

std::string tool_process::out() const {
  const std::lock_guard lock{mutex_};
  return out_;
}

std::string tool_process::err() const {
  const std::lock_guard lock{mutex_};
  return err_;
}

std::size_t tool_process::unread_bytes() const {
  int bytes = 0;
  ioctl(out_fd_, FIONREAD, &bytes);
  return static_cast<std::size_t>(bytes);
}

bool tool_process::wait_for(const std::string& where,
                            const std::string& text) const {
  std::unique_lock lock{mutex_};
  const auto found = [&] { return where.find(text) != where.npos; };
  changed_.wait_for(lock, patience, [&] { return found() || ended_; });
  return found();
}

bool tool_process::wait_for_out(const std::string& text) const {
  return wait_for(out_, text);
}

bool tool_process::wait_for_err(const std::string& text) const {
  return wait_for(err_, text);
}

tool_result run_tool(const tool_call& call) {
  tool_process tool{call};
  const int code = tool.exit_code();
  return {code, tool.out(), tool.err()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

} // namespace penstock::testing
