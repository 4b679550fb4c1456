#include "tests/support/contract_model.hpp"

#include <algorithm>

namespace penstock::testing {

using kind = contract_model::wire_part::kind;

// ---- queue, history, what comes next ----------------------------------------

void contract_model::enqueue(std::size_t caller, std::string text,
                             bool tool_end) {
  if (deferred([=, this] { enqueue(caller, text, tool_end); }))
    return;
  if (broken_)
    return answer(caller, "storage");
  queue.emplace_back(text, tool_end);
  enqueuing_.push_back({caller, queue.size(), text, tool_end});
}

void contract_model::enqueue_written(bool well) {
  const auto one = std::move(enqueuing_.front());
  enqueuing_.pop_front();
  if (well)
    return answer(one.caller, std::to_string(one.length));
  const std::size_t taken = live_ ? live_->from_queue : 0;
  for (std::size_t i = queue.size(); i > taken; --i)
    if (queue[i - 1].first == one.text) {
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i - 1));
      return answer(one.caller, "storage");
    }
  answer(one.caller, std::to_string(one.length)); // somebody has it
}

void contract_model::edit(std::size_t caller, std::uint64_t from) {
  if (deferred([this, caller, from] { edit(caller, from); }))
    return;
  if (broken_)
    return answer(caller, "storage");
  edits_.emplace_back(caller, from);
  if (phase == "preparing")
    undo("aborted");
  else if (running())
    end_by("aborted user");
  resume(false);
}

void contract_model::edit_written(bool well) {
  editing_ = false;
  const auto [caller, from] = edits_.front();
  edits_.pop_front();
  std::string removed = well ? "removed" : "storage";
  if (well)
    std::erase_if(history, [&, first = from](const row& r) {
      if (r.sequence < first)
        return false;
      removed += " " + std::to_string(r.sequence);
      return true;
    });
  answer(caller, removed);
  resume(false);
}

void contract_model::resume(bool queue_is_due) {
  if (phase != "idle")
    return;
  queue_is_due_ |= queue_is_due;
  editing_ = !edits_.empty();
  if (editing_)
    return;
  if (leaving_)
    return leave_if_settled();
  if (!next_ && asks())
    return; // The store's answer comes back here.
  const bool due = std::exchange(queue_is_due_, false);
  if (auto s = std::exchange(next_, {}))
    return prepare(std::move(*s), 0);
  if (!due || queue.empty())
    return;
  auto like = *last_start_;
  like.caller = 0;
  like.named.reset();
  like.token = {};
  like.text.clear();
  for (auto& [text, mode] : queue)
    like.text += (like.text.empty() ? "" : "\n") + text;
  prepare(std::move(like), queue.size());
}

bool contract_model::enqueued_last(const std::string& text) const {
  return !enqueuing_.empty() && enqueuing_.front().text == text;
}

// ---- attempts --------------------------------------------------------------

void contract_model::ask_model(bool again) {
  auto& s = *live_;
  if (!again) {
    ++s.step;
    s.step_from = s.parts.size();
    s.calls.clear();
  }
  s.waits_for_hook = true;
  if (!s.from.hook)
    prepared(s.id, true, true);
}

void contract_model::prepared(std::uint64_t id, bool latest, bool well) {
  if (!mine(id) || !latest || !live_->waits_for_hook)
    return;
  auto& s = *live_;
  s.waits_for_hook = false;
  if (!well)
    return end_by("failed internal");
  s.current = ++s.attempts;
  ++attempts_asked;
  s.attempt_runs = true;
  s.finish_seen = s.has_call = false;
  s.attempt_from = s.parts.size();
}

void contract_model::begun(std::uint32_t attempt) {
  if (live_ && attempt == live_->current && phase == "retry_wait")
    phase = "streaming";
}

bool contract_model::queue_ends_step() const {
  return std::any_of(queue.begin(), queue.end(),
                     [](const auto& q) { return q.second; });
}

namespace {

bool is_call(const contract_model::wire_part& p) {
  return p.what == kind::call || p.what == kind::open_call;
}

} // namespace

void contract_model::parts(std::uint32_t attempt,
                           const std::vector<wire_part>& what,
                           bool finish_seen) {
  if (!live_ || attempt == 0 || attempt != live_->current
      || (phase != "streaming" && phase != "retry_wait") || live_->stop_comes)
    return;
  auto& s = *live_;
  phase = "streaming";
  s.finish_seen |= finish_seen;
  s.has_call = s.has_call || std::any_of(what.begin(), what.end(), is_call);
  const auto output = [](const wire_part& p) {
    return p.what != kind::text_end;
  };
  const auto ends = [](const wire_part& p) {
    return p.what == kind::text_end || p.what == kind::provider_result;
  };
  if (s.at_boundary && !s.at_natural_end()
      && std::any_of(what.begin(), what.end(), output))
    return end_by("aborted user");
  const auto first = std::find_if(what.begin(), what.end(), ends);
  const bool goes_on =
    first != what.end() && std::any_of(first + 1, what.end(), output);
  const bool to_boundary = s.soft && !s.at_natural_end() && goes_on;
  bool boundary = false, provider = false;
  for (const auto& p : what) {
    if (to_boundary && boundary)
      break;
    const auto it = std::find_if(
      s.parts.begin() + static_cast<std::ptrdiff_t>(s.attempt_from),
      s.parts.end(), [&](const part& known) { return known.key == p.key; });
    if (p.what == kind::text_end) {
      boundary |= std::exchange(it->open, false);
    } else if (p.what == kind::text && it != s.parts.end()) {
      it->bytes += p.bytes;
    } else {
      part made;
      made.key = p.key;
      if (p.what == kind::text) {
        made.bytes = p.bytes;
      } else {
        made.what = p.what == kind::provider_result ? part::kind::provider
                                                    : part::kind::call;
        made.id = p.bytes;
        made.complete = p.what != kind::open_call;
        if (p.what == kind::call)
          s.calls.push_back({p.bytes, p.read_only, p.known, {}});
        if (p.what != kind::provider_result)
          made.bytes = "{}";
      }
      s.parts.push_back(std::move(made));
      if (p.what == kind::provider_result)
        provider = boundary = true;
    }
  }
  if (provider && !s.soft && queue_ends_step())
    s.soft = s.makes_way = true;
  if (!s.soft || !boundary || s.at_natural_end())
    return;
  if (goes_on)
    return end_by("aborted user");
  s.at_boundary = true;
}

void contract_model::withdraw_from(std::size_t index) {
  auto& s = *live_;
  for (std::size_t i = index; i < s.parts.size(); ++i)
    s.parts[i].withdrawn = true;
  std::erase_if(s.calls, [&](const call& c) {
    return std::any_of(s.parts.begin() + static_cast<std::ptrdiff_t>(index),
                       s.parts.end(), [&](auto& p) { return p.id == c.id; });
  });
}

void contract_model::settled(std::uint32_t attempt, verdict what) {
  if (!live_ || attempt == 0 || attempt != live_->current
      || !live_->attempt_runs)
    return;
  auto& s = *live_;
  if (s.stop_comes && !s.end)
    return s.overtaken.emplace_back(attempt, what), void();
  s.attempt_runs = false;
  const bool at_boundary =
    std::exchange(s.at_boundary, false) && !s.at_natural_end();
  s.used += 5;
  for (auto& p : s.parts)
    p.open = false;
  if (s.end)
    return check_workers();
  for (std::size_t i = s.attempt_from; i < s.parts.size(); ++i) {
    const auto& p = s.parts[i];
    const bool goes =
      what == verdict::refusal ? p.what != part::kind::text : !p.complete;
    if (p.what != part::kind::text && goes && what != verdict::complete
        && what != verdict::paused) {
      withdraw_from(i);
      break;
    }
  }
  if (what == verdict::complete || what == verdict::paused
      || what == verdict::cut_calls)
    return step_over(what == verdict::paused, at_boundary);
  if (what == verdict::defeat) {
    if (at_boundary)
      return end_by("aborted user");
    s.end = ending{"failed server_error"};
    return finalize();
  }
  if (retract_partial)
    withdraw_from(s.step_from);
  if (s.soft)
    return end_by("aborted user");
  phase = "retry_wait";
  ask_model(true);
}

void contract_model::step_over(bool paused, bool at_boundary) {
  if (live_->calls.empty() && paused && live_->step < steps_max
      && !queue_ends_step())
    return live_->soft ? end_by("aborted user") : ask_model(false);
  if (live_->calls.empty()) {
    live_->end = ending{"completed"};
    return finalize();
  }
  if (at_boundary)
    return end_by("aborted user");
  phase = "tool_running";
  pump();
}

// ---- tools -----------------------------------------------------------------

contract_model::call* contract_model::find_call(const std::string& id) {
  if (live_)
    for (auto& c : live_->calls)
      if (c.id == id)
        return &c;
  return nullptr;
}

void contract_model::pump() {
  using state = call::state;
  for (auto& c : live_->calls) {
    if (c.now == state::over)
      continue;
    if (c.now != state::waits) {
      if (!c.read_only)
        return; // It holds all behind it.
      continue;
    }
    const bool others =
      std::any_of(live_->calls.begin(), live_->calls.end(), [](const call& o) {
        return o.now != state::waits && o.now != state::over;
      });
    if (others && !c.read_only)
      return;
    c.now = c.known ? state::starts : state::is_recorded;
  }
}

void contract_model::call_started(const std::string& id, bool well) {
  auto* c = find_call(id);
  if (!c || live_->end)
    return;
  if (!well)
    return end_by("failed storage");
  c->now = call::state::runs;
  live_->handlers.insert(id);
}

void contract_model::handler_returned(const std::string& id) {
  if (!live_ || live_->handlers.erase(id) == 0)
    return;
  if (live_->end)
    return check_workers();
  find_call(id)->now = call::state::is_recorded;
}

void contract_model::call_recorded(const std::string& id, bool well) {
  auto* c = find_call(id);
  if (!c || live_->end)
    return;
  if (!well)
    return end_by("failed storage");
  c->now = call::state::over;
  for (auto& p : live_->parts)
    p.answered |= p.id == id;
  pump();
  const bool all =
    std::all_of(live_->calls.begin(), live_->calls.end(),
                [](auto& o) { return o.now == call::state::over; });
  if (live_->soft && !all)
    return end_by("aborted user");
  if (all)
    settle_step();
}

void contract_model::settle_step() {
  auto& s = *live_;
  if (s.step >= steps_max || queue_ends_step()) {
    s.end = ending{"completed"};
    return finalize();
  }
  if (s.soft)
    return end_by("aborted user");
  phase = "streaming";
  ask_model(false);
}

void contract_model::flushed(std::uint64_t id, bool well) {
  if (!well && mine(id) && !live_->end)
    end_by("failed storage");
}

std::vector<std::string> contract_model::provider_calls() const {
  std::vector<std::string> all;
  for (const auto& p :
       live_&& phase != "preparing" ? live_->parts : last_parts_)
    if (!p.withdrawn && p.what == part::kind::provider)
      all.push_back(p.id);
  return all;
}

std::vector<std::string> contract_model::transcript() const {
  std::vector<std::string> all;
  for (const auto& p :
       live_&& phase != "preparing" ? live_->parts : last_parts_)
    if (!p.withdrawn && p.what != part::kind::provider)
      all.push_back(p.bytes);
  return all;
}

} // namespace penstock::testing
