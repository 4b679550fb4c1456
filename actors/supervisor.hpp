// The SUPERVISOR actor: owns the life of all attempts of a runtime. It spawns a
// PROVIDER for each, watches it, and decides what follows.
#pragma once

#include "actors/attempt_environment.hpp"
#include "actors/endpoint_health.hpp"
#include "actors/fair_queue.hpp"
#include "actors/provider.hpp"
#include "actors/restart_policy.hpp"
#include "messages/type_ids.hpp"

#include <compare>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace penstock {

/// State of the SUPERVISOR. One per runtime. Sees control messages only: a few
/// per attempt, none per token.
///
/// A fresh one may take over at any time: a record of a stream is made by the
/// first `run_attempt` that it hears of.
///
/// Invariant: every `run_attempt` is answered by exactly one `attempt_settled`,
///            after its PROVIDER has exited or if there never was one.
/// Cost:      O(log n) per message, but for a circuit that opens or closes:
///            that concerns all who wait for it.
class supervisor_state {
public:
  using shell = caf_compat::shell<supervisor_protocol, supervisor_state>;

  supervisor_state(shell& self, std::shared_ptr<const attempt_environment> env);
  /// After a crash too: what still runs is told to stop.
  ~supervisor_state();
  supervisor_state(const supervisor_state&) = delete;
  supervisor_state& operator=(const supervisor_state&) = delete;

  void on(const run_attempt&);
  void on(const cancel_attempt&);
  void on(const forget_stream&);
  void on(const attempt_answered&);
  void on(const attempt_ended&);
  void on(const view_health&);
  void on(const deadline_due&);

private:
  /// Callers may give streams of several workspaces the same id.
  struct stream_key {
    stream_id stream{};
    std::string workspace_id;
    auto operator<=>(const stream_key&) const = default;
  };
  struct attempt_key {
    stream_key of;
    std::uint32_t number = 0;
    auto operator<=>(const attempt_key&) const = default;
  };

  /// One endpoint and who waits for it.
  struct endpoint_record {
    explicit endpoint_record(std::string n, const endpoint_options& options)
      : name(std::move(n)), health(options) {}
    std::string name; ///< "provider base_url"
    endpoint_health health;
    fair_queue<attempt_key> waiting; ///< A line per workspace.
    /// Of attempts that run, by "provider:model".
    std::map<std::string, std::weak_ptr<const resolved_model>> models;
    std::size_t attempts = 0; ///< Those that point here.
    /// What the last who asked was told: a change concerns all who wait.
    endpoint_health::admission::kind told{};
  };
  /// provider, base URL, hash of the key; never the key itself.
  using endpoint_key = std::tuple<std::string, std::string, std::size_t>;

  struct stream_record {
    restart_policy policy;
    std::size_t asked = 0; ///< So many of the chain were, or are left out.
    std::vector<std::uint32_t> live; ///< Numbers of its `attempts_`; one, but
                                     ///< for a hedge and for who lost.
  };

  /// From `run_attempt` to `attempt_settled`.
  struct attempt_record {
    run_attempt what;
    std::shared_ptr<const resolved_model> model; ///< Null until resolved.
    endpoint_record* at = nullptr;               ///< Counts this one.
    bool queued = false;                         ///< In `at->waiting`.
    bool cancelled = false;

    steady_time asked{}; ///< For its endpoint, for the first time.
    bool waited = false; ///< For a circuit or a cooldown, once.
    deadline_id armed{};
    std::uint64_t generation = 0;

    std::optional<provider_actor> provider; ///< Set: it runs.
    endpoint_health::ticket ticket;
    boxed<attempt_report> report; ///< How it ended.
    bool reported = false, exited = false;
    bool silent = false; ///< It left without a report: it may have shown much.
    bool held = false;   ///< Over, with output; who wins the race is not known.

    stream_key stream() const {
      return {what.attempt.stream, what.plan->workspace_id};
    }
    attempt_key key() const { return {stream(), what.attempt.number}; }
    attempt_report& end() { return report ? *report : report.emplace(); }
  };

  // Before the attempt runs.
  void seek_admission(attempt_record& a);
  void seek_elsewhere(attempt_record& a, endpoint_health::admission admission);
  void wait(attempt_record& a, std::optional<steady_time> until);
  void leave_queue(attempt_record& a);
  void launch(attempt_record& a);
  provider_order order_for(attempt_record& a);

  // Its end. `settle` destroys the record.
  void provider_exited(const attempt_key& id, const caf_compat::exit_text& why);
  void conclude(attempt_record& a);
  void over(attempt_record& a);
  restart_decision judge(attempt_record& a);
  attempt_record* rival(const attempt_record& a);
  void goes_on_alone(attempt_record& a);
  void settle(attempt_record& a, restart_decision decision);
  void cancel(attempt_record& a);

  // Endpoints.
  endpoint_record& endpoint_of(const resolved_model& model);
  static std::shared_ptr<const resolved_model> shared(endpoint_record& at,
                                                      resolved_model model);
  void forget_idle_endpoints();
  void serve(endpoint_record& at);
  void wake_front(endpoint_record& at, steady_time when);
  /// Empty: its endpoint takes an attempt, or it fails at once.
  std::optional<steady_time> blocked_until(const std::string& model);

  expected<resolved_model> resolve(const std::string& model) const;
  restart_world world(const attempt_record& a);
  steady_time now() const { return env_->time->now(); }
  void arm(attempt_record& a, steady_time when);
  void disarm(attempt_record& a);
  attempt_record* find(const attempt_key& id);
  /// Of an attempt that was not cancelled.
  stream_record& stream_of(const attempt_record& a) {
    return streams_.at(a.stream());
  }

  shell& self_; ///< Owns this.
  const std::shared_ptr<const attempt_environment> env_;
  std::mt19937_64 random_;
  std::map<stream_key, stream_record> streams_;
  std::map<attempt_key, attempt_record> attempts_;
  std::unordered_map<std::uint64_t, attempt_key> deadlines_; ///< Armed ones.
  std::map<endpoint_key, endpoint_record> endpoints_;
  std::uint64_t last_generation_ = 0;
};

} // namespace penstock
