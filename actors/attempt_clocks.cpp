#include "actors/attempt_clocks.hpp"

#include <algorithm>

namespace penstock {

namespace {
// Keeps the arithmetic of a steady clock from its end.
constexpr milliseconds longest = std::chrono::hours{24 * 365};
} // namespace

std::optional<clock_alarm> next_alarm(const attempt_clocks& clocks,
                                      const attempt_times& times) {
  std::optional<clock_alarm> next;
  const auto offer = [&](steady_time since, milliseconds limit,
                         std::string_view option) {
    limit = std::min(limit, longest);
    if (limit > milliseconds{0} && (!next || since + limit < next->when))
      next = clock_alarm{since + limit, option, limit};
  };
  if (!times.connected)
    offer(times.requested, clocks.connect_timeout_ms, "connect_timeout_ms");
  if (times.last_byte)
    offer(*times.last_byte, clocks.liveness_timeout_ms, "liveness_timeout_ms");
  else
    offer(times.requested, clocks.first_byte_timeout_ms,
          "first_byte_timeout_ms");
  if (times.last_progress)
    offer(*times.last_progress, clocks.progress_timeout_ms,
          "progress_timeout_ms");
  else
    offer(times.requested, clocks.first_token_timeout_ms,
          "first_token_timeout_ms");
  return next;
}

std::string describe(const clock_alarm& alarm) {
  const auto ms = std::to_string(alarm.limit.count()) + " ms";
  const std::string name{alarm.option};
  if (alarm.option == "connect_timeout_ms")
    return name + ": no connection after " + ms;
  if (alarm.option == "first_byte_timeout_ms")
    return name + ": no byte of an answer after " + ms;
  if (alarm.option == "first_token_timeout_ms")
    return name + ": no token after " + ms;
  if (alarm.option == "liveness_timeout_ms")
    return name + ": not a byte for " + ms;
  return name + ": no token for " + ms;
}

} // namespace penstock
