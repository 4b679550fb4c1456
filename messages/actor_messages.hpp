// The messages of actor_interfaces.hpp. Plain data; pointers in them are
// shared and what they point to is immutable, or says how it is locked.
#pragma once

#include "messages/actor_interfaces.hpp"
#include "messages/attempt_link.hpp"
#include "messages/attempt_verdict.hpp"
#include "messages/part.hpp"
#include "messages/record.hpp"
#include "messages/reply.hpp"
#include "messages/request.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// ---- commands, on their way from RUNTIME through DIRECTORY to WORKSPACE -----

/// Answered when the stream is registered, or with why it is not.
struct start_stream {
  std::string workspace_id;
  std::shared_ptr<const start_request> request;
  reply<stream_id> registered;
};

/// Answered when the stream's terminal event is out.
struct stop_stream {
  std::string workspace_id;
  stop_request request;
  event::stream_abort::reason why = event::stream_abort::reason::user;
  reply<stop_result> done;
};

/// The stop token of this stream's start was used. Not a command: DIRECTORY
/// does not count it, and nobody waits for an answer.
struct stop_requested {
  stream_id stream{};
};

/// Answered when the stream has ended; at once if it has. Absent: the active
/// stream, or the last one.
struct await_stream {
  std::string workspace_id;
  std::optional<stream_id> stream;
  reply<stream_outcome> ended;
};

struct subscribe {
  std::string workspace_id;
  subscription_id id{};
  std::shared_ptr<event_sink> sink;
  std::optional<position> after; ///< Absent: a snapshot first.
};

struct unsubscribe {
  std::string workspace_id;
  subscription_id id{};
};

/// The sink has taken its batch and something waits for it.
struct credit_returned {
  std::string workspace_id;
  subscription_id id{};
};

/// Answers with the length of the queue.
struct enqueue_message {
  std::string workspace_id;
  queued_message message;
  reply<std::size_t> queued;
};

/// Answers with the sequence numbers that are gone.
struct edit_history {
  std::string workspace_id;
  history_edit edit;
  reply<std::vector<std::uint64_t>> removed;
};

/// Counts from the next step on. Answers whether a stream runs.
struct set_thinking {
  std::string workspace_id;
  thinking_level level{};
  reply<bool> running;
};

struct view_workspace {
  std::string workspace_id;
  reply<workspace_view> view;
};

/// Shutdown: stop the stream, write what must be written, end. Answered when
/// that is done.
struct stop_everything {
  reply<std::size_t> ended; ///< How many workspaces there were.
};

// ---- passivation -----------------------------------------------------------

/// A subscriber while its workspace is out of memory.
struct parked_subscriber {
  subscription_id id{};
  std::shared_ptr<event_sink> sink;
  std::uint64_t seq = 0; ///< Of the last event that it got.
};

/// WORKSPACE to DIRECTORY: idle, with all it owns in the store. `received`
/// counts the commands it has handled: if DIRECTORY has sent more, it stays.
struct passivation_offered {
  std::string workspace_id;
  std::uint64_t received = 0;
};

/// DIRECTORY to WORKSPACE: the offer stands. No command follows.
struct retire {};

/// WORKSPACE to DIRECTORY, its last words.
struct workspace_retired {
  std::string workspace_id;
  std::vector<parked_subscriber> parked;
};

// ---- attempts --------------------------------------------------------------

/// What SUPERVISOR must know of a stream to judge its attempts.
struct stream_plan {
  std::string workspace_id;
  std::string workspace_name{};    ///< For the log alone; may be empty.
  std::vector<std::string> models; ///< The chain; the first was requested.
  /// The start's own, or what all streams share that have none.
  std::shared_ptr<const stream_options> options;
};

/// WORKSPACE to SUPERVISOR: run this, when its time has come.
struct run_attempt {
  attempt_id attempt;
  std::uint32_t step = 1; ///< Attempts are counted per step.
  workspace_actor report_to;
  std::shared_ptr<const stream_plan> plan;
  std::string model; ///< "provider:model", an element of the chain.
  std::shared_ptr<const penstock::prompt> prompt;
  std::shared_ptr<attempt_link> link;
  /// From the verdict on the attempt before; 0 for the first.
  std::chrono::milliseconds delay{0};
  /// Number of the attempt with which this one races; 0: with none. Whichever
  /// WORKSPACE cancels has lost (actors/attempt_race.hpp).
  std::uint32_t hedges = 0;
  bool has_output = false; ///< The stream has parts already, and they stand.
};

/// WORKSPACE to SUPERVISOR: stop the attempt, wherever it is.
struct cancel_attempt {
  attempt_id attempt;
  std::string workspace_id; ///< Another one may have a stream with its id.
};

/// WORKSPACE to SUPERVISOR: the stream is over.
struct forget_stream {
  stream_id stream{};
  std::string workspace_id;
};

/// SUPERVISOR to WORKSPACE: the PROVIDER was spawned.
struct attempt_started {
  attempt_id attempt;
  std::string model; ///< "provider:model"
  /// `message::made_by` of what it answers: "api@provider/model".
  std::string made_by;
  /// A cut answer goes back as a prefill: what comes cannot repeat its end.
  bool prefills = false;
};

/// PROVIDER to SUPERVISOR, at most once: the endpoint speaks its API. Closes a
/// circuit before a long answer has ended.
struct attempt_answered {
  attempt_id attempt;
  std::string workspace_id;
};

/// PROVIDER to SUPERVISOR, its last message.
struct attempt_ended {
  attempt_id attempt;
  std::string workspace_id;
  attempt_report report;
};

/// SUPERVISOR to WORKSPACE: the attempt's PROVIDER has exited (or never was).
struct attempt_settled {
  attempt_id attempt;
  attempt_verdict verdict;
};

/// PROVIDER to WORKSPACE: what one read of the socket gave.
struct parts_received {
  attempt_id attempt;
  std::uint32_t index = 0; ///< From 0, gap-free within the attempt.
  std::vector<stream_part> parts;
  /// Whether the attempt's finish is known with them: its end is near.
  bool finish_seen = false;
  std::shared_ptr<attempt_link> link; ///< To give `bytes` back to.
  std::size_t bytes = 0;
};

/// ROOT to DIRECTORY to WORKSPACE: the old one crashed.
struct supervisor_replaced {
  supervisor_actor by;
};

/// RUNTIME to ROOT to SUPERVISOR.
struct view_health {
  reply<std::vector<endpoint_view>> view;
};

/// SUPERVISOR to PROVIDER.
struct abandon_attempt {};

// ---- what threads outside of the actors report -----------------------------

struct transfer_connected {};
struct response_received {
  int status = 0;
  header_list headers;
};
struct body_received {
  std::string bytes;
};
/// As a direct call: `bytes` is valid until it returns.
struct body_seen {
  std::string_view bytes;
  operator body_received() const { return {std::string{bytes}}; }
};
struct transfer_ended {
  error why;
};

/// What was waited for.
enum class deadline_kind : std::uint8_t {
  attempt_clock,
  backoff,
  endpoint,
  hedge,
  kill,
  soft_stop,
  flush,
  stream,
  passivate,
  store,  ///< Of a write; generation 0: of the history.
  look_up ///< Of a closed stream, for the subscriber of this number.
};

/// The clock to whoever armed it. `generation` tells a late one.
struct deadline_due {
  deadline_kind kind{};
  std::uint64_t generation = 0;
  stream_id stream{};
};

/// The store to WORKSPACE.
struct history_loaded {
  expected<workspace_snapshot> snapshot;
};
struct records_durable {
  std::uint64_t token = 0;
  error why; ///< errc::none: durable.
};

/// What the store knows of a stream that a subscriber names; absent: nothing.
struct closed_stream_loaded {
  subscription_id subscriber{};
  expected<std::optional<closed_stream>> stream;
};

struct scratch_ready {
  stream_id stream{};
  expected<std::shared_ptr<class scratch_dir>> dir;
};

/// `generation`: of the request for it; a late one is dropped.
struct step_prepared {
  stream_id stream{};
  std::uint64_t generation = 0;
  expected<std::shared_ptr<const penstock::prompt>> prompt;
};

/// One call on a tool thread.
struct call_id {
  stream_id stream{};
  std::uint32_t part = 0;
  bool operator==(const call_id&) const = default;
};

struct tool_reported {
  call_id call;
  std::variant<nested_call, std::pair<std::string, tool_outcome>, model_usage>
    report;
};

struct tool_finished {
  call_id call;
  tool_outcome outcome;
};

} // namespace penstock
