#include "tests/support/contract_model.hpp"

#include <algorithm>

namespace penstock::testing {

// ---- commands --------------------------------------------------------------

bool contract_model::deferred(std::function<void()> command) {
  if (loaded_)
    return false;
  waiting_.push_back(std::move(command));
  return true;
}

void contract_model::answer(std::size_t caller, std::string what) {
  if (caller != 0)
    answers[caller] += what; // twice shows
}

void contract_model::loaded(std::string why) {
  loaded_ = true;
  broken_ = !why.empty();
  last_start_.reset(); // It cannot be stored.
  last_outcome_ = stored_outcome_;
  for (auto& command : std::exchange(waiting_, {}))
    command();
  leave_if_settled();
}

void contract_model::prepare(start_story s, std::size_t from_queue) {
  queue_is_due_ = false;
  live_ = stream{}; // clang 14 cannot emplace a nested class yet
  live_->from = std::move(s);
  live_->from_queue = from_queue;
  live_->id = live_->from.named.value_or(0);
  if (live_->from.with_history)
    live_->host_sequences.push_back(++last_sequence_);
  live_->sequence = ++last_sequence_;
  live_->scratch_wanted = live_->from.scratch;
  scratch_pending_ += live_->from.scratch;
  phase = "preparing";
}

void contract_model::learn(std::optional<std::uint64_t> active) {
  if (live_ && live_->id == 0 && active)
    live_->id = *active;
}

void contract_model::opened(std::uint64_t id, std::uint64_t sequence,
                            std::string why) {
  if (why.empty())
    stored_sequence_ = std::max(stored_sequence_, sequence);
  if (!mine(id) || phase != "preparing" || live_->open_durable)
    return;
  if (!why.empty()) {
    undo(why);
    return resume(false);
  }
  live_->open_durable = true;
  register_if_ready();
}

void contract_model::scratch(std::uint64_t id, bool made) {
  --scratch_pending_;
  if (!mine(id) || phase != "preparing") {
    scratch_removed += made; // It came too late.
    return leave_if_settled();
  }
  if (!made) {
    undo("tool");
    return resume(false);
  }
  live_->scratch_wanted = false;
  live_->has_scratch = true;
  register_if_ready();
}

void contract_model::register_if_ready() {
  auto& s = *live_;
  if (!s.open_durable || s.scratch_wanted)
    return;
  if (s.from.token.stop_requested()) {
    undo("aborted");
    return resume(false);
  }
  phase = "streaming";
  if (s.from.with_history)
    history.push_back({s.host_sequences.at(0), "completed", s.from.text});
  timeline.push_back("start " + std::to_string(s.id));
  queue.erase(queue.begin(),
              queue.begin()
                + static_cast<std::ptrdiff_t>(std::exchange(s.from_queue, 0)));
  answer(s.from.caller, std::to_string(s.id));
  last_parts_.clear();
  ask_model(false);
}

void contract_model::undo(const std::string& why) {
  const auto gone = *std::exchange(live_, {});
  phase = "idle";
  scratch_removed += gone.has_scratch;
  answer(gone.from.caller, why);
  std::erase_if(awaiting_, [&](const auto& a) {
    const bool it = a.second ? *a.second == gone.id : why != "superseded";
    if (it)
      answer(a.first, why);
    return it;
  });
}

void contract_model::fail_awaiting(std::uint64_t id, const std::string& why) {
  std::erase_if(awaiting_, [&](const auto& a) {
    if (a.second != id)
      return false;
    answer(a.first, why);
    return true;
  });
}

void contract_model::await(std::size_t caller,
                           std::optional<std::uint64_t> named) {
  if (deferred([this, caller, named] { await(caller, named); }))
    return;
  if ((live_ && (!named || *named == live_->id)) || (named && waits(*named)))
    awaiting_.emplace_back(caller, named);
  else if (!broken_ && last_outcome_
           && (!named || *named == last_outcome_->first))
    answer(caller, last_outcome_->second);
  else if (broken_)
    answer(caller, "storage");
  else if (!named)
    answer(caller, "invalid_request");
  else
    looked_up_.emplace_back(caller, *named);
}

void contract_model::looked_up() {
  if (looked_up_.empty())
    return; // It has left meanwhile.
  const auto [caller, id] = looked_up_.front();
  looked_up_.pop_front();
  const auto it = stored_outcomes_.find(id);
  answer(caller, it == stored_outcomes_.end() ? "invalid_request" : it->second);
}

void contract_model::left() {
  for (const auto& [caller, id] : std::exchange(looked_up_, {}))
    answer(caller, "aborted");
}

void contract_model::shutdown() {
  leaving_ = true;
  if (!loaded_)
    return;
  (void)drop_starts({});
  if (phase == "preparing") {
    undo("aborted");
    return resume(false);
  }
  if (running())
    end_by("aborted shutdown");
  leave_if_settled();
}

// Only what is owed to callers; the harness sees to what is under way.
void contract_model::leave_if_settled() {
  if (!leaving_ || !rests() || left_)
    return;
  left_ = true;
}

// ---- stop ------------------------------------------------------------------

std::string contract_model::returned_queue(const stop_story& s) {
  std::string texts;
  if (s.caller != 0)
    for (auto& [text, mode] : std::exchange(queue, {}))
      texts += " " + text;
  return texts;
}

void contract_model::stop(stop_story s) {
  if (deferred([this, s] { stop(s); }))
    return;
  if (drop_starts(s.named)) {
    if (!live_) {
      answer(s.caller, "stopped" + returned_queue(s));
      return resume(false);
    }
    if (s.named)
      return answer(s.caller, "stopped");
  }
  if (!live_ && !s.named) {
    timeline.push_back("end 0 aborted startup");
    return answer(s.caller, "nothing_running");
  }
  if (!live_ || (s.named && *s.named != live_->id))
    return answer(s.caller, "not_active");
  if (phase == "preparing") {
    const auto texts = returned_queue(s);
    undo("aborted");
    answer(s.caller, "stopped" + texts);
    return resume(false);
  }
  auto& live = *live_;
  live.stoppers.push_back({s.caller, (!s.soft || phase == "retry_wait")
                                       && s.caller != 0
                                       && phase != "finalizing"});
  live.makes_way = false;
  if (phase == "finalizing")
    return;
  live.abandoned |= s.abandon;
  if (phase == "stopping")
    return;
  if (!s.soft)
    return end_by("aborted user");
  live.soft = true;
  const auto shown = std::count_if(
    live.parts.begin() + static_cast<std::ptrdiff_t>(live.step_from),
    live.parts.end(), [](auto& p) { return !p.withdrawn; });
  if (phase == "retry_wait" || (phase == "streaming" && shown == 0))
    end_by("aborted user");
}

void contract_model::stop_comes() {
  live_->stop_comes = true;
}

void contract_model::end_by(std::string how) {
  live_->end = ending{std::move(how)};
  live_->waits_for_hook = false;
  phase = "stopping";
  for (const auto& [attempt, what] : std::exchange(live_->overtaken, {}))
    settled(attempt, what);
  check_workers();
}

void contract_model::check_workers() {
  if (phase == "stopping" && !live_->attempt_runs && live_->handlers.empty())
    finalize();
}

void contract_model::finalize() {
  phase = "finalizing";
  scratch_removed += live_->has_scratch;
  for (const auto& one : live_->stoppers)
    if (one.gets_queue) {
      live_->returned = std::exchange(queue, {});
      break;
    }
}

void contract_model::kill_due() {
  if (phase != "stopping")
    return;
  if (live_->attempt_runs)
    lose_attempt();
  live_->handlers.clear();
  check_workers();
}

void contract_model::supervisor_lost() {
  if (!live_ || !live_->attempt_runs)
    return;
  lose_attempt();
  if (phase == "stopping")
    check_workers();
  else
    end_by("failed internal");
}

void contract_model::lose_attempt() {
  live_->attempt_runs = false;
  live_->current = 0;
  for (auto& p : live_->parts)
    p.open = false;
}

void contract_model::deadline_due() {
  if (running())
    end_by("failed timeout");
}

void contract_model::soft_stop_due() {
  if (phase == "streaming" && live_->at_boundary && !live_->at_natural_end())
    end_by("aborted user");
}

void contract_model::closed(std::uint64_t id, std::string why) {
  if (!mine(id) || !live_->end) { // The failure of its record is recorded.
    if (why.empty() && last_outcome_ && last_outcome_->first == id)
      stored_outcome_ = last_outcome_;
    if (const auto it = outcomes_.find(id);
        why.empty() && it != outcomes_.end())
      stored_outcomes_[id] = it->second;
    return;
  }
  auto s = std::move(*std::exchange(live_, {}));
  phase = "idle";
  if (!why.empty()) {
    s.end->how = "failed storage";
    queue.insert(queue.begin(), s.returned.begin(), s.returned.end());
    s.returned.clear();
  }
  output_tokens += s.used;
  std::string text;
  bool worth = false;
  for (const auto& p : s.parts) {
    if (p.withdrawn)
      continue;
    if (p.what == part::kind::text)
      text += p.bytes;
    worth |= p.what != part::kind::call || p.answered;
  }
  const auto word = s.end->how.substr(0, s.end->how.find(' '));
  if (worth && !s.abandoned && why.empty())
    history.push_back({s.sequence, word, text});
  std::sort(history.begin(), history.end(),
            [](auto& a, auto& b) { return a.sequence < b.sequence; });
  timeline.push_back("end " + std::to_string(s.id) + " " + s.end->how);
  last_outcome_ = {s.id, word + ":" + text};
  outcomes_[s.id] = last_outcome_->second;
  if (why.empty()) {
    stored_outcome_ = last_outcome_;
    stored_outcomes_[s.id] = last_outcome_->second;
  }
  for (const auto& one : s.stoppers) {
    std::string texts;
    if (one.gets_queue)
      for (auto& [queued, mode] : std::exchange(s.returned, {}))
        texts += " " + queued;
    answer(one.caller,
           (word == "aborted" ? "stopped" : "already_finished") + texts);
  }
  std::erase_if(awaiting_, [&](const auto& a) {
    const bool it = !a.second || *a.second == s.id;
    if (it)
      answer(a.first, last_outcome_->second);
    return it;
  });
  last_parts_ = s.parts;
  last_start_ = s.from;
  resume(word == "completed" || (word == "aborted" && s.makes_way));
}

} // namespace penstock::testing
