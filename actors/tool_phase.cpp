#include "actors/tool_phase.hpp"

#include "messages/check.hpp"
#include "messages/limits.hpp"

namespace penstock {

void tool_phase::add(std::uint32_t part, bool read_only) {
  PENSTOCK_CHECK(!cancelled_);
  const bool is_new = index_of_.emplace(part, calls_.size()).second;
  PENSTOCK_CHECK(is_new);
  calls_.push_back({part, read_only});
}

std::optional<std::uint32_t> tool_phase::start_next() {
  if (cancelled_ || next_ == calls_.size() || exclusive_runs_)
    return std::nullopt;
  auto& one = calls_[next_];
  if (running_ >= (one.read_only ? limits::parallel_calls_max : 1))
    return std::nullopt;
  ++next_;
  ++running_;
  exclusive_runs_ = !one.read_only;
  one.state = call_state::running;
  return one.part;
}

bool tool_phase::finish(std::uint32_t part) {
  const auto found = index_of_.find(part);
  if (found == index_of_.end())
    return false;
  auto& one = calls_[found->second];
  if (one.state != call_state::running)
    return false;
  PENSTOCK_CHECK(running_ > 0);
  one.state = call_state::finished;
  --running_;
  exclusive_runs_ = false; // If one ran, it ran alone: it was this one.
  return true;
}

std::vector<std::uint32_t> tool_phase::cancel() {
  cancelled_ = true;
  for (; next_ < calls_.size(); ++next_)
    calls_[next_].state = call_state::cancelled;
  return running();
}

std::vector<std::uint32_t> tool_phase::abandon() {
  auto given_up = cancel();
  for (const auto part : given_up)
    calls_[index_of_.at(part)].state = call_state::cancelled;
  running_ = 0;
  exclusive_runs_ = false;
  return given_up;
}

std::optional<call_state> tool_phase::state_of(std::uint32_t part) const {
  const auto found = index_of_.find(part);
  if (found == index_of_.end())
    return std::nullopt;
  return calls_[found->second].state;
}

std::vector<std::uint32_t> tool_phase::running() const {
  std::vector<std::uint32_t> parts;
  for (const auto& one : calls_)
    if (one.state == call_state::running)
      parts.push_back(one.part);
  return parts;
}

bool tool_phase::settled() const noexcept {
  return running_ == 0 && next_ == calls_.size();
}

} // namespace penstock
