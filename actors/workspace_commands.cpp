// What a host may ask of a workspace.
#include "actors/workspace_core.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

using reason = event::stream_abort::reason;

namespace {

error aborted(const char* why) {
  return {errc::aborted, why};
}

} // namespace

// ---- stop ------------------------------------------------------------------

void workspace_core::on(const stop_stream& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  const auto named = m.request.stream;
  const auto how = m.request.soft ? input::soft_stop : input::stop;
  if (!live_) {
    machine_.must(how);
    if (drop_starts(named, aborted("stopped before it began"))) {
      m.done(stop_result{stop_outcome::stopped, take_queue(m)});
      return resume_after_idle();
    }
    if (named)
      return m.done(stop_result{stop_outcome::not_active, {}});
    subscribers_.note(
      event::stream_abort{reason::startup, false, {}, {}, "{}", {}});
    publish();
    return m.done(stop_result{stop_outcome::nothing_running, {}});
  }
  if (drop_starts(named, aborted("stopped before it began")) && named)
    return m.done(stop_result{stop_outcome::stopped, {}});
  if (named && *named != live().id())
    return m.done(stop_result{stop_outcome::not_active, {}});
  if (machine_.now() == phase::preparing) {
    machine_.must(how);
    auto returned = take_queue(m);
    stop_preparing(aborted("stopped before it began"));
    m.done(stop_result{stop_outcome::stopped, std::move(returned)});
    return resume_after_idle();
  }
  request_stop(m);
}

void workspace_core::on(const stop_requested& m) {
  on(stop_stream{id_, {id_, m.stream, false, false}, reason::user, {}});
}

// What a caller gets back who stops what has not begun.
std::vector<queued_message> workspace_core::take_queue(const stop_stream& m) {
  // A stop token, or a shutdown, has no hands to take it.
  if (m.why != reason::user || !m.done || queue_.empty())
    return {};
  auto taken = queue_;
  if (live_)
    live_->from_queue = 0;
  change_queue({});
  return taken;
}

void workspace_core::request_stop(const stop_stream& m) {
  auto& s = live();
  const bool running = !s.ending.has_value();
  const bool ends = machine_.now() == phase::finalizing;
  // Between two attempts a soft stop is a hard one.
  const bool hard = !m.request.soft || machine_.now() == phase::retry_wait;
  s.stoppers.push_back(
    {m.done, hard && m.why == reason::user && m.done && !ends});
  s.abandoned |= m.request.abandon && !ends;
  s.makes_way = false;
  if (m.request.soft && running)
    return soft_stop(m);
  PENSTOCK_CHECK(
    machine_.apply(m.request.soft ? input::soft_stop : input::stop));
  if (!running)
    return;
  stop_workers({stream_outcome::kind::aborted, {}, {}, m.why});
}

// At a boundary already, if the step has shown nothing yet.
void workspace_core::soft_stop(const stop_stream& m) {
  auto& s = live();
  s.soft_stop = true;
  const bool waiting = machine_.now() == phase::retry_wait;
  machine_.must(input::soft_stop);
  const bool nothing_shown = machine_.now() == phase::streaming
                             && s.log->part_numbers(s.step_from).empty();
  if (nothing_shown)
    machine_.must(input::boundary);
  if (waiting || nothing_shown)
    stop_workers({stream_outcome::kind::aborted, {}, {}, m.why});
}

// ---- wait, view ------------------------------------------------------------

void workspace_core::fail_awaiting(stream_id id, const error& why) {
  awaiting_.erase_if([&](const await_stream& m) {
    const bool it = m.stream == id;
    if (it)
      m.ended(fail(why));
    return it;
  });
}

void workspace_core::on(const await_stream& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (live_ && (!m.stream || *m.stream == live_->id()))
    return awaiting_.push_back(m);
  const auto meant = [&](const start_stream& one) {
    return one.request->stream == m.stream;
  };
  if (m.stream && ((next_ && meant(*next_)) || asked_.find_if(meant)))
    return awaiting_.push_back(m);
  if (last_closed_ && (!m.stream || *m.stream == last_closed_.stream()))
    return m.ended(outcome_of(last_closed_.unpack(id_)));
  if (broken_)
    return m.ended(fail(*broken_));
  if (!m.stream)
    return m.ended(
      fail(errc::invalid_request, "this workspace has had no stream"));
  const subscription_id asks{ports_.random() | own_subscription};
  looked_up_[asks] = {m, look_up(asks, *m.stream)};
}

// It ended before the last one did.
void workspace_core::answer_from_store(const await_stream& m,
                                       const closed_stream_loaded& found) {
  if (!found.stream)
    m.ended(fail(found.stream.error()));
  else if (*found.stream)
    m.ended(outcome_of(**found.stream));
  else
    m.ended(
      fail(errc::invalid_request, "no stream " + to_string(*m.stream)
                                    + " in this workspace runs or has ended"));
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
    live_->next_thinking = m.level;
  m.running(live_.has_value());
}

// ---- queue -----------------------------------------------------------------

void workspace_core::on(const enqueue_message& m) {
  if (must_wait([this, m] { on(m); }))
    return;
  if (broken_)
    return m.queued(fail(*broken_)); // Else what is stored would be lost.
  queue_.push_back(m.message);
  tell_queue();
  write({stored_queue()}, [this, m, length = queue_.size()](const error& why) {
    if (why.code == errc::none)
      return m.queued(length);
    // It is not in the queue, unless a stream was quicker to take it.
    const auto taken = live_ ? live_->from_queue : 0;
    const auto last = queue_.rend() - static_cast<std::ptrdiff_t>(taken);
    const auto it = std::find(queue_.rbegin(), last, m.message);
    if (it == last)
      return m.queued(length);
    queue_.erase(std::next(it).base());
    change_queue(queue_);
    m.queued(fail(why));
  });
}

void workspace_core::change_queue(std::vector<queued_message> queue) {
  queue_ = std::move(queue);
  write({stored_queue()}, [](const error&) {});
  tell_queue();
}

// Without what the stream that is being prepared has taken: its open record
// says so, and what takes that back says this again.
record::queue_replaced workspace_core::stored_queue() const {
  const auto taken = static_cast<std::ptrdiff_t>(live_ ? live_->from_queue : 0);
  return {{queue_.begin() + taken, queue_.end()}};
}

void workspace_core::tell_queue() {
  event::queue_changed changed;
  for (const auto& q : queue_)
    changed.texts.push_back(q.text);
  subscribers_.note(std::move(changed));
  publish();
}

// The queue becomes one user message of a new stream like the last one. It is
// emptied by that stream's open record, in one transaction: it is in the one or
// in the other, whatever happens.
void workspace_core::start_queued() {
  PENSTOCK_CHECK(last_ && last_->request);
  if (queue_.empty())
    return;
  std::string text;
  for (const auto& q : queue_)
    text += (text.empty() ? "" : "\n") + q.text;
  auto request = *last_->request;
  if (request.with_history) {
    request.messages.clear();
  } else {
    request.messages.insert(request.messages.end(), last_->generated.begin(),
                            last_->generated.end());
  }
  request.messages.push_back({role::user, {text_content{text, {}}}, {}});
  request.stream.reset();
  request.stop_token = {}; // A late stop does not hit the successor.
  request.message_id.clear();
  request.history_sequence.reset();
  request.resume.reset();
  request.subscriber.reset();
  if (request.scratch_dir.how == scratch_request::mode::path)
    request.scratch_dir = {};
  auto accepted =
    accept({id_, std::make_shared<start_request>(std::move(request)), {}});
  if (!accepted)
    return; // A tool of it is gone, perhaps. The queue stays, and is seen.
  accepted->from_queue = queue_.size();
  machine_.must(input::start);
  prepare(std::move(*accepted));
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
    machine_.must(input::stop);
    stop_preparing(aborted("the history was edited"));
    return resume_after_idle();
  case phase::stopping:
  case phase::finalizing:
    return; // resume_after_idle comes.
  default:
    machine_.must(input::stop);
    stop_workers({stream_outcome::kind::aborted, {}, {}, reason::user});
  }
}

// One edit after the other, and nothing starts before the last is durable: what
// is asked next is built on what is stored.
void workspace_core::cut_history() {
  if (editing_ || edits_.empty())
    return;
  editing_ = true;
  const auto m = edits_.take_first();
  std::vector<store_record> records{record::history_cut{m.edit.from_sequence}};
  const auto last = history_.last_sequence();
  std::optional<history_row> added;
  if (m.edit.replacement) {
    added = history_row{history_.claim(),
                        "msg_" + to_string(stream_id{ports_.random()}),
                        {*m.edit.replacement},
                        history_row::outcome::completed};
    records.push_back(record::message_added{*added});
  }
  // What came after it stays, should it be written late.
  const auto cut = [this, from = m.edit.from_sequence, last, added] {
    auto removed = history_.cut(from, last);
    if (interrupted_ && (added || from <= interrupted_->history_sequence))
      interrupted_.reset(); // The conversation has gone on.
    if (added)
      history_.add(*added);
    subscribers_.note(event::history_changed{removed});
    publish();
    return removed;
  };
  write(
    std::move(records),
    [this, m, cut](const error& why) {
      editing_ = false;
      if (why.code != errc::none)
        m.removed(fail(why));
      else
        m.removed(cut());
      resume_after_idle();
    },
    [cut] { (void)cut(); });
}

// Nothing runs: what waited goes on. The queue is looked at where a stream has
// come to its own end, and nowhere else: docs/decisions/0040.
void workspace_core::resume_after_idle(bool queue_is_due) {
  if (machine_.now() != phase::idle)
    return;
  queue_is_due_ |= queue_is_due;
  cut_history();
  if (editing_)
    return; // It comes back here.
  if (!shutdown_.empty())
    return leave_memory();
  if (!next_ && !asked_.empty())
    return; // The store's answer comes back here.
  const bool due = std::exchange(queue_is_due_, false);
  if (next_)
    answer_start(*std::exchange(next_, std::nullopt));
  else if (due)
    start_queued();
  last_.reset(); // Whoever needed it has a copy.
  touch();
}

} // namespace penstock
