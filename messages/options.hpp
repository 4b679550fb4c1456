// How the runtime treats a stream. Every number of SPEC.md, with its default.
// A runtime has one set; a start request may carry its own.
#pragma once

#include "messages/errc.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace penstock {

using std::chrono::milliseconds;

/// What happens to output that was already shown when its attempt fails.
enum class partial_policy : std::uint8_t {
  proceed, ///< "continue": it stays, and the next attempt goes on from it.
  retract, ///< It is withdrawn and generated again.
  stop,    ///< The stream fails and keeps it.
};

/// The five clocks of an attempt (SPEC §6.5). Each fires as class `timeout`
/// and names its option. They stand still while we have paused the socket.
/// 0 switches one off.
struct attempt_clocks {
  milliseconds connect_timeout_ms{10'000};
  /// From the request until the first byte of the answer's head or body.
  milliseconds first_byte_timeout_ms{120'000};
  /// From the request until the first text, reasoning or tool delta.
  milliseconds first_token_timeout_ms{600'000};
  /// Between any two bytes, pings included. 304 s of silence was legitimate.
  milliseconds liveness_timeout_ms{360'000};
  /// Between any two text, reasoning or tool deltas.
  milliseconds progress_timeout_ms{600'000};
};

/// What follows a failure of one class: a row of the policy table.
struct restart_rule {
  /// Attempts of the same model that may fail with this class, per step. 1:
  /// the first failure is the last.
  std::uint32_t attempts_per_model = 1;
  bool next_model = false; ///< Whether the next of the chain is asked then.
};

/// When a failed attempt is tried again (SPEC §6.1, §6.2).
struct restart_options {
  std::uint32_t max_attempts_per_model = 3; ///< Per step.
  std::uint32_t max_truncated_attempts_per_model = 2;
  std::uint32_t empty_retries_max = 1; ///< Per stream.
  milliseconds backoff_base_ms{500};
  std::uint32_t backoff_factor = 2;
  milliseconds backoff_cap_ms{30'000};
  /// A provider's hint beyond this sends the stream to the next model.
  milliseconds max_retry_after_ms{60'000};
  std::uint32_t max_restarts = 10; ///< Per stream within the window.
  milliseconds restart_window_ms{600'000};
  /// Whether a missing key, quota, permission or model moves a stream to the
  /// next model of its chain.
  bool fallback_on_config_error = true;
  /// Rows that differ from the default table (actors/restart_policy.hpp).
  std::map<errc, restart_rule> rules;
};

/// Shared by all streams of one endpoint (SPEC §6.6).
struct endpoint_options {
  std::uint32_t max_concurrent_attempts = 0; ///< 0: no limit.
  std::uint32_t breaker_failures = 5;
  milliseconds breaker_window_ms{30'000};
  milliseconds breaker_cooldown_ms{10'000};
  /// A hint beyond this keeps the endpoint closed for so long only: one wrong
  /// header must not close it for days.
  milliseconds cooldown_max_ms{600'000};
  /// An endpoint that has not answered lately gets `breaker_failures` attempts
  /// at first; the rest wait for one answer, at most this long each. So a
  /// burst does not find one outage a thousand times. 0: nobody waits.
  milliseconds cold_start_hold_ms{250};
};

/// What can be told of a single stream.
struct stream_options {
  attempt_clocks clocks;
  /// Those of single models, by "provider:model".
  std::map<std::string, attempt_clocks> clocks_by_model;
  /// Once the API's own end was seen and no content follows: how long its
  /// connection may take to end too, so that it can be used again.
  milliseconds finish_linger_ms{1'000};
  /// How long the body of an error may take after its head.
  milliseconds error_body_timeout_ms{10'000};
  restart_options restarts;
  partial_policy on_partial = partial_policy::proceed;
  /// Recognise text that a continuation repeats (never after a prefill).
  bool trim_repeated_text = false;
  std::optional<milliseconds> stream_deadline_ms; ///< Total; none by default.
  /// Since an attempt was sent: ask the next model too if no token came by
  /// then. The first token wins; what the other one used is booked. 0: off.
  milliseconds hedge_after_ms{0};
  /// A worker that ignores its cancellation this long is detached.
  milliseconds kill_deadline_ms{2'000};
  /// Where a part has closed, a soft stop waits so long for word that this was
  /// the natural end anyway.
  milliseconds soft_stop_wait_ms{100};
  milliseconds partial_flush_interval_ms{500};
  std::uint32_t max_steps = 100'000;
};

/// What survives what (SPEC §8).
enum class store_durability : std::uint8_t {
  process, ///< The death of the process; a power cut may take the last commits.
  power,   ///< What is shown as kept survives a power cut: open, tool, queue,
           ///< history and terminal records are synced, growth is not.
};

/// What all workspaces share.
struct workspace_options {
  milliseconds passivate_after_ms{300'000};
  milliseconds store_deadline_ms{10'000};
};

} // namespace penstock
