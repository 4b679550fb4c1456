// How an attempt ended, and what follows it. Plain data: no actor.
#pragma once

#include "messages/errc.hpp"
#include "messages/stream.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace penstock {

/// What PROVIDER knows at its end.
struct attempt_report {
  std::optional<error> failure; ///< Absent: the body came to its end.
  bool stopped = false;         ///< We stopped it.
  std::optional<finish> finished;
  std::string explanation; ///< `part::finished::explanation`
  token_usage usage;
  /// Batches of parts that it has sent; WORKSPACE holds them against what it
  /// got.
  std::uint32_t batches = 0;
  bool any_part = false; ///< Text, reasoning, refusal, tool or file.
  /// A call of ours is complete, and so are all calls before it.
  bool complete_calls = false;
  bool refusal = false; ///< The model said that it declines.
};

/// What follows an attempt.
struct restart_decision {
  enum class kind : std::uint8_t {
    complete,  ///< The step's model call is done.
    cut_calls, ///< It was cut, but complete calls end the step.
    retry,     ///< Build a request for `next_model` and send `run_attempt`.
    defeat,    ///< The stream fails with `why`.
    cancelled, ///< As WORKSPACE asked.
    yielded,   ///< It failed with nothing to show; the other one goes on.
  } what = kind::complete;
  error why{}; ///< Unless complete or cancelled.
  bool refused = false;
  bool silent = false; ///< A retry that nobody is told of.
  std::chrono::milliseconds delay{0};
  std::string next_model{}; ///< Only with `retry`.
};

/// The same, with what it was decided on.
struct attempt_verdict : restart_decision {
  attempt_report report;
  std::string model; ///< Of the attempt.
};

} // namespace penstock
