// What all of a workspace's rules share: loading, writing, telling, leaving.
#include "actors/workspace_core.hpp"

#include "actors/store.hpp"
#include "messages/check.hpp"

#include <utility>

namespace penstock {

workspace_core::workspace_core(std::string workspace_id,
                               const workspace_settings& settings,
                               workspace_ports& ports,
                               std::vector<parked_subscriber> parked)
  : id_(std::move(workspace_id)), settings_(settings), ports_(ports),
    machine_(settings_.counts), subscribers_(id_) {
  PENSTOCK_CHECK(settings_.tools != nullptr);
  for (auto& one : parked)
    subscribers_.adopt(std::move(one));
}

workspace_core::~workspace_core() {
  if (!live_)
    return;
  if (live_->link)
    live_->link->cancel();
  ports_.forget(live_->id());
  if (live_->scratch)
    ports_.remove_scratch(std::exchange(live_->scratch, nullptr));
  if (live_->calls)
    live_->calls->cancel.request_stop();
}

live_stream& workspace_core::live() {
  PENSTOCK_CHECK(live_.has_value());
  return *live_;
}
const live_stream& workspace_core::live() const {
  PENSTOCK_CHECK(live_.has_value());
  return *live_;
}

std::optional<stream_id> workspace_core::active() const {
  return live_ ? std::optional{live_->id()} : std::nullopt;
}

// ---- loading ---------------------------------------------------------------

bool workspace_core::must_wait(std::function<void()> command) {
  touch();
  if (loaded_)
    return false;
  if (waiting_.empty())
    load_deadline_ = ports_.arm(settings_.workspaces.store_deadline_ms,
                                {deadline_kind::store, 0, stream_id{}});
  waiting_.push_back(std::move(command));
  return true;
}

void workspace_core::on(const history_loaded& m) {
  if (broken_)
    return; // Too late: whoever comes after this one asks again.
  PENSTOCK_CHECK(!loaded_);
  loaded_ = true;
  ports_.disarm(load_deadline_);
  if (m.snapshot) {
    history_ = conversation{*m.snapshot};
    queue_ = m.snapshot->queue;
    usage_ = m.snapshot->usage;
    interrupted_ = m.snapshot->interrupted;
    if (const auto& last = m.snapshot->last_stream)
      last_closed_ = packed_end{*last};
  } else {
    broken_ = m.snapshot.error();
  }
  for (auto& command : waiting_.take())
    command();
  if (!shutdown_.empty() && machine_.now() == phase::idle)
    return leave_memory();
  touch();
}

error workspace_core::no_answer() const {
  return no_answer_of_store(settings_.workspaces.store_deadline_ms);
}

// ---- writing ---------------------------------------------------------------

// @param late is called if the records are written after all, later than
// `then` was told that they are not.
void workspace_core::write(std::vector<store_record> records, on_durable then,
                           std::function<void()> late) {
  const auto token = ++next_token_;
  auto& pending = writes_[token];
  pending.then = std::move(then);
  pending.late = std::move(late);
  pending.grown = std::exchange(grown_, {});
  pending.deadline = ports_.arm(settings_.workspaces.store_deadline_ms,
                                {deadline_kind::store, token, stream_id{}});
  ports_.write(std::move(records), token);
}

void workspace_core::on(const records_durable& m) {
  if (auto late = late_.extract(m.token); !late.empty()) {
    if (m.why.code == errc::none && late.mapped())
      late.mapped()();
    return touch();
  }
  auto node = writes_.extract(m.token);
  if (node.empty())
    return;
  auto written = std::move(node.mapped());
  ports_.disarm(written.deadline);
  const auto grown = written.grown;
  // Once it ends, the terminal record is the one that counts: a write before
  // this one may have failed, and with it the record of what is held.
  if (m.why.code == errc::none && mine(grown.stream) && live().log
      && !live().ending && live().log->release(grown.before))
    publish();
  written.then(m.why);
  written = {}; // What it holds is not to be held by it at rest.
  if (!shutdown_.empty() && loaded_ && machine_.now() == phase::idle)
    return leave_memory();
  touch();
}

// ---- telling ---------------------------------------------------------------

// In `stopping` the end is decided but not durable: nothing more is shown
// until it is.
void workspace_core::publish() {
  subscribers_.publish(to_string(machine_.now()), ports_.wall_now());
}

void workspace_core::on(const subscribe& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (m.after && m.after->stream != stream_id{}
      && !subscribers_.knows(*m.after)) {
    if (last_closed_ && last_closed_.stream() == m.after->stream) {
      subscribers_.add_after(m, last_closed_.unpack(id_));
      return subscribers_.publish_to(m.id, to_string(machine_.now()),
                                     ports_.wall_now());
    }
    placing_[m.id] = {m, look_up(m.id, m.after->stream)};
    return subscribers_.add_waiting(m);
  }
  subscribers_.add(m);
  subscribers_.publish_to(m.id, to_string(machine_.now()), ports_.wall_now());
}

// Asks the store how a stream ended. @returns the deadline of its answer.
deadline_id workspace_core::look_up(subscription_id whom, stream_id stream) {
  ports_.load_stream(whom, stream);
  return ports_.arm(
    settings_.workspaces.store_deadline_ms,
    {deadline_kind::look_up, static_cast<std::uint64_t>(whom), stream});
}

void workspace_core::on(const closed_stream_loaded& m) {
  if (const auto asked = looked_up_.extract(m.subscriber); !asked.empty()) {
    ports_.disarm(asked.mapped().deadline);
    answer_from_store(asked.mapped().command, m);
    return touch();
  }
  const auto node = placing_.extract(m.subscriber);
  if (node.empty())
    return; // Unsubscribed meanwhile, or too late.
  ports_.disarm(node.mapped().deadline);
  subscribers_.add_after(node.mapped().command,
                         m.stream ? *m.stream : std::nullopt);
  subscribers_.publish_to(m.subscriber, to_string(machine_.now()),
                          ports_.wall_now());
  touch();
}

void workspace_core::on(const unsubscribe& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (const auto node = placing_.extract(m.id); !node.empty())
    ports_.disarm(node.mapped().deadline);
  subscribers_.remove(m.id);
}

void workspace_core::on(const credit_returned& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  subscribers_.publish_to(m.id, to_string(machine_.now()), ports_.wall_now());
}

// ---- leaving ---------------------------------------------------------------

// Something happened: the quiet begins anew. Armed lazily, so that a busy
// workspace does not move a deadline with every message.
void workspace_core::touch() {
  ++quiet_generation_;
  if (machine_.now() == phase::idle) {
    subscribers_.forget_ended(); // `last_closed_` has what is asked of it.
    last_closed_.pack();
  }
  // One that could not be loaded leaves at once: the next one may be luckier.
  const auto after = broken_ ? std::chrono::milliseconds{0}
                             : settings_.workspaces.passivate_after_ms;
  if (quiet_deadline_ == deadline_id{} && machine_.now() == phase::idle
      && loaded_)
    quiet_deadline_ =
      ports_.arm(after, {deadline_kind::passivate, quiet_generation_, {}});
}

void workspace_core::on(const deadline_due& m) {
  switch (m.kind) {
  case deadline_kind::passivate:
    quiet_deadline_ = {};
    if (!machine_.apply(input::quiet))
      return; // The end of the stream begins it anew.
    if (m.generation != quiet_generation_)
      return touch(); // It was not quiet all the time.
    // What the store may still write would be missing from the snapshot.
    if (writes_.empty() && late_.empty() && scratch_pending_ == 0
        && placing_.empty() && awaiting_.empty() && looked_up_.empty()
        && subscribers_.settled())
      ports_.offer_passivation(received_);
    return;
  case deadline_kind::look_up:
    return on(
      closed_stream_loaded{subscription_id{m.generation}, fail(no_answer())});
  case deadline_kind::store: {
    if (m.generation == 0)
      return loaded_ ? void() : on(history_loaded{fail(no_answer())});
    auto* const pending = writes_.find(m.generation);
    if (!pending)
      return; // Answered meanwhile.
    auto late = std::move(pending->late);
    on(records_durable{m.generation, no_answer()});
    late_[m.generation] = std::move(late);
    return;
  }
  case deadline_kind::kill:
    if (mine(m.stream)
        && (machine_.now() == phase::stopping
            || (machine_.now() == phase::finalizing
                && !live().leaving.empty())))
      detach_workers();
    return;
  case deadline_kind::hedge:
    if (mine(m.stream) && machine_.now() == phase::streaming)
      hedge_due(m.generation);
    return;
  case deadline_kind::soft_stop:
    if (mine(m.stream) && live().at_boundary && !live().at_natural_end()
        && machine_.now() == phase::streaming)
      stop_at_boundary();
    return;
  case deadline_kind::flush:
    if (mine(m.stream) && live().log && !live().ending) {
      live().flush_armed = false;
      flush();
    }
    return;
  case deadline_kind::stream:
    // Not of one that has not begun, whose id was used before.
    if (mine(m.stream) && live().log)
      fail_stream(
        {errc::timeout,
         "the stream took longer than stream_deadline_ms ("
           + std::to_string(live().plan->options->stream_deadline_ms->count())
           + ")"});
    return;
  default:
    PENSTOCK_CHECK(!"a deadline that no workspace arms");
  }
}

void workspace_core::on(const retire&) {
  PENSTOCK_CHECK(machine_.now() == phase::idle);
  ports_.disarm(quiet_deadline_);
  ports_.retire(subscribers_.park());
}

void workspace_core::on(const stop_everything& m) {
  shutdown_.push_back(m.ended);
  if (!loaded_)
    return; // resume_after_idle looks again.
  (void)drop_starts({}, {errc::aborted, "the runtime shuts down"});
  if (machine_.now() == phase::idle)
    return leave_memory();
  on(stop_stream{
    id_, {id_, {}, false, false}, event::stream_abort::reason::shutdown, {}});
}

// Shutdown: nothing runs. What is not yet durable, or still being made, comes
// back here within its own deadline.
void workspace_core::leave_memory() {
  if (!writes_.empty() || scratch_pending_ > 0)
    return;
  for (auto& m : awaiting_.take())
    m.ended(fail(errc::aborted, "the runtime shuts down"));
  for (auto& [id, asked] : looked_up_.take())
    asked.command.ended(fail(errc::aborted, "the runtime shuts down"));
  ports_.disarm(quiet_deadline_);
  // A slow one gets its terminal event too.
  subscribers_.publish_rest(to_string(machine_.now()), ports_.wall_now());
  for (auto& one : subscribers_.park())
    one.sink->closed();
  for (auto& ended : shutdown_.take())
    ended(1);
  ports_.retire({});
}

void workspace_core::on(const supervisor_replaced&) {
  // The attempts died with the one who watched them.
  if (!live_ || (!live_->attempt_runs && live_->leaving.empty()))
    return;
  const bool present = live_->attempt_runs;
  if (present)
    live_->link->cancel();
  write_off_attempts();
  workers_left();
  if (!present || machine_.now() == phase::finalizing)
    return;
  fail_stream({errc::internal,
               "the supervisor of this stream's attempt crashed; start again"});
}

} // namespace penstock
