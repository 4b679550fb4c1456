// The events of one Anthropic stream, read into parts.
#pragma once

#include "messages/errc.hpp"
#include "messages/part.hpp"
#include "providers/anthropic_codec_usage.hpp"
#include "providers/delta_scanner.hpp"
#include "providers/json.hpp"
#include "providers/utf8.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::anthropic {

/// A content block between its start and its stop.
struct content_block {
  enum class kind : std::uint8_t {
    text,
    thinking,
    redacted_thinking,
    call,   ///< tool_use, server_tool_use, mcp_tool_use
    result, ///< *_tool_result, of a tool that the provider ran
    upload, ///< container_upload
    compaction,
    other, ///< fallback, and those of a later API
  } what = kind::other;
  std::optional<part_key> key; ///< Unset until it yields its first part.
  utf8_joiner joiner;          ///< Of its deltas.
  ordered_json start;          ///< The block as it was when it began.
  std::string input;           ///< call, compaction: the deltas so far.
  std::string signature;       ///< thinking
  json citations;              ///< text: a list, or null if there are none
  bool partly_known = false;   ///< other: a delta came that nobody understands
};

/// Reads message_start, content_block_*, message_delta, message_stop, ping and
/// error. Unknown events and deltas are skipped.
///
/// - A block that was cut before its stop is not closed: no text_end, no
///   reasoning_end, no tool_complete. But a call that is whole at message_stop
///   is complete.
/// - A tool_start's `kind` is the type of a block that the provider executes,
///   and empty for a function; `item_id` of its tool_complete is a JSON object
///   of what else the block had (`caller`, `server_name`), or empty. A
///   tool_result's `output_json` is the whole block. So the encoder can send
///   both back as they came.
/// - A block that is no tool's but goes back as it came (a compaction, a
///   fallback, what is not known and came whole) is a tool_result without a
///   call: its `tool_name` is the type, its id is made of the message's.
/// - So is the container that the provider's code runs in, as a block of the
///   type "container", if the turn is to go on: there the API wants it back.
/// - A citation is a source, at once, and goes back with its text: the text_end
///   has all that the block was given.
/// - A container_upload is a source whose id is the file's.
/// - The `explanation` of the end is that of a refusal.
/// - Usage comes with message_start (partial) and message_delta (exact once
///   there is a stop_reason).
/// - The message is over at message_stop; a body that ends between the
///   stop_reason and that event has lost nothing and counts as finished.
///
/// Limits: limits::stream_parts_max, also for open blocks;
///         limits::tool_input_bytes_max; limits::stream_text_bytes_max, to
///         which what a block begins with (a result of a tool) and citations
///         count as well.
/// Cost:   a delta of text, thinking or input like the one before is read
///         without a JSON parser; see delta_scanner.
class event_reader {
public:
  /// @param short_way false: every event takes the general way. Slower, and the
  ///        same parts: for comparisons.
  explicit event_reader(bool short_way = true);

  /// @param type the event's name; @param data its data. Both only during the
  ///        call.
  void take(std::string_view type, std::string_view data, part_batch& out);
  /// The body has ended.
  void end(part_batch& out);
  /// Adds the one `part::failed`; what follows is ignored.
  void fail(error why, part_batch& out);

  bool finished() const noexcept { return finished_; }
  /// Whether whatever follows is of no interest.
  bool done() const noexcept { return finished_ || failed_; }

private:
  using kind = content_block::kind;

  /// A delta that is one string.
  struct plain_kind {
    std::string_view delta_type;
    const char* member;
    kind block;
  };
  static const std::array<plain_kind, 3> plain_kinds;

  bool take_plain_delta(std::string_view type, std::string_view data,
                        part_batch& out);
  void learn(const json& event, std::string_view data, const plain_kind& what);
  void add(const plain_kind& what, std::string_view delta, part_batch& out);
  void message_start(const json& event, std::string_view data, part_batch& out);
  void whole_blocks(std::string_view data, part_batch& out);
  void message_delta(const json& event, part_batch& out);
  void close_open_calls(part_batch& out);
  void finish(part_batch& out);
  void close_stray(part_batch& out);
  void block_start(const json& event, std::string_view data, part_batch& out);
  void block_delta(const json& event, std::string_view data, part_batch& out);
  void block_stop(const json& event, part_batch& out);
  void begin(content_block& block, ordered_json start, part_batch& out);
  void close(content_block& block, part_batch& out);

  void add_text(content_block& block, std::string_view delta, part_batch& out);
  void add_reasoning(content_block& block, std::string_view delta,
                     part_batch& out);
  void add_input(content_block& block, std::string_view delta, part_batch& out);
  void add_compaction(content_block& block, std::string_view delta,
                      part_batch& out);
  void add_citation(std::uint64_t index, const json& citation, part_batch& out);
  void add_source(const json& citation, part_batch& out);
  void begin_call(content_block& block, part_batch& out);
  void close_call(content_block& block, part_batch& out);
  void close_thinking(content_block& block, part_batch& out);
  void close_result(content_block& block, part_batch& out);
  void close_upload(content_block& block, part_batch& out);
  void close_compaction(content_block& block, part_batch& out);
  void close_whole(content_block& block, part_batch& out);

  content_block* last_block(kind if_missing);
  std::optional<part_key> key_of(content_block& block, part_batch& out);
  std::optional<part_key> new_key(part_batch& out);
  bool count_text(std::size_t bytes, part_batch& out);
  void read_end(const json& of);
  void tell_container(part_batch& out);

  struct provider_call {
    part_key key;
    std::string name;
  };

  delta_scanner plain_;
  std::uint64_t plain_index_ = 0; // of the block whose delta it knows
  std::map<std::uint64_t, content_block> blocks_; // open, by index
  content_block stray_; // text that came where another block is; closed: other
  std::uint64_t last_index_ = 0;
  std::map<std::string, provider_call, std::less<>> provider_calls_; // by id
  usage_counter usage_;
  std::string message_id_;
  std::optional<std::string> stop_reason_;
  std::string explanation_; // of stop_reason_
  json container_;          // the last one named, or null
  part_key next_key_ = 0;
  std::size_t text_bytes_ = 0;
  bool started_ = false, finished_ = false, failed_ = false;
};

} // namespace penstock::anthropic
