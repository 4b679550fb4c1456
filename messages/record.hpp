// What is kept of a workspace: the records of SPEC §8.
#pragma once

#include "messages/boxed.hpp"
#include "messages/request.hpp"
#include "messages/stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>
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
  /// The interrupted stream that this one continues, on the same message.
  std::optional<stream_id> resumes{};
};
/// Writes nothing: its batch fails as that of a `stream_opened` with these ids
/// would. So a start learns that it will be refused before it stops another.
struct ids_unused {
  stream_id stream{};     ///< 0: is not asked for.
  std::string message_id; ///< Empty: is not asked for.
};
/// The supervisor spawned an attempt: entries from `from_part` on are its own.
/// One without an `attempt_used` was interrupted; its usage is unknown.
struct attempt_began {
  /// Number 0: none of this stream; it made parts that were taken over from an
  /// interrupted one.
  attempt_id attempt;
  std::uint32_t step = 1;
  std::uint32_t from_part = 0;
  std::string model;   ///< "provider:model"
  std::string made_by; ///< "api@provider/model"
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
  /// The part without its bytes, with the first growth.
  std::optional<content> shape{};
};
/// Nothing is appended to a part any more. A part without this was cut.
struct part_closed {
  stream_id stream{};
  std::uint32_t part = 0;
  content shape; ///< Without what has grown; a file is whole.
  final_part::state how = final_part::state::complete;
  /// The whole text, if it differs from the growth written before.
  std::optional<std::string> bytes{};
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
/// Before its event. Provider-executed ones come with the parts around them.
struct tool_ended {
  stream_id stream{};
  std::uint32_t part = 0;
  tool_result_content result;
};
/// Once per attempt; a second one of the same attempt does not count.
struct attempt_used {
  attempt_id attempt;
  std::string model;
  token_usage usage;
  /// What a tool of the step used itself: any number of times.
  bool by_tool = false;
};
/// The terminal, in one transaction with the parts that are not yet written and
/// the rows that the history gains. A second one replaces it, and its rows.
struct stream_closed {
  stream_id stream{};
  std::shared_ptr<const event_body> terminal;
  std::vector<history_row> rows;
};
/// A stream that was overtaken before it was registered.
struct stream_discarded {
  stream_id stream{};
};
/// The whole queue, as it is now.
struct queue_replaced {
  std::vector<queued_message> queue;
};
/// Messages from this one on are gone.
struct history_cut {
  std::uint64_t from_sequence = 0;
};

} // namespace record

using store_record =
  std::variant<record::stream_opened, record::ids_unused, record::attempt_began,
               record::message_added, record::part_grown, record::part_closed,
               record::parts_retracted, record::tool_started,
               record::tool_ended, record::attempt_used, record::stream_closed,
               record::stream_discarded, record::queue_replaced,
               record::history_cut>;

/// One attempt's share of a stream: entries [from, to) of its log.
struct attempt_span {
  std::uint32_t step = 1;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::string made_by; ///< "api@provider/model"; empty if it never started.
  /// Its answer counts as the step's. Else what it made was cut, however
  /// whole it looks, and the next attempt goes on from there.
  bool whole = false;
  bool operator==(const attempt_span&) const = default;
};

/// A stream that its store found without an end, with what is kept of it.
/// Nothing has followed it in its workspace, so it can be resumed.
struct interrupted_stream {
  std::string workspace_id;
  stream_id stream{};
  std::string message_id;
  std::uint64_t history_sequence = 0;
  std::string model; ///< As the start request named it.
  std::string metadata_json;
  std::vector<final_part> parts;
  std::vector<attempt_span> spans;
};

/// The usage of one attempt, or of a tool's own model call in it.
struct usage_row {
  std::string workspace_id;
  attempt_id attempt;
  std::string model;
  token_usage usage;
  bool by_tool = false;
  bool operator==(const usage_row&) const = default;
};

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
  boxed<interrupted_stream> interrupted{};
};

} // namespace penstock
