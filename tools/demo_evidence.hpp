// What is known when the demo is over: what the user saw and did, and what the
// server saw. Plain data, so that a test can falsify it.
#pragma once

#include "messages/clock.hpp"
#include "messages/stream.hpp"
#include "tools/demo_scenarios.hpp"
#include "tools/loopback/server_log.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock::cli {

struct seen_event {
  steady_time at{};
  stream_event what;
};

/// One conversation, as its user saw it.
struct demo_observation {
  std::vector<seen_event> events; ///< In the order in which they came.
  std::optional<error> not_started;
  std::optional<steady_time> acted; ///< Just before the action was asked for.
  std::optional<std::size_t> left_after; ///< So many events.
  std::optional<steady_time> came_back;
};

struct demo_evidence {
  std::vector<demo_scenario> scenarios;
  std::vector<demo_observation> seen; ///< One for each scenario.
  loopback::server_log log;           ///< Taken at the very end.
  steady_time started{};              ///< Before the first start.
  steady_time ended{};                ///< After the last terminal event.
  std::optional<error> shutdown_failed;
  bool interrupted = false; ///< By the user; then nothing is claimed.
};

/// What one who reads along knows: events, put together again.
class demo_reader {
public:
  void take(const stream_event& event);

  /// Of the latest stream, in the order of its parts.
  std::string text() const { return joined(text_); }
  std::string reasoning() const { return joined(reasoning_); }
  /// "starting", "thinking", "writing", "tool", "waiting", "done", "stopped",
  /// "failed".
  const std::string& state() const noexcept { return state_; }
  const std::string& model() const noexcept { return model_; }
  /// Over all streams: text, reasoning and tool input.
  std::size_t words() const noexcept { return words_; }
  std::size_t streams_ended() const noexcept { return ended_; }
  /// Whether each delta began where the one before had ended.
  bool gapless() const noexcept { return gapless_; }

private:
  using parts = std::map<std::uint32_t, std::string>;
  static std::string joined(const parts& all);
  void add(parts& to, std::uint32_t part, std::uint64_t offset,
           const std::string& bytes, const char* state);
  void cut(parts& of, const event::retract& after);

  parts text_, reasoning_;
  std::string state_ = "starting", model_;
  std::size_t words_ = 0, ended_ = 0;
  bool gapless_ = true;
};

} // namespace penstock::cli
