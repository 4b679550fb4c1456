// All that a runtime can be told, with its defaults.
#pragma once

#include "actors/store.hpp"
#include "actors/tool_runner.hpp"
#include "messages/clock.hpp"
#include "messages/options.hpp"
#include "messages/prompt.hpp"
#include "messages/tool.hpp"
#include "providers/http_client.hpp"
#include "providers/model_catalog.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// What a start request takes when it says nothing itself.
struct start_defaults {
  std::optional<std::uint64_t> max_output_tokens;
  struct sampling sampling; ///< Each value by itself.
  std::optional<penstock::thinking_level> thinking_level;
  /// For starts with `cache_ttl::off`.
  cache_ttl cache = cache_ttl::off;
};

/// Gets one line, without secrets, on what a host may want to look into.
/// Any thread; must not block and must not throw.
using log_hook = std::function<void(const std::string& line)>;

/// All of it. Every member has a default that works.
struct runtime_options {
  stream_options streams; ///< Of starts that bring none of their own.
  workspace_options workspaces;
  start_defaults starts;

  /// Laid over the built-in endpoints.
  std::map<std::string, provider_config> providers;
  endpoint_options endpoints;
  /// For providers that need other limits than `endpoints`.
  std::map<std::string, endpoint_options> endpoints_by_provider;

  /// Registered from the start.
  std::vector<std::shared_ptr<const tool>> tools;
  /// Before a start's own rules.
  std::vector<tool_rule> tool_policy;
  /// Scratch directories are made below it, and it is made if it is absent.
  /// Empty: starts that want one are refused.
  std::string scratch_root;

  /// An SQLite file, made if it is absent; ":memory:" or empty: nothing is kept
  /// on disk. One process at a time.
  std::string store_path;
  store_durability durability = store_durability::process;

  /// Of CAF's scheduler. 0: one per core, at least 2.
  std::uint32_t threads = 0;
  /// Tool handlers that run at the same time, and as many hooks beside them.
  /// Their threads are started when they are needed; one more handler waits.
  std::uint32_t tool_threads = 64;
  /// Host callbacks that run at the same time. With one, they are serial.
  std::uint32_t callback_threads = 1;
  /// Of the destructor, and of `shutdown` without a deadline of its own.
  milliseconds shutdown_deadline_ms{5'000};

  log_hook log; ///< May be null.

  // Injected, for tests and for hosts that bring their own. Null: real ones,
  // made by the runtime. They may be shared by several runtimes.
  std::shared_ptr<clock> time;
  std::shared_ptr<http_client> http;
  std::shared_ptr<penstock::store> store; ///< Null: as `store_path` says.
  std::shared_ptr<penstock::tool_runner> tool_runner;
  /// Of the ids and of the jitter. Absent: from the system's entropy.
  std::optional<std::uint64_t> random_seed;
  model_catalog::environment environment; ///< Null: the process's.
  /// PEM file with the certificate authorities to trust. Empty: the system's.
  std::string ca_file;
};

} // namespace penstock
