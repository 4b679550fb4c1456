// A tool whose handler is an external command.
#pragma once

#include "messages/errc.hpp"
#include "messages/tool.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace penstock::cli {

struct command_tool {
  tool_definition definition;
  /// argv[0] is a path, or a name that is looked up in PATH. No shell.
  std::vector<std::string> command;
  bool read_only = false;
  bool idempotent = false;
  std::chrono::milliseconds timeout_ms{300'000};
  /// Between SIGTERM and SIGKILL.
  std::chrono::milliseconds kill_grace_ms{500};
  /// Variables that the command does not get: those that hold API keys.
  std::vector<std::string> hidden_env;
};

/// The command gets the call's input as JSON on stdin, and its environment has
/// PENSTOCK_SCRATCH_DIR if the stream has such a directory. It answers with
/// JSON on stdout. Anything else is an error result for the model: a non-zero
/// exit (with its status and the end of stderr), no output, output that is not
/// JSON or exceeds limits::tool_output_bytes_max, a command that is not there.
///
/// Its environment is the one at the time of `make_command_tool`. A call that
/// exceeds `timeout_ms` is an error result as well; the tool that is made has a
/// longer timeout, so that the command is ended before its thread is given up.
///
/// It runs in a process group of its own, with no descriptor of ours but the
/// three. The group is killed, SIGTERM first and then SIGKILL, when the call
/// is cancelled, when it takes too long, and, should the command leave
/// processes behind, when it exits. A process that has left the group (setsid)
/// is out of reach; it holds up nothing.
///
/// Errors: `invalid_request`: no command, an argument or a variable with a NUL
///         in it, a hidden variable that is empty or holds '=', a timeout that
///         is not positive, a negative grace.
expected<std::shared_ptr<const tool>> make_command_tool(command_tool from);

} // namespace penstock::cli
