// The ROOT actor: keeps the SUPERVISOR alive, and ends everything in order.
#pragma once

#include "messages/actor_interfaces.hpp"
#include "messages/actor_messages.hpp"
#include "messages/clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace penstock {

struct root_parts {
  std::shared_ptr<clock> time;
  std::vector<directory_actor> directories; ///< All shards.
  supervisor_actor supervisor;              ///< Known to the shards.
  std::function<supervisor_actor()> spawn_supervisor;
  /// One line on what went wrong. Must not block.
  std::function<void(const std::string&)> report;
};

/// State of the ROOT. A SUPERVISOR that crashes is replaced and every workspace
/// is told; the attempts that it owned count as crashed. One that keeps
/// crashing ends the runtime: nothing retries for ever.
///
/// Order of the end: workspaces, shards, SUPERVISOR. Nobody is told to go
/// before those that need it are gone.
class root {
public:
  using shell = caf_compat::shell<root_protocol, root>;

  /// A SUPERVISOR may crash so often in so long.
  static constexpr std::size_t crashes_max = 10;
  static constexpr std::chrono::seconds crash_window{60};

  root(shell& self, root_parts parts);
  /// Ends what is left: only if this actor was itself ended before.
  ~root();

  void on(const stop_everything&);
  void on(const view_health&);

private:
  void watch_supervisor();
  void supervisor_ended(const caf_compat::exit_text& why);
  bool crashes_too_often();
  void directory_ended(const caf_compat::exit_text& why);
  void stop_shards();
  void end_in_order();

  shell& self_; // owns this
  root_parts parts_;
  std::deque<steady_time> crashes_; ///< Within the window.
  std::size_t directories_alive_;
  bool supervisor_alive_ = false;
  /// Summed up by the shards, from whichever thread they run on.
  std::shared_ptr<std::atomic<std::size_t>> workspaces_;
  bool stopping_ = false;
  std::vector<reply<std::size_t>> ended_;
};

} // namespace penstock
