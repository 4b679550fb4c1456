// Tells CAF which types travel in messages. Keep in the order in which
// actor_interfaces.hpp declares them.
#pragma once

#include "messages/actor_messages.hpp"

#define PENSTOCK_MESSAGES(X)                                                   \
  X(start_stream)                                                              \
  X(stop_stream)                                                               \
  X(stop_requested)                                                            \
  X(await_stream)                                                              \
  X(subscribe)                                                                 \
  X(unsubscribe)                                                               \
  X(credit_returned)                                                           \
  X(enqueue_message)                                                           \
  X(edit_history)                                                              \
  X(set_thinking)                                                              \
  X(view_workspace)                                                            \
  X(stop_everything)                                                           \
  X(passivation_offered)                                                       \
  X(workspace_retired)                                                         \
  X(retire)                                                                    \
  X(history_loaded)                                                            \
  X(records_durable)                                                           \
  X(closed_stream_loaded)                                                      \
  X(scratch_ready)                                                             \
  X(step_prepared)                                                             \
  X(run_attempt)                                                               \
  X(cancel_attempt)                                                            \
  X(forget_stream)                                                             \
  X(attempt_started)                                                           \
  X(attempt_settled)                                                           \
  X(attempt_answered)                                                          \
  X(attempt_ended)                                                             \
  X(parts_received)                                                            \
  X(tool_reported)                                                             \
  X(tool_finished)                                                             \
  X(deadline_due)                                                              \
  X(supervisor_replaced)                                                       \
  X(view_health)                                                               \
  X(abandon_attempt)                                                           \
  X(transfer_connected)                                                        \
  X(response_received)                                                         \
  X(body_received)                                                             \
  X(transfer_ended)

#define PENSTOCK_ADD_TYPE_ID(T) CAF_ADD_TYPE_ID(penstock, (penstock::T))
// "Unsafe" is CAF's word for "cannot cross the network"; ours never do.
#define PENSTOCK_ALLOW_UNSAFE(T) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(penstock::T)

CAF_BEGIN_TYPE_ID_BLOCK(penstock, caf::first_custom_type_id)
PENSTOCK_MESSAGES(PENSTOCK_ADD_TYPE_ID)
CAF_END_TYPE_ID_BLOCK(penstock)

PENSTOCK_MESSAGES(PENSTOCK_ALLOW_UNSAFE)
