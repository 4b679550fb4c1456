#include "actors/provider.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

constexpr auto paused_look_after = std::chrono::milliseconds{100};

// Room for the parts of one read, of whichever PROVIDER the thread runs.
thread_local std::vector<stream_part> spare_room;

} // namespace

provider_state::provider_state(shell& self,
                               std::shared_ptr<const attempt_environment> env,
                               provider_order order)
  : self_(self), env_(std::move(env)), report_to_(std::move(order.report_to)),
    response_(order.model->at.api,
              order.model->codec->make_decoder(order.model->at.provider)),
    order_(std::move(order)) {
  start();
}

// Ends without `leave` if it crashed or was killed: what it made still counts.
provider_state::~provider_state() {
  if (!left_)
    report_crash();
  disarm();
  order_.link->on_resume(nullptr);
  if (const auto* const mark = order_.link->mark())
    mark->forget(this);
  if (transfer_ != transfer_id{})
    env_->http->cancel(transfer_);
}

void provider_state::start() {
  times_.requested = now();
  auto request = order_.model->codec->encode(
    order_.model->at, order_.model->wire_name, *order_.what);
  order_.what.reset(); // It may be large, and is not looked at again.
  if (!request || order_.link->cancelled()) {
    if (!request)
      response_.give_up(request.error());
    // Leaves as every attempt does, but not from its constructor.
    caf_compat::post(self_.self(), transfer_ended{});
    return;
  }
  const auto& name = order_.plan->workspace_name;
  if (order_.tell_what_is_left_out && env_->log)
    for (const auto& what : request->left_out)
      env_->log((name.empty() ? "" : name + ": ") + order_.model->name
                + " does not know what was asked of it: " + what);
  request->http.connect_timeout = order_.clocks.connect_timeout_ms;
  // The hook runs after PROVIDER has handled bytes, so after `start` below.
  const auto transfer = std::make_shared<transfer_id>();
  order_.link->on_resume([transfer, env = env_, link = order_.link.get()] {
    link->meter().release(env->time->now());
    env->http->resume(*transfer);
  });
  transfer_ = *transfer = env_->http->start(
    std::move(request->http),
    std::make_shared<provider_listener>(self_.self(), order_.link, env_->time));
  if (const auto* const mark = order_.link->mark())
    mark->on_set(this,
                 [http = env_->http, id = transfer_] { http->cancel(id); });
  plan_deadline();
}

void provider_state::on(const abandon_attempt&) {
  stop();
}

void provider_state::on(const transfer_connected&) {
  times_.connected = true;
}

void provider_state::on(const response_received& m) {
  times_.connected = true;
  times_.last_byte = running(now());
  response_.head({m.status, m.headers}, env_->time->wall_now());
  if (response_.explaining())
    patience_ = running(now()) + order_.error_body_timeout_ms;
  look_at_response();
  if (!closing_)
    plan_deadline();
}

void provider_state::on(const body_seen& m) {
  using at = footprint::place;
  self_.note_calls(at::provider_actor, at::provider_mailbox);
  footprint::note(at::provider, this, &response_);
  footprint::note(at::provider_order, &order_, &order_.model);
  handled_bytes_ += m.bytes.size();
  if (order_.link->cancelled())
    stop();
  if (closing_) {
    order_.link->consumed(m.bytes.size());
    return;
  }
  part_batch batch{std::move(spare_room)};
  const bool token = response_.body(m.bytes, batch);
  const bool first_token = token && !times_.last_progress;
  times_.last_byte = running(now());
  if (token)
    times_.last_progress = times_.last_byte;
  pass_on(batch, m.bytes.size(), token);
  look_at_response();
  if (token && patience_ && response_.finished())
    patience_ = *times_.last_byte + order_.finish_linger_ms; // It was no end.
  // Later ones only move what is armed further away.
  if (first_token && !closing_)
    plan_deadline();
}

void provider_state::on(const transfer_ended& m) {
  transfer_ = transfer_id{};
  if (order_.link->cancelled())
    stopped_ = true;
  if (!closing_ && !stopped_) {
    part_batch batch;
    response_.end(m.why, batch);
    pass_on(batch, 0);
  }
  leave();
}

void provider_state::on(const deadline_due& m) {
  if (m.generation != generation_)
    return;
  armed_ = deadline_id{};
  if (closing_)
    return;
  const auto due = next_due();
  const auto time = now();
  if (!due || *due > running(time))
    plan_deadline();
  else if (handled_bytes_ != order_.link->received_bytes())
    arm(time); // bytes are on their way to us: look again behind them
  else if (response_.finished())
    conclude();
  else if (patience_ == due)
    fail(
      {errc::timeout, "error_body_timeout_ms: the error's body did not end"});
  else
    fail({errc::timeout, describe(*next_alarm(order_.clocks, times_))});
}

// ---- what follows -----------------------------------------------------------

void provider_state::stop() {
  stopped_ = true;
  close_transfer();
}

void provider_state::fail(error why) {
  response_.give_up(std::move(why));
  close_transfer();
}

// The answer is whole, and nothing came behind it.
void provider_state::conclude() {
  part_batch batch;
  response_.conclude(batch);
  pass_on(batch, 0);
  close_transfer();
}

void provider_state::close_transfer() {
  if (std::exchange(closing_, true))
    return;
  disarm();
  if (transfer_ != transfer_id{})
    env_->http->cancel(transfer_);
}

void provider_state::look_at_response() {
  if (response_.settled())
    return close_transfer();
  if (response_.speaks_the_api() && !std::exchange(told_answered_, true))
    caf_compat::post(
      order_.supervisor,
      attempt_answered{order_.attempt, order_.plan->workspace_id});
  if (response_.finished() && !patience_) {
    patience_ = running(now()) + order_.finish_linger_ms;
    plan_deadline();
  }
}

void provider_state::pass_on(part_batch& batch, std::size_t bytes, bool token) {
  if (batch.empty())
    return order_.link->consumed(bytes);
  parts_received m;
  m.attempt = order_.attempt;
  m.index = batches_++;
  m.parts = batch.take();
  // The word for it may come before the part: OpenAI's usage and [DONE] are
  // events of their own. What is shown behind it says that it was no end.
  const bool finished = response_.finished();
  m.finish_seen = finished && (!std::exchange(told_finished_, true) || !token);
  for (const auto& p : m.parts)
    m.finish_seen = m.finish_seen || std::holds_alternative<part::finished>(p);
  m.link = order_.link;
  m.bytes = bytes;
  report_to_.tell(std::move(m));
  m.parts.clear(); // It was called, and needs them no more.
  spare_room = std::move(m.parts);
}

void provider_state::leave() {
  left_ = true;
  caf_compat::post(
    order_.supervisor,
    attempt_ended{order_.attempt, order_.plan->workspace_id, make_report()});
  self_.end();
}

void provider_state::report_crash() {
  auto report = make_report();
  if (!stopped_)
    report.failure = error{errc::internal, "the attempt's actor crashed"};
  caf_compat::post(order_.supervisor,
                   attempt_ended{order_.attempt, order_.plan->workspace_id,
                                 std::move(report)});
}

attempt_report provider_state::make_report() {
  auto result = response_.result();
  attempt_report report;
  if (result.failure)
    report.failure = std::move(*result.failure);
  report.stopped = stopped_;
  if (result.finished)
    report.finished = std::move(*result.finished);
  report.explanation = std::move(result.explanation);
  report.usage = result.usage;
  report.batches = batches_;
  report.any_part = result.any_part;
  report.complete_calls = result.complete_calls;
  report.refusal = result.refusal;
  return report;
}

// ---- the deadline -----------------------------------------------------------

std::optional<steady_time> provider_state::next_due() const {
  auto due = patience_;
  if (!response_.finished())
    if (const auto alarm = next_alarm(order_.clocks, times_))
      due = due ? std::min(*due, alarm->when) : alarm->when;
  return due;
}

void provider_state::plan_deadline() {
  const auto due = next_due();
  if (!due)
    return;
  const auto time = now();
  auto rest = *due - running(time);
  if (order_.link->paused()) // It stands still: look again at leisure.
    rest = std::max<steady_time::duration>(rest, paused_look_after);
  if (armed_ == deadline_id{} || time + rest < armed_for_)
    arm(time + rest);
}

void provider_state::arm(steady_time when) {
  disarm();
  armed_for_ = when;
  deadline_due due;
  due.kind = deadline_kind::attempt_clock;
  due.generation = ++generation_;
  due.stream = order_.attempt.stream;
  armed_ = env_->time->arm(
    when, [to = self_.self(), due] { caf_compat::post(to, due); });
}

void provider_state::disarm() {
  if (armed_ != deadline_id{})
    env_->time->cancel(std::exchange(armed_, deadline_id{}));
}

} // namespace penstock
