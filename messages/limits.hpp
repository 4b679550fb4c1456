// The bounds that a provider, a host or a model can meet, with unit and reason.
// Exceeding one that guards against a provider is a `protocol` error that names
// it (SPEC §11). Times are options (messages/options.hpp).
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::limits {

/// One line of an event stream. A tool call that carries a file in one piece
/// is the largest line seen (7 MiB); above this, memory is being attacked.
inline constexpr std::size_t sse_line_bytes_max = 16u << 20;
/// The joined data of one server-sent event. Same reason.
inline constexpr std::size_t sse_event_bytes_max = 16u << 20;
/// One line of a stream of JSON lines. Same reason.
inline constexpr std::size_t ndjson_line_bytes_max = 16u << 20;
/// Nesting of any JSON that comes from outside; parsers recurse.
inline constexpr std::size_t json_depth_max = 64;
/// Parts of one stream. A tool loop of 1 000 steps makes a few thousand.
inline constexpr std::size_t stream_parts_max = 100'000;
/// Input of one tool call. Models write whole files into it.
inline constexpr std::size_t tool_input_bytes_max = 8u << 20;
/// What is kept of an error body: enough to classify and to show.
inline constexpr std::size_t error_body_bytes_max = 64u << 10;
/// Text, reasoning and refusal of one stream together.
inline constexpr std::size_t stream_text_bytes_max = 64u << 20;
/// What is shown of a provider's message in an event.
inline constexpr std::size_t error_message_bytes_max = 2u << 10;

/// Bytes of one attempt between its socket and its workspace. Above, the
/// socket is paused; a quarter of it resumes it.
inline constexpr std::size_t attempt_in_flight_bytes_max = 1u << 20;
/// Bytes of one event batch to a subscriber, about; bounds what a slow one
/// gets in one piece.
inline constexpr std::size_t batch_bytes_max = 1u << 20;

/// Of the end of a kept text, what a continuation is searched for. It is
/// withheld as long as it may be a repetition: about a minute's tokens.
inline constexpr std::size_t repeat_bytes_max = 4u << 10;
/// Less than this in common is chance ("the king").
inline constexpr std::size_t repeat_bytes_min = 12;

/// Ended streams that a workspace keeps for subscribers that lag. One that is
/// further behind is told the rest of its own and then the oldest of these.
inline constexpr std::size_t retained_streams_max = 8;

/// Header name or value of a request.
inline constexpr std::size_t header_bytes_max = 16u << 10;
/// Length of a workspace id, a message id or a label.
inline constexpr std::size_t id_bytes_max = 256;
/// Size of `metadata`; it travels in events and records.
inline constexpr std::size_t metadata_bytes_max = 256u << 10;

/// Name of a tool; the providers' own bound.
inline constexpr std::size_t tool_name_bytes_max = 64;
/// JSON schema of one tool. It travels with every request.
inline constexpr std::size_t tool_schema_bytes_max = 1u << 20;
/// Output of one tool call: it becomes part of the next prompt.
inline constexpr std::size_t tool_output_bytes_max = 8u << 20;
/// Files beside that output, together.
inline constexpr std::size_t tool_files_bytes_max = 32u << 20;
/// Message of an error result, for the model to read.
inline constexpr std::size_t tool_error_bytes_max = 2u << 10;
/// Tools that a runtime or a stream has. Models cope with about a hundred.
inline constexpr std::size_t tools_max = 4'096;
/// Rules of one tool policy.
inline constexpr std::size_t tool_rules_max = 1'024;
/// Read-only calls that run at the same time in one stream.
inline constexpr std::size_t parallel_calls_max = 64;

/// A pattern of a policy or a schema.
inline constexpr std::size_t regex_bytes_max = 1u << 10;
/// Its automaton, about, in states: the stack of a match grows with it.
inline constexpr std::size_t regex_weight_max = 4'096;
/// Cost of one match: bytes of the text times weight. About a second.
inline constexpr std::size_t regex_steps_max = 16u << 20;
/// All patterns of one schema together, in states: about 32 MiB.
inline constexpr std::size_t schema_regex_weight_max = 1u << 18;
/// Schemas that one value of an input is held against at once, each within the
/// other (`allOf`, `$ref` …). The stack of a check grows with it.
inline constexpr std::size_t schema_nesting_max = 32;
/// Subschemas that the check of one input may visit. Alternatives within
/// alternatives multiply. About a second.
inline constexpr std::size_t schema_steps_max = 1'000'000;

} // namespace penstock::limits
