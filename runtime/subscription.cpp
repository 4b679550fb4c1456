#include "runtime/subscription.hpp"

#include "messages/type_ids.hpp"
#include "runtime/subscription_parts.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

subscription::subscription() = default;

subscription::subscription(std::unique_ptr<parts> made)
  : parts_(std::move(made)) {}

subscription::subscription(subscription&&) noexcept = default;

subscription& subscription::operator=(subscription&& other) noexcept {
  if (this != &other) {
    leave();
    parts_ = std::move(other.parts_);
  }
  return *this;
}

subscription::~subscription() {
  leave();
}

void subscription::leave() {
  // A callback that runs now may destroy this object: it is left first.
  const auto gone = std::exchange(parts_, nullptr);
  if (!gone)
    return;
  gone->port->post(unsubscribe{gone->workspace_id, gone->id});
  gone->feed->detach();
}

event_batch subscription::poll() {
  return parts_ ? parts_->feed->poll() : event_batch{};
}

event_batch subscription::wait(std::chrono::milliseconds limit) {
  // A year is for ever, and no sum overflows.
  const auto bounded = std::clamp<std::chrono::milliseconds>(
    limit, std::chrono::milliseconds{0}, std::chrono::hours{24 * 365});
  return parts_ ? parts_->feed->wait_until(std::chrono::steady_clock::now()
                                           + bounded)
                : event_batch{};
}

bool subscription::ended() const {
  return !parts_ || parts_->feed->ended();
}

} // namespace penstock
