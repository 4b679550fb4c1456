// What SUPERVISOR gives a PROVIDER to do.
#pragma once

#include "actors/attempt_clocks.hpp"
#include "messages/actor_messages.hpp"
#include "providers/model_catalog.hpp"

#include <chrono>
#include <memory>

namespace penstock {

/// One attempt, ready to run.
struct provider_order {
  attempt_id attempt;
  workspace_actor report_to;
  supervisor_actor supervisor;
  std::shared_ptr<const prompt> what; ///< Let go of once it is encoded.
  std::shared_ptr<attempt_link> link;
  std::shared_ptr<const resolved_model> model;
  attempt_clocks clocks;
  milliseconds finish_linger_ms{0};
  milliseconds error_body_timeout_ms{0};
  bool tell_what_is_left_out = false;      ///< To the log; once per model.
  std::shared_ptr<const stream_plan> plan; ///< Never null.
};

} // namespace penstock
