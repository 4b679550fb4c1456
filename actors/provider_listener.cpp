#include "actors/provider_listener.hpp"

#include "messages/footprint.hpp"

namespace penstock {

provider_listener::provider_listener(provider_actor to,
                                     std::shared_ptr<attempt_link> link,
                                     std::shared_ptr<clock> time)
  : to_(std::in_place, std::move(to)), link_(std::move(link)),
    time_(std::move(time)) {}

void provider_listener::on_connected() {
  if (to_)
    caf_compat::post(to_->handle(), transfer_connected{});
}

void provider_listener::on_response(http_response_head head) {
  if (to_)
    caf_compat::post(to_->handle(),
                     response_received{head.status, std::move(head.headers)});
}

bool provider_listener::on_body(std::string_view bytes) {
  if (!to_ || link_->cancelled())
    return true; // nobody reads it, nobody has to give it back
  footprint::note(footprint::place::listener, *this);
  const bool go_on = link_->received(bytes.size());
  if (!go_on) {
    link_->meter().hold(time_->now());
    // Whoever drained it meanwhile came too early to release the meter.
    if (!link_->paused())
      link_->meter().release(time_->now());
  }
  to_->tell({bytes});
  return go_on;
}

void provider_listener::on_end(error why) {
  if (to_)
    caf_compat::post(to_->handle(), transfer_ended{std::move(why)});
  to_.reset();
}

} // namespace penstock
