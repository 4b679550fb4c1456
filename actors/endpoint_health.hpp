// What is known of one endpoint by all streams that use it: whether it answers,
// whether it asked for patience, how many attempts it has (SPEC §6.6).
#pragma once

#include "messages/clock.hpp"
#include "messages/errc.hpp"
#include "messages/options.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace penstock {

/// Says when an attempt may be sent, and learns from how attempts end. Does
/// not queue anybody: the caller asks again when something has changed.
///
///   closed    -> open       `breaker_failures`, at least half of the window
///   open      -> half open  after `breaker_cooldown_ms`; one attempt, the
///                           probe, is let through
///   half open -> closed     the probe is answered
///   half open -> open       the probe fails
///
/// Invariant: half open, at most one attempt runs that began since.
/// Limits:    remembers the attempts of one `breaker_window_ms`.
class endpoint_health {
public:
  explicit endpoint_health(endpoint_options options);

  enum class breaker : std::uint8_t { closed, open, half_open };

  struct admission {
    enum class kind : std::uint8_t {
      granted,
      full,    ///< Until an attempt ends.
      cold,    ///< Until an attempt is answered, or `until`.
      open,    ///< The circuit is open until `until`.
      cooling, ///< The endpoint asked for patience until `until`.
      probing, ///< Until the probe has ended.
    } what = kind::granted;
    steady_time until{};

    bool granted() const noexcept { return what == kind::granted; }
    /// Whether another endpoint is the better choice.
    bool blocked() const noexcept { return what >= kind::open; }
  };

  admission ask(steady_time now) const;

  /// One attempt that runs. Given out by `start`, returned to `end`.
  struct ticket {
    bool probe = false;
    bool answered = false;
  };

  /// After `ask` has granted it.
  [[nodiscard]] ticket start(steady_time now);
  /// The endpoint speaks its API to this attempt.
  void answered(ticket& t, steady_time now);
  /// @param failure null after an end that says nothing against the endpoint.
  /// @param cancelled by us: says nothing at all.
  void end(const ticket& t, const error* failure, bool cancelled,
           steady_time now);

  breaker state(steady_time now) const;
  /// Set while the circuit is open.
  std::optional<steady_time> open_until(steady_time now) const;
  std::chrono::milliseconds cooldown_left(steady_time now) const;
  std::uint32_t running() const noexcept { return running_; }
  std::uint32_t failures_in_window(steady_time now) const;
  /// As good as one that was never asked.
  bool idle(steady_time now) const;
  /// The last failure that spoke against the endpoint; `none` at first.
  const error& last_failure() const noexcept { return last_failure_; }

private:
  struct sample {
    steady_time at;
    bool bad;
  };

  void add_sample(steady_time now, bool bad);
  bool proven(steady_time now) const;
  void learn_that_it_lives(steady_time now);
  void close();
  void open(steady_time now);

  endpoint_options options_;
  breaker state_ = breaker::closed; ///< `open` turns into half_open by time.
  steady_time open_until_{};        ///< Only while `state_` is open.
  bool probe_runs_ = false;
  std::optional<steady_time> cooling_until_;
  std::optional<steady_time> last_answer_;
  std::optional<steady_time> cold_since_; ///< First attempt without an answer.
  std::uint32_t running_ = 0;
  std::uint32_t unanswered_ = 0; ///< Of those that run.
  std::deque<sample> samples_;   ///< Ended in the window, oldest first.
  std::uint32_t bad_samples_ = 0;
  error last_failure_;
};

/// Whether a failure of this class speaks against the endpoint and not only
/// against the request, the key or the model.
bool counts_against_endpoint(errc code) noexcept;

} // namespace penstock
