// What a provider's decoder yields: the wire, made neutral and kept lossless.
// Goes from PROVIDER to WORKSPACE, which turns it into log entries.
#pragma once

#include "messages/stream.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace penstock {

/// Names a part within one attempt, from 0, in order of first appearance.
/// Deltas of several parts may alternate on the wire.
using part_key = std::uint32_t;

namespace part {

/// First non-empty id and model on the wire. At most once each.
struct response_info {
  std::string id, model;
};
/// Opens the part at its first delta. Adjacent ones of one key are merged.
struct text {
  part_key key;
  std::string bytes;
};
struct text_end {
  part_key key;
  std::string phase = {};          ///< `text_content::phase`
  std::string citations_json = {}; ///< `text_content::citations_json`
};
struct refusal {
  part_key key;
  std::string bytes;
};
/// `signature` and `encrypted` are final for the part, not appended.
struct reasoning {
  part_key key;
  std::string bytes;
};
struct reasoning_end {
  part_key key;
  std::string signature, encrypted, item_id;
};
/// A signature on its own (Gemini: on a text part or an empty part).
struct signature {
  part_key key;
  std::string bytes;
};
/// The model began a call.
struct tool_start {
  part_key key;
  std::string id; ///< As on the wire; empty if the wire has none.
  std::string name;
  std::string kind; ///< Empty: a function.
  bool provider_executed = false;
};
struct tool_input {
  part_key key;
  std::string bytes;
};
/// The call is complete as far as the wire says; whether `input` is JSON is
/// for the reader to check. A call without this was cut off.
struct tool_complete {
  part_key key;
  std::string input; ///< The whole input; "{}" if it was empty.
  std::string signature;
  std::string item_id;
};
/// The provider ran a tool. Its call may never have been seen.
struct tool_result {
  part_key key; ///< Of the call, or a new one.
  std::string tool_call_id, tool_name;
  std::string output_json;
  bool is_error = false;
};
struct file {
  part_key key;
  file_content content;
};
struct source {
  part_key key;
  penstock::source citation;
};
/// Text a provider made by compacting the context; not part of the answer.
struct compaction {
  part_key key;
  std::string bytes;
};
/// Cumulative for the attempt: the last one counts.
struct usage {
  token_usage tokens;
};
struct finished {
  finish why;
  /// What the provider says about it, for a person: one line without keys.
  std::string explanation = {};
};
/// An error inside the stream. Nothing of the attempt counts after it.
struct failed {
  error why;
  /// The finish reason that the wire gave before the error, or beside it.
  std::optional<std::string> finish_raw = {};
};

} // namespace part

using stream_part =
  std::variant<part::response_info, part::text, part::text_end, part::refusal,
               part::reasoning, part::reasoning_end, part::signature,
               part::tool_start, part::tool_input, part::tool_complete,
               part::tool_result, part::file, part::source, part::compaction,
               part::usage, part::finished, part::failed>;

/// Whether an attempt that made this part has shown something: text, reasoning,
/// a refusal, a call, a file or a source. Such a part is never taken back
/// unseen: what follows a failure, and who wins a race, depends on it.
bool shows_output(const stream_part& p);
/// Whether the answer goes on with it, be it by an empty delta: no end of a
/// part, no usage, no finish. Behind a boundary it is what a soft stop cuts
/// off. A source belongs to the text before it.
bool continues_answer(const stream_part& p);
/// Whether the clocks of first token and progress count it (SPEC §6.5): what
/// the model generates piece by piece. A tool of the provider does not.
bool is_token(const stream_part& p);

/// The parts that one read gave, in order. Adjacent deltas of one part merge,
/// so that a token costs its bytes and not an object.
class part_batch {
public:
  part_batch() = default;
  /// Takes the room of parts that were needed before. @pre it is empty.
  explicit part_batch(std::vector<stream_part>&& room) noexcept
    : parts_(std::move(room)) {}

  void text(part_key key, std::string_view bytes);
  void reasoning(part_key key, std::string_view bytes);
  void refusal(part_key key, std::string_view bytes);
  void tool_input(part_key key, std::string_view bytes);
  void add(stream_part p) { parts_.push_back(std::move(p)); }

  bool empty() const noexcept { return parts_.empty(); }
  std::size_t size() const noexcept { return parts_.size(); }
  const std::vector<stream_part>& parts() const noexcept { return parts_; }
  std::vector<stream_part>& parts() noexcept { return parts_; }
  std::vector<stream_part> take() noexcept { return std::move(parts_); }
  void clear() noexcept { parts_.clear(); }

private:
  std::vector<stream_part> parts_;
};

} // namespace penstock
