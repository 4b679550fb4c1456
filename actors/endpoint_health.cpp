#include "actors/endpoint_health.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

using std::chrono::milliseconds;

bool counts_against_endpoint(errc code) noexcept {
  return code == errc::overloaded || code == errc::server_error
         || code == errc::network || code == errc::timeout;
}

endpoint_health::endpoint_health(endpoint_options options)
  : options_(options) {}

endpoint_health::breaker endpoint_health::state(steady_time now) const {
  return state_ == breaker::open && now >= open_until_ ? breaker::half_open
                                                       : state_;
}

std::optional<steady_time> endpoint_health::open_until(steady_time now) const {
  return state(now) == breaker::open ? std::optional{open_until_}
                                     : std::nullopt;
}

milliseconds endpoint_health::cooldown_left(steady_time now) const {
  if (!cooling_until_ || *cooling_until_ <= now)
    return milliseconds{0};
  return std::chrono::ceil<milliseconds>(*cooling_until_ - now);
}

endpoint_health::admission endpoint_health::ask(steady_time now) const {
  using kind = admission::kind;
  const auto s = state(now);
  if (s == breaker::open)
    return {kind::open, open_until_};
  if (cooldown_left(now) > milliseconds{0})
    return {kind::cooling, *cooling_until_};
  if (s == breaker::half_open && probe_runs_)
    return {kind::probing, {}};
  if (options_.max_concurrent_attempts != 0
      && running_ >= options_.max_concurrent_attempts)
    return {kind::full, {}};
  if (s == breaker::closed && !proven(now) && cold_since_
      && now < *cold_since_ + options_.cold_start_hold_ms
      && unanswered_ + failures_in_window(now) >= options_.breaker_failures)
    return {kind::cold, *cold_since_ + options_.cold_start_hold_ms};
  return {};
}

endpoint_health::ticket endpoint_health::start(steady_time now) {
  ticket t;
  if (state(now) == breaker::half_open) {
    PENSTOCK_CHECK(!probe_runs_);
    state_ = breaker::half_open;
    probe_runs_ = t.probe = true;
  }
  if (!proven(now)
      && (!cold_since_ || now - *cold_since_ > options_.breaker_window_ms))
    cold_since_ = now;
  ++running_;
  ++unanswered_;
  return t;
}

void endpoint_health::answered(ticket& t, steady_time now) {
  if (t.answered)
    return;
  t.answered = true;
  --unanswered_;
  learn_that_it_lives(now);
  if (std::exchange(t.probe, false) && state_ == breaker::half_open)
    close();
}

void endpoint_health::end(const ticket& t, const error* failure, bool cancelled,
                          steady_time now) {
  PENSTOCK_CHECK(running_ > 0);
  --running_;
  if (!t.answered)
    --unanswered_;
  const bool probe = t.probe && state_ == breaker::half_open && probe_runs_;
  if (probe)
    probe_runs_ = false;
  if (cancelled)
    return; // the next attempt is the probe, if this one was
  if (failure && failure->retry_after
      && (failure->code == errc::rate_limit
          || failure->code == errc::overloaded)) {
    const auto until =
      now + std::min(*failure->retry_after, options_.cooldown_max_ms);
    cooling_until_ = std::max(cooling_until_.value_or(until), until);
    last_failure_ = *failure;
  }
  // A PROVIDER of ours that crashed says nothing about the endpoint.
  if (failure && failure->code == errc::internal)
    return;
  const bool bad = failure && counts_against_endpoint(failure->code);
  add_sample(now, bad);
  if (!bad) {
    learn_that_it_lives(now);
    if (probe)
      close();
    return;
  }
  last_failure_ = *failure;
  const bool tripped = bad_samples_ >= options_.breaker_failures
                       && bad_samples_ * 2 >= samples_.size();
  if (probe || (state_ == breaker::closed && tripped))
    open(now);
}

std::uint32_t endpoint_health::failures_in_window(steady_time now) const {
  const auto begin = now - options_.breaker_window_ms;
  std::uint32_t bad = bad_samples_;
  for (const auto& s : samples_) { // the few that have left it since
    if (s.at > begin)
      break;
    bad -= s.bad;
  }
  return bad;
}

bool endpoint_health::idle(steady_time now) const {
  return running_ == 0 && state_ == breaker::closed
         && cooldown_left(now) == milliseconds{0}
         && failures_in_window(now) == 0;
}

void endpoint_health::add_sample(steady_time now, bool bad) {
  const auto begin = now - options_.breaker_window_ms;
  while (!samples_.empty() && samples_.front().at <= begin) {
    bad_samples_ -= samples_.front().bad;
    samples_.pop_front();
  }
  samples_.push_back({now, bad});
  bad_samples_ += bad;
}

// Whether it has answered lately.
bool endpoint_health::proven(steady_time now) const {
  return last_answer_ && now - *last_answer_ <= options_.breaker_window_ms;
}

void endpoint_health::learn_that_it_lives(steady_time now) {
  last_answer_ = now;
  cold_since_.reset();
}

void endpoint_health::close() {
  state_ = breaker::closed;
  probe_runs_ = false;
  samples_.clear();
  bad_samples_ = 0;
}

void endpoint_health::open(steady_time now) {
  state_ = breaker::open;
  open_until_ = now + options_.breaker_cooldown_ms;
  probe_runs_ = false;
}

} // namespace penstock
