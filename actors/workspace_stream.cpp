// The stream while it runs: steps, attempts, what they send.
#include "actors/workspace_core.hpp"

#include "messages/check.hpp"
#include "messages/footprint.hpp"
#include "messages/limits.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

// Anthropic's `pause_turn`, of a long turn of the provider's own tools, and the
// pause after a compaction, if it was asked for: the turn goes on when the
// answer is sent back as it is.
bool paused_turn(const std::optional<finish>& f) {
  return f && (f->raw == "pause_turn" || f->raw == "compaction");
}

bool is_end(const stream_part& p) {
  return std::holds_alternative<part::text_end>(p)
         || std::holds_alternative<part::reasoning_end>(p)
         || std::holds_alternative<part::tool_result>(p);
}

bool answer_goes_on(const std::vector<stream_part>& parts) {
  return std::any_of(parts.begin(), parts.end(), continues_answer);
}

// A call of ours, or a turn that is to go on: what ends here is no stream.
bool asks_for_more(const stream_part& p) {
  if (const auto* call = std::get_if<part::tool_start>(&p))
    return !call->provider_executed;
  const auto* finished = std::get_if<part::finished>(&p);
  return finished && paused_turn(finished->why);
}

bool answer_goes_on_after_an_end(const std::vector<stream_part>& parts) {
  const auto end = std::find_if(parts.begin(), parts.end(), is_end);
  return end != parts.end()
         && std::any_of(end + 1, parts.end(), continues_answer);
}

} // namespace

// ---- steps -----------------------------------------------------------------

void workspace_core::begin_step() {
  auto& s = live();
  ++s.step;
  s.step_from = s.log->size();
  s.calls.reset();
  s.required_succeeded = false;
  if (s.next_thinking) {
    s.thinking = std::exchange(s.next_thinking, {});
    s.thinking_was_set = true;
  }
  request_attempt(std::chrono::milliseconds{0});
}

void workspace_core::request_attempt(std::chrono::milliseconds delay) {
  auto& s = live();
  s.delay = delay;
  s.hedge_wanted = false;
  request_prompt(s.model);
}

// Builds the request of the next attempt, for `model`; the host's hook may
// change it, on a thread of its own.
void workspace_core::request_prompt(const std::string& model) {
  auto& s = live();
  const auto& request = *s.request;
  bool partial = false;
  auto messages = request.with_history ? history_.messages() : request.messages;
  for (auto& m : generated_messages(*s.log, s.spans, partial))
    messages.push_back(std::move(m));
  const fallback_entry* entry = nullptr;
  for (const auto& e : request.fallback)
    if (e.model == model && model != request.model)
      entry = &e;
  std::vector<tool_definition> tools;
  for (const auto& [name, tool] : s.tools)
    tools.push_back(tool.tool->definition);
  auto what =
    build_prompt(request, entry, model.substr(0, model.find(':')), s.thinking,
                 std::move(messages), std::move(tools), partial);
  s.goes_on = partial;
  s.observed = false;
  if (s.thinking_was_set)
    what.thinking = s.thinking;
  const auto generation = ++s.preparation;
  if (!request.prepare_step && !(entry && entry->rebuild))
    return prompt_ready(std::make_shared<const prompt>(std::move(what)));
  ports_.prepare(s.id(), generation,
                 [hook = request.prepare_step,
                  rebuild = entry ? entry->rebuild : nullptr](step_plan& plan) {
                   if (rebuild)
                     rebuild(plan.prompt);
                   if (hook)
                     hook(plan);
                 },
                 {s.step, model, std::move(what)});
}

void workspace_core::on(const step_prepared& m) {
  if (!mine(m.stream) || live().preparation != m.generation || live().ending)
    return;
  prompt_ready(m.prompt);
}

void workspace_core::prompt_ready(
  expected<std::shared_ptr<const prompt>> what) {
  auto& s = live();
  if (s.hedge_wanted && (!what || !may_hedge())) {
    s.hedge_wanted = false; // It was a chance and not a duty.
    return;
  }
  if (!what)
    return fail_stream(what.error());
  if (s.request->on_step && !std::exchange(s.observed, true))
    return ports_.observe(
      s.id(), ++s.preparation,
      [observe = s.request->on_step, what = *what, step = s.step] {
        observe(step, *what);
      },
      *what);
  if (std::exchange(s.hedge_wanted, false))
    send_hedge(std::move(*what));
  else
    send_attempt(std::move(*what));
}

void workspace_core::send_attempt(std::shared_ptr<const prompt> what) {
  auto& s = live();
  s.attempt = {s.id(), ++s.last_attempt};
  s.link = std::make_shared<attempt_link>(limits::attempt_in_flight_bytes_max,
                                          s.stopping);
  s.attempt_runs = true;
  s.finish_seen = s.more_follows = false;
  s.contract.begin_attempt(s.attempt);
  s.spans.push_back({s.step, s.log->size(), UINT32_MAX, {}});
  ports_.run({s.attempt,
              s.step,
              {},
              s.plan,
              s.model,
              std::move(what),
              s.link,
              s.delay,
              0,
              s.log->first_shown(0).has_value()});
}

// ---- attempts --------------------------------------------------------------

void workspace_core::on(const attempt_started& m) {
  if (!mine(m.attempt.stream) || (live().race && live().race->started(m))
      || !live().contract.current(m.attempt))
    return;
  if (!machine_.apply(input::attempt_started))
    return;
  auto& s = live();
  auto& span = s.spans.back();
  span.made_by = m.made_by;
  if (s.goes_on && s.plan->options->trim_repeated_text && !m.prefills)
    s.contract.trim_repeated(text_of(*s.log));
  write({record::attempt_began{m.attempt, span.step, span.from, m.model,
                               m.made_by}},
        [](const error&) {});
  arm_hedge();
}

void workspace_core::on(const parts_received& m) {
  m.link->consumed(m.bytes);
  if (!mine(m.attempt.stream))
    return;
  if (live().race)
    return race_parts(m);
  if (!live().contract.current(m.attempt))
    return;
  // Cancelled: what is queued is overtaken, also by a stop still on its way.
  if (!m.link->cancelled() && machine_.apply(input::part))
    take_batch(m);
}

void workspace_core::take_batch(const parts_received& m) {
  auto& s = live();
  s.finish_seen = m.finish_seen || (s.finish_seen && !answer_goes_on(m.parts));
  s.more_follows =
    s.more_follows
    || std::any_of(m.parts.begin(), m.parts.end(), asks_for_more);
  if (s.at_boundary && !s.at_natural_end() && answer_goes_on(m.parts))
    return stop_at_boundary();
  // One read may hold the boundary and what a soft stop does not want.
  const bool to_boundary =
    s.soft_stop && !s.at_natural_end() && answer_goes_on_after_an_end(m.parts);
  const auto done = s.contract.take(m.index, m.parts, *s.log, to_boundary);
  note_footprint();
  if (done.output && !s.first_token_at)
    s.first_token_at = ports_.now();
  publish();
  if (done.why.code != errc::none)
    return fail_stream(done.why);
  if (done.provider_result && !s.soft_stop && queue_ends_step())
    s.soft_stop = s.makes_way = true;
  if (s.soft_stop && (done.part_closed || done.provider_result)
      && !s.at_natural_end()) {
    if (answer_goes_on_after_an_end(m.parts))
      return stop_at_boundary();
    s.at_boundary = true;
    ports_.arm(s.plan->options->soft_stop_wait_ms,
               {deadline_kind::soft_stop, 0, s.id()});
  }
  flush();
}

void workspace_core::note_footprint() const {
  const auto& s = live();
  using at = footprint::place;
  footprint::note(at::workspace, this, &history_);
  footprint::note(at::stream, &s, &s.request);
  footprint::note(at::identity, *s.identity);
  s.log->note_footprint();
}

void workspace_core::stop_at_boundary() {
  machine_.must(input::boundary);
  stop_workers({});
}

void workspace_core::on(const attempt_settled& m) {
  if (!mine(m.attempt.stream))
    return;
  if (live().stop_comes()) { // Its parts were dropped already.
    live().overtaken.push_back(m);
    return;
  }
  if (settle_rival(m) || !live().contract.current(m.attempt)
      || !live().attempt_runs)
    return;
  const auto& v = m.verdict;
  using kind = attempt_verdict::kind;
  if (v.what == kind::yielded && live().race)
    return yield_to_hedge(v);
  if (live().race) // It was judged before SUPERVISOR heard of its hedge.
    drop_hedge();
  const bool at_boundary = live().at_boundary && !live().at_natural_end();
  close_attempt(v);
  if (live().ending) {
    // Whatever it was, it is stopped now.
    const auto late = v.what == kind::retry      ? input::retry_granted
                      : v.what == kind::complete ? input::calls_made
                                                 : input::defeated;
    const bool counted = machine_.apply(late);
    PENSTOCK_CHECK(!counted);
    return check_workers();
  }
  switch (v.what) {
  case kind::complete:
    PENSTOCK_CHECK(v.report.batches == live().contract.batches());
    return step_answered(v, at_boundary);
  case kind::cut_calls:
    withdraw_after(v);
    if (!live().contract.ready_calls(*live().log).empty())
      return step_answered(v, at_boundary);
    return step_failed(v, at_boundary); // The cut took them all.
  case kind::retry:
    return retry(v);
  case kind::yielded: // Both crashed while its first words were on their way.
    return fail_stream(v.why);
  case kind::cancelled:
  case kind::defeat:
    withdraw_after(v);
    return step_failed(v, at_boundary);
  }
}

// The attempt is over: nothing of it will come any more.
void workspace_core::close_attempt(const attempt_verdict& v) {
  auto& s = live();
  using kind = attempt_verdict::kind;
  s.attempt_runs = false;
  s.at_boundary = false;
  ports_.disarm(std::exchange(s.hedge_deadline, {}));
  s.contract.end_attempt(v.report.failure || v.report.stopped
                           || v.why.code == errc::stream_truncated,
                         *s.log);
  s.spans.back().to = s.log->size();
  s.spans.back().whole = v.what == kind::complete || v.what == kind::cut_calls;
  book_attempt(s.attempt, v.model, v.report.usage);
  s.step_usage += v.report.usage;
}

// @param at_boundary of a soft stop that was granted.
void workspace_core::step_answered(const attempt_verdict& v, bool at_boundary) {
  auto& s = live();
  const bool calls = !s.contract.ready_calls(*s.log).empty();
  s.step_finish = v.report.finished.value_or(
    finish{calls ? finish_reason::tool_calls : finish_reason::other, {}});
  if (calls && at_boundary)
    return stop_at_boundary();
  if (calls) {
    machine_.must(input::calls_made);
    publish();
    return begin_calls();
  }
  s.log->add_mark(
    event::step_end{s.step, s.step_finish, s.step_usage, s.total_usage()});
  s.step_usage = {};
  if (paused_turn(v.report.finished) && s.step < s.plan->options->max_steps
      && !queue_ends_step()) {
    if (s.soft_stop) {
      machine_.must(input::boundary);
      return stop_workers({});
    }
    machine_.must(input::next_step);
    publish();
    return begin_step();
  }
  machine_.must(input::answered);
  s.ending =
    stream_ending{stream_outcome::kind::completed, s.step_finish, {}, {}};
  publish();
  finalize();
}

// ---- after a failure -------------------------------------------------------

void workspace_core::step_failed(const attempt_verdict& v, bool at_boundary) {
  auto& s = live();
  add_once(v.refused ? s.refused_models : s.failed_models, v.model);
  if (at_boundary) // A soft stop had been granted before that.
    return stop_at_boundary();
  machine_.must(input::defeated);
  s.ending = stream_ending{stream_outcome::kind::failed, {}, v.why, {}};
  finalize();
}

// A call that was cut off is withdrawn; after a refusal, all calls are.
void workspace_core::withdraw_after(const attempt_verdict& v) {
  auto& s = live();
  const auto from = v.refused ? s.contract.first_call()
                              : s.contract.first_incomplete_call(*s.log);
  if (from)
    s.log->retract(*from);
}

void workspace_core::retry(const attempt_verdict& v) {
  auto& s = live();
  withdraw_after(v);
  if (s.plan->options->on_partial == partial_policy::retract)
    if (const auto first = s.log->first_shown(s.step_from))
      s.log->retract(*first);
  const bool next_model = v.next_model != v.model;
  if (v.refused)
    add_once(s.refused_models, v.model);
  else if (next_model)
    add_once(s.failed_models, v.model);
  if (s.soft_stop) { // It prevents any further attempt.
    machine_.must(input::boundary);
    return stop_workers({});
  }
  if (!v.silent)
    s.log->add_mark(
      event::attempt_retry{s.attempt.number, v.why.code, v.delay, v.model,
                           next_model ? v.next_model : std::string{},
                           s.log->part_numbers(s.step_from)});
  s.model = v.next_model;
  machine_.must(input::retry_granted);
  publish();
  request_attempt(v.delay);
}

} // namespace penstock
