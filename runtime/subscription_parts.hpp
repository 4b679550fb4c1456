// Internal: what is behind a subscription.
#pragma once

#include "runtime/command_port.hpp"
#include "runtime/event_feed.hpp"
#include "runtime/subscription.hpp"

#include <memory>
#include <string>

namespace penstock {

struct subscription::parts {
  std::string workspace_id;
  subscription_id id{};
  std::shared_ptr<event_feed> feed;
  std::shared_ptr<command_port> port;
};

} // namespace penstock
