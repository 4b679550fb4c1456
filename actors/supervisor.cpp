#include "actors/supervisor.hpp"

#include "actors/provider.hpp"

#include <exception>
#include <utility>

namespace penstock {

using caf_compat::post;

supervisor_state::supervisor_state(
  shell& self, std::shared_ptr<const attempt_environment> env)
  : self_(self), env_(std::move(env)), random_(env_->seed), core_(*this) {}

// ---- time, chance and models ------------------------------------------------

steady_time supervisor_state::now() const {
  return env_->time->now();
}

double supervisor_state::dice() {
  return std::uniform_real_distribution<>{0, 1}(random_);
}

deadline_id supervisor_state::arm(steady_time when, deadline_due what) {
  return env_->time->arm(when, [to = self_.self(), what] { post(to, what); });
}

void supervisor_state::disarm(deadline_id id) {
  env_->time->cancel(id);
}

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

const endpoint_options&
supervisor_state::options_of(const std::string& provider) const {
  return env_->options_of(provider);
}

// ---- WORKSPACE --------------------------------------------------------------

void supervisor_state::tell(const workspace_actor& whom, attempt_started m) {
  post(whom, std::move(m));
}
void supervisor_state::tell(const workspace_actor& whom, attempt_settled m) {
  post(whom, std::move(m));
}

// ---- PROVIDER ---------------------------------------------------------------

provider_actor supervisor_state::spawn(provider_order order) {
  const auto id = order.attempt;
  const auto plan = order.plan;
  order.supervisor = self_.self();
  auto made = self_.spawn_shell<provider_protocol, provider_state>(
    env_, std::move(order));
  self_.watch(made, [this, id, plan](const caf_compat::exit_text& why) {
    core_.provider_exited(id, plan->workspace_id, why);
  });
  return made;
}

void supervisor_state::abandon(const provider_actor& whom) {
  post(whom, abandon_attempt{});
}

void supervisor_state::tell_later(attempt_ended m) {
  post(self_.self(), std::move(m));
}

} // namespace penstock
