// How a runtime goes: in order, and never later than it was told to.
#include "messages/type_ids.hpp"
#include "providers/named_thread.hpp"
#include "runtime/engine.hpp"
#include "runtime/thread_tool_runner.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

/// What is left after the deadline gets so long to go by itself.
constexpr milliseconds last_grace{500};

} // namespace

void runtime::engine::report(const std::string& line) const {
  if (options_->log)
    options_->log(line);
}

root_actor runtime::engine::root_handle() {
  std::lock_guard guard{root_mutex_};
  return root_;
}

tool_thread_counts runtime::engine::count_tool_threads() const {
  const auto threads = tool_threads_.lock();
  return threads ? threads->counts() : tool_thread_counts{};
}

runtime::engine::~engine() {
  (void)shutdown(std::nullopt);
}

expected<std::size_t>
runtime::engine::shutdown(std::optional<milliseconds> wanted) {
  const auto threads = tool_threads_.lock();
  const bool in_tool = threads && threads->is_own_thread();
  const bool inside = in_tool || (callbacks && callbacks->is_own_thread());
  std::unique_lock guard{ending_, std::defer_lock};
  // Whoever ends the runtime waits for the call that this comes from.
  if (inside && !guard.try_lock())
    return fail(errc::aborted, "another thread shuts the runtime down and "
                               "waits for this call to return");
  if (!inside)
    guard.lock();
  if (ended_)
    return *ended_;
  if (in_tool) // It cannot wait for itself.
    threads->excuse_caller();
  ended_ = end(wanted);
  return *ended_;
}

expected<std::size_t> runtime::engine::end(std::optional<milliseconds> wanted) {
  const auto limit =
    std::clamp<milliseconds>(wanted.value_or(options_->shutdown_deadline_ms),
                             milliseconds{0}, std::chrono::hours{24});
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::size_t workspaces = 0;
  bool in_time = end_actors(deadline, workspaces);
  in_time = end_world(deadline) && in_time;
  if (*tool_hangs_) {
    report("shutdown: a tool of the host does not return");
    in_time = false;
  }
  if (callbacks) {
    const auto left = std::chrono::duration_cast<milliseconds>(
      deadline - std::chrono::steady_clock::now());
    if (!callbacks->close(std::max(left, last_grace))) {
      report("shutdown: a callback of the host does not return");
      in_time = false;
    }
  }
  if (in_time)
    return workspaces;
  return fail(errc::timeout, "the runtime did not end within "
                               + std::to_string(limit.count())
                               + " ms; what is left runs on by itself");
}

/// @returns whether all actors that RUNTIME knows of have ended.
bool runtime::engine::end_actors(std::chrono::steady_clock::time_point deadline,
                                 std::size_t& workspaces) {
  port->close();
  root_actor root;
  {
    std::lock_guard guard{root_mutex_};
    root = std::exchange(root_, {});
  }
  if (!root)
    return true; // It never came so far.
  auto ended = std::make_shared<std::promise<expected<std::size_t>>>();
  auto answer = ended->get_future();
  caf_compat::post(root, stop_everything{reply<std::size_t>{
                           [ended](expected<std::size_t> count) {
                             ended->set_value(std::move(count));
                           }}});
  const bool in_time = answer.wait_until(deadline) == std::future_status::ready;
  if (in_time) {
    workspaces = answer.get().value_or(0);
  } else {
    report("shutdown: workspaces did not end in time and are dropped");
    // Its end takes the shards along, theirs the workspaces.
    caf_compat::post_exit(root);
  }
  return in_time;
}

runtime::engine::world::~world() {
  if (system.own)
    system.own->await_all_actors_done();
  // Their threads hold handles of actors, which go before the system.
  workspaces.reset();
  attempts.reset();
  if (close_tools)
    close_tools();
  close_tools = nullptr;
  tool_runner.reset();
  http.reset();
  store.reset();
  time.reset();
}

/// Waits for the actors and ends what they used, on a thread that can be left
/// behind: CAF waits for a hung actor without a limit.
bool runtime::engine::end_world(
  std::chrono::steady_clock::time_point deadline) {
  if (!world_)
    return true;
  auto done = std::make_shared<std::promise<void>>();
  const auto ended = done->get_future();
  auto thread = start_named_thread(
    "penstock-end",
    [done, w = std::shared_ptr<world>{std::move(world_)}]() mutable {
      w.reset();
      done->set_value();
    });
  if (!thread)
    return false; // No thread to be had: the world was ended on this one.
  const auto latest =
    std::max(deadline, std::chrono::steady_clock::now() + last_grace);
  if (ended.wait_until(latest) == std::future_status::ready) {
    thread->join();
    return true;
  }
  report("shutdown: an actor or a tool does not end and is left to itself");
  thread->detach();
  return false;
}

} // namespace penstock
