// All that a workspace knows of its present stream. Data; the rules are in
// workspace_core.
#pragma once

#include "actors/attempt_race.hpp"
#include "actors/conversation.hpp"
#include "actors/stream_contract.hpp"
#include "actors/stream_log.hpp"
#include "actors/tool_phase.hpp"
#include "actors/tool_policy.hpp"
#include "actors/tool_set.hpp"
#include "messages/actor_messages.hpp"
#include "messages/boxed.hpp"
#include "messages/clock.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace penstock {

/// How a stream is going to end. Decided once.
struct stream_ending {
  stream_outcome::kind how = stream_outcome::kind::completed;
  finish finished;
  error why; ///< Only with `failed`.
  event::stream_abort::reason reason = event::stream_abort::reason::user;
};

inline void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end())
    names.push_back(name);
}

/// What a stream takes over of one that a crash interrupted.
struct resumption {
  interrupted_stream of;
  boxed<history_row> row;           ///< Taken out of the history.
  std::uint32_t entries = 0;        ///< Those of the log below are the other's.
  std::vector<std::uint32_t> calls; ///< To be run first.
  std::set<std::uint32_t> unknown;  ///< Those that may have run already.
  bool step_done = false;           ///< What follows is the next step.
};

/// The calls of one step.
struct step_calls {
  tool_phase order;
  std::set<std::uint32_t> handlers; ///< Parts whose handler runs.
  std::stop_source cancel;
};

struct live_stream {
  // What each batch of parts needs, beside each other.
  std::shared_ptr<stream_log> log; ///< Null until registered.
  boxed<attempt_race> race;        ///< Of `attempt` and its hedge.
  bool finish_seen = false;        ///< The attempt's end is under way.
  bool more_follows = false;       ///< A call of ours, or a turn that pauses.
  bool soft_stop = false;
  bool at_boundary = false; ///< A part closed: what comes next decides.
  bool flush_under_way = false;
  bool flush_armed = false;
  std::optional<steady_time> first_token_at;
  stream_contract contract;

  // Given by the start, never changed.
  std::shared_ptr<const start_request> request;
  std::shared_ptr<const stream_identity> identity;
  std::shared_ptr<const stream_plan> plan;
  std::uint64_t history_sequence = 0;
  std::vector<history_row> host_rows; ///< What the start adds to the history.
  tool_set tools;                     ///< Those that the policy enables.
  tool_policy policy;

  boxed<resumption> kept; ///< Set if it resumes another.

  // Until it is registered.
  reply<stream_id> registered;
  bool record_durable = false;
  bool scratch_wanted = false; ///< Asked for and not there yet.
  /// Messages of the queue that it was started with. They leave the queue when
  /// it is registered, and stay in it if it never is.
  std::size_t from_queue = 0;

  // What it made so far.
  std::vector<attempt_span> spans; ///< One per attempt.
  std::vector<model_usage> usage;  ///< One per model.
  std::vector<std::string> refused_models, failed_models;
  std::shared_ptr<scratch_dir> scratch;

  // The present step and attempt.
  std::uint32_t step = 0;
  std::uint32_t step_from = 0; ///< First entry of the step.
  attempt_id attempt;
  std::uint32_t last_attempt = 0; ///< The highest number given.
  bool attempt_runs = false;      ///< From run_attempt to attempt_settled.
  bool goes_on = false;           ///< It continues a cut answer.
  std::shared_ptr<attempt_link> link;
  std::string model; ///< "provider:model" that is asked or will be.
  std::optional<penstock::thinking_level> thinking;
  /// Set while it runs; the next step takes it over, once.
  std::optional<penstock::thinking_level> next_thinking;
  bool thinking_was_set = false; ///< Then it beats a fallback entry's own.
  std::uint64_t preparation = 0; ///< Generation of the request under way.
  std::chrono::milliseconds delay{0};
  bool hedge_wanted = false;  ///< The request under way is a hedge's.
  bool observed = false;      ///< It has been shown to the host, if it wants.
  std::vector<racer> leaving; ///< They lost; to be booked when they settle.

  boxed<step_calls> calls; ///< Of the present step, once it has made any.
  bool required_succeeded = false;
  finish step_finish;
  token_usage step_usage;

  // The end.
  boxed<stream_ending> ending;
  bool makes_way = false; ///< The soft stop is for a queued message.
  bool abandoned = false;
  struct stopper {
    reply<stop_result> done;
    bool gets_queue = false;
  };
  std::vector<stopper> stoppers;
  std::vector<queued_message> returned_queue;

  // Times.
  steady_time started_at;
  deadline_id kill_deadline{}, stream_deadline{};
  deadline_id hedge_deadline{}; ///< Of `attempt`.
  std::shared_ptr<void> stop_link;
  /// Set when a hard stop is on its way. May be null.
  std::shared_ptr<const stop_mark> stopping;
  /// Attempts that were settled since then: the stop comes before them.
  std::vector<attempt_settled> overtaken;

  // What was written of the log.
  stream_log::place flushed;
  std::optional<steady_time> flushed_at;

  stream_id id() const noexcept { return identity->stream; }
  bool stop_comes() const noexcept { return stopping && *stopping && !ending; }
  bool at_natural_end() const noexcept { return finish_seen && !more_follows; }
  bool workers_gone() const noexcept {
    return !attempt_runs && !race && leaving.empty()
           && (!calls || calls->handlers.empty());
  }
  /// Adds what one attempt, or a tool's own model call, has used.
  void book(const std::string& by, const token_usage& used) {
    for (auto& u : usage)
      if (u.model == by) {
        u.usage += used;
        return;
      }
    usage.push_back({by, used});
  }
  token_usage total_usage() const {
    token_usage all;
    for (const auto& u : usage)
      all += u.usage;
    return all;
  }
};

} // namespace penstock
