// Tools: what the model may call and how the host answers.
#pragma once

#include "messages/prompt.hpp"
#include "messages/stream.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace penstock {

/// What a handler returns.
struct tool_outcome {
  std::string output_json = "null"; ///< Any JSON value.
  bool is_error = false;
  std::vector<file_content> files;
};

/// A call within a call, shown under its parent. Not a part of its own.
struct nested_call {
  std::string tool_call_id, tool_name, input_json;
};

/// How a running tool tells more than its result. Thread-safe; may be kept
/// until the handler returns. Calls after the stream's end have no effect.
class tool_report {
public:
  virtual ~tool_report() = default;
  /// The tool calls another one.
  virtual void call_started(nested_call call) = 0;
  /// That call gave this.
  virtual void call_finished(std::string tool_call_id,
                             tool_outcome outcome) = 0;
  /// Tokens of a model that the tool asked itself; "provider:model".
  virtual void used(std::string model, token_usage usage) = 0;
};

/// What a handler gets. Valid until it returns.
struct tool_invocation {
  std::string workspace_id;
  stream_id stream{};
  std::string tool_call_id;
  std::string tool_name;
  std::string input_json;  ///< Valid by the tool's schema.
  std::string scratch_dir; ///< Empty if the stream has none.
  /// Stop requested: the result is not wanted any more. Return soon.
  std::stop_token cancelled;
  std::shared_ptr<tool_report> report; ///< Never null.
};

/// Runs on a tool thread of the runtime, never on an actor's. May block, may
/// throw: an exception is an error result for the model.
using tool_handler = std::function<tool_outcome(const tool_invocation&)>;

/// Immutable once registered.
struct tool {
  tool_definition definition;
  tool_handler handler;
  /// May run together with other read-only ones of the same step.
  bool read_only = false;
  /// May run again after a crash that left its outcome unknown.
  bool idempotent = false;
  std::chrono::milliseconds timeout_ms{300'000};
};

/// The name of a registered tool, or a tool of this stream alone.
using tool_ref = std::variant<std::string, std::shared_ptr<const tool>>;

/// One rule of a tool policy. The last that matches decides.
struct tool_rule {
  enum class verdict : std::uint8_t { enable, disable, require };
  /// Must match the whole name. ECMAScript, without what needs backtracking
  /// (docs/decisions/0010).
  std::string pattern;
  verdict then = verdict::enable;
};

} // namespace penstock
