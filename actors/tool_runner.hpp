// Runs what may block, off the scheduler's threads: tool handlers, hooks of
// the host, work on scratch directories.
#pragma once

#include "messages/errc.hpp"
#include "messages/tool.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace penstock {

/// A function that may block.
struct blocking_call {
  /// Whose it is: a handler may take minutes, and no start, step or directory
  /// of another workspace waits for that.
  enum class kind : std::uint8_t {
    handler, ///< A tool's.
    hook,    ///< Another function of the host, or ours on a directory.
    upkeep,  ///< Likewise; it runs even if the runner closes before its turn.
  };

  std::string name; ///< For error messages: "prepare_step".
  /// Gets a token that is stopped when the result is not wanted any more:
  /// cancelled, timed out, or the runner closes. May throw.
  ///
  /// It may still run after `done` was called with an error. So it owns or
  /// shares what it uses, and `done` reads what it wrote only if there was no
  /// error.
  std::function<void(std::stop_token)> function;
  std::chrono::milliseconds timeout_ms{300'000}; ///< > 0; from its begin.
  std::stop_token cancelled;                     ///< The caller's.
  kind of = kind::hook;
};

/// One call of a tool.
struct tool_run {
  std::shared_ptr<const penstock::tool> tool;
  /// All that the handler gets. `cancelled` is the caller's token; the handler
  /// gets one that is stopped by a timeout as well. `report` may be null, and
  /// is deaf once the call is done.
  tool_invocation invocation;
};

/// What the threads of a tool runner do just now.
struct tool_thread_counts {
  std::size_t threads = 0;    ///< Alive, hung ones included.
  std::size_t busy = 0;       ///< In a call that is still wanted.
  std::size_t hung = 0;       ///< In a call that was given up.
  std::size_t queued = 0;     ///< Calls without a thread.
  std::size_t hung_total = 0; ///< Calls ever given up.
};

/// Runs blocking calls on threads of its own.
///
/// Threads: every member from any thread. None waits for a call.
class tool_runner {
public:
  /// Called exactly once, on any thread, also on that of the caller before
  /// `run` returns, or on the one that requests a stop. Must be short, must
  /// not throw: it posts a message.
  ///
  /// `errc::none`: the function has returned, and what it wrote can be read.
  /// `aborted`: cancelled before it began, or it was asked to stop and then
  /// returned or threw. `timeout`: it did not return in time. `tool`: it
  /// threw; or every thread hangs, and it never began.
  using done_function = std::function<void(error why)>;
  /// Likewise, of a tool.
  using outcome_function = std::function<void(tool_outcome outcome)>;

  virtual ~tool_runner() = default;

  /// Runs a function of the host, or ours that blocks.
  virtual void run_blocking(blocking_call call, done_function done) = 0;

  /// Runs a tool's handler. A handler that throws, takes longer than the
  /// tool's `timeout_ms`, is cancelled, or gives what is not JSON or is larger
  /// than limits::tool_output_bytes_max, has an error outcome that says so:
  /// {"error": "…"}. As with `done` above: exactly once, on any thread.
  void run_tool(tool_run run, outcome_function done);
};

/// The error outcome with this message: {"error": message}, bounded.
tool_outcome error_outcome(std::string_view message);

} // namespace penstock
