// What a host asks of a workspace: start, stop, queue, edit.
#pragma once

#include "messages/options.hpp"
#include "messages/prompt.hpp"
#include "messages/stream.hpp"
#include "messages/subscriber.hpp"
#include "messages/tool.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace penstock {

/// JSON object per provider name. Options of another provider are not sent.
using provider_options = std::map<std::string, std::string>;

/// A model to ask when those before it could not answer. What is unset is
/// taken from the start request.
struct fallback_entry {
  std::string model{}; ///< "provider:model"
  penstock::provider_options provider_options_json{};
  std::optional<thinking_level> thinking{};
  std::optional<std::uint64_t> max_output_tokens{};
  std::optional<struct sampling> sampling{};
  /// Rebuilds the request for this model. Runs on a tool thread.
  std::function<void(prompt&)> rebuild{};
};

/// What a host may change before the request of a step is built.
struct step_plan {
  std::uint32_t step = 1;  ///< From 1.
  std::string model;       ///< That will be asked.
  penstock::prompt prompt; ///< May be changed freely.
};

/// A directory for the tools of one stream.
struct scratch_request {
  enum class mode : std::uint8_t { none, create, path } how = mode::none;
  std::string path{}; ///< Only with `path`; must lie under the configured root.
};

/// Starts one stream. Use designated initialisers.
struct start_request {
  std::string workspace_id{};      ///< Required; at most limits::id_bytes_max.
  std::string workspace_name{};    ///< A label for logs only.
  std::vector<message> messages{}; ///< Not empty, but see `resume`.
  std::string model{};             ///< Required: "provider:model".
  std::vector<fallback_entry> fallback{}; ///< Tried in order, each once.

  /// Higher than every earlier one.
  std::optional<std::uint64_t> history_sequence{};
  std::string system{};              ///< Empty: none.
  std::string message_id{};          ///< Empty: generated.
  std::optional<stream_id> stream{}; ///< Absent: generated.
  scratch_request scratch_dir{};
  std::stop_token stop_token{}; ///< Linked for the stream's life.

  std::vector<tool_ref> tools{};
  std::vector<tool_rule> tool_policy{};
  struct tool_choice tool_choice {};
  struct response_format response_format {};
  /// Asked at a step's end, beside the workspace's own queue: whether a
  /// message waits that should end the stream there. Must not block.
  std::function<bool()> has_queued_messages{};

  std::string metadata_json{}; ///< An object; empty: "{}". Passed on unread.
  penstock::provider_options provider_options_json{};
  header_list headers{};
  std::optional<std::uint64_t> max_output_tokens{};
  struct sampling sampling {};
  std::optional<penstock::thinking_level> thinking_level{};
  cache_ttl cache = cache_ttl::off;
  /// Append `messages` to the history; the model gets both.
  bool with_history = false;

  /// Goes on with a stream that a crash interrupted (`runtime::interrupted`):
  /// its message, its place in the history, its parts; a new stream id. Then
  /// `message_id` and `history_sequence` are absent, and `messages` is empty
  /// (with `with_history`) or what the stream was asked.
  std::optional<stream_id> resume{};

  /// Sees the stream from its first event. May be null.
  std::shared_ptr<event_sink> subscriber{};
  /// Gets the messages of each step before its request, on a tool thread. One
  /// that takes more than a second is not waited for.
  std::function<void(std::uint32_t step, const prompt&)> on_step{};
  /// May change a step's request. Runs on a tool thread.
  std::function<void(step_plan&)> prepare_step{};

  /// Absent: the runtime's.
  std::optional<stream_options> options{};
};

enum class queue_mode : std::uint8_t { tool_end, turn_end };

/// A message that waits for the active stream.
struct queued_message {
  std::string text{};
  queue_mode mode = queue_mode::turn_end;
  bool operator==(const queued_message&) const = default;
};

/// What became of a stop.
enum class stop_outcome : std::uint8_t {
  stopped,          ///< The stream was stopped; its `stream_abort` is out.
  already_finished, ///< It was about to end by itself, and has.
  not_active,       ///< The named stream does not run (any more).
  nothing_running,  ///< No stream was named and none ran.
};
std::string_view to_string(stop_outcome outcome) noexcept;

/// The answer to a stop.
struct stop_result {
  stop_outcome outcome = stop_outcome::stopped;
  /// A hard stop by the user gives the workspace's queue back.
  std::vector<queued_message> returned_queue;
};

/// Which stream is to end, and how.
struct stop_request {
  std::string workspace_id{};
  std::optional<stream_id> stream{}; ///< Absent: the active one.
  bool soft = false;                 ///< End at the next boundary.
  bool abandon = false;              ///< Drop the parts from the history.
};

/// How a stream ended, for a caller who waits.
struct stream_outcome {
  enum class kind : std::uint8_t { completed, aborted, failed };
  kind how = kind::completed;
  stream_id stream{};
  error why; ///< Only with `failed`.
  finish finished;
  token_usage usage;
  std::string text; ///< All text parts, joined.
};

/// Removes messages from the history, or replaces one.
struct history_edit {
  std::string workspace_id{};
  std::uint64_t from_sequence = 0; ///< This one and all after it go.
  std::optional<message> replacement{};
};

/// A message of the history.
struct history_row {
  std::uint64_t sequence = 0;
  std::string message_id;
  /// One message of the host's, or all that a stream made: assistant, tool,
  /// assistant, …
  std::vector<message> messages;
  /// How its stream ended; `completed` for messages of the host.
  enum class outcome : std::uint8_t {
    completed,
    aborted,
    failed,
    interrupted
  } how = outcome::completed;
  bool operator==(const history_row&) const = default;
};
std::string_view to_string(history_row::outcome outcome) noexcept;

/// What a workspace is and has.
struct workspace_view {
  std::string workspace_id;
  std::string state; ///< "idle", "preparing", "streaming", …
  std::optional<stream_id> active;
  std::vector<history_row> history;
  std::vector<queued_message> queue;
  token_usage usage; ///< Of all streams since it was opened.
};

/// What the streams of one endpoint have found out about it.
struct endpoint_view {
  std::string endpoint; ///< "provider base_url", no key.
  std::string breaker;  ///< "closed", "open", "half_open"
  std::uint32_t running = 0, waiting = 0, failures_in_window = 0;
  std::chrono::milliseconds cooldown_left{0};
};

} // namespace penstock
