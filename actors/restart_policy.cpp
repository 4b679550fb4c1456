#include "actors/restart_policy.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <cmath>

namespace penstock {

using std::chrono::milliseconds;

restart_rule rule_for(errc code, const restart_options& options) {
  if (const auto own = options.rules.find(code); own != options.rules.end())
    return own->second;
  const auto index = static_cast<std::size_t>(code);
  PENSTOCK_CHECK(index < policy::table.size());
  const auto& row = policy::table[index];
  restart_rule rule;
  if (row.same_model == policy::again::yes)
    rule.attempts_per_model = options.max_attempts_per_model;
  else if (row.same_model == policy::again::once)
    rule.attempts_per_model = options.max_truncated_attempts_per_model;
  rule.next_model = row.next_model == policy::onward::yes
                    || (row.next_model == policy::onward::if_configured
                        && options.fallback_on_config_error);
  return rule;
}

namespace {

std::vector<std::string> without_doubles(std::vector<std::string> chain) {
  std::vector<std::string> once;
  for (auto& model : chain)
    if (std::find(once.begin(), once.end(), model) == once.end())
      once.push_back(std::move(model));
  return once;
}

// With the provider's own word for it, and what it says beside.
error ended(errc code, std::string message, const attempt_report& outcome) {
  if (outcome.finished && outcome.finished->raw)
    message += " (" + *outcome.finished->raw + ")";
  if (!outcome.explanation.empty())
    message += ": " + outcome.explanation;
  return {code, std::move(message)};
}

error refusal(const attempt_report& outcome) {
  return ended(errc::model_refusal, "the model declined to answer", outcome);
}

// A finish reason of the provider's that says that it failed: `error` of
// OpenRouter, `insufficient_system_resource` of DeepSeek, …
error failure_in(const attempt_report& outcome) {
  return ended(errc::server_error, "the provider gave up its answer", outcome);
}

error silence() {
  return {errc::empty_output, "the model's answer was empty"};
}

error truncation() {
  return {errc::stream_truncated,
          "the answer ended without the provider's end mark"};
}

bool refused(const attempt_report& outcome) {
  return outcome.refusal
         || (outcome.finished
             && outcome.finished->reason == finish_reason::content_filter);
}

// "(other, no raw reason)" is what a decoder makes of an end that it did not
// see.
bool ended_properly(const attempt_report& outcome) {
  return outcome.finished
         && (outcome.finished->reason != finish_reason::other
             || outcome.finished->raw);
}

} // namespace

restart_policy::restart_policy(std::vector<std::string> chain,
                               std::shared_ptr<const restart_options> options,
                               partial_policy on_partial)
  : chain_(without_doubles(std::move(chain))), options_(std::move(options)),
    on_partial_(on_partial) {}

bool restart_policy::begin(std::string_view model, std::uint32_t step,
                           bool has_output) {
  std::size_t at = at_;
  while (at < chain_.size() && chain_[at] != model)
    ++at;
  if (at == chain_.size())
    return false;
  if (at != at_ || step != step_) {
    attempts_ = 0;
    attempts_by_class_.clear();
  }
  at_ = at;
  step_ = step;
  has_output_ = has_output;
  return true;
}

restart_decision restart_policy::after(const attempt_report& outcome,
                                       const restart_world& world) {
  if (outcome.stopped)
    return {.what = restart_decision::kind::cancelled};
  if (outcome.failure)
    return judge(outcome, *outcome.failure, world);
  if (outcome.finished && outcome.finished->reason == finish_reason::error)
    return judge(outcome, failure_in(outcome), world);
  if (refused(outcome))
    return judge(outcome, refusal(outcome), world);
  if (!outcome.any_part && !has_output_) {
    if (empty_retries_ == options_->empty_retries_max)
      return judge(outcome, silence(), world);
    if (!spend_restart(world.now)) {
      remember(errc::empty_output);
      return restart_spent(silence());
    }
    ++empty_retries_;
    auto again = retry(silence(), chain_[at_], milliseconds{0});
    again.silent = true;
    return again;
  }
  if (!ended_properly(outcome))
    return judge(outcome, truncation(), world);
  return {};
}

// SPEC §6.2 and, where output was shown, §6.3.
restart_decision restart_policy::judge(const attempt_report& outcome, error why,
                                       const restart_world& world) {
  ++attempts_;
  ++attempts_by_class_[why.code];
  remember(why.code);
  const auto rule = rule_for(why.code, *options_);
  const bool refusal = why.code == errc::model_refusal;
  if (outcome.any_part) {
    if (on_partial_ == partial_policy::stop)
      return defeat(std::move(why));
    // Another attempt would make these calls twice; the step ends with them.
    if (on_partial_ == partial_policy::proceed && outcome.complete_calls
        && !refusal && (rule.attempts_per_model > 1 || rule.next_model))
      return {.what = restart_decision::kind::cut_calls, .why = std::move(why)};
  }
  const auto delay = delay_on_same_model(why, rule, world);
  const auto next = rule.next_model ? next_model(why.code, world) : "";
  if (!delay && next.empty())
    return defeat(std::move(why));
  if (!spend_restart(world.now))
    return restart_spent(std::move(why));
  return delay ? retry(std::move(why), chain_[at_], *delay)
               : retry(std::move(why), next, milliseconds{0});
}

// Empty: not the same model.
std::optional<milliseconds>
restart_policy::delay_on_same_model(const error& why, const restart_rule& rule,
                                    const restart_world& world) const {
  const auto most =
    std::max(rule.attempts_per_model, options_->max_attempts_per_model);
  const auto of_class = why.should_retry.value_or(false)
                          ? most // the provider's word wins over the row
                          : rule.attempts_per_model;
  if (!why.should_retry.value_or(true) || attempts_ >= most
      || attempts_by_class_.at(why.code) >= of_class)
    return std::nullopt;
  if (why.retry_after && *why.retry_after > options_->max_retry_after_ms)
    return std::nullopt;
  auto delay = why.retry_after ? std::max(*why.retry_after, milliseconds{0})
                               : backoff(world);
  if (world.open_until && *world.open_until > world.now + delay) {
    // The circuit is open: the next model, else wait for it to close.
    if (rule.next_model && !next_model(why.code, world).empty())
      return std::nullopt;
    delay = std::chrono::ceil<milliseconds>(*world.open_until - world.now);
    if (delay > options_->max_retry_after_ms)
      return std::nullopt;
  }
  return delay;
}

// Full jitter: anything from nothing to a ceiling that doubles each time.
milliseconds restart_policy::backoff(const restart_world& world) const {
  const auto cap = static_cast<double>(options_->backoff_cap_ms.count());
  const auto ceiling =
    static_cast<double>(options_->backoff_base_ms.count())
    * std::pow(options_->backoff_factor, static_cast<double>(attempts_ - 1));
  return milliseconds{
    static_cast<milliseconds::rep>(world.dice() * std::min(cap, ceiling))};
}

std::vector<std::string> restart_policy::models_left() const {
  return {chain_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, chain_.end()};
}

// A prompt that did not fit goes to a model that is known to take more, or of
// which nothing is known.
std::string restart_policy::next_model(errc why,
                                       const restart_world& world) const {
  const auto window = [&](const std::string& model) {
    return world.window ? world.window(model) : std::nullopt;
  };
  const auto own =
    why == errc::context_exceeded ? window(chain_[at_]) : std::nullopt;
  for (auto i = at_ + 1; i < chain_.size(); ++i) {
    const auto other = own ? window(chain_[i]) : std::nullopt;
    if (!other || *other > *own)
      return chain_[i];
  }
  return {};
}

restart_decision restart_policy::after_blocked(error why,
                                               const std::string& next,
                                               steady_time now) {
  remember(why.code);
  if (next.empty())
    return defeat(std::move(why));
  if (!spend_restart(now))
    return restart_spent(std::move(why));
  return retry(std::move(why), next, milliseconds{0});
}

restart_decision restart_policy::after_race(const attempt_report& outcome,
                                            const std::string& model) {
  restart_decision decision;
  decision.what = restart_decision::kind::yielded;
  decision.why = outcome.failure    ? *outcome.failure
                 : refused(outcome) ? refusal(outcome)
                                    : silence();
  decision.refused = decision.why.code == errc::model_refusal;
  if (model == chain_[at_]) {
    ++attempts_;
    ++attempts_by_class_[decision.why.code];
  }
  remember(model, decision.why.code);
  return decision;
}

// @returns false if the stream has used up its restarts.
bool restart_policy::spend_restart(steady_time now) {
  while (!restarts_.empty()
         && now - restarts_.front() >= options_->restart_window_ms)
    restarts_.erase(restarts_.begin());
  if (restarts_.size() >= options_->max_restarts)
    return false;
  restarts_.push_back(now);
  return true;
}

restart_decision restart_policy::retry(error why, std::string model,
                                       milliseconds delay) {
  restart_decision decision;
  decision.what = restart_decision::kind::retry;
  decision.refused = why.code == errc::model_refusal;
  decision.why = std::move(why);
  decision.delay = delay;
  decision.next_model = std::move(model);
  return decision;
}

restart_decision restart_policy::restart_spent(error why) const {
  why.message += "; given up after " + std::to_string(options_->max_restarts)
                 + " restarts within "
                 + std::to_string(options_->restart_window_ms.count())
                 + " ms (max_restarts)";
  return defeat(std::move(why));
}

// The last error, and what became of every model that was asked.
restart_decision restart_policy::defeat(error why) const {
  restart_decision decision;
  decision.what = restart_decision::kind::defeat;
  decision.refused = why.code == errc::model_refusal;
  if (chain_.size() > 1) {
    std::string tried;
    for (const auto& t : troubles_)
      tried += (tried.empty() ? "" : ", ") + t.model + ": "
               + std::string{to_string(t.last)}
               + (t.failures > 1 ? " x" + std::to_string(t.failures) : "");
    why.message += " (asked " + tried + ")";
  }
  decision.why = std::move(why);
  return decision;
}

void restart_policy::remember(const std::string& model, errc code) {
  auto it = std::find_if(troubles_.begin(), troubles_.end(),
                         [&](auto& t) { return t.model == model; });
  if (it == troubles_.end())
    it = troubles_.insert(it, {model, code, 0});
  it->last = code;
  ++it->failures;
}

} // namespace penstock
