// Which of an attempt's five clocks fires next (SPEC §6.5). Pure: the caller
// brings the times, and one armed deadline serves all five.
#pragma once

#include "messages/clock.hpp"
#include "messages/options.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// When things happened to an attempt, in a time that stands still while we
/// hold its socket.
struct attempt_times {
  steady_time requested{};
  bool connected = false;
  std::optional<steady_time> last_byte;     ///< Of head or body.
  std::optional<steady_time> last_progress; ///< Text, reasoning, tool deltas.
};

struct clock_alarm {
  steady_time when{};
  std::string_view option; ///< "liveness_timeout_ms"; static storage.
  milliseconds limit{0};
};

/// The earliest alarm, if nothing more happens; empty if all that could fire
/// are switched off.
///
/// The two gap clocks run from their first event on: a long silence before an
/// answer is no gap in it, and has clocks of its own.
std::optional<clock_alarm> next_alarm(const attempt_clocks& clocks,
                                      const attempt_times& times);

/// "liveness_timeout_ms: not a byte for 360000 ms".
std::string describe(const clock_alarm& alarm);

} // namespace penstock
