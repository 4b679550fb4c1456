// The history of a workspace, and the prompts that are made of it. Pure.
#pragma once

#include "actors/packed_row.hpp"
#include "actors/stream_log.hpp"
#include "messages/record.hpp"
#include "messages/request.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace penstock {

/// The history of one workspace.
///
/// Invariant: sequence numbers rise strictly and are never given twice, not
///            even after their message was removed.
class conversation {
public:
  conversation() = default;
  explicit conversation(const workspace_snapshot& snapshot);

  std::vector<history_row> rows() const;
  std::uint64_t last_sequence() const noexcept { return last_sequence_; }

  /// Claims the next sequence number, or `wanted`. @pre it is higher than all
  /// before: whoever starts a stream has looked at that.
  std::uint64_t claim(std::optional<std::uint64_t> wanted = {});

  /// @pre row.sequence was claimed. Rows are kept in order of sequence.
  void add(const history_row& row);

  /// Removes the rows from `first` to `last`. @returns their numbers.
  std::vector<std::uint64_t> cut(std::uint64_t first,
                                 std::uint64_t last = UINT64_MAX);

  /// Takes out the row at `sequence`, which is to be written anew.
  std::optional<history_row> take(std::uint64_t sequence);

  /// All messages, in order.
  std::vector<message> messages() const;

private:
  std::vector<packed_row> rows_;
  std::uint64_t last_sequence_ = 0;
};

/// The messages that a stream has made so far, as the next request needs them:
/// an assistant message per step, each with its tools' results behind it.
///
/// What a provider would reject is left out: reasoning that was cut or that
/// another model made, calls without a result, blank text. So are the words of
/// a refusal: the next model is not to go on with them.
/// @param spans of all attempts so far, in order.
/// @param partial set to whether the last message is a cut answer.
std::vector<message> generated_messages(const stream_log& log,
                                        std::span<const attempt_span> spans,
                                        bool& partial);

/// What a stream leaves in the history: the same messages, for good. Calls
/// without a result get an error result that says so. Empty if nothing is
/// worth keeping (SPEC §8: no non-blank text, file or completed tool).
std::vector<message> final_messages(const stream_log& log,
                                    std::span<const attempt_span> spans);
/// The same of the parts that are left of a stream.
std::vector<message> final_messages(const std::vector<final_part>& parts,
                                    std::span<const attempt_span> spans);

/// The prompt of a step.
/// @param entry of the fallback chain, or null for the requested model.
/// @param thinking as it stands now; may have changed since the start.
prompt build_prompt(const start_request& request, const fallback_entry* entry,
                    std::string_view provider,
                    std::optional<thinking_level> thinking,
                    std::vector<message> messages,
                    std::vector<tool_definition> tools, bool partial);

/// All text parts that stand, joined.
std::string text_of(const stream_log& log);

/// The outcome that a stream's terminal event tells of.
stream_outcome outcome_of(const closed_stream& closed);

} // namespace penstock
