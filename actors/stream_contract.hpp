// From a provider's parts to the stream's log: which parts count, which entry
// each becomes, and what is closed when an attempt ends. Pure.
#pragma once

#include "actors/repeat_trim.hpp"
#include "actors/stream_log.hpp"
#include "messages/boxed.hpp"
#include "messages/part.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace penstock {

/// Writes what one attempt after the other generates into a log.
///
/// Errors:    a limit of SPEC §11 is `protocol` and names it; the parts up to
///            it stay.
/// Invariant: batches of an attempt come without a gap; an attempt never
///            extends a part of an earlier one.
class stream_contract {
public:
  /// What a batch did, beside filling the log.
  struct effect {
    bool part_closed = false; ///< A text or reasoning part: a soft boundary.
    /// Text, reasoning, refusal, tool or file went into the log: the time to
    /// the first token is known.
    bool output = false;
    bool provider_result = false; ///< A tool that the provider ran has ended.
    error why;                    ///< A limit was exceeded: end the stream.
  };

  /// A call of ours that is complete and waits to be run.
  struct ready_call {
    std::uint32_t part = 0;
    tool_call_content call;
  };

  void begin_attempt(attempt_id id);

  /// The attempt that began goes on from `kept`: what its first text repeats
  /// of it is left out. Before its first batch.
  void trim_repeated(std::string_view kept) { trim_.emplace(kept); }

  /// Whether a message of this attempt counts; what is stale is dropped.
  bool current(const attempt_id& id) const noexcept { return attempt_ == id; }

  /// @param to_first_end nothing counts behind the first part that closes, or
  ///                     the first result of a provider's tool.
  /// @pre current(id); `index` is the next one.
  effect take(std::uint32_t index, const std::vector<stream_part>& parts,
              stream_log& log, bool to_first_end = false);

  /// No more parts of the attempt will come. Closes what is open.
  /// @param cut whether the provider did not finish.
  void end_attempt(bool cut, stream_log& log);

  /// The first call of this attempt that was cut off, if any.
  std::optional<std::uint32_t> first_incomplete_call(const stream_log&) const;
  /// The first call of this attempt at all.
  std::optional<std::uint32_t> first_call() const;
  /// Calls of this attempt that the host has to run, in the model's order.
  std::vector<ready_call> ready_calls(const stream_log& log) const;

  std::uint32_t batches() const noexcept { return next_index_; }
  /// The last cumulative figure of the present attempt.
  const token_usage& usage() const noexcept { return usage_; }

private:
  struct visitor;
  struct part_state {
    std::uint32_t number = 0;
    bool open = false;
    bool call = false;
    bool provider_executed = false;
    std::size_t input_bytes = 0;
    std::string signature; ///< Of reasoning, that came before its end.
  };

  void show_withheld(stream_log& log);

  std::optional<attempt_id> attempt_;
  std::uint32_t next_index_ = 0;
  std::map<part_key, part_state> parts_;
  std::optional<part_key> withheld_of_; ///< The text that `trim_` looks at.
  boxed<repeat_trim> trim_;             ///< Until it has decided.
  std::size_t sources_ = 0;             ///< Of all attempts.
  token_usage usage_;
};

} // namespace penstock
