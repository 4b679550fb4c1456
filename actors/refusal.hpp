// Answers to commands that nobody will take any more.
#pragma once

#include "messages/actor_messages.hpp"

namespace penstock {

/// Tells whoever waits for the answer that the runtime is shutting down. A
/// command without an answer is dropped.
template <class Command>
void refuse_at_shutdown(const Command& m) {
  const auto refuse = [](const auto& answer) {
    answer(fail(errc::aborted, "the runtime shuts down"));
  };
  if constexpr (requires { m.registered; })
    refuse(m.registered);
  else if constexpr (requires { m.done; })
    refuse(m.done);
  else if constexpr (requires { m.ended; })
    refuse(m.ended);
  else if constexpr (requires { m.queued; })
    refuse(m.queued);
  else if constexpr (requires { m.removed; })
    refuse(m.removed);
  else if constexpr (requires { m.running; })
    refuse(m.running);
  else if constexpr (requires { m.view; })
    refuse(m.view);
}

} // namespace penstock
