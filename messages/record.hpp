// What is kept of a workspace: the records of SPEC §8.
#pragma once

#include "messages/request.hpp"
#include "messages/stream.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace penstock {

namespace record {

/// Before the first attempt. A stream with this and without `stream_closed` was
/// interrupted.
struct stream_opened {
  stream_id stream{};
  std::string message_id;
  std::uint64_t history_sequence = 0;
  std::string model;
  std::string metadata_json;
};
/// The host's messages of a start with history, in the same transaction.
struct message_added {
  history_row row;
};
/// What was appended to one part since the last flush.
struct part_grown {
  stream_id stream{};
  std::uint32_t part = 0;
  std::uint64_t offset = 0; ///< Where `bytes` goes.
  std::string bytes;
  content shape; ///< The part without its text; written with offset 0.
};
/// Parts from this one on are withdrawn.
struct parts_retracted {
  stream_id stream{};
  std::uint32_t from_part = 0;
};
/// Before the handler runs.
struct tool_started {
  stream_id stream{};
  std::uint32_t part = 0;
  std::string tool_call_id;
};
/// Before its event.
struct tool_ended {
  stream_id stream{};
  std::uint32_t part = 0;
  tool_result_content result;
};
/// Once per attempt.
struct attempt_used {
  attempt_id attempt;
  std::string model;
  token_usage usage;
};
/// The terminal: one transaction with all parts that are not yet written and
/// with the rows that the history gains.
struct stream_closed {
  stream_id stream{};
  std::shared_ptr<const event_body> terminal;
  std::vector<history_row> rows;
};
/// A stream that was overtaken before it was registered.
struct stream_discarded {
  stream_id stream{};
};
struct queue_replaced {
  std::vector<queued_message> queue;
};
struct history_cut {
  std::uint64_t from_sequence = 0;
};

} // namespace record

using store_record =
  std::variant<record::stream_opened, record::message_added, record::part_grown,
               record::parts_retracted, record::tool_started,
               record::tool_ended, record::attempt_used, record::stream_closed,
               record::stream_discarded, record::queue_replaced,
               record::history_cut>;

/// The end of a stream, as a late subscriber needs it.
struct closed_stream {
  std::shared_ptr<const stream_identity> identity;
  std::shared_ptr<const event_body> terminal;
};

/// What a workspace finds when it comes (back) to memory.
struct workspace_snapshot {
  std::vector<history_row> history;
  std::uint64_t last_sequence = 0; ///< Highest ever given, kept or not.
  std::vector<queued_message> queue;
  token_usage usage;
  std::optional<closed_stream> last_stream;
};

} // namespace penstock
