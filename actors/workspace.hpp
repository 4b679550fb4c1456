// The WORKSPACE actor: a thin shell around workspace_core.
#pragma once

#include "actors/scratch_dir.hpp"
#include "actors/store.hpp"
#include "actors/tool_runner.hpp"
#include "actors/workspace_core.hpp"
#include "actors/workspace_ports.hpp"
#include "messages/stop_board.hpp"
#include "messages/type_ids.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// What all workspaces of a runtime share. Immutable; what it points to is
/// thread-safe.
struct workspace_environment {
  std::shared_ptr<penstock::store> store;
  std::shared_ptr<penstock::clock> clock;
  std::shared_ptr<penstock::tool_runner> tool_runner;
  /// 64 random bits, from any thread.
  std::function<std::uint64_t()> random;
  /// Below it scratch directories are made; absent: starts that want one are
  /// refused.
  std::optional<scratch_root> scratch;
  workspace_settings settings;
  /// Null: stops come by their messages alone.
  std::shared_ptr<stop_board> stops;
  /// Workers that ignored their cancellation.
  std::shared_ptr<std::atomic<std::uint64_t>> workers_detached;
};

/// State of a WORKSPACE. Its DIRECTORY spawns it and is the only one who sends
/// it commands.
class workspace_state final : private workspace_ports {
public:
  using shell = caf_compat::shell<workspace_protocol, workspace_state>;
  using called = parts_received;

  workspace_state(shell& self, std::string workspace_id,
                  std::shared_ptr<const workspace_environment> environment,
                  directory_actor directory, supervisor_actor supervisor,
                  std::vector<parked_subscriber> parked);

  template <class Message>
  void on(const Message& m) {
    // What came through DIRECTORY counts: it compares when we offer to leave.
    if constexpr (requires { m.workspace_id; })
      core_.command_received();
    core_.on(m);
  }
  void on(const supervisor_replaced& m);
  void on(const parts_received& m);

private:
  steady_time now() const override;
  wall_time wall_now() const override;
  std::uint64_t random() override;
  void run(run_attempt m) override;
  void cancel(attempt_id attempt) override;
  void forget(stream_id stream) override;
  void write(std::vector<store_record> records, std::uint64_t token) override;
  void load_stream(subscription_id subscriber, stream_id stream) override;
  deadline_id arm(std::chrono::milliseconds delay, deadline_due what) override;
  void disarm(deadline_id id) override;
  void run_tool(call_id call, tool_run what) override;
  void prepare(stream_id stream, std::uint64_t generation,
               std::function<void(step_plan&)> hook, step_plan plan) override;
  void observe(stream_id stream, std::uint64_t generation,
               std::function<void()> call,
               std::shared_ptr<const prompt> what) override;
  void make_scratch(stream_id stream, scratch_request what) override;
  void remove_scratch(std::shared_ptr<scratch_dir> dir) override;
  std::shared_ptr<void> link(std::stop_token token, stream_id stream) override;
  std::shared_ptr<const stop_mark> stop_mark_of(stream_id stream) override;
  void offer_passivation(std::uint64_t received) override;
  void retire(std::vector<parked_subscriber> parked) override;
  void worker_detached() override;

  shell& self_; // owns this
  const std::shared_ptr<const workspace_environment> environment_;
  const directory_actor directory_;
  supervisor_actor supervisor_;
  workspace_core core_;
};

} // namespace penstock
