// A command in a process group of its own: fed, listened to, and ended.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::cli {

struct child_command {
  std::vector<std::string> argv;        ///< Not empty. argv[0] as for execvp.
  std::vector<std::string> environment; ///< "NAME=value", all of it.
  std::chrono::milliseconds timeout_ms;
  std::chrono::milliseconds kill_grace_ms; ///< From SIGTERM to SIGKILL.
  std::size_t output_bytes_max;
  std::size_t errors_bytes_max; ///< The end of stderr that is kept.
};

struct child_end {
  enum class kind : unsigned char {
    exited,     ///< `number` is its status.
    signalled,  ///< `number` is the signal.
    lost,       ///< Its end went to someone else (SIGCHLD is ignored).
    cancelled,  ///< By the token.
    timed_out,  ///< By `timeout_ms`.
    too_large,  ///< It wrote more than `output_bytes_max`.
    not_started ///< `number` is errno.
  };
  kind how = kind::not_started;
  int number = 0;
  std::string output; ///< stdout, whole if it exited.
  std::string errors; ///< The end of stderr.
};

/// Runs a command with `input` on its stdin until it exits, and ends what is
/// left of its group. Its signals are set as in a login shell, whatever ours
/// are; it gets no descriptor but 0, 1 and 2.
/// Threads: any. Blocks, at most for timeout and grace and what the kernel
///          takes to kill.
child_end run_child(const child_command& command, std::string_view input,
                    std::stop_token cancelled);

/// Kills the groups of all commands that run, at once, and lets none begin
/// any more: for a process that cannot wait for `run_child` before it ends.
/// Threads: any.
void kill_children();

} // namespace penstock::cli
