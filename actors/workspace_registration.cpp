// From a start to its registration: until then nothing is promised, and what
// was prepared can be undone without a trace.
#include "actors/workspace_core.hpp"

#include "messages/check.hpp"

#include <utility>

namespace penstock {

using reason = event::stream_abort::reason;

namespace {

error superseded() {
  return {errc::superseded, "a newer start of this workspace came first"};
}

error stopped_early() {
  return {errc::aborted, "stopped before it began"};
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
    return m.registered(fail(stopped_early()));

  if (machine_.now() == phase::idle && !editing_ && asked_.empty())
    return answer_start(m);
  if (auto accepted = accept(m); !accepted)
    return m.registered(fail(accepted.error()));
  // What will be refused must not stop what runs, nor overtake what waits.
  const bool overtakes = next_ || !asked_.empty() || (live_ && !live().ending);
  if (overtakes && (m.request->stream || !m.request->message_id.empty()))
    look_up_ids(m);
  else
    admit(m, next_token_ + 1);
}

// Whether the store would take the start. Its answer comes before that to the
// open record of any start that is written from now on.
void workspace_core::look_up_ids(const start_stream& m) {
  const auto token = next_token_ + 1; // What `write` gives it.
  asked_[token] = m;
  write({record::ids_unused{m.request->stream.value_or(stream_id{}),
                            m.request->message_id}},
        [this, token](const error& why) {
          const auto node = asked_.extract(token);
          if (node.empty())
            return; // Overtaken or stopped meanwhile.
          const auto& asked = node.mapped();
          if (why.code != errc::none)
            refuse_start(asked, why);
          else if (asked.request->stop_token.stop_requested())
            refuse_start(asked, stopped_early());
          else
            return admit(asked, token);
          resume_after_idle();
        });
}

// Nothing is known against it: whoever waited before it is overtaken, and what
// runs gives way. @param token of its look-up, or one that is still to come.
void workspace_core::admit(const start_stream& m, std::uint64_t token) {
  if (next_)
    refuse_start(*std::exchange(next_, std::nullopt), superseded());
  for (auto& [asked, one] : asked_.take())
    if (asked < token)
      refuse_start(one, superseded());
    else
      asked_[asked] = std::move(one);
  next_ = m;
  if (machine_.now() == phase::idle)
    resume_after_idle();
  else
    make_way();
}

// The present stream gives way to the start that waits.
void workspace_core::make_way() {
  if (machine_.now() == phase::preparing) {
    const auto m = *std::exchange(next_, std::nullopt);
    auto accepted = accept(m);
    if (!accepted)
      return refuse_start(m, accepted.error());
    stop_preparing(superseded());
    machine_.must(input::start);
    return prepare(std::move(*accepted));
  }
  const bool stopped_already = live().ending.has_value();
  (void)machine_.apply(input::start);
  if (!stopped_already)
    stop_workers({stream_outcome::kind::aborted, {}, {}, reason::replaced});
}

void workspace_core::answer_start(const start_stream& m) {
  auto accepted = accept(m);
  if (!accepted)
    return refuse_start(m, accepted.error());
  machine_.must(input::start);
  prepare(std::move(*accepted));
}

// It has not begun, and will not.
void workspace_core::refuse_start(const start_stream& m, const error& why) {
  m.registered(fail(why));
  if (m.request->stream)
    fail_awaiting(*m.request->stream, why);
}

// Those that wait, or the one of this stream. @returns whether there was one.
bool workspace_core::drop_starts(std::optional<stream_id> named,
                                 const error& why) {
  const auto meant = [&](const start_stream& one) {
    return !named || one.request->stream == named;
  };
  bool any = false;
  const auto drop = [&](const start_stream& one) {
    any = true;
    refuse_start(one, why);
  };
  if (next_ && meant(*next_))
    drop(*std::exchange(next_, std::nullopt));
  for (auto& [token, one] : asked_.take())
    if (meant(one))
      drop(one);
    else
      asked_[token] = std::move(one);
  return any;
}

// ---- until it is registered ------------------------------------------------

// What can be said of a start without asking anybody. Claims nothing.
expected<live_stream> workspace_core::accept(const start_stream& m) {
  const auto& request = *m.request;
  if (auto why = fault_of_resume(request))
    return fail(std::move(*why));
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
  plan->workspace_name = request.workspace_name;
  plan->models.push_back(request.model);
  for (const auto& entry : request.fallback)
    plan->models.push_back(entry.model);
  plan->options = settings_.streams;
  if (request.options) // Shared with the request that it is a part of.
    plan->options = {m.request, &*request.options};
  s.plan = std::move(plan);
  s.model = request.model;
  s.thinking = request.thinking_level;
  if (request.resume)
    s.kept.emplace().of = *interrupted_;
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
                    s.kept                       ? s.kept->of.message_id
                    : request.message_id.empty() ? "msg_" + to_string(new_id())
                                                 : request.message_id});
  s.started_at = ports_.now();
  std::vector<store_record> records;
  if (request.with_history)
    for (const auto& m : request.messages) {
      s.host_rows.push_back({history_.claim(),
                             "msg_" + to_string(new_id()),
                             {m},
                             history_row::outcome::completed});
      records.push_back(record::message_added{s.host_rows.back()});
    }
  s.history_sequence = s.kept ? s.kept->of.history_sequence
                              : history_.claim(request.history_sequence);
  records.push_back(record::stream_opened{
    id, s.identity->message_id, s.history_sequence, request.model,
    request.metadata_json.empty() ? "{}" : request.metadata_json,
    request.resume});
  if (s.kept)
    write_kept(records);
  if (s.from_queue > 0)
    records.push_back(stored_queue());
  if (request.scratch_dir.how != scratch_request::mode::none) {
    s.scratch_wanted = true;
    ++scratch_pending_;
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
  machine_.must(input::refused);
  stop_preparing(why);
  resume_after_idle();
}

// Undoes what was prepared. Nothing of it was shown.
void workspace_core::stop_preparing(const error& why) {
  auto gone = *std::exchange(live_, std::nullopt);
  std::vector<store_record> records{record::stream_discarded{gone.id()}};
  if (!gone.host_rows.empty())
    records.push_back(record::history_cut{gone.host_rows.front().sequence});
  if (gone.from_queue > 0)
    records.push_back(stored_queue()); // It stays.
  write(std::move(records), [](const error&) {});
  if (gone.scratch)
    ports_.remove_scratch(gone.scratch);
  gone.registered(fail(why));
  awaiting_.erase_if([&](const await_stream& m) {
    const bool it =
      m.stream ? *m.stream == gone.id() : why.code != errc::superseded;
    if (it)
      m.ended(fail(why));
    return it;
  });
}

void workspace_core::on(const scratch_ready& m) {
  PENSTOCK_CHECK(scratch_pending_ > 0);
  --scratch_pending_;
  if (!mine(m.stream) || machine_.now() != phase::preparing) {
    if (m.dir)
      ports_.remove_scratch(*m.dir); // Its stream is gone.
    if (!shutdown_.empty() && machine_.now() == phase::idle)
      return leave_memory();
    return touch();
  }
  live().scratch_wanted = false;
  if (!m.dir)
    return refuse(m.dir.error());
  live().scratch = *m.dir;
  opened_if_ready();
}

void workspace_core::opened_if_ready() {
  auto& s = live();
  if (!s.record_durable || s.scratch_wanted)
    return;
  if (s.request->stop_token.stop_requested()) {
    machine_.must(input::stop);
    stop_preparing(stopped_early());
    return resume_after_idle();
  }
  machine_.must(input::registered);
  const auto& metadata = s.request->metadata_json;
  s.log = std::make_shared<stream_log>(
    s.identity,
    event::stream_start{s.model, s.request->model, s.history_sequence,
                        metadata.empty() ? "{}" : metadata});
  s.stopping = ports_.stop_mark_of(s.id());
  interrupted_.reset();
  if (s.kept)
    take_over_kept();
  // What the model is shown first is the history as it was.
  for (const auto& row : s.host_rows)
    history_.add(row);
  subscribers_.begin(s.log);
  if (s.request->subscriber)
    subscribers_.add_for_stream(
      subscription_id{ports_.random() | own_subscription},
      s.request->subscriber);
  if (const auto taken = std::exchange(s.from_queue, 0); taken > 0) {
    queue_.erase(queue_.begin(),
                 queue_.begin() + static_cast<std::ptrdiff_t>(taken));
    tell_queue(); // So says the open record.
  }
  publish();
  s.registered(s.id());
  if (const auto& deadline = s.plan->options->stream_deadline_ms)
    s.stream_deadline =
      ports_.arm(*deadline, {deadline_kind::stream, 0, s.id()});
  if (s.kept)
    continue_kept();
  else
    begin_step();
}

} // namespace penstock
