// Who may begin, and whom that overtakes.
#include "tests/support/contract_model.hpp"

#include <algorithm>

namespace penstock::testing {

void contract_model::start(start_story s) {
  if (deferred([this, s] { start(s); }))
    return;
  if (broken_)
    return answer(s.caller, "storage");
  if (leaving_ || s.token.stop_requested())
    return answer(s.caller, "aborted");
  if (live_ && s.named && *s.named == live_->id)
    return answer(s.caller, "invalid_request");
  if (phase == "idle" && !editing_ && !asks())
    return prepare(std::move(s), 0);
  if (s.named && (running() || phase == "preparing" || next_ || asks()))
    asked_.push_back(std::move(s));
  else
    admit(std::move(s), asked_.size());
}

void contract_model::names_looked_up(std::string why) {
  auto s = std::exchange(asked_.front(), {});
  if (s && why.empty() && s->token.stop_requested())
    why = "aborted";
  if (s && why.empty())
    admit(std::move(*s), 0);
  asked_.pop_front();
  if (!s)
    return;
  if (!why.empty())
    refuse(*s, why);
  resume(false);
}

// Those before it, and of those who are asked about the first `older`, give
// way to it.
void contract_model::admit(start_story s, std::size_t older) {
  if (next_)
    refuse(*std::exchange(next_, {}), "superseded");
  for (auto it = asked_.begin(); older > 0; ++it, --older)
    if (auto one = std::exchange(*it, {}))
      refuse(*one, "superseded");
  next_ = std::move(s);
  if (phase == "preparing") {
    auto mine = *std::exchange(next_, {});
    if (mine.named && *mine.named == live_->id)
      return refuse(mine, "invalid_request");
    undo("superseded");
    prepare(std::move(mine), 0);
  } else if (running()) {
    end_by("aborted replaced");
  } else {
    resume(false);
  }
}

void contract_model::refuse(const start_story& s, const std::string& why) {
  answer(s.caller, why);
  if (s.named)
    fail_awaiting(*s.named, why);
}

// @returns whether there was one.
bool contract_model::drop_starts(std::optional<std::uint64_t> named) {
  bool any = false;
  const auto drop = [&](std::optional<start_story>& one) {
    if (!one || (named && one->named != named))
      return;
    any = true;
    refuse(*std::exchange(one, {}), "aborted");
  };
  drop(next_);
  for (auto& one : asked_)
    drop(one);
  return any;
}

bool contract_model::asks() const {
  return std::any_of(asked_.begin(), asked_.end(),
                     [](const auto& one) { return one.has_value(); });
}

bool contract_model::waits(std::uint64_t named) const {
  const auto it = [&](const auto& one) { return one && one->named == named; };
  return it(next_) || std::any_of(asked_.begin(), asked_.end(), it);
}

} // namespace penstock::testing
