// The DIRECTORY actor: from a workspace's id to its actor.
#pragma once

#include "messages/actor_interfaces.hpp"
#include "messages/actor_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace penstock {

/// What a WORKSPACE is born with.
struct workspace_birth {
  std::string id;
  directory_actor home; ///< Gets its `passivation_offered`.
  supervisor_actor supervisor;
  std::vector<parked_subscriber> parked; ///< Of the incarnation before it.
};

/// Spawns a WORKSPACE. Called inside the DIRECTORY.
using open_workspace = std::function<workspace_actor(workspace_birth)>;

/// Hears that a WORKSPACE crashed. Any thread; must not block.
using workspace_crashed =
  std::function<void(const std::string& id, const std::string& why)>;

/// State of one shard. It spawns a WORKSPACE at the first command for its id
/// and lets it go when it is idle.
///
/// Two actors of one id never overlap: what comes between `retire` and
/// `workspace_retired` waits here. A WORKSPACE that crashes is forgotten; the
/// next command finds a new one. Its subscribers went with it: whoever made a
/// sink hears from its destructor that nobody holds it any more.
///
/// Cost:      O(1) a command and a passivation; a crash looks through all that
///            live. A workspace out of memory costs nothing, unless it has
///            subscribers: then their entries.
/// Invariant: an id is in at most one of `live_` and `retiring_`; `alive_` is
///            the number of actors whose end we have not seen.
class directory {
public:
  using shell = caf_compat::shell<directory_protocol, directory>;

  directory(shell& self, open_workspace open, supervisor_actor supervisor,
            workspace_crashed tell_crash);
  /// Ends the workspaces that are left: only if this actor was itself ended
  /// before they were.
  ~directory();

  void on(const start_stream&);
  void on(const stop_stream&);
  void on(const await_stream&);
  void on(const subscribe&);
  void on(const enqueue_message&);
  void on(const edit_history&);
  void on(const set_thinking&);
  void on(const view_workspace&);
  void on(const unsubscribe&);
  void on(const credit_returned&);
  void on(const stop_everything&);
  void on(const supervisor_replaced&);
  void on(const passivation_offered&);
  void on(const workspace_retired&);
  /// A WORKSPACE has ended.
  void on_end(caf_compat::actor_number who, const caf_compat::exit_text& why);

private:
  /// Not kept beside each id: it is small, and there are many.
  struct id_hash {
    std::size_t operator()(const std::string& id) const noexcept {
      return std::hash<std::string>{}(id);
    }
  };
  template <class Value>
  using by_id = std::unordered_map<std::string, Value, id_hash>;

  struct entry {
    workspace_actor actor;
    std::uint64_t sent = 0; ///< Commands, to hold against an offer.
  };
  struct leaving {
    workspace_actor actor;
    /// Commands that wait for the next incarnation, in order.
    std::vector<std::function<void()>> waiting;
  };

  template <class Command>
  void route(const Command& m);
  bool absent(const std::string& id) const;
  entry& revive(const std::string& id);
  void crashed(caf_compat::actor_number who, const caf_compat::exit_text& why);
  void release(const std::string& id);
  void answer_if_all_ended();

  shell& self_; // owns this
  open_workspace open_;
  supervisor_actor supervisor_;
  workspace_crashed tell_crash_;
  by_id<entry> live_;
  by_id<leaving> retiring_;
  /// Of workspaces that are out of memory; no entry is empty.
  by_id<std::vector<parked_subscriber>> parked_;
  std::size_t alive_ = 0;
  bool stopping_ = false;
  std::size_t stopped_ = 0; ///< Alive when we were told to stop.
  std::vector<reply<std::size_t>> stopped_replies_;
};

} // namespace penstock
