// Before an attempt runs: its endpoint, who waits there, and when it is let in.
#include "actors/supervisor_core.hpp"
#include "messages/check.hpp"
#include "providers/message_maker.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace penstock {

void supervisor_core::seek_admission(attempt_record& a) {
  if (!a.model) {
    auto model = ports_.resolve(a.what.model);
    if (!model) { // a failed attempt like any other
      a.end().failure = std::move(model.error());
      return over(a);
    }
    a.at = &endpoint_of(*model);
    ++a.at->attempts;
    a.model = a.at->shared(std::move(*model));
    a.asked = ports_.now();
  }
  const auto admission = a.at->health.ask(ports_.now());
  using kind = endpoint_health::admission::kind;
  switch (admission.what) {
  case kind::granted:
    if (a.at->waiting.empty())
      return launch(a);
    wait(a, std::nullopt); // Others were here before.
    return serve(*a.at);
  case kind::full:
    return wait(a, std::nullopt);
  case kind::cold:
    return wait(a, admission.until);
  case kind::open:
  case kind::cooling:
  case kind::probing:
    return seek_elsewhere(a, admission);
  }
}

// The endpoint takes nobody now: the next model that can be asked at once,
// else wait for the earliest, once, then fail (SPEC §6.2, last row).
void supervisor_core::seek_elsewhere(attempt_record& a,
                                     endpoint_health::admission admission) {
  using kind = endpoint_health::admission::kind;
  const bool probing = admission.what == kind::probing;
  const auto& last = a.at->health.last_failure();
  error why{last.code == errc::none ? errc::overloaded : last.code,
            a.at->name
              + (admission.what == kind::cooling
                   ? " asked for a pause"
                   : " fails again and again; its circuit is open")
              + (last.message.empty() ? "" : " (last: " + last.message + ")"),
            last.provider_status,
            {},
            {}};
  if (rival(a)) { // It does not wait while the other one may answer.
    a.end().failure = std::move(why);
    return over(a);
  }
  auto& policy = a.of.policy;
  auto earliest = probing ? steady_time::max() : admission.until;
  const auto refuse = [&](const std::string& next) {
    a.end().failure = why;
    settle(a, policy.after_blocked(std::move(why), next, ports_.now()));
  };
  for (const auto& model : policy.models_left()) {
    const auto until = blocked_until(model);
    if (!until)
      return refuse(model);
    earliest = std::min(earliest, *until);
  }
  const auto give_up =
    a.asked + a.what.plan->options->restarts.max_retry_after_ms;
  const bool hopeless =
    probing ? ports_.now() >= give_up : a.waited || earliest > give_up;
  if (hopeless) {
    if (!probing)
      why.retry_after =
        std::chrono::ceil<milliseconds>(earliest - ports_.now());
    return refuse({});
  }
  a.waited = a.waited || !probing;
  wait(a, std::min(earliest, give_up));
}

// Empty: its endpoint takes an attempt, or it fails at once.
std::optional<steady_time>
supervisor_core::blocked_until(const std::string& model) {
  const auto resolved = ports_.resolve(model);
  if (!resolved)
    return std::nullopt;
  const auto admission = endpoint_of(*resolved).health.ask(ports_.now());
  if (!admission.blocked())
    return std::nullopt;
  return admission.what == endpoint_health::admission::kind::probing
           ? steady_time::max()
           : admission.until;
}

void supervisor_core::wait(attempt_record& a,
                           std::optional<steady_time> until) {
  if (!a.is(attempt_phase::queued))
    a.at->waiting.push(a.what.plan->workspace_id, &a);
  a.life.must(in::queue);
  disarm(a);
  if (until)
    arm(a, *until);
}

// Before it is not `queued` any more.
void supervisor_core::leave_line(attempt_record& a) {
  if (a.is(attempt_phase::queued))
    a.at->waiting.remove(a.what.plan->workspace_id, &a);
}

// It is in no line: nobody was, or it was its turn.
void supervisor_core::launch(attempt_record& a) {
  disarm(a);
  auto& health = a.at->health;
  a.ticket = health.start(ports_.now());
  a.at->told = health.ask(ports_.now()).what;
  // Before the spawn, so that it comes before the attempt's first parts.
  ports_.tell(a.what.report_to,
              attempt_started{
                a.what.attempt, a.what.model,
                made_by_text(a.model->at, a.model->wire_name),
                a.model->codec->has_prefill(a.model->at, a.model->wire_name)});
  a.provider = ports_.spawn(order_for(a));
  a.life.must(in::launch);
}

provider_order supervisor_core::order_for(attempt_record& a) {
  const auto& chain = a.what.plan->models;
  const auto at = static_cast<std::size_t>(
    std::find(chain.begin(), chain.end(), a.what.model) - chain.begin());
  auto& asked = a.of.asked; // A stream goes down its chain only.
  const bool first_time = at >= asked;
  asked = std::max(asked, at + 1);
  const auto& options = *a.what.plan->options;
  const auto own = options.clocks_by_model.find(a.what.model);
  return {
    .attempt = a.what.attempt,
    .report_to = a.what.report_to,
    .supervisor = {},
    .what = std::exchange(a.what.prompt, nullptr), // It is launched once.
    .link = a.what.link,
    .model = a.model,
    .clocks =
      own == options.clocks_by_model.end() ? options.clocks : own->second,
    .finish_linger_ms = options.finish_linger_ms,
    .error_body_timeout_ms = options.error_body_timeout_ms,
    .tell_what_is_left_out = first_time,
    .plan = a.what.plan,
  };
}

// Something has changed: lets in whom the endpoint takes now. When it starts to
// refuse, those who wait must choose again.
void supervisor_core::serve(endpoint_record& at) {
  for (;;) {
    const auto admission = at.health.ask(ports_.now());
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
    launch(*at.waiting.pop());
  }
  std::vector<attempt_record*> all;
  while (!at.waiting.empty()) {
    all.push_back(at.waiting.pop());
    all.back()->life.must(in::recall);
  }
  for (auto* a : all)
    seek_admission(*a);
}

// Nobody may be there to tell the line when a cold endpoint takes the next.
void supervisor_core::wake_front(endpoint_record& at, steady_time when) {
  auto& front = *at.waiting.front();
  if (front.armed == deadline_id{})
    arm(front, when);
}

endpoint_record& supervisor_core::endpoint_of(const resolved_model& model) {
  return endpoints_.of(model, ports_.options_of(model.at.provider));
}

} // namespace penstock
