#include "actors/supervisor.hpp"

#include "messages/check.hpp"
#include "providers/message_maker.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace penstock {

supervisor_state::supervisor_state(
  shell& self, std::shared_ptr<const attempt_environment> env)
  : self_(self), env_(std::move(env)), random_(env_->seed) {}

supervisor_state::~supervisor_state() {
  for (auto& [id, a] : attempts_) {
    disarm(a);
    a.what.link->cancel();
    if (a.provider)
      caf_compat::post(*a.provider, abandon_attempt{});
  }
}

// ---- what comes in ----------------------------------------------------------

void supervisor_state::on(const run_attempt& m) {
  PENSTOCK_CHECK(m.plan && m.what && m.link);
  forget_idle_endpoints();
  const stream_key of{m.attempt.stream, m.plan->workspace_id};
  auto known = streams_.find(of);
  if (known == streams_.end()) {
    const auto& options = m.plan->options;
    restart_policy policy{
      m.plan->models, {options, &options->restarts}, options->on_partial};
    known = streams_.emplace(of, stream_record{std::move(policy), 0, {}}).first;
  }
  auto& stream = known->second;
  // A hedge does not move the stream to its model unless it goes on alone.
  PENSTOCK_CHECK(m.hedges || stream.policy.begin(m.model, m.step));
  const auto [it, fresh] = attempts_.try_emplace({of, m.attempt.number});
  PENSTOCK_CHECK(fresh);
  stream.live.push_back(m.attempt.number);
  auto& a = it->second;
  a.what = m;
  // The one to be hedged may have ended meanwhile; its verdict is under way.
  if (m.link->cancelled() || (m.hedges && !rival(a)))
    cancel(a);
  else if (m.delay > milliseconds{0})
    arm(a, now() + m.delay);
  else
    seek_admission(a);
}

void supervisor_state::on(const cancel_attempt& m) {
  if (auto* a = find({{m.attempt.stream, m.workspace_id}, m.attempt.number}))
    cancel(*a);
}

void supervisor_state::on(const forget_stream& m) {
  const auto stream = streams_.extract({m.stream, m.workspace_id});
  if (stream.empty())
    return;
  for (const auto number : stream.mapped().live) // WORKSPACE waits no longer
    cancel(*find({stream.key(), number}));
}

void supervisor_state::on(const attempt_answered& m) {
  auto* a = find({{m.attempt.stream, m.workspace_id}, m.attempt.number});
  if (!a || !a->provider)
    return;
  a->at->health.answered(a->ticket, now());
  serve(*a->at);
}

void supervisor_state::on(const attempt_ended& m) {
  auto* a = find({{m.attempt.stream, m.workspace_id}, m.attempt.number});
  if (!a || !a->provider || a->reported)
    return;
  a->report = m.report;
  a->reported = true;
  if (a->exited)
    conclude(*a);
}

void supervisor_state::provider_exited(const attempt_key& id,
                                       const caf_compat::exit_text& why) {
  auto* a = find(id);
  if (!a)
    return;
  a->exited = true;
  if (a->reported)
    return conclude(*a);
  a->silent = true;
  // Its last word may still be queued: the news of an exit overtakes. What is
  // said now comes behind it and then is not heard.
  attempt_ended silent;
  silent.attempt = a->what.attempt;
  silent.workspace_id = id.of.workspace_id;
  silent.report.failure = error{errc::internal,
                                "the attempt's actor ended without a report"
                                  + (why.empty() ? std::string{} : ": " + why),
                                0,
                                {},
                                {}};
  caf_compat::post(self_.self(), std::move(silent));
}

void supervisor_state::on(const deadline_due& m) {
  const auto armed = deadlines_.extract(m.generation);
  if (armed.empty())
    return; // of an attempt that did not wait so long
  auto& a = *find(armed.mapped());
  a.armed = deadline_id{};
  seek_admission(a);
}

// ---- before the attempt runs ------------------------------------------------

void supervisor_state::seek_admission(attempt_record& a) {
  if (!a.model) {
    auto model = resolve(a.what.model);
    if (!model) { // a failed attempt like any other
      a.end().failure = std::move(model.error());
      return over(a);
    }
    a.at = &endpoint_of(*model);
    ++a.at->attempts;
    a.model = shared(*a.at, std::move(*model));
    a.asked = now();
  }
  const auto admission = a.at->health.ask(now());
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
void supervisor_state::seek_elsewhere(attempt_record& a,
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
  auto& policy = stream_of(a).policy;
  auto earliest = probing ? steady_time::max() : admission.until;
  const auto refuse = [&](const std::string& next) {
    a.end().failure = why;
    settle(a, policy.after_blocked(std::move(why), next, now()));
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
    probing ? now() >= give_up : a.waited || earliest > give_up;
  if (hopeless) {
    if (!probing)
      why.retry_after = std::chrono::ceil<milliseconds>(earliest - now());
    return refuse({});
  }
  a.waited = a.waited || !probing;
  wait(a, std::min(earliest, give_up));
}

void supervisor_state::wait(attempt_record& a,
                            std::optional<steady_time> until) {
  if (!std::exchange(a.queued, true))
    a.at->waiting.push(a.what.plan->workspace_id, a.key());
  disarm(a);
  if (until)
    arm(a, *until);
}

void supervisor_state::leave_queue(attempt_record& a) {
  if (std::exchange(a.queued, false))
    a.at->waiting.remove(a.what.plan->workspace_id, a.key());
}

void supervisor_state::launch(attempt_record& a) {
  leave_queue(a);
  disarm(a);
  auto& health = a.at->health;
  a.ticket = health.start(now());
  a.at->told = health.ask(now()).what;
  const auto id = a.what.attempt;
  // Before the spawn, so that it comes before the attempt's first parts.
  caf_compat::post(
    a.what.report_to,
    attempt_started{
      id, a.what.model, made_by_text(a.model->at, a.model->wire_name),
      a.model->codec->has_prefill(a.model->at, a.model->wire_name)});
  a.provider =
    self_.spawn_shell<provider_protocol, provider_state>(env_, order_for(a));
  self_.watch(*a.provider, [this, key = a.key()](const auto& why) {
    provider_exited(key, why);
  });
}

provider_order supervisor_state::order_for(attempt_record& a) {
  const auto& chain = a.what.plan->models;
  const auto at = static_cast<std::size_t>(
    std::find(chain.begin(), chain.end(), a.what.model) - chain.begin());
  auto& asked = stream_of(a).asked; // A stream goes down its chain only.
  const bool first_time = at >= asked;
  asked = std::max(asked, at + 1);
  const auto& options = *a.what.plan->options;
  const auto own = options.clocks_by_model.find(a.what.model);
  return {
    .attempt = a.what.attempt,
    .workspace_id = a.what.plan->workspace_id,
    .report_to = a.what.report_to,
    .supervisor = self_.self(),
    .what = std::exchange(a.what.what, nullptr), // It is launched once.
    .link = a.what.link,
    .model = a.model,
    .clocks =
      own == options.clocks_by_model.end() ? options.clocks : own->second,
    .finish_linger_ms = options.finish_linger_ms,
    .error_body_timeout_ms = options.error_body_timeout_ms,
    .tell_what_is_left_out = first_time,
    .workspace_name = a.what.plan->workspace_name,
  };
}

// ---- its end ----------------------------------------------------------------

void supervisor_state::conclude(attempt_record& a) {
  auto& at = *a.at;
  const bool cancelled = a.cancelled || a.end().stopped;
  const auto& failure = a.end().failure;
  at.health.end(a.ticket, failure ? &*failure : nullptr, cancelled, now());
  if (cancelled)
    settle(a, {.what = restart_decision::kind::cancelled});
  else
    over(a);
  serve(at);
}

// It has ended by itself, or cannot begin.
void supervisor_state::over(attempt_record& a) {
  auto* other = rival(a);
  if (!other)
    return settle(a, judge(a));
  if (a.end().any_part || a.silent) { // WORKSPACE knows, or will.
    a.held = true;
    if (a.end().any_part || other->end().any_part || !other->held)
      return;
    // Both crashed. If neither has shown anything, no word will come.
    settle(*other,
           stream_of(a).policy.after_race(other->end(), other->what.model));
    return goes_on_alone(a);
  }
  settle(a, stream_of(a).policy.after_race(a.end(), a.what.model));
  goes_on_alone(*other);
}

// The attempt with which `a` races, if it may still win.
supervisor_state::attempt_record*
supervisor_state::rival(const attempt_record& a) {
  const auto stream = streams_.find(a.stream());
  if (stream == streams_.end())
    return nullptr;
  for (const auto number : stream->second.live)
    if (auto* other = find({stream->first, number});
        other && !other->cancelled
        && (other->what.hedges == a.what.attempt.number
            || a.what.hedges == number))
      return other;
  return nullptr;
}

// The race is over: from now on it is an attempt like any other.
void supervisor_state::goes_on_alone(attempt_record& a) {
  if (std::exchange(a.what.hedges, 0u) != 0)
    PENSTOCK_CHECK(stream_of(a).policy.begin(a.what.model, a.what.step));
  if (a.held)
    settle(a, judge(a));
}

restart_decision supervisor_state::judge(attempt_record& a) {
  return stream_of(a).policy.after(a.end(), world(a));
}

void supervisor_state::settle(attempt_record& a, restart_decision decision) {
  attempt_settled m{
    a.what.attempt,
    {std::move(decision), std::move(a.end()), std::move(a.what.model)}};
  const auto report_to = a.what.report_to;
  leave_queue(a);
  disarm(a);
  if (a.at)
    --a.at->attempts;
  const auto key = a.key();
  if (const auto s = streams_.find(key.of); s != streams_.end())
    std::erase(s->second.live, key.number);
  attempts_.erase(key);
  caf_compat::post(report_to, std::move(m));
}

void supervisor_state::cancel(attempt_record& a) {
  auto* other = a.cancelled ? nullptr : rival(a);
  a.what.link->cancel();
  if (!a.provider || a.held) {
    auto* at = a.queued ? a.at : nullptr;
    a.end().stopped = true;
    settle(a, {.what = restart_decision::kind::cancelled});
    if (at)
      serve(*at); // The next in line may have to be woken in time.
  } else if (!std::exchange(a.cancelled, true)) {
    caf_compat::post(*a.provider, abandon_attempt{});
  }
  if (other) // It has won, or its own end comes next.
    goes_on_alone(*other);
}

} // namespace penstock
