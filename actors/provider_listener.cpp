#include "actors/provider_listener.hpp"

namespace penstock {

namespace {

std::int64_t ticks(steady_time time) {
  using std::chrono::nanoseconds;
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch())
    .count();
}

} // namespace

void transfer_meter::hold(steady_time now) noexcept {
  auto seen = held_.load();
  while (
    !(seen & 1)
    && !held_.compare_exchange_weak(seen, ((seen >> 1) - ticks(now)) * 2 + 1)) {
  }
}

void transfer_meter::release(steady_time now) noexcept {
  auto seen = held_.load();
  while (
    (seen & 1)
    && !held_.compare_exchange_weak(seen, ((seen >> 1) + ticks(now)) * 2)) {
  }
}

std::chrono::nanoseconds transfer_meter::held(steady_time now) const noexcept {
  const auto seen = held_.load();
  return std::chrono::nanoseconds{(seen >> 1) + ((seen & 1) ? ticks(now) : 0)};
}

provider_listener::provider_listener(provider_actor to,
                                     std::shared_ptr<attempt_link> link,
                                     std::shared_ptr<transfer_meter> meter,
                                     std::shared_ptr<clock> time)
  : to_(std::in_place, std::move(to)), link_(std::move(link)),
    meter_(std::move(meter)), time_(std::move(time)) {}

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
  meter_->posted(bytes.size());
  const bool go_on = link_->received(bytes.size());
  if (!go_on) {
    meter_->hold(time_->now());
    // Whoever drained it meanwhile came too early to release the meter.
    if (!link_->paused())
      meter_->release(time_->now());
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
