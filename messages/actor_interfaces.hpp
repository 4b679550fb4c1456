// What each actor accepts. Start here to learn how the actors fit together.
//
//   host ─► RUNTIME ─► DIRECTORY ─► WORKSPACE ─► SUPERVISOR ─► PROVIDER
//              │           ▲           ▲  ▲           │            │
//              └─► ROOT ───┘           │  └─ verdicts ┘            │
//   subscribers ◄── event batches ─────┤◄────────── parts ─────────┘
//   store, clock, tool threads ────────┘ (each answers with one message)
//
// ROOT keeps the SUPERVISOR and the DIRECTORY shards alive. It tells the shards
// of a new SUPERVISOR and of a shutdown, and they their workspaces.
//
// Every message is one-way and plain data (actor_messages.hpp); an answer is a
// message of its own, or a `reply` for a caller outside of the actors.
#pragma once

#include "messages/caf_compat.hpp"

namespace penstock {

struct start_stream;
struct stop_stream;
struct stop_requested;
struct await_stream;
struct subscribe;
struct unsubscribe;
struct credit_returned;
struct enqueue_message;
struct edit_history;
struct set_thinking;
struct view_workspace;
struct stop_everything;
struct passivation_offered;
struct workspace_retired;
struct retire;
struct history_loaded;
struct records_durable;
struct closed_stream_loaded;
struct scratch_ready;
struct step_prepared;
struct run_attempt;
struct cancel_attempt;
struct forget_stream;
struct attempt_started;
struct attempt_settled;
struct attempt_answered;
struct attempt_ended;
struct parts_received;
struct tool_reported;
struct tool_finished;
struct deadline_due;
struct supervisor_replaced;
struct view_health;
struct abandon_attempt;
struct transfer_connected;
struct response_received;
struct body_received;
struct transfer_ended;

// CAF 0.17 tries a message against each row from the top, by its name: what
// comes with every token stands first.

/// A WORKSPACE is one conversation. It owns the transcript and the stream; its
/// mailbox is the only lock.
using workspace_protocol = caf_compat::protocol<
  parts_received,       // from PROVIDER
  start_stream,         // from DIRECTORY, who passes on what RUNTIME sent
  stop_stream,          // likewise
  await_stream,         // likewise
  subscribe,            // likewise
  unsubscribe,          // likewise
  credit_returned,      // likewise
  enqueue_message,      // likewise
  edit_history,         // likewise
  set_thinking,         // likewise
  view_workspace,       // likewise
  stop_requested,       // from a stop token that a start brought
  stop_everything,      // from DIRECTORY, at shutdown
  retire,               // from DIRECTORY: nothing more will come; leave memory
  history_loaded,       // from the store, once, after the start
  records_durable,      // from the store
  closed_stream_loaded, // from the store, for a subscriber
  scratch_ready,        // from a tool thread: the directory was made
  step_prepared,        // from a tool thread: the host's hook has run
  attempt_started,      // from SUPERVISOR: the PROVIDER runs
  attempt_settled,      // from SUPERVISOR: the PROVIDER is gone; what follows
  tool_reported,        // from a tool thread: nested calls, usage
  tool_finished,        // from a tool thread
  supervisor_replaced,  // from DIRECTORY, who passes on what ROOT sent
  deadline_due>;        // from the clock
using workspace_actor = workspace_protocol::handle;

/// The DIRECTORY finds the WORKSPACE of an id and brings a passivated one
/// back. Sharded by id; each shard knows its own.
using directory_protocol = caf_compat::protocol<
  start_stream,        // from RUNTIME
  stop_stream,         // from RUNTIME
  await_stream,        // from RUNTIME
  subscribe,           // from RUNTIME
  unsubscribe,         // from RUNTIME
  credit_returned,     // from RUNTIME
  enqueue_message,     // from RUNTIME
  edit_history,        // from RUNTIME
  set_thinking,        // from RUNTIME
  view_workspace,      // from RUNTIME
  stop_everything,     // from ROOT, at shutdown
  supervisor_replaced, // from ROOT, after a crash; for all workspaces
  passivation_offered, // from WORKSPACE: idle for long enough
  workspace_retired>;  // from WORKSPACE: last words, with its subscribers
using directory_actor = directory_protocol::handle;

/// The ROOT keeps the SUPERVISOR and the DIRECTORY shards alive and ends them
/// in order.
using root_protocol =
  caf_compat::protocol<stop_everything, // from RUNTIME, at shutdown
                       view_health>;    // from RUNTIME, for the SUPERVISOR
using root_actor = root_protocol::handle;

/// The SUPERVISOR owns the life of all attempts: it spawns a PROVIDER for
/// each, watches it, and decides what follows. It sees control messages only;
/// tokens go from PROVIDER to WORKSPACE.
using supervisor_protocol =
  caf_compat::protocol<run_attempt,      // from WORKSPACE
                       cancel_attempt,   // from WORKSPACE
                       forget_stream,    // from WORKSPACE: the stream has ended
                       attempt_answered, // from PROVIDER: the endpoint lives
                       attempt_ended, // from PROVIDER and itself: how one ended
                       view_health,   // from ROOT, who passes it on
                       deadline_due>; // from the clock: a backoff, a cooldown
using supervisor_actor = supervisor_protocol::handle;

/// A PROVIDER is one attempt: one HTTP exchange and its decoder.
using provider_protocol =
  caf_compat::protocol<body_received,      // from the HTTP thread
                       abandon_attempt,    // from SUPERVISOR: stop and leave
                       transfer_connected, // from the HTTP thread
                       response_received,  // from the HTTP thread
                       transfer_ended, // from the HTTP thread, the last one,
                                       // or itself: no transfer began
                       deadline_due>;  // from the clock: one of the attempt's
                                       // clocks
using provider_actor = provider_protocol::handle;

} // namespace penstock
