// What a stream is made of: ids, parts, usage, log entries' events, positions.
// Plain data: no CAF, no JSON library, no behavior.
#pragma once

#include "messages/errc.hpp"
#include "messages/prompt.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace penstock {

/// 64 random bits; 16 hex digits in text. 0 is "no stream".
enum class stream_id : std::uint64_t {};
std::string to_string(stream_id id);
/// Empty unless `text` is exactly 16 hex digits.
std::optional<stream_id> stream_id_from_string(std::string_view text) noexcept;

/// One HTTP exchange of one stream. `number` counts from 1, over all steps
/// and models of the stream.
struct attempt_id {
  stream_id stream{};
  std::uint32_t number = 0;
  bool operator==(const attempt_id&) const = default;
};

/// Why a model stopped (PROVIDERS.md, "Finish reasons").
enum class finish_reason : std::uint8_t {
  stop,
  length,
  tool_calls,
  content_filter,
  error,
  other
};
/// "stop", "length", "tool-calls", "content-filter", "error", "other".
std::string_view to_string(finish_reason reason) noexcept;

/// Why a model stopped.
struct finish {
  finish_reason reason = finish_reason::other;
  std::optional<std::string> raw; ///< The provider's own word.
  bool operator==(const finish&) const = default;
};

/// Units: tokens.
struct token_usage {
  enum class quality : std::uint8_t {
    unknown, ///< The attempt ended before the provider reported any.
    partial, ///< The last cumulative figure before it was cut.
    exact,   ///< The provider's final report.
  };
  quality known = quality::unknown;
  std::uint64_t input_total = 0; ///< Cache reads and writes included.
  std::uint64_t cache_read = 0;
  std::uint64_t cache_write = 0;
  std::uint64_t output_total = 0; ///< Reasoning included.
  std::uint64_t reasoning = 0;

  /// Adds figure by figure; as good as the worse of both.
  token_usage& operator+=(const token_usage& other) noexcept;
  bool operator==(const token_usage&) const = default;
};
std::string_view to_string(token_usage::quality quality) noexcept;

/// Usage of one model, summed.
struct model_usage {
  std::string model; ///< "provider:model"
  token_usage usage;
  bool operator==(const model_usage&) const = default;
};

/// A citation.
struct source {
  std::string url; ///< Empty for a document of the prompt.
  std::string title;
  std::string id;
  std::string detail_json; ///< The rest, as the provider sent it.
  bool operator==(const source&) const = default;
};

// ---- positions -------------------------------------------------------------

/// A place in a stream's log: all of entry `part` up to `offset` was seen, and
/// all before it. For text, reasoning and tool input `offset` counts bytes, on
/// a UTF-8 boundary; every other entry has the offsets 0 (before) and 1.
struct position {
  stream_id stream{};
  std::uint32_t part = 0; ///< Number of a log entry.
  std::uint64_t offset = 0;
  bool operator==(const position&) const = default;
};

// ---- events (SPEC §3) ------------------------------------------------------

/// What all events of one stream have in common. Shared, not copied.
struct stream_identity {
  std::string workspace_id;
  stream_id stream{};
  std::string message_id;
};

/// A part of the transcript as a terminal event or the history shows it.
struct final_part {
  std::uint32_t part = 0;
  penstock::content content;
  /// A started call without a result after a crash, or a part that was cut.
  enum class state : std::uint8_t {
    complete,
    cut,
    unknown_outcome
  } how = state::complete;
  bool operator==(const final_part&) const = default;
};

namespace event {

/// The first event of a stream.
struct stream_start {
  std::string model;           ///< "provider:model" of the first attempt.
  std::string requested_model; ///< As the start request named it.
  std::uint64_t history_sequence = 0;
  std::string metadata_json; ///< An object; "{}" if none was given.
};
/// Text that follows `offset` bytes of the part.
struct text_delta {
  std::uint32_t part;
  std::uint64_t offset;
  std::string text;
};
/// The text part is whole, or was cut.
struct text_end {
  std::uint32_t part;
};
/// What the model says when it declines.
struct refusal_delta {
  std::uint32_t part;
  std::uint64_t offset;
  std::string text;
};
/// Reasoning that follows `offset` bytes of the part.
struct reasoning_delta {
  std::uint32_t part;
  std::uint64_t offset;
  std::string text;
  std::string signature; ///< Usually with the last delta of the part only.
};
/// The reasoning part is whole, or was cut.
struct reasoning_end {
  std::uint32_t part;
};
/// A file that the model made, whole.
struct file {
  std::uint32_t part;
  file_content content;
};
/// A citation.
struct source {
  std::uint32_t part;
  penstock::source citation;
};
/// The model began a call.
struct tool_call_start {
  std::uint32_t part;
  std::string tool_call_id, tool_name;
};
/// Input of a call, as text that is no JSON yet.
struct tool_call_delta {
  std::uint32_t part;
  std::string tool_call_id;
  std::uint64_t offset;
  std::string input_text;
};
/// The call is complete.
struct tool_call {
  std::uint32_t part;
  std::string tool_call_id, tool_name;
  std::string input_json; ///< "null" for a call that was never seen.
  bool provider_executed = false;
  std::string parent_tool_call_id; ///< Of a call nested in a tool; else empty.
};
/// Its handler is about to run; this is on record.
struct tool_execution_start {
  std::uint32_t part;
  std::string tool_call_id;
  std::string parent_tool_call_id;
};
/// What a tool gave; this is on record.
struct tool_result {
  std::uint32_t part;
  std::string tool_call_id;
  std::string output_json;
  bool is_error = false;
  bool provider_executed = false;
  std::string parent_tool_call_id;
};
/// A model call and its tools are over.
struct step_end {
  std::uint32_t step; ///< From 1.
  finish why;
  token_usage usage, cumulative_usage;
};
/// An attempt failed and another follows.
struct attempt_retry {
  std::uint32_t attempt; ///< Number of the one that failed.
  errc error_class;
  std::chrono::milliseconds delay;
  std::string model, next_model; ///< `next_model` empty: the same again.
  std::vector<std::uint32_t> kept_parts;
};
/// The output after this place is withdrawn.
struct retract {
  std::uint32_t part;
  std::uint64_t offset;
};
/// Where a new subscription has reached the present.
struct caught_up {
  enum class mode : std::uint8_t { full, since, none } how = mode::none;
  std::optional<penstock::position> position;
  std::string state; ///< Of the workspace: "idle", "streaming", …
};
/// What waits for the stream.
struct queue_changed {
  std::vector<std::string> texts; ///< A snapshot, oldest first.
};
/// Messages were removed by an edit.
struct history_changed {
  std::vector<std::uint64_t> removed; ///< history_sequence of each message.
};
/// Terminal: the answer is complete.
struct stream_end {
  finish why;
  token_usage usage;
  std::vector<model_usage> usage_by_model;
  std::chrono::milliseconds duration{0};
  std::optional<std::chrono::milliseconds> time_to_first_token;
  std::string model, requested_model; ///< Answering and requested.
  std::vector<std::string> refused_models, failed_models;
  std::string metadata_json;
  std::vector<final_part> parts;
};
/// Terminal: the stream was stopped.
struct stream_abort {
  enum class reason : std::uint8_t {
    user,
    replaced,
    shutdown,
    interrupted, ///< Found without a terminal after a crash.
    startup,     ///< Nothing ran; clears a pending spinner.
  } why = reason::user;
  bool abandoned = false;
  token_usage usage;
  std::vector<model_usage> usage_by_model;
  std::string metadata_json;
  std::vector<final_part> parts;
};
/// Terminal: the stream failed.
struct stream_error {
  error why;
  bool retryable = false;
  token_usage usage;
  std::vector<model_usage> usage_by_model;
  std::string requested_model;
  std::vector<std::string> refused_models, failed_models;
  std::string metadata_json;
  std::vector<final_part> parts;
};

} // namespace event

std::string_view to_string(event::stream_abort::reason reason) noexcept;

using event_body =
  std::variant<event::stream_start, event::text_delta, event::text_end,
               event::refusal_delta, event::reasoning_delta,
               event::reasoning_end, event::file, event::source,
               event::tool_call_start, event::tool_call_delta, event::tool_call,
               event::tool_execution_start, event::tool_result, event::step_end,
               event::attempt_retry, event::retract, event::caught_up,
               event::queue_changed, event::history_changed, event::stream_end,
               event::stream_abort, event::stream_error>;

/// What a subscriber gets. Copying it copies no text: all who are told the same
/// share it, and nobody changes it.
struct stream_event {
  std::shared_ptr<const stream_identity> of; ///< Never null.
  std::uint64_t seq = 0; ///< Per subscription, from 1, +1 per event.
  std::chrono::system_clock::time_point at; ///< For display only.
  /// The place after this event: subscribe with it to go on from here. Absent
  /// on what is no log entry (`caught_up`, `queue_changed`, …).
  std::optional<position> after;
  bool replay = false; ///< Part of the snapshot before `caught_up`.
  std::shared_ptr<const event_body> body; ///< Never null.
};

using event_batch = std::vector<stream_event>;

/// The `event` key of its JSON: "text_delta", …
std::string_view name_of(const event_body& body) noexcept;
/// Whether nothing of the stream follows it.
bool terminal(const event_body& body) noexcept;

} // namespace penstock
