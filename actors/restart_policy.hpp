// When a stream is tried again, and with which model (SPEC §6.1 to §6.4). Knows
// no actor, clock or endpoint: the caller brings the time and the dice.
#pragma once

#include "messages/attempt_verdict.hpp"
#include "messages/clock.hpp"
#include "messages/errc.hpp"
#include "messages/options.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

namespace policy {

/// Whether the same model is asked again.
enum class again : std::uint8_t {
  no,
  yes,  ///< Up to `max_attempts_per_model`.
  once, ///< Up to `max_truncated_attempts_per_model`.
};
/// Whether the next model of the chain is asked then.
enum class onward : std::uint8_t {
  no,
  yes,
  if_configured, ///< Where `fallback_on_config_error` says so.
};

struct row {
  errc code;
  again same_model;
  onward next_model;
};

/// The policy table (SPEC §6.2), in the order of `errc`. What cannot end an
/// attempt grants nothing. "To a model with a larger window" is no cell: see
/// `restart_policy::next_model`.
// clang-format off
inline constexpr std::array<row, errc_count> table{{
  //                       same model    next model
  {errc::none,             again::no,    onward::no},
  {errc::authentication,   again::no,    onward::if_configured},
  {errc::permission,       again::no,    onward::if_configured},
  {errc::quota,            again::no,    onward::if_configured},
  {errc::rate_limit,       again::yes,   onward::yes},
  {errc::overloaded,       again::yes,   onward::yes},
  {errc::server_error,     again::yes,   onward::yes},
  {errc::network,          again::yes,   onward::yes},
  {errc::timeout,          again::yes,   onward::yes},
  {errc::context_exceeded, again::no,    onward::yes},
  {errc::model_not_found,  again::no,    onward::if_configured},
  {errc::invalid_request,  again::no,    onward::no},
  {errc::model_refusal,    again::no,    onward::yes},
  {errc::empty_output,     again::no,    onward::yes},
  {errc::stream_truncated, again::once,  onward::yes},
  {errc::protocol,         again::no,    onward::no},
  {errc::aborted,          again::no,    onward::no},
  {errc::superseded,       again::no,    onward::no},
  {errc::tool,             again::no,    onward::no},
  {errc::storage,          again::no,    onward::no},
  {errc::internal,         again::yes,   onward::yes},
}};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].code != static_cast<errc>(i))
      return false;
  return true;
}
static_assert(in_order());

} // namespace policy

/// The row of `code` with the numbers of `options`, or the host's own row.
restart_rule rule_for(errc code, const restart_options& options);

/// What the policy asks of the world at the moment of a decision.
struct restart_world {
  steady_time now{};
  /// Uniform in [0, 1). Must be set.
  std::function<double()> dice;
  /// Context window of a model, in tokens; empty if unknown. May be null.
  std::function<std::optional<std::uint64_t>(const std::string& model)> window;
  /// The circuit of this attempt's endpoint is open until then.
  std::optional<steady_time> open_until;
};

/// The restarts of one stream.
///
/// Invariant: whatever the outcomes are, a stream gets at most `max_restarts`
///            retries within any `restart_window_ms`, and each model of the
///            chain a bounded number of attempts per step.
/// Limits:    memory is bounded by the chain and by `max_restarts`.
class restart_policy {
public:
  /// @param chain in order; doubles count once.
  /// @param options never null, and nobody changes them.
  restart_policy(std::vector<std::string> chain,
                 std::shared_ptr<const restart_options> options,
                 partial_policy on_partial);

  /// An attempt of `model` in `step` begins. `model` may be one further down
  /// the chain than before: it stays for the rest of the stream.
  /// @param has_output whether the stream has parts that stand, of earlier
  ///                   steps or kept of earlier attempts.
  /// @returns false if the chain does not have it (any more).
  [[nodiscard]] bool begin(std::string_view model, std::uint32_t step,
                           bool has_output);

  /// The attempt that began last has ended: SPEC §6.1, in its order.
  restart_decision after(const attempt_report& outcome,
                         const restart_world& world);

  /// The attempt that began last could not be sent, as its endpoint takes none
  /// now. `next`: a model of the chain whose endpoint does; empty: none.
  restart_decision after_blocked(error why, const std::string& next,
                                 steady_time now);

  /// An attempt of `model` ended with nothing to show while another one of the
  /// stream lives, which goes on alone. Counts, and grants nothing.
  restart_decision after_race(const attempt_report& outcome,
                              const std::string& model);

  /// The models after the present one, in order.
  std::vector<std::string> models_left() const;

private:
  struct trouble {
    std::string model;
    errc last = errc::none;
    std::uint32_t failures = 0;
  };

  restart_decision judge(const attempt_report& outcome, error why,
                         const restart_world& world);
  std::optional<std::chrono::milliseconds>
  delay_on_same_model(const error& why, const restart_rule& rule,
                      const restart_world& world) const;
  std::chrono::milliseconds backoff(const restart_world& world) const;
  std::string next_model(errc why, const restart_world& world) const;
  bool spend_restart(steady_time now);
  restart_decision retry(error why, std::string model,
                         std::chrono::milliseconds delay);
  restart_decision restart_spent(error why) const;
  restart_decision defeat(error why) const;
  void remember(errc code) { remember(chain_[at_], code); }
  void remember(const std::string& model, errc code);

  std::vector<std::string> chain_;
  std::shared_ptr<const restart_options> options_;
  partial_policy on_partial_;

  std::size_t at_ = 0; ///< The present model.
  std::uint32_t step_ = 0;
  /// Of the present model in the present step; the silent one is not counted.
  std::uint32_t attempts_ = 0;
  std::map<errc, std::uint32_t> attempts_by_class_; ///< The same, by outcome.
  bool has_output_ = false;           ///< Before the present attempt.
  std::uint32_t empty_retries_ = 0;   ///< Of the stream.
  std::vector<steady_time> restarts_; ///< The last `max_restarts`.
  std::vector<trouble> troubles_;     ///< One per model, in order of trouble.
};

} // namespace penstock
