#include "runtime/option_check.hpp"

#include <algorithm>
#include <string>
#include <type_traits>

namespace penstock {

namespace {

// Calls `each` with every time of the options, constant or not.

template <class Clocks, class Each>
void times_of_clocks(Clocks& c, const Each& each) {
  each(c.connect_timeout_ms);
  each(c.first_byte_timeout_ms);
  each(c.first_token_timeout_ms);
  each(c.liveness_timeout_ms);
  each(c.progress_timeout_ms);
}

template <class Options, class Each>
void times_of_stream(Options& o, const Each& each) {
  times_of_clocks(o.clocks, each);
  each(o.restarts.backoff_base_ms);
  each(o.restarts.backoff_cap_ms);
  each(o.restarts.max_retry_after_ms);
  each(o.restarts.restart_window_ms);
  if (o.stream_deadline_ms)
    each(*o.stream_deadline_ms);
  each(o.hedge_after_ms);
  each(o.kill_deadline_ms);
  each(o.soft_stop_wait_ms);
  each(o.partial_flush_interval_ms);
  each(o.finish_linger_ms);
  each(o.error_body_timeout_ms);
}

template <class Options, class Each>
void times_of_endpoint(Options& o, const Each& each) {
  each(o.breaker_window_ms);
  each(o.breaker_cooldown_ms);
  each(o.cooldown_max_ms);
  each(o.cold_start_hold_ms);
}

// Those of its streams have functions of their own.
template <class Options, class Each>
void times_of_runtime(Options& o, const Each& each) {
  each(o.workspaces.passivate_after_ms);
  each(o.workspaces.store_deadline_ms);
  times_of_endpoint(o.endpoints, each);
  for (auto& [name, own] : o.endpoints_by_provider)
    times_of_endpoint(own, each);
}

struct finds_negative {
  bool& found;
  void operator()(const milliseconds& time) const {
    found = found || time < milliseconds{0};
  }
};

void bound(milliseconds& time) {
  time = std::min<milliseconds>(time, time_ms_max);
}

expected<void> wrong(std::string what) {
  return fail(errc::invalid_request, "options: " + std::move(what));
}

} // namespace

expected<void> check_options(const stream_options& o) {
  bool negative = false;
  times_of_stream(o, finds_negative{negative});
  if (negative)
    return wrong("a time is negative");
  for (const auto& [model, own] : o.clocks_by_model) {
    times_of_clocks(own, finds_negative{negative});
    if (negative)
      return wrong("a time of " + model + " is negative");
  }
  if (o.max_steps == 0 || o.restarts.max_attempts_per_model == 0)
    return wrong("max_steps and max_attempts_per_model must be at least 1");
  return {};
}

expected<void> check_options(const runtime_options& o) {
  bool negative = false;
  times_of_runtime(o, finds_negative{negative});
  if (negative)
    return wrong("a time is negative");
  return check_options(o.streams);
}

void bound_times(stream_options& o) {
  times_of_stream(o, bound);
  for (auto& [model, own] : o.clocks_by_model)
    times_of_clocks(own, bound);
}

void bound_times(runtime_options& o) {
  bound_times(o.streams);
  times_of_runtime(o, bound);
}

} // namespace penstock
