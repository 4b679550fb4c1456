// The command line tool as a user runs it: its own environment, its own
// standard input, standard output and standard error apart.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <utility>
#include <vector>

namespace penstock::testing {

struct tool_call {
  std::vector<std::string> arguments{}; ///< After the program's name.
  /// All of it, but for what a program needs to run (PATH, …).
  std::vector<std::pair<std::string, std::string>> environment{};
  std::string input{};       ///< Of standard input; ignored with `terminal`.
  int input_from = -1;       ///< A descriptor to read instead of `input`.
  bool reads_output = true;  ///< false: nobody reads its standard output.
  bool reads_errors = true;  ///< false: nor its standard error.
  int output_to = -1;        ///< A descriptor that is its standard output.
  std::vector<int> closed{}; ///< Of 0, 1 and 2, before it begins.
  /// All three are a terminal, with Ctrl-C; what it prints is `out`.
  bool terminal = false;
};

/// Threads: any, but for the destructor.
class tool_process {
public:
  using milliseconds = std::chrono::milliseconds;
  static constexpr milliseconds patience{20'000};

  /// Runs what PENSTOCK_TOOL names.
  /// Errors: throws std::runtime_error if it cannot be started.
  explicit tool_process(const tool_call& call);
  /// Kills it.
  ~tool_process();
  tool_process(const tool_process&) = delete;
  tool_process& operator=(const tool_process&) = delete;

  void send(int signal);
  /// Only with `terminal`: "\x03" is Ctrl-C, "\x04" at the begin of a line
  /// Ctrl-D.
  void type(const std::string& keys);
  /// Its standard output has no reader any more. Only without
  /// `reads_output`.
  void close_output();
  /// The same for standard error. Only without `reads_errors`.
  void close_errors();

  /// Waits until it has ended. @returns its exit code; 128 + the signal that
  /// killed it; -1 if it still runs after `limit`.
  int exit_code(milliseconds limit = patience);

  /// So far; all of it once `exit_code` has returned one.
  std::string out() const;
  std::string err() const;
  /// The bytes that wait in the pipe of an output that nobody reads.
  std::size_t unread_bytes() const;

  bool wait_for_out(const std::string& text) const;
  bool wait_for_err(const std::string& text) const;

private:
  void read_all();
  void close_ends();
  bool wait_for(const std::string& where, const std::string& text) const;

  pid_t pid_ = -1;
  std::optional<int> status_; ///< Of waitpid, once it was called.
  int in_ = -1, terminal_ = -1;
  int stop_ = -1; ///< Ends the reader.
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  int out_fd_ = -1, err_fd_ = -1;
  bool reads_out_ = true, reads_err_ = true;
  std::string out_, err_;
  bool ended_ = false; ///< Nothing more is read.
  std::thread reader_;
};

/// Runs it to its end.
struct tool_result {
  int code = -1;
  std::string out, err;
};
tool_result run_tool(const tool_call& call);

/// Lines without their ends; the last one may have none.
std::vector<std::string> lines_of(const std::string& text);

} // namespace penstock::testing
