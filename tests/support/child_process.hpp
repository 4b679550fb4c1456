// A program that runs beside a test, and what it prints.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace penstock::testing {

/// Threads: any, but for the destructor.
class child_process {
public:
  /// @param arguments the program (looked up in PATH) and its arguments.
  /// Errors: throws std::runtime_error if it cannot be started.
  explicit child_process(const std::vector<std::string>& arguments);
  /// Kills it.
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  void kill();
  /// Sends a signal; to one that has ended, in vain.
  void send(int signal);

  /// Waits until it has closed its output and ended.
  /// @returns its exit code; 128 + the signal that killed it; -1 if it does not
  ///          end within `limit`.
  int exit_code(std::chrono::milliseconds limit = std::chrono::seconds{20});

  /// Its stdout and stderr so far.
  std::string output() const;
  using condition = std::function<bool(const std::string& output)>;
  bool wait_until(const condition& holds,
                  std::chrono::milliseconds limit = std::chrono::seconds{
                    20}) const;
  bool wait_for(const std::string& text) const {
    return wait_until([&](auto& o) { return o.find(text) != o.npos; });
  }

private:
  void read_all();

  pid_t pid_ = -1;
  std::optional<int> status_; ///< Of waitpid, once it was called.
  int pipe_ = -1;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::string output_;
  bool output_ended_ = false;
  std::thread reader_;
};

} // namespace penstock::testing
