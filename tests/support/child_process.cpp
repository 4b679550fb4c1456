#include "tests/support/child_process.hpp"

#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace penstock::testing {

child_process::child_process(const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw std::runtime_error{"no pipe"};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv;
  for (auto& argument : copies)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  const auto failed =
    posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  pipe_ = ends[0];
  if (failed) {
    close(pipe_);
    throw std::runtime_error{"cannot start " + arguments.at(0)};
  }
  reader_ = std::thread{[this] { read_all(); }};
}

child_process::~child_process() {
  kill();
  reader_.join();
  if (!status_)
    waitpid(pid_, nullptr, 0);
  close(pipe_);
}

void child_process::kill() {
  send(SIGKILL);
}

void child_process::send(int signal) {
  if (!status_) // A zombie until waitpid: the id stays ours.
    ::kill(pid_, signal);
}

int child_process::exit_code(std::chrono::milliseconds limit) {
  {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, limit, [this] { return output_ended_; }))
      return -1;
  }
  if (!status_) {
    int status = 0;
    waitpid(pid_, &status, 0);
    status_ = status;
  }
  return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
}

void child_process::read_all() {
  char buffer[4096];
  for (ssize_t got; (got = read(pipe_, buffer, sizeof buffer)) > 0;) {
    const std::lock_guard lock{mutex_};
    output_.append(buffer, static_cast<std::size_t>(got));
    changed_.notify_all();
  }
  const std::lock_guard lock{mutex_};
  output_ended_ = true;
  changed_.notify_all();
}

std::string child_process::output() const {
  const std::lock_guard lock{mutex_};
  return output_;
}

bool child_process::wait_until(const condition& holds,
                               std::chrono::milliseconds limit) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, limit, [&] { return holds(output_); });
}

} // namespace penstock::testing
