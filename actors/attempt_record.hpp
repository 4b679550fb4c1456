// What the supervisor knows of an attempt, and of the stream that it is of.
#pragma once

#include "actors/attempt_machine.hpp"
#include "actors/endpoint_set.hpp"
#include "actors/restart_policy.hpp"
#include "messages/actor_messages.hpp"
#include "messages/boxed.hpp"
#include "messages/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace penstock {

struct stream_record;

/// From `run_attempt` to `attempt_settled`.
struct attempt_record {
  /// @param counts as for `attempt_machine`.
  attempt_record(const run_attempt& m, stream_record& s, attempt_counts* counts)
    : what(m), of(s), life(counts) {}

  run_attempt what;
  stream_record& of;                           ///< Owns this.
  std::shared_ptr<const resolved_model> model; ///< Null until resolved.
  endpoint_record* at = nullptr;               ///< Null until resolved.

  steady_time asked{}; ///< For its endpoint, for the first time.
  deadline_id armed{};
  std::uint64_t generation = 0;
  attempt_machine life;
  bool waited = false; ///< For a circuit or a cooldown, once.
  endpoint_health::ticket ticket;

  provider_actor provider;      ///< Since it was launched.
  boxed<attempt_report> report; ///< How it ended.

  attempt_report& end() { return report ? *report : report.emplace(); }
  bool shown() const { return report && report->any_part; }
  bool is(attempt_phase p) const noexcept { return life.now() == p; }
};

/// From its first `run_attempt` to `forget_stream`, and until its last attempt
/// is settled.
struct stream_record {
  explicit stream_record(const run_attempt& first)
    : plan(first.plan),
      policy(plan->models, {plan->options, &plan->options->restarts},
             plan->options->on_partial) {}

  std::shared_ptr<const stream_plan> plan;
  restart_policy policy;
  std::size_t asked = 0; ///< So many of the chain were, or are left out.
  bool forgotten = false;
  /// One, but for a hedge and for who lost.
  std::vector<std::unique_ptr<attempt_record>> attempts;
};

/// Callers may give streams of several workspaces the same id.
struct stream_key {
  stream_id id{};
  std::string_view workspace; ///< Where the record has its own: in its plan.
  bool operator==(const stream_key&) const = default;

  struct hash {
    std::size_t operator()(const stream_key& key) const noexcept {
      return std::hash<std::string_view>{}(key.workspace) * 31
             + static_cast<std::size_t>(key.id);
    }
  };
};

} // namespace penstock
