#include "actors/supervisor_core.hpp"

#include "messages/check.hpp"

#include <utility>
#include <vector>

namespace penstock {

namespace {

restart_decision cancelled() {
  return {.what = restart_decision::kind::cancelled};
}

} // namespace

supervisor_core::supervisor_core(supervisor_ports& ports,
                                 attempt_counts* counts)
  : ports_(ports), counts_(counts) {}

supervisor_core::~supervisor_core() {
  using enum attempt_phase;
  for (auto& [key, s] : streams_)
    for (auto& a : s.attempts) {
      disarm(*a);
      a->what.link->cancel();
      if (a->is(running) || a->is(reported) || a->is(stopping)
          || a->is(stopping_reported))
        ports_.abandon(a->provider);
    }
}

// The stream moves to the attempt's model.
void supervisor_core::begin(stream_record& s, const run_attempt& m) {
  const bool known = s.policy.begin(m.model, m.step, m.has_output);
  PENSTOCK_CHECK(known);
}

// ---- what comes in ----------------------------------------------------------

void supervisor_core::on(const run_attempt& m) {
  PENSTOCK_CHECK(m.plan && m.prompt && m.link);
  if (endpoints_.crowded())
    endpoints_.forget_idle(ports_.now());
  PENSTOCK_CHECK(!find(m.attempt, m.plan->workspace_id));
  auto* s = find(stream_key{m.attempt.stream, m.plan->workspace_id});
  if (!s) {
    stream_record fresh{m};
    const stream_key key{m.attempt.stream, fresh.plan->workspace_id};
    s = &streams_.emplace(key, std::move(fresh))->second;
  }
  // A hedge does not move the stream to its model unless it goes on alone.
  if (m.hedges == 0)
    begin(*s, m);
  auto& a =
    *s->attempts.emplace_back(std::make_unique<attempt_record>(m, *s, counts_));
  // The one to be hedged may have ended meanwhile; its verdict is under way.
  if (m.link->cancelled() || (m.hedges && !rival(a)))
    return cancel(a);
  if (m.delay <= milliseconds{0})
    return seek_admission(a);
  a.life.must(in::delay);
  arm(a, ports_.now() + m.delay);
}

void supervisor_core::on(const cancel_attempt& m) {
  if (auto* a = find(m.attempt, m.workspace_id))
    cancel(*a);
}

void supervisor_core::on(const forget_stream& m) {
  auto* s = find(stream_key{m.stream, m.workspace_id});
  if (!s)
    return;
  s->forgotten = true;
  std::vector<std::uint32_t> live; // WORKSPACE does not wait for them.
  for (const auto& a : s->attempts)
    live.push_back(a->what.attempt.number);
  if (live.empty())
    drop(m.stream, *s);
  for (const auto number : live)
    if (auto* a = find({m.stream, number}, m.workspace_id))
      cancel(*a);
}

void supervisor_core::on(const attempt_answered& m) {
  auto* a = find(m.attempt, m.workspace_id);
  if (!a || !a->life.apply(in::answered))
    return;
  a->at->health.answered(a->ticket, ports_.now());
  serve(*a->at);
}

void supervisor_core::on(const attempt_ended& m) {
  auto* a = find(m.attempt, m.workspace_id);
  if (!a)
    return;
  const bool silent = a->is(attempt_phase::exited);
  if (!a->life.apply(in::report))
    return;
  a->report = m.report;
  if (a->is(attempt_phase::ended) || a->is(attempt_phase::settled))
    conclude(*a, silent);
}

void supervisor_core::provider_exited(attempt_id id,
                                      std::string_view workspace_id,
                                      const std::string& why) {
  auto* a = find(id, workspace_id);
  if (!a)
    return;
  a->life.must(in::exit);
  if (a->is(attempt_phase::ended) || a->is(attempt_phase::settled))
    return conclude(*a, false);
  // Its last word may still be queued: the news of an exit overtakes. What is
  // said now comes behind it and then is not heard.
  attempt_ended silent;
  silent.attempt = id;
  silent.workspace_id = workspace_id;
  silent.report.failure =
    error{errc::internal, "the attempt's actor ended without a report"
                            + (why.empty() ? std::string{} : ": " + why)};
  ports_.tell_later(std::move(silent));
}

void supervisor_core::on(const deadline_due& m) {
  const auto armed = deadlines_.extract(m.generation);
  if (armed.empty())
    return; // of an attempt that did not wait so long
  auto& a = *armed.mapped();
  a.armed = deadline_id{};
  a.life.must(in::due);
  seek_admission(a);
}

void supervisor_core::on(const view_health& m) {
  m.view(endpoints_.views(ports_.now()));
}

// ---- an attempt's end -------------------------------------------------------

// PROVIDER has left and reported. @param silent in the wrong order, or we did
// in its place: it may have shown more than the report says.
void supervisor_core::conclude(attempt_record& a, bool silent) {
  auto& at = *a.at;
  const bool unwanted = a.is(attempt_phase::settled);
  const bool stopped = unwanted || a.end().stopped;
  const auto& failure = a.end().failure;
  at.health.end(a.ticket, failure ? &*failure : nullptr, stopped, ports_.now());
  if (unwanted)
    close(a, cancelled());
  else if (stopped) // Its link was cancelled, and the word for it comes.
    settle(a, cancelled());
  else
    over(a, silent);
  serve(at);
}

// It has ended by itself, or cannot begin.
void supervisor_core::over(attempt_record& a, bool silent) {
  auto* other = rival(a);
  if (!other)
    return settle(a, judge(a));
  if (a.shown() || silent) { // WORKSPACE knows, or will.
    a.life.must(in::hold);
    if (a.shown() || other->shown() || !other->is(attempt_phase::held))
      return;
    // Both crashed. If neither has shown anything, no word will come.
    settle(*other, yielded(*other));
    return goes_on_alone(a);
  }
  settle(a, yielded(a));
  goes_on_alone(*other);
}

restart_decision supervisor_core::judge(attempt_record& a) {
  return a.of.policy.after(a.end(), world(a));
}

restart_decision supervisor_core::yielded(attempt_record& a) {
  return a.of.policy.after_race(a.end(), a.what.model);
}

// The attempt with which `a` races, if it may still win.
attempt_record* supervisor_core::rival(const attempt_record& a) {
  using enum attempt_phase;
  if (a.of.forgotten)
    return nullptr;
  for (const auto& other : a.of.attempts)
    if (!other->is(stopping) && !other->is(stopping_reported)
        && !other->is(stopping_exited)
        && (other->what.hedges == a.what.attempt.number
            || a.what.hedges == other->what.attempt.number))
      return other.get();
  return nullptr;
}

// The race is over: from now on it is an attempt like any other.
void supervisor_core::goes_on_alone(attempt_record& a) {
  if (std::exchange(a.what.hedges, 0u) != 0)
    begin(a.of, a.what);
  if (a.is(attempt_phase::held))
    settle(a, judge(a));
}

void supervisor_core::settle(attempt_record& a, restart_decision decision) {
  leave_line(a);
  a.life.must(in::settle);
  close(a, std::move(decision));
}

void supervisor_core::close(attempt_record& a, restart_decision decision) {
  disarm(a);
  attempt_settled m{
    a.what.attempt,
    {std::move(decision), std::move(a.end()), std::move(a.what.model)}};
  const auto report_to = std::move(a.what.report_to);
  if (a.at)
    --a.at->attempts;
  auto& s = a.of;
  std::erase_if(s.attempts, [&](const auto& one) { return one.get() == &a; });
  if (s.forgotten && s.attempts.empty())
    drop(m.attempt.stream, s);
  ports_.tell(report_to, std::move(m));
}

void supervisor_core::cancel(attempt_record& a) {
  a.what.link->cancel();
  auto* const line = a.is(attempt_phase::queued) ? a.at : nullptr;
  leave_line(a);
  if (!a.life.apply(in::cancel))
    return; // It is leaving already.
  auto* const other = rival(a);
  if (a.is(attempt_phase::settled)) {
    a.end().stopped = true;
    close(a, cancelled());
  } else {
    ports_.abandon(a.provider);
  }
  if (other) // It has won, or its own end comes next.
    goes_on_alone(*other);
  if (line)
    serve(*line); // The next in line may have to be woken in time.
}

// ---- the world --------------------------------------------------------------

restart_world supervisor_core::world(const attempt_record& a) {
  restart_world world;
  world.now = ports_.now();
  if (a.at)
    world.open_until = a.at->health.open_until(world.now);
  world.dice = [this] { return ports_.dice(); };
  world.window = [this](const std::string& model) {
    const auto resolved = ports_.resolve(model);
    return resolved ? resolved->limits.context_tokens_max : std::nullopt;
  };
  return world;
}

void supervisor_core::arm(attempt_record& a, steady_time when) {
  disarm(a);
  deadline_due due;
  due.kind = deadline_kind::backoff;
  due.generation = a.generation = ++last_generation_;
  due.stream = a.what.attempt.stream;
  deadlines_.emplace(due.generation, &a);
  a.armed = ports_.arm(when, due);
}

void supervisor_core::disarm(attempt_record& a) {
  deadlines_.erase(a.generation);
  if (a.armed != deadline_id{})
    ports_.disarm(std::exchange(a.armed, deadline_id{}));
}

attempt_record* supervisor_core::find(attempt_id id,
                                      std::string_view workspace_id) {
  const auto [first, last] = streams_.equal_range({id.stream, workspace_id});
  for (auto it = first; it != last; ++it)
    for (const auto& a : it->second.attempts)
      if (a->what.attempt.number == id.number)
        return a.get();
  return nullptr;
}

// That was not forgotten.
stream_record* supervisor_core::find(stream_key key) {
  const auto [first, last] = streams_.equal_range(key);
  for (auto it = first; it != last; ++it)
    if (!it->second.forgotten)
      return &it->second;
  return nullptr;
}

// Of `id`: it was forgotten and its last attempt is settled.
void supervisor_core::drop(stream_id id, const stream_record& s) {
  auto it = streams_.find({id, s.plan->workspace_id});
  while (&it->second != &s)
    ++it;
  streams_.erase(it);
}

} // namespace penstock
