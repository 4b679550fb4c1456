// The network of a simulated workspace: attempts and what they send.
#include "tests/support/contract_simulation.hpp"

#include <algorithm>

namespace penstock::testing {

using wire = contract_model::wire_part;
using kind = wire::kind;

std::vector<wire> contract_simulation::make_batch(exchange& x,
                                                  bool finish_seen) {
  std::vector<wire> batch;
  const bool has_tools = !x.order.prompt->tools.empty();
  const auto count = finish_seen ? pick(3) : 1 + pick(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto dice = pick(100);
    if (x.open_call && chance(70))
      break; // Its input goes on and on.
    if (dice < 50) {
      if (!x.open_text)
        x.open_text = x.keys++;
      const auto text = "t" + std::to_string(++next_text_) + "é";
      batch.push_back({kind::text, *x.open_text, text});
    } else if (dice < 75) {
      if (x.open_text)
        batch.push_back({kind::text_end, *std::exchange(x.open_text, {}), {}});
    } else if (dice < 90) {
      x.whole_calls |= !x.open_call; // One behind it is cut with it.
      const auto id = "c" + std::to_string(++next_text_);
      batch.push_back(
        {kind::call, x.keys++, id, chance(60), has_tools && chance(90)});
    } else if (dice < 94) {
      const auto id = "s" + std::to_string(++next_text_);
      batch.push_back({kind::provider_result, x.keys++, id});
    } else if (dice < 97 && !finish_seen) {
      x.open_call = true;
      const auto id = "c" + std::to_string(++next_text_);
      batch.push_back({kind::open_call, x.keys++, id});
    }
  }
  return batch;
}

std::vector<stream_part>
contract_simulation::on_wire(const std::vector<wire>& batch) const {
  std::vector<stream_part> parts;
  for (const auto& p : batch) {
    switch (p.what) {
    case kind::text:
      parts.push_back(part::text{p.key, p.bytes});
      break;
    case kind::text_end:
      parts.push_back(part::text_end{p.key});
      break;
    case kind::provider_result:
      parts.push_back(part::tool_result{p.key, p.bytes, "search", "1", false});
      break;
    case kind::call:
    case kind::open_call: {
      const auto* name = !p.known ? "nope" : p.read_only ? "look" : "write";
      parts.push_back(part::tool_start{p.key, p.bytes, name, {}, false});
      parts.push_back(part::tool_input{p.key, "{}"});
      if (p.what == kind::call)
        parts.push_back(part::tool_complete{p.key, "{}", {}, {}});
    }
    }
  }
  return parts;
}

bool contract_simulation::send_parts() {
  auto* x = current();
  if (!core_ || !x || x->settled || x->finish_seen)
    return false;
  if (!x->told_start && chance(90)) {
    x->told_start = true;
    core_->on(attempt_started{x->order.attempt, x->order.model, "api/one"});
    if (model_current(*x))
      model_.begun(x->order.attempt.number);
    return true;
  }
  const bool finish_seen = !x->open_call && chance(20);
  x->finish_seen |= finish_seen;
  const auto batch = make_batch(*x, finish_seen);
  core_->on(parts_received{x->order.attempt, x->batches++, on_wire(batch),
                           finish_seen, x->order.link, 0});
  if (model_current(*x))
    model_.parts(x->order.attempt.number, batch, finish_seen);
  return true;
}

bool contract_simulation::model_current(const exchange& x) const {
  return core_->active() == x.order.attempt.stream
         || !core_->active(); // It has just ended by this.
}

// Of an attempt that is over, or of one that was left behind.
bool contract_simulation::send_late_parts() {
  if (!core_ || attempts_.empty())
    return false;
  const auto& x =
    attempts_[chance(60) ? attempts_.size() - 1 : pick(attempts_.size())];
  const bool present =
    core_->active() == x.order.attempt.stream && &x == &attempts_.back();
  if (present
      && (!x.settled || core_->now() == phase::streaming
          || core_->now() == phase::retry_wait))
    return false; // Its provider has exited: none can come.
  if (chance(50))
    core_->on(attempt_started{x.order.attempt, x.order.model, "api/one"});
  core_->on(parts_received{x.order.attempt,
                           x.batches,
                           {part::text{99, "late"}},
                           false,
                           x.order.link,
                           0});
  return true;
}

bool contract_simulation::settle() {
  using verdict = contract_model::verdict;
  auto* x = current();
  if (!core_ || !x || x->settled)
    return false;
  const auto p = core_->now();
  const bool stopped = p == phase::stopping || x->order.link->cancelled();
  attempt_verdict v;
  v.model = x->order.model;
  v.next_model = x->order.model;
  v.report.batches = x->batches;
  v.report.usage = {token_usage::quality::exact, 10, 0, 0, 5, 0};
  verdict told = verdict::complete;
  const auto dice = pick(100);
  if (stopped && dice < 70) {
    v.what = attempt_verdict::kind::cancelled;
    v.report.stopped = true;
  } else if (x->told_start && !x->open_call && (x->finish_seen || dice < 50)) {
    v.report.finished = finish{finish_reason::stop, {}};
    if (chance(15)) {
      v.report.finished->raw = "pause_turn";
      told = verdict::paused;
    }
  } else {
    v.why = {errc::server_error, "as the dice say"};
    v.report.failure = v.why;
    v.refused = x->whole_calls ? chance(20) : chance(10);
    if (x->whole_calls && !v.refused) {
      v.what = attempt_verdict::kind::cut_calls;
      told = verdict::cut_calls;
    } else if (dice < 90) {
      v.what = attempt_verdict::kind::retry;
      told = v.refused ? verdict::refusal : verdict::retry;
    } else {
      v.refused = false;
      v.what = x->whole_calls ? attempt_verdict::kind::cut_calls
                              : attempt_verdict::kind::defeat;
      told = x->whole_calls ? verdict::cut_calls : verdict::defeat;
    }
  }
  x->settled = true;
  const auto attempt = x->order.attempt;
  const bool mine = core_->active() == attempt.stream;
  core_->on(attempt_settled{attempt, std::move(v)});
  if (mine)
    model_.settled(attempt.number, told);
  return true;
}

bool contract_simulation::settle_again() {
  if (!core_ || attempts_.empty())
    return false;
  const auto& x = attempts_[pick(attempts_.size())];
  if (!x.settled)
    return false;
  core_->on(attempt_settled{x.order.attempt, {}});
  return true;
}

bool contract_simulation::lose_supervisor() {
  if (!core_ || !current() || current()->settled)
    return false;
  current()->settled = true;
  core_->on(supervisor_replaced{});
  model_.supervisor_lost();
  return true;
}

} // namespace penstock::testing
