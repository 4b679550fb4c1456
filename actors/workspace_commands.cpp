// What a host may ask of a workspace.
#include "actors/workspace_core.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

using reason = event::stream_abort::reason;

namespace {

error superseded() {
  return {errc::superseded, "a newer start of this workspace came first", 0,
          std::nullopt, std::nullopt};
}

error aborted(const char* why) {
  return {errc::aborted, why, 0, std::nullopt, std::nullopt};
}

} // namespace

// ---- start -----------------------------------------------------------------

void workspace_core::on(const start_stream& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (broken_)
    return m.registered(fail(*broken_));
  if (!shutdown_.empty())
    return m.registered(fail(errc::aborted, "the runtime shuts down"));
  if (m.request->stop_token.stop_requested())
    return m.registered(fail(aborted("stopped before it began")));

  switch (machine_.now()) {
  case phase::idle:
    return answer_start(m);
  case phase::preparing:
    // Take the newer one only if it can be taken at all.
    if (auto accepted = accept(m)) {
      stop_preparing(superseded());
      PENSTOCK_CHECK(machine_.apply(input::start));
      return prepare(std::move(*accepted));
    } else {
      return m.registered(fail(accepted.error()));
    }
  default:
    break;
  }
  if (auto accepted = accept(m); !accepted)
    return m.registered(fail(accepted.error()));
  if (next_)
    next_->registered(fail(superseded()));
  next_ = m;
  const bool stopped_already = live().ending.has_value();
  (void)machine_.apply(input::start);
  if (!stopped_already)
    stop_workers({stream_outcome::kind::aborted, {}, {}, reason::replaced});
}

void workspace_core::answer_start(const start_stream& m) {
  auto accepted = accept(m);
  if (!accepted)
    return m.registered(fail(accepted.error()));
  PENSTOCK_CHECK(machine_.apply(input::start));
  prepare(std::move(*accepted));
}

// What can be said of a start without asking anybody. Claims nothing.
expected<live_stream> workspace_core::accept(const start_stream& m) {
  const auto& request = *m.request;
  const auto host_rows = request.with_history ? request.messages.size() : 0;
  if (request.history_sequence
      && *request.history_sequence <= history_.last_sequence() + host_rows)
    return fail(errc::invalid_request,
                "history_sequence " + std::to_string(*request.history_sequence)
                  + " is stale: the workspace is at "
                  + std::to_string(history_.last_sequence() + host_rows)
                  + "; leave it out or use a higher one");
  if (live_
      && (request.stream == live_->id()
          || (!request.message_id.empty()
              && request.message_id == live_->identity->message_id)))
    return fail(errc::invalid_request,
                "stream_id or message_id is that of the running stream; leave "
                "it out or use a new one");
  auto rules = settings_.tool_policy;
  rules.insert(rules.end(), request.tool_policy.begin(),
               request.tool_policy.end());
  auto policy = tool_policy::compile(rules);
  if (!policy)
    return fail(policy.error());
  auto tools = resolve_tools(*settings_.tools(), request.tools);
  if (!tools)
    return fail(tools.error());

  live_stream s;
  s.request = m.request;
  s.registered = m.registered;
  s.policy = std::move(*policy);
  s.tools = std::move(*tools);
  std::erase_if(s.tools, [&](auto& t) { return !s.policy.enables(t.first); });
  auto plan = std::make_shared<stream_plan>();
  plan->workspace_id = id_;
  plan->models.push_back(request.model);
  for (const auto& entry : request.fallback)
    plan->models.push_back(entry.model);
  plan->options = request.options.value_or(settings_.streams);
  s.plan = std::move(plan);
  s.model = request.model;
  s.thinking = request.thinking_level;
  return s;
}

void workspace_core::prepare(live_stream stream) {
  live_ = std::move(stream);
  auto& s = live();
  const auto& request = *s.request;
  const auto new_id = [&] {
    auto id = ports_.random();
    return stream_id{id == 0 ? 1 : id};
  };
  const auto id = request.stream ? *request.stream : new_id();
  s.identity = std::make_shared<stream_identity>(
    stream_identity{id_, id,
                    request.message_id.empty() ? "msg_" + to_string(new_id())
                                               : request.message_id});
  s.started_at = ports_.now();
  std::vector<store_record> records;
  if (request.with_history)
    for (const auto& m : request.messages) {
      s.host_rows.push_back({*history_.claim(std::nullopt),
                             "msg_" + to_string(new_id()),
                             {m},
                             history_row::outcome::completed});
      records.push_back(record::message_added{s.host_rows.back()});
    }
  s.history_sequence = *history_.claim(request.history_sequence);
  records.push_back(record::stream_opened{
    id, s.identity->message_id, s.history_sequence, request.model,
    request.metadata_json.empty() ? "{}" : request.metadata_json});
  if (request.scratch_dir.what != scratch_request::kind::none) {
    s.scratch_wanted = true;
    ports_.make_scratch(id, request.scratch_dir);
  }
  if (request.stop_token.stop_possible())
    s.stop_link = ports_.link(request.stop_token, id);
  write(std::move(records), [this, id](const error& why) {
    if (!mine(id))
      return;
    if (why.code != errc::none)
      return refuse(why);
    live().record_durable = true;
    opened_if_ready();
  });
}

// It could not be opened.
void workspace_core::refuse(const error& why) {
  PENSTOCK_CHECK(machine_.apply(input::refused));
  stop_preparing(why);
  resume_after_idle();
}

// Undoes what was prepared. Nothing of it was shown.
void workspace_core::stop_preparing(const error& why) {
  auto gone = *std::exchange(live_, std::nullopt);
  std::vector<store_record> records{record::stream_discarded{gone.id()}};
  if (!gone.host_rows.empty())
    records.push_back(record::history_cut{gone.host_rows.front().sequence});
  write(std::move(records), [](const error&) {});
  if (gone.scratch)
    ports_.remove_scratch(gone.scratch);
  gone.registered(fail(why));
  std::erase_if(awaiting_, [&](const await_stream& m) {
    const bool it =
      m.stream ? *m.stream == gone.id() : why.code != errc::superseded;
    if (it)
      m.ended(fail(why));
    return it;
  });
}

// ---- stop ------------------------------------------------------------------

void workspace_core::on(const stop_stream& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  const auto named = m.what.stream;
  const auto how = m.what.soft ? input::soft_stop : input::stop;
  if (!live_) {
    PENSTOCK_CHECK(machine_.apply(how));
    if (named)
      return m.done(stop_result{stop_outcome::not_active, {}});
    subscribers_.note(
      event::stream_abort{reason::startup, false, {}, {}, "{}", {}});
    publish();
    return m.done(stop_result{stop_outcome::nothing_running, {}});
  }
  if (next_ && (!named || next_->request->stream == named)) {
    std::exchange(next_, {})->registered(
      fail(aborted("stopped before it began")));
    if (named)
      return m.done(stop_result{stop_outcome::stopped, {}});
  }
  if (named && *named != live().id())
    return m.done(stop_result{stop_outcome::not_active, {}});
  if (machine_.now() == phase::preparing) {
    PENSTOCK_CHECK(machine_.apply(how));
    stop_preparing(aborted("stopped before it began"));
    m.done(stop_result{stop_outcome::stopped, {}});
    return resume_after_idle();
  }
  request_stop(m);
}

void workspace_core::request_stop(const stop_stream& m) {
  auto& s = live();
  const bool running = !s.ending.has_value();
  s.stoppers.push_back(m.done);
  s.abandoned |= m.what.abandon && machine_.now() != phase::finalizing;
  if (m.what.soft && running)
    return soft_stop(m);
  PENSTOCK_CHECK(machine_.apply(m.what.soft ? input::soft_stop : input::stop));
  if (!running)
    return;
  if (m.why == reason::user && !queue_.empty()) {
    s.returned_queue = queue_;
    change_queue({});
  }
  stop_workers({stream_outcome::kind::aborted, {}, {}, m.why});
}

// At a boundary already, if the step has shown nothing yet.
void workspace_core::soft_stop(const stop_stream& m) {
  auto& s = live();
  s.soft_stop = true;
  const bool waiting = machine_.now() == phase::retry_wait;
  PENSTOCK_CHECK(machine_.apply(input::soft_stop));
  const bool nothing_shown = machine_.now() == phase::streaming
                             && s.log->part_numbers(s.step_from).empty();
  if (nothing_shown)
    PENSTOCK_CHECK(machine_.apply(input::boundary));
  if (waiting || nothing_shown)
    stop_workers({stream_outcome::kind::aborted, {}, {}, m.why});
}

// ---- wait, view ------------------------------------------------------------

void workspace_core::on(const await_stream& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (live_ && (!m.stream || *m.stream == live_->id()))
    return awaiting_.push_back(m);
  if (last_outcome_ && (!m.stream || *m.stream == last_outcome_->stream))
    return m.ended(*last_outcome_);
  m.ended(fail(errc::invalid_request,
               m.stream ? "no stream " + to_string(*m.stream)
                            + " in this workspace runs or was the last"
                        : "this workspace has had no stream"));
}

void workspace_core::on(const view_workspace& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (broken_)
    return m.view(fail(*broken_));
  m.view(workspace_view{id_, std::string{to_string(machine_.now())}, active(),
                        history_.rows(), queue_, usage_});
}

void workspace_core::on(const set_thinking& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (live_)
    live_->thinking = m.level;
  m.running(live_.has_value());
}

// ---- queue -----------------------------------------------------------------

void workspace_core::on(const enqueue_message& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  auto queue = queue_;
  queue.push_back(m.what);
  m.queued(queue.size());
  change_queue(std::move(queue));
  if (machine_.now() == phase::idle)
    resume_after_idle();
}

void workspace_core::change_queue(std::vector<queued_message> queue) {
  queue_ = std::move(queue);
  write({record::queue_replaced{queue_}}, [](const error&) {});
  event::queue_changed changed;
  for (const auto& q : queue_)
    changed.texts.push_back(q.text);
  subscribers_.note(std::move(changed));
  publish();
}

// The queue becomes one user message of a new stream like the last one.
void workspace_core::start_queued() {
  if (queue_.empty() || !last_request_ || !last_outcome_
      || last_outcome_->how != stream_outcome::kind::completed)
    return;
  std::string text;
  for (const auto& q : queue_)
    text += (text.empty() ? "" : "\n") + q.text;
  change_queue({});
  auto request = *last_request_;
  if (request.with_history) {
    request.messages.clear();
  } else {
    request.messages.insert(request.messages.end(), last_generated_.begin(),
                            last_generated_.end());
  }
  request.messages.push_back({role::user, {text_content{text, {}}}, {}});
  request.stream.reset();
  request.message_id.clear();
  request.history_sequence.reset();
  request.subscriber.reset();
  if (request.scratch_dir.what == scratch_request::kind::path)
    request.scratch_dir = {};
  answer_start({id_, std::make_shared<start_request>(std::move(request)), {}});
}

// ---- history ---------------------------------------------------------------

void workspace_core::on(const edit_history& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (broken_)
    return m.removed(fail(*broken_));
  edits_.push_back(m);
  switch (machine_.now()) {
  case phase::idle:
    return cut_history();
  case phase::preparing:
    PENSTOCK_CHECK(machine_.apply(input::stop));
    stop_preparing(aborted("the history was edited"));
    return resume_after_idle();
  case phase::stopping:
  case phase::finalizing:
    return; // resume_after_idle comes.
  default:
    PENSTOCK_CHECK(machine_.apply(input::stop));
    stop_workers({stream_outcome::kind::aborted, {}, {}, reason::user});
  }
}

void workspace_core::cut_history() {
  for (auto& m : std::exchange(edits_, {})) {
    auto removed = history_.cut(m.what.from_sequence);
    std::vector<store_record> records{
      record::history_cut{m.what.from_sequence}};
    if (m.what.replacement) {
      history_row row{*history_.claim(std::nullopt),
                      "msg_" + to_string(stream_id{ports_.random()}),
                      {*m.what.replacement},
                      history_row::outcome::completed};
      records.push_back(record::message_added{row});
      history_.add(std::move(row));
    }
    write(std::move(records), [this, m, removed](const error& why) {
      if (why.code != errc::none)
        return m.removed(fail(why));
      subscribers_.note(event::history_changed{removed});
      publish();
      m.removed(removed);
    });
  }
}

// Nothing runs: what waited goes on.
void workspace_core::resume_after_idle() {
  if (machine_.now() != phase::idle)
    return;
  cut_history();
  if (!shutdown_.empty())
    return leave();
  if (next_)
    answer_start(*std::exchange(next_, {}));
  else
    start_queued();
  touch();
}

} // namespace penstock
