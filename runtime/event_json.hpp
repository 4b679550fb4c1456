// Events as JSON, for command lines, logs and wires.
#pragma once

#include "messages/request.hpp"
#include "messages/stream.hpp"

#include <string>
#include <vector>

namespace penstock {

/// One event as one line of JSON, without the line's end. The keys are those of
/// SPEC §3 and docs/events.schema.json: `event`, `workspace_id`, `stream_id`
/// (16 hex digits; empty where no stream is meant), `message_id`, `seq`, `at`
/// (UTC, RFC 3339), `after` and `replay` where the event has them, then its
/// own.
///
/// Always valid UTF-8 and valid by the schema, whatever the event holds: a
/// broken byte becomes U+FFFD. JSON inside of an event (a tool's input or
/// output, metadata) is a value; text that should be JSON and is not is a
/// string.
///
/// `stream_end.metadata` also names the models: `requested_model`, `model`,
/// `refused_models`, `failed_models`. They replace keys of the host's.
///
/// Cost: linear in the event; a few microseconds for a delta.
std::string json_line(const stream_event& event);

/// A row of a workspace's history, one line per message of it: `workspace_id`,
/// `history_sequence`, `message_id`, `role`, `made_by` (where known), `parts`
/// as in a terminal event, `outcome` ("completed", "aborted", "failed",
/// "interrupted").
std::vector<std::string> json_lines(const std::string& workspace_id,
                                    const history_row& row);

} // namespace penstock
