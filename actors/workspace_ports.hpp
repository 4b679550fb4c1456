// What a workspace does to the world. The logic calls, the shell acts; a test
// records.
#pragma once

#include "actors/tool_runner.hpp"
#include "messages/actor_messages.hpp"
#include "messages/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace penstock {

/// None blocks and none calls back before it returns: every answer is a
/// message to the workspace.
class workspace_ports {
public:
  virtual ~workspace_ports() = default;

  virtual steady_time now() const = 0;
  virtual wall_time wall_now() const = 0;
  /// 64 random bits.
  virtual std::uint64_t random() = 0;

  // SUPERVISOR. The shell fills in `report_to`.
  virtual void run(run_attempt m) = 0;
  virtual void cancel(attempt_id attempt) = 0;
  virtual void forget(stream_id stream) = 0;

  /// Answers `records_durable{token}`.
  virtual void write(std::vector<store_record> records,
                     std::uint64_t token) = 0;
  /// Answers `closed_stream_loaded`.
  virtual void load_stream(subscription_id subscriber, stream_id stream) = 0;

  /// Answers `deadline_due` as given, once, after `delay`.
  virtual deadline_id arm(std::chrono::milliseconds delay,
                          deadline_due what) = 0;
  virtual void disarm(deadline_id id) = 0;

  /// Answers `tool_finished{call}`, and `tool_reported` before it.
  virtual void run_tool(call_id call, tool_run what) = 0;
  /// Answers `step_prepared{stream, generation}` with what `plan.prompt`
  /// became.
  virtual void prepare(stream_id stream, std::uint64_t generation,
                       std::function<void(step_plan&)> hook,
                       step_plan plan) = 0;
  /// The host is told, on a tool thread. Answers `step_prepared{stream,
  /// generation}` with `what`, unchanged, when it was told; if it takes long,
  /// before that.
  virtual void observe(stream_id stream, std::uint64_t generation,
                       std::function<void()> call,
                       std::shared_ptr<const prompt> what) = 0;
  /// Answers `scratch_ready`.
  virtual void make_scratch(stream_id stream, scratch_request what) = 0;
  virtual void remove_scratch(std::shared_ptr<scratch_dir> dir) = 0;

  /// Answers `stop_requested{stream}` once a stop is requested through `token`;
  /// the link lasts as long as what is returned.
  virtual std::shared_ptr<void> link(std::stop_token token,
                                     stream_id stream) = 0;
  /// The stream runs: its mark, which is set ahead of a hard stop. The stop
  /// follows in any case. Null: nobody sets one.
  virtual std::shared_ptr<const stop_mark> stop_mark_of(stream_id stream) = 0;

  virtual void offer_passivation(std::uint64_t received) = 0;
  /// The workspace ends after this.
  virtual void retire(std::vector<parked_subscriber> parked) = 0;

  /// Counted: `runtime_counts::workers_detached`.
  virtual void worker_detached() = 0;
};

} // namespace penstock
