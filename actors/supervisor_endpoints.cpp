// The endpoints of the SUPERVISOR, who waits for them, and what else it asks
// of the world.
#include "actors/supervisor.hpp"

#include <exception>
#include <functional>
#include <string_view>
#include <utility>

namespace penstock {

namespace {

// A host whose keys change from hour to hour leaves endpoints behind.
constexpr std::size_t endpoints_kept_max = 64;

std::string_view to_string(endpoint_health::breaker breaker) {
  switch (breaker) {
  case endpoint_health::breaker::closed:
    return "closed";
  case endpoint_health::breaker::open:
    return "open";
  case endpoint_health::breaker::half_open:
    return "half_open";
  }
  return "";
}

} // namespace

supervisor_state::endpoint_record&
supervisor_state::endpoint_of(const resolved_model& model) {
  const auto& at = model.at;
  const endpoint_key key{at.provider, at.base_url,
                         std::hash<std::string>{}(at.key.reveal())};
  return endpoints_
    .try_emplace(key, at.provider + " " + at.base_url,
                 env_->options_of(at.provider))
    .first->second;
}

// Thousands of attempts of one model hold one description of it.
std::shared_ptr<const resolved_model>
supervisor_state::shared(endpoint_record& at, resolved_model model) {
  const auto known = at.models.find(model.name);
  if (known != at.models.end())
    if (auto same = known->second.lock(); same && *same == model)
      return same;
  std::erase_if(at.models, [](auto& m) { return m.second.expired(); });
  auto made = std::make_shared<const resolved_model>(std::move(model));
  at.models[made->name] = made;
  return made;
}

void supervisor_state::forget_idle_endpoints() {
  if (endpoints_.size() <= endpoints_kept_max)
    return;
  const auto time = now();
  std::erase_if(endpoints_, [&](const auto& entry) {
    const auto& at = entry.second;
    return at.attempts == 0 && at.health.idle(time);
  });
}

// Something has changed: lets in whom the endpoint takes now. When it starts to
// refuse, those who wait must choose again.
void supervisor_state::serve(endpoint_record& at) {
  for (;;) {
    const auto admission = at.health.ask(now());
    const bool changed =
      std::exchange(at.told, admission.what) != admission.what;
    if (at.waiting.empty())
      return;
    if (admission.what == endpoint_health::admission::kind::cold)
      return wake_front(at, admission.until);
    if (!admission.granted()) {
      if (!admission.blocked() || !changed)
        return;
      break;
    }
    auto& a = *find(at.waiting.pop());
    a.queued = false;
    launch(a);
  }
  std::vector<attempt_key> all;
  while (!at.waiting.empty()) {
    all.push_back(at.waiting.pop());
    find(all.back())->queued = false;
  }
  for (const auto& id : all)
    seek_admission(*find(id));
}

// Nobody may be there to tell the line when a cold endpoint takes the next.
void supervisor_state::wake_front(endpoint_record& at, steady_time when) {
  auto& front = *find(at.waiting.front());
  if (front.armed == deadline_id{})
    arm(front, when);
}

std::optional<steady_time>
supervisor_state::blocked_until(const std::string& model) {
  const auto resolved = resolve(model);
  if (!resolved)
    return std::nullopt;
  const auto admission = endpoint_of(*resolved).health.ask(now());
  if (!admission.blocked())
    return std::nullopt;
  return admission.what == endpoint_health::admission::kind::probing
           ? steady_time::max()
           : admission.until;
}

void supervisor_state::on(const view_health& m) {
  const auto time = now();
  std::vector<endpoint_view> views;
  for (const auto& [key, at] : endpoints_) {
    endpoint_view view;
    view.endpoint = at.name;
    view.breaker = to_string(at.health.state(time));
    view.running = at.health.running();
    view.waiting = static_cast<std::uint32_t>(at.waiting.size());
    view.failures_in_window = at.health.failures_in_window(time);
    view.cooldown_left = at.health.cooldown_left(time);
    views.push_back(std::move(view));
  }
  m.view(std::move(views));
}

// ---- the world --------------------------------------------------------------

// May call the host, for a key.
expected<resolved_model>
supervisor_state::resolve(const std::string& model) const {
  try {
    return env_->resolve(model);
  } catch (const std::exception& e) {
    return fail(errc::internal, model + ": " + e.what());
  } catch (...) {
    return fail(errc::internal, model + ": could not be resolved");
  }
}

restart_world supervisor_state::world(const attempt_record& a) {
  restart_world world;
  world.now = now();
  if (a.at)
    world.open_until = a.at->health.open_until(world.now);
  world.dice = [this] {
    return std::uniform_real_distribution<>{0, 1}(random_);
  };
  world.window = [this](const std::string& model) {
    const auto resolved = resolve(model);
    return resolved ? resolved->limits.context_tokens_max : std::nullopt;
  };
  return world;
}

void supervisor_state::arm(attempt_record& a, steady_time when) {
  disarm(a);
  deadline_due due;
  due.what = deadline_due::kind::backoff;
  due.generation = a.generation = ++last_generation_;
  due.stream = a.what.attempt.stream;
  deadlines_.emplace(due.generation, a.key());
  a.armed = env_->time->arm(
    when, [to = self_.self(), due] { caf_compat::post(to, due); });
}

void supervisor_state::disarm(attempt_record& a) {
  deadlines_.erase(a.generation);
  if (a.armed != deadline_id{})
    env_->time->cancel(std::exchange(a.armed, deadline_id{}));
}

supervisor_state::attempt_record*
supervisor_state::find(const attempt_key& id) {
  const auto it = attempts_.find(id);
  return it == attempts_.end() ? nullptr : &it->second;
}

} // namespace penstock
