// The end of a stream: workers first, then the record, then the word.
#include "actors/workspace_core.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

// ---- stopping --------------------------------------------------------------

// @pre the machine has moved to `stopping`. A default ending is the abort by
// the user that a soft stop asked for.
void workspace_core::stop_workers(stream_ending how) {
  auto& s = live();
  PENSTOCK_CHECK(machine_.now() == phase::stopping && !s.ending);
  if (how.how == stream_outcome::kind::completed)
    how.how = stream_outcome::kind::aborted;
  s.ending = std::move(how);
  cancel_workers();
  s.kill_deadline = ports_.arm(s.plan->options->kill_deadline_ms,
                               {deadline_kind::kill, 0, s.id()});
  for (const auto& m : std::exchange(s.overtaken, {}))
    on(m);
  check_workers();
}

void workspace_core::cancel_workers() {
  auto& s = live();
  s.preparation++; // A hook that still runs is too late.
  if (s.race)
    leave_race();
  if (s.attempt_runs) {
    s.link->cancel();
    ports_.cancel(s.attempt);
  }
  if (s.calls) {
    s.calls->order.cancel();
    s.calls->cancel.request_stop();
  }
}

// We end it ourselves; what was shown stays.
void workspace_core::fail_stream(error why) {
  if (machine_.apply(input::fault))
    stop_workers({stream_outcome::kind::failed, {}, std::move(why), {}});
}

void workspace_core::check_workers() {
  if (machine_.now() != phase::stopping || !live().workers_gone())
    return;
  machine_.must(input::workers_gone);
  finalize();
}

// They ignore their cancellation: whatever they still send is stale.
void workspace_core::detach_workers() {
  auto& s = live();
  for (auto n = write_off_attempts(); n > 0; --n)
    ports_.worker_detached();
  if (s.calls)
    for (auto n = std::exchange(s.calls->handlers, {}).size(); n > 0; --n)
      ports_.worker_detached();
  workers_left();
}

// Nobody will say how they end: what each has used is what it last told.
// @returns how many there were.
std::size_t workspace_core::write_off_attempts() {
  auto& s = live();
  if (s.race)
    leave_race();
  if (std::exchange(s.attempt_runs, false)) {
    s.at_boundary = false;
    s.contract.end_attempt(true, *s.log);
    s.spans.back().to = s.log->size();
    s.leaving.push_back(
      {s.attempt, s.model, s.link, {}, {}, s.contract.usage()});
    s.contract.begin_attempt({});
  }
  auto all = std::exchange(s.leaving, {});
  for (auto& gone : all) {
    gone.used.known = std::min(gone.used.known, token_usage::quality::partial);
    book_attempt(gone.id, gone.model, gone.used);
  }
  return all.size();
}

void workspace_core::book_attempt(attempt_id id, const std::string& model,
                                  const token_usage& used) {
  live().book(model, used);
  write({record::attempt_used{id, model, used}}, [](const error&) {});
}

// ---- finalizing ------------------------------------------------------------

// No worker is left and nothing more is written into the log.
void workspace_core::finalize() {
  auto& s = live();
  PENSTOCK_CHECK(machine_.now() == phase::finalizing && s.ending);
  if (!s.leaving.empty()) { // Who lost a race counts as a worker too.
    s.kill_deadline = ports_.arm(s.plan->options->kill_deadline_ms,
                                 {deadline_kind::kill, 0, s.id()});
    return;
  }
  ports_.disarm(s.kill_deadline);
  ports_.disarm(s.stream_deadline);
  ports_.disarm(s.hedge_deadline);
  s.stop_link.reset();
  ports_.forget(s.id());
  if (s.scratch)
    ports_.remove_scratch(std::exchange(s.scratch, nullptr));

  std::vector<store_record> records;
  write_growth(records);
  record::stream_closed closed{
    s.id(), std::make_shared<const event_body>(terminal_body()), {}};
  const auto& generated = last_.emplace().generated =
    final_messages(*s.log, s.spans);
  if (!generated.empty() && !s.abandoned) {
    using row = history_row::outcome;
    const auto how =
      s.ending->how == stream_outcome::kind::completed ? row::completed
      : s.ending->how == stream_outcome::kind::aborted ? row::aborted
                                                       : row::failed;
    closed.rows.push_back(
      {s.history_sequence, s.identity->message_id, generated, how});
  }
  if (s.kept && s.kept->row
      && closed.rows.empty()) // The row that it was to replace.
    records.push_back(record::history_cut{s.history_sequence});
  records.push_back(closed);
  if (std::any_of(s.stoppers.begin(), s.stoppers.end(),
                  [](const auto& one) { return one.gets_queue; })
      && !queue_.empty()) {
    s.returned_queue = std::exchange(queue_, {});
    records.push_back(record::queue_replaced{});
    tell_queue();
  }
  write(std::move(records), [this, id = s.id(), closed](const error& why) {
    PENSTOCK_CHECK(mine(id));
    for (const auto& row : closed.rows)
      if (why.code == errc::none)
        history_.add(row);
    if (const auto& kept = live().kept;
        why.code != errc::none && kept && kept->row)
      history_.add(*kept->row);
    close_stream(why, closed.terminal);
  });
}

event_body workspace_core::terminal_body() const {
  const auto& s = live();
  const auto& end = *s.ending;
  const auto metadata =
    s.request->metadata_json.empty() ? "{}" : s.request->metadata_json;
  using std::chrono::duration_cast, std::chrono::milliseconds;
  switch (end.how) {
  case stream_outcome::kind::completed: {
    event::stream_end body;
    body.why = end.finished;
    body.usage = s.total_usage();
    body.usage_by_model = s.usage;
    body.duration = duration_cast<milliseconds>(ports_.now() - s.started_at);
    if (s.first_token_at)
      body.time_to_first_token =
        duration_cast<milliseconds>(*s.first_token_at - s.started_at);
    body.model = s.model;
    body.requested_model = s.request->model;
    body.refused_models = s.refused_models;
    body.failed_models = s.failed_models;
    body.metadata_json = metadata;
    body.parts = s.log->parts();
    return body;
  }
  case stream_outcome::kind::aborted:
    return event::stream_abort{end.reason, s.abandoned, s.total_usage(),
                               s.usage,    metadata,    s.log->parts()};
  case stream_outcome::kind::failed: {
    event::stream_error body;
    body.why = end.why;
    body.retryable = end.why.should_retry.value_or(retryable(end.why.code));
    body.usage = s.total_usage();
    body.usage_by_model = s.usage;
    body.requested_model = s.request->model;
    body.refused_models = s.refused_models;
    body.failed_models = s.failed_models;
    body.metadata_json = metadata;
    body.parts = s.log->parts();
    return body;
  }
  }
  PENSTOCK_CHECK(!"an ending of no kind");
}

// The terminal record could not be written, or not in time: then it may be
// there, or come to be. The store's last word is what subscribers are told.
void workspace_core::overrule_terminal(const live_stream& gone) {
  record::stream_closed told{gone.id(), gone.log->shared_terminal(), {}};
  if (gone.kept && gone.kept->row)
    told.rows.push_back(*gone.kept->row);
  write({std::move(told)}, [](const error&) {});
}

// The terminal record is durable, or failed. One body serves the store,
// the log and whoever waits: it has all the text.
void workspace_core::close_stream(const error& why,
                                  std::shared_ptr<const event_body> terminal) {
  auto& s = live();
  if (why.code != errc::none) {
    s.ending = stream_ending{stream_outcome::kind::failed, {}, why, {}};
    if (auto kept = std::exchange(s.returned_queue, {}); !kept.empty()) {
      kept.insert(kept.end(), queue_.begin(), queue_.end());
      change_queue(std::move(kept)); // Its return was not recorded either.
    }
    terminal = std::make_shared<const event_body>(terminal_body());
  }
  s.log->terminate(terminal);
  usage_ += s.total_usage();

  auto gone = std::move(*std::exchange(live_, std::nullopt));
  machine_.must(input::closed);
  if (why.code != errc::none)
    overrule_terminal(gone);
  last_->request = gone.request;
  last_closed_ = packed_end{closed_stream{gone.identity, terminal}};
  publish();
  const auto outcome = gone.ending->how == stream_outcome::kind::aborted
                         ? stop_outcome::stopped
                         : stop_outcome::already_finished;
  for (auto& one : gone.stoppers) // Only one of them gets the queue.
    one.done(stop_result{outcome, one.gets_queue
                                    ? std::exchange(gone.returned_queue, {})
                                    : std::vector<queued_message>{}});
  awaiting_.erase_if([&](const await_stream& m) {
    const bool it = !m.stream || *m.stream == gone.id();
    if (it)
      m.ended(outcome_of({gone.identity, terminal}));
    return it;
  });
  resume_after_idle(
    gone.ending->how == stream_outcome::kind::completed
    || (gone.ending->how == stream_outcome::kind::aborted && gone.makes_way));
}

} // namespace penstock
