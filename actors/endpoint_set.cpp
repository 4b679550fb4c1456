#include "actors/endpoint_set.hpp"

#include <functional>
#include <string_view>
#include <utility>

namespace penstock {

namespace {

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

std::shared_ptr<const resolved_model>
endpoint_record::shared(resolved_model model) {
  const auto known = models.find(model.name);
  if (known != models.end())
    if (auto same = known->second.lock(); same && *same == model)
      return same;
  std::erase_if(models, [](auto& m) { return m.second.expired(); });
  auto made = std::make_shared<const resolved_model>(std::move(model));
  models[made->name] = made;
  return made;
}

endpoint_record& endpoint_set::of(const resolved_model& model,
                                  const endpoint_options& options) {
  const auto& at = model.at;
  return all_
    .try_emplace(
      {at.provider, at.base_url, std::hash<std::string>{}(at.key.reveal())},
      at.provider + " " + at.base_url, options)
    .first->second;
}

void endpoint_set::forget_idle(steady_time now) {
  std::erase_if(all_, [&](const auto& entry) {
    return entry.second.attempts == 0 && entry.second.health.idle(now);
  });
}

std::vector<endpoint_view> endpoint_set::views(steady_time now) const {
  std::vector<endpoint_view> views;
  for (const auto& [key, at] : all_) {
    endpoint_view view;
    view.endpoint = at.name;
    view.breaker = to_string(at.health.state(now));
    view.running = at.health.running();
    view.waiting = static_cast<std::uint32_t>(at.waiting.size());
    view.failures_in_window = at.health.failures_in_window(now);
    view.cooldown_left = at.health.cooldown_left(now);
    views.push_back(std::move(view));
  }
  return views;
}

} // namespace penstock
