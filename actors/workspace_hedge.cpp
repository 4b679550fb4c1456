// The second attempt that is opened when the first is slow, and what becomes of
// whoever loses.
#include "actors/workspace_core.hpp"

#include "messages/check.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

// ---- opening it ------------------------------------------------------------

// One per attempt, from when it was sent: what waits for its endpoint is
// SUPERVISOR's business. Disarmed when the attempt is over; one that is on its
// way then finds another attempt, or a stream that has not begun.
void workspace_core::arm_hedge() {
  auto& s = live();
  const auto after = s.plan->options->hedge_after_ms;
  if (after > std::chrono::milliseconds{0}
      && !next_in_chain(s.plan->models, s.model).empty())
    s.hedge_deadline =
      ports_.arm(after, {deadline_kind::hedge, s.attempt.number, s.id()});
}

// What was written into the log cannot be taken back for another model.
bool workspace_core::may_hedge() const {
  const auto& s = live();
  return machine_.now() == phase::streaming && s.attempt_runs && !s.race
         && !s.soft_stop && !s.finish_seen
         && s.log->size() == s.spans.back().from;
}

void workspace_core::hedge_due(std::uint64_t attempt) {
  auto& s = live();
  if (s.attempt.number != attempt || !may_hedge())
    return;
  s.hedge_wanted = true;
  request_prompt(next_in_chain(s.plan->models, s.model));
}

void workspace_core::send_hedge(std::shared_ptr<const prompt> what) {
  auto& s = live();
  const auto make_link = [&] {
    return std::make_shared<attempt_link>(limits::attempt_in_flight_bytes_max,
                                          s.stopping);
  };
  racer hedge{{s.id(), ++s.last_attempt},
              next_in_chain(s.plan->models, s.model),
              make_link(),
              {},
              {},
              {}};
  run_attempt m;
  m.attempt = hedge.id;
  m.step = s.step;
  m.plan = s.plan;
  m.model = hedge.model;
  m.prompt = std::move(what);
  m.link = hedge.link;
  m.hedges = s.attempt.number;
  m.has_output = s.log->first_shown(0).has_value();
  s.race.emplace(racer{s.attempt, s.model, s.link, {}, {}, {}},
                 std::move(hedge));
  ports_.run(std::move(m));
}

// ---- the race --------------------------------------------------------------

void workspace_core::race_parts(const parts_received& m) {
  if (m.link->cancelled() || !machine_.apply(input::part))
    return;
  switch (live().race->take(m)) {
  case attempt_race::turn::stale:
  case attempt_race::turn::waits:
    return;
  case attempt_race::turn::present:
    return drop_hedge();
  case attempt_race::turn::hedge_wins: {
    auto& s = live();
    auto race = *std::exchange(s.race, std::nullopt);
    race.present().used = last_usage(race.present(), s.contract.usage());
    give_up(std::move(race.present()));
    return succeed(std::move(race.hedge()));
  }
  }
}

// The present attempt goes on alone.
void workspace_core::drop_hedge() {
  auto race = *std::exchange(live().race, std::nullopt);
  race.hedge().used = last_usage(race.hedge());
  give_up(std::move(race.hedge()));
  replay(race.present());
}

// The hedge becomes the present attempt.
void workspace_core::succeed(racer hedge) {
  auto& s = live();
  ports_.disarm(std::exchange(s.hedge_deadline, {}));
  s.contract.end_attempt(true, *s.log);
  s.spans.back().to = s.log->size();
  s.attempt = hedge.id;
  s.link = hedge.link;
  s.model = hedge.model;
  s.attempt_runs = true;
  s.finish_seen = s.more_follows = false;
  s.contract.begin_attempt(s.attempt);
  s.spans.push_back({s.step, s.log->size(), UINT32_MAX, {}});
  if (hedge.started)
    on(*hedge.started);
  replay(hedge);
}

void workspace_core::replay(const racer& of) {
  for (const auto& m : of.batches) {
    if (machine_.now() != phase::streaming)
      return; // A part of it has ended the stream.
    take_batch(m);
  }
}

// The present attempt failed with nothing to show.
void workspace_core::yield_to_hedge(const attempt_verdict& v) {
  auto& s = live();
  PENSTOCK_CHECK(s.race.has_value());
  close_attempt(v);
  add_once(v.refused ? s.refused_models : s.failed_models, v.model);
  auto race = *std::exchange(s.race, std::nullopt);
  succeed(std::move(race.hedge()));
}

// @returns whether it is none of the present attempt's business.
bool workspace_core::settle_rival(const attempt_settled& m) {
  auto& s = live();
  const auto lost =
    std::find_if(s.leaving.begin(), s.leaving.end(),
                 [&](const racer& r) { return r.id == m.attempt; });
  const bool of_hedge = s.race && s.race->hedge().id == m.attempt;
  if (lost == s.leaving.end() && !of_hedge)
    return false;
  book_attempt(m.attempt, m.verdict.model, m.verdict.report.usage);
  s.step_usage += m.verdict.report.usage;
  if (of_hedge) {
    using kind = attempt_verdict::kind;
    PENSTOCK_CHECK(m.verdict.what == kind::yielded
                   || m.verdict.what == kind::cancelled);
    auto race = *std::exchange(s.race, std::nullopt);
    replay(race.present());
    return true;
  }
  s.leaving.erase(lost);
  workers_left();
  return true;
}

// ---- who lost --------------------------------------------------------------

// What it still sends is stale; its usage is booked when it settles.
void workspace_core::give_up(racer who) {
  who.link->cancel();
  who.batches.clear();
  ports_.cancel(who.id);
  live().leaving.push_back(std::move(who));
}

// Neither goes on.
void workspace_core::leave_race() {
  auto& s = live();
  auto race = *std::exchange(s.race, std::nullopt);
  race.present().used = last_usage(race.present(), s.contract.usage());
  race.hedge().used = last_usage(race.hedge());
  give_up(std::move(race.present()));
  give_up(std::move(race.hedge()));
  s.attempt_runs = false;
  s.contract.end_attempt(true, *s.log);
  s.spans.back().to = s.log->size();
  s.contract.begin_attempt({});
}

// A worker has gone, or was given up: the end may have waited for it.
void workspace_core::workers_left() {
  if (machine_.now() == phase::stopping)
    return check_workers();
  if (machine_.now() == phase::finalizing && live().leaving.empty())
    finalize();
}

} // namespace penstock
