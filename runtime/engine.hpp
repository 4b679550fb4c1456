// Internal: what a runtime is made of, and how it comes and goes.
#pragma once

#include "actors/attempt_environment.hpp"
#include "actors/root.hpp"
#include "actors/workspace.hpp"
#include "runtime/callback_threads.hpp"
#include "runtime/command_port.hpp"
#include "runtime/runtime.hpp"
#include "runtime/tool_registry.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>

namespace penstock {

/// CAF's system: the host's, or our own.
struct system_parts {
  std::unique_ptr<caf::actor_system_config> config;
  std::unique_ptr<caf::actor_system> own; ///< Null: the host's.
  caf::actor_system* in_use = nullptr;    ///< Never null.
};

/// Order of the end: no more commands; workspaces, directories, SUPERVISOR;
/// then nobody uses the HTTP client, the tool threads, the store and the
/// clock; they go, and the actor system last.
class runtime::engine {
public:
  /// @param host null: a system of our own.
  static expected<std::unique_ptr<engine>> make(runtime_options options,
                                                caf::actor_system* host);
  ~engine();

  expected<std::size_t> shutdown(std::optional<milliseconds> deadline);
  void report(const std::string& line) const;

  const std::shared_ptr<const runtime_options>& options() const {
    return options_;
  }

  std::shared_ptr<model_catalog> models;
  std::shared_ptr<tool_registry> tools;
  std::shared_ptr<command_port> port = std::make_shared<command_port>();
  std::shared_ptr<callback_threads> callbacks;
  /// All 0 if the host brought its own, and after the shutdown.
  tool_thread_counts count_tool_threads() const;
  /// Null after the shutdown has begun.
  root_actor root_handle();
  /// Null after the shutdown.
  std::weak_ptr<penstock::store> store;
  std::optional<scratch_root> scratch; ///< Absent: none is configured.
  std::atomic<std::uint64_t> next_subscription{1};
  std::shared_ptr<stop_board> stops = std::make_shared<stop_board>();
  std::shared_ptr<std::atomic<std::uint64_t>> workers_detached =
    std::make_shared<std::atomic<std::uint64_t>>(0);

private:
  /// What the actors use; ends after them.
  struct world {
    /// Waits for the actors, without a limit.
    ~world();

    std::shared_ptr<penstock::clock> time;
    std::shared_ptr<http_client> http;
    std::shared_ptr<penstock::store> store;
    std::shared_ptr<penstock::tool_runner> tool_runner;
    /// Waits for our own; null: the host's. Whoever else holds the runner for a
    /// moment does not put that off.
    std::function<void()> close_tools;
    std::shared_ptr<const attempt_environment> attempts;
    std::shared_ptr<const workspace_environment> workspaces;
    system_parts system;
  };

  expected<void> make_world(caf::actor_system* host);
  expected<void> make_tools();
  expected<void> make_store();
  expected<void> make_workspace_environment();
  void make_attempt_environment();
  void spawn_actors();
  expected<std::size_t> end(std::optional<milliseconds> wanted);
  bool end_actors(std::chrono::steady_clock::time_point deadline,
                  std::size_t& workspaces);
  bool end_world(std::chrono::steady_clock::time_point deadline);

  std::shared_ptr<const runtime_options> options_;
  std::function<std::uint64_t()> random_;
  std::unique_ptr<world> world_ = std::make_unique<world>();
  std::mutex root_mutex_;
  root_actor root_; ///< Guarded by `root_mutex_`.
  /// Null if the host brought its own, and after the end.
  std::weak_ptr<class thread_tool_runner> tool_threads_;
  std::shared_ptr<std::atomic<bool>> tool_hangs_ =
    std::make_shared<std::atomic<bool>>(false);
  std::mutex ending_; ///< One caller ends the runtime, others wait for it.
  std::optional<expected<std::size_t>> ended_; // guarded by ending_
};

} // namespace penstock
