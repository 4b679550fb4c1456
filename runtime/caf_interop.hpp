// For hosts that are CAF programs themselves: penstock's actors in the host's
// own actor system, spoken to by messages.
#pragma once

#include "messages/actor_interfaces.hpp"
#include "messages/actor_messages.hpp"
#include "messages/type_ids.hpp" // A host cannot send them without.
#include "runtime/runtime.hpp"

#include <memory>
#include <string>

namespace penstock {

/// Call before the host's actor system is made. Set the scheduler policy
/// "sharing" on it too (`caf_compat::configure`): stealing delays tokens.
void add_penstock_messages(caf::actor_system_config& config);

/// As `runtime::open`, with the actors in `host`, which outlives the runtime.
/// `runtime_options::threads` has no effect.
expected<std::unique_ptr<runtime>> open_runtime(caf::actor_system& host,
                                                runtime_options options = {});

/// Who takes the commands of actor_messages.hpp for this workspace. A command
/// sent here is not checked as the runtime's members check it: fill in every
/// field. Null after the shutdown; drop it before the actor system goes.
directory_actor directory_of(runtime& of, const std::string& workspace_id);

} // namespace penstock
