#include "runtime/engine.hpp"

#include "actors/directory.hpp"
#include "actors/supervisor.hpp"
#include "actors/tool_policy.hpp"
#include "messages/type_ids.hpp"
#include "providers/curl_http_client.hpp"
#include "providers/named_thread.hpp"
#include "providers/scripted_endpoints.hpp"
#include "providers/system_clock.hpp"
#include "runtime/in_memory_store.hpp"
#include "runtime/option_check.hpp"
#include "runtime/sqlite_store.hpp"
#include "runtime/thread_tool_runner.hpp"

#include <algorithm>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace penstock {

namespace {

/// Shards of the DIRECTORY: more than cores, so that none is a bottleneck.
constexpr std::size_t shard_count = 16;

/// 64 random bits a call, from any thread; the same from the same seed.
/// Source: Steele, Lea, Flood: "Fast splittable pseudorandom number
///         generators" (SplitMix64).
std::function<std::uint64_t()> make_random(std::optional<std::uint64_t> seed) {
  if (!seed) {
    std::random_device entropy;
    seed = std::uint64_t{entropy()} << 32 | entropy();
  }
  return [state = std::make_shared<std::atomic<std::uint64_t>>(*seed)] {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15u;
    auto z = state->fetch_add(golden) + golden;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  };
}

template <class T>
expected<std::shared_ptr<T>> shared(expected<std::unique_ptr<T>> made) {
  if (!made)
    return fail(made.error());
  return std::shared_ptr<T>{std::move(*made)};
}

/// Runs PROVIDER and WORKSPACE where the bytes come in (decision 0071).
class actors_on_loop final : public loop_companion {
public:
  explicit actors_on_loop(caf::actor_system& system) : system_(system) {}
  void begin() override { thread_.emplace(system_); }
  void turn() override { thread_->turn(); }
  void end() override { thread_.reset(); }

private:
  caf::actor_system& system_;
  std::optional<caf_compat::own_thread> thread_;
};

/// CAF's scheduler waits for ever for workers that the system did not give it,
/// so they are asked for here first.
expected<void> try_threads(std::uint32_t count) {
  std::promise<void> all_tried;
  const auto tried = all_tried.get_future().share();
  std::vector<std::thread> made;
  expected<void> done;
  for (std::uint32_t i = 0; i < count && done; ++i) {
    auto one = start_named_thread("penstock-try", [tried] { tried.wait(); });
    if (one)
      made.push_back(std::move(*one));
    else
      done = fail(errc::internal,
                  "the system has no " + std::to_string(count)
                    + " threads for the actors: " + one.error().message
                    + "; lower `threads`, or raise its limit");
  }
  all_tried.set_value();
  for (auto& one : made)
    one.join();
  return done;
}

expected<system_parts> make_system(caf::actor_system* host,
                                   std::uint32_t threads) {
  system_parts made;
  made.in_use = host;
  if (host)
    return made;
  made.config = std::make_unique<caf::actor_system_config>();
  caf_compat::add_messages<caf::id_block::penstock>(*made.config);
  if (threads == 0)
    threads = std::max(2u, std::thread::hardware_concurrency());
  caf_compat::configure(*made.config, threads);
  if (auto done = try_threads(threads + 1); !done) // One is its clock's.
    return fail(done.error());
  const no_signals inherited; // CAF's threads take none of the host's.
  made.own = std::make_unique<caf::actor_system>(*made.config);
  made.in_use = made.own.get();
  return made;
}

} // namespace

expected<std::unique_ptr<runtime::engine>>
runtime::engine::make(runtime_options options, caf::actor_system* host) {
  if (auto done = check_options(options); !done)
    return fail(done.error());
  bound_times(options);
  auto made = std::make_unique<engine>();
  made->options_ = std::make_shared<const runtime_options>(std::move(options));
  made->random_ = make_random(made->options_->random_seed);
  made->models = std::make_shared<model_catalog>(made->options_->providers,
                                                 made->options_->environment);
  if (auto done = made->make_tools(); !done)
    return fail(done.error());
  auto callbacks = shared(callback_threads::start(
    std::max(1u, made->options_->callback_threads), made->options_->log));
  if (!callbacks)
    return fail(callbacks.error());
  made->callbacks = std::move(*callbacks);
  const auto done = made->make_world(host);
  if (done)
    made->spawn_actors();
  if (made->world_->system.own)
    caf_compat::forget_system(); // `end_world` destroys it on another thread.
  if (!done)
    return fail(done.error());
  return made;
}

expected<void> runtime::engine::make_tools() {
  if (auto policy = tool_policy::compile(options_->tool_policy); !policy)
    return fail(policy.error());
  tools = std::make_shared<tool_registry>();
  for (const auto& t : options_->tools)
    if (auto added = tools->add(t); !added)
      return added;
  return {};
}

expected<void> runtime::engine::make_world(caf::actor_system* host) {
  auto& w = *world_;
  auto system = make_system(host, options_->threads);
  if (!system)
    return fail(system.error());
  w.system = std::move(*system);
  w.time = options_->time;
  if (!w.time) {
    auto made = shared(make_system_clock());
    if (!made)
      return fail(made.error());
    w.time = std::move(*made);
  }
  w.http = options_->http;
  if (!w.http) {
    curl_options curl;
    curl.ca_file = options_->ca_file;
    curl.companion = std::make_shared<actors_on_loop>(*w.system.in_use);
    auto made = shared(make_curl_http_client(std::move(curl)));
    if (!made)
      return fail(made.error());
    w.http = std::move(*made);
  }
  w.http = make_scripted_endpoints(models->scripts(), *w.time, w.http);
  if (auto done = make_store(); !done)
    return done;
  w.tool_runner = options_->tool_runner;
  if (!w.tool_runner) {
    tool_thread_options threads;
    threads.threads = std::max(1u, options_->tool_threads);
    const auto made = std::make_shared<thread_tool_runner>(*w.time, threads);
    tool_threads_ = made;
    w.tool_runner = made;
    w.close_tools = [made, hangs = tool_hangs_] { *hangs = !made->close(); };
  }
  if (auto done = make_workspace_environment(); !done)
    return done;
  make_attempt_environment();
  return {};
}

expected<void> runtime::engine::make_store() {
  auto& w = *world_;
  w.store = options_->store;
  if (!w.store && options_->store_path.empty())
    w.store = std::make_shared<in_memory_store>();
  if (!w.store) {
    auto made =
      sqlite_store::open({options_->store_path, options_->durability, {}});
    if (!made)
      return fail(made.error());
    w.store = std::move(*made);
  }
  store = w.store;
  return {};
}

expected<void> runtime::engine::make_workspace_environment() {
  auto& w = *world_;
  auto made = std::make_shared<workspace_environment>();
  made->store = w.store;
  made->clock = w.time;
  made->tool_runner = w.tool_runner;
  made->random = random_;
  if (!options_->scratch_root.empty()) {
    auto root = scratch_root::open(options_->scratch_root);
    if (!root)
      return fail(root.error());
    made->scratch = scratch = std::move(*root);
  }
  made->settings.streams = std::make_shared<stream_options>(options_->streams);
  made->settings.workspaces = options_->workspaces;
  made->settings.tools = [all = tools] { return all->snapshot(); };
  made->settings.tool_policy = options_->tool_policy;
  made->settings.keeps_growth = w.store->keeps_growth();
  made->stops = stops;
  made->workers_detached = workers_detached;
  w.workspaces = std::move(made);
  return {};
}

void runtime::engine::make_attempt_environment() {
  auto& w = *world_;
  auto made = std::make_shared<attempt_environment>();
  made->resolve = [all = models](const std::string& name) {
    return all->resolve_again(name); // `check_start` has read the keys.
  };
  made->http = w.http;
  made->time = w.time;
  made->seed = random_();
  made->endpoints = options_->endpoints;
  made->endpoints_by_provider = options_->endpoints_by_provider;
  made->log = options_->log;
  w.attempts = std::move(made);
}

void runtime::engine::spawn_actors() {
  auto& system = *world_->system.in_use;
  const auto spawn_supervisor = [&system, environment = world_->attempts] {
    return caf_compat::spawn<supervisor_protocol, supervisor_state>(
      system, environment);
  };
  const open_workspace open =
    [&system, environment = world_->workspaces](workspace_birth birth) {
      return caf_compat::spawn<workspace_protocol, workspace_state>(
        system, std::move(birth.id), environment, std::move(birth.home),
        std::move(birth.supervisor), std::move(birth.parked));
    };
  const auto log = [options = options_](const std::string& line) {
    if (options->log)
      options->log(line);
  };
  const workspace_crashed crashed = [log](const std::string& id,
                                          const std::string& why) {
    log("workspace \"" + id + "\" crashed (" + why + ")");
  };
  const auto supervisor = spawn_supervisor();
  std::vector<directory_actor> shards;
  for (std::size_t i = 0; i < shard_count; ++i)
    shards.push_back(caf_compat::spawn<directory_protocol, directory>(
      system, open, supervisor, crashed));
  root_ = caf_compat::spawn<root_protocol, root>(
    system,
    root_parts{world_->time, shards, supervisor, spawn_supervisor, log});
  port->open(std::move(shards));
}

} // namespace penstock
