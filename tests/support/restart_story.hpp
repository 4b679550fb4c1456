// A stream, as the restart policy hears of it.
#pragma once

#include <boost/test/unit_test.hpp>

#include "actors/restart_policy.hpp"

#include <random>
#include <set>

namespace penstock {
inline std::ostream& operator<<(std::ostream& out, restart_decision::kind k) {
  constexpr const char* names[] = {"complete", "cut_calls", "retry",
                                   "defeat",   "cancelled", "yielded"};
  return out << names[static_cast<std::size_t>(k)];
}
inline std::ostream& operator<<(std::ostream& out, errc code) {
  return out << to_string(code);
}
} // namespace penstock

namespace penstock::testing {

using namespace std::chrono_literals;
using kind = restart_decision::kind;

inline constexpr finish stop_finish() {
  return {finish_reason::stop, "stop"};
}

inline attempt_report failed(errc code,
                             std::string message = "provider's words") {
  attempt_report outcome;
  outcome.failure = error{code, std::move(message), 0, {}, {}};
  return outcome;
}

inline attempt_report answered() {
  attempt_report outcome;
  outcome.finished = stop_finish();
  outcome.any_part = true;
  return outcome;
}

inline attempt_report empty() {
  attempt_report outcome;
  outcome.finished = stop_finish();
  return outcome;
}

inline attempt_report truncated() {
  attempt_report outcome;
  outcome.any_part = true;
  return outcome;
}

inline attempt_report refusal() {
  attempt_report outcome;
  outcome.finished = finish{finish_reason::content_filter, "SAFETY"};
  return outcome;
}

inline attempt_report shown(attempt_report outcome) {
  outcome.any_part = true;
  return outcome;
}

inline attempt_report with_calls(attempt_report outcome) {
  outcome.any_part = outcome.complete_calls = true;
  return outcome;
}

/// A stream whose attempts end as told; follows the policy's decisions.
struct story {
  std::vector<std::string> chain{"a:1", "b:2", "c:3"};
  restart_options options;
  partial_policy on_partial = partial_policy::proceed;
  double dice = 0.5;
  std::map<std::string, std::uint64_t> windows;
  std::optional<steady_time> open_until;

  std::optional<restart_policy> policy{};
  steady_time now{1h};
  std::string model = chain.front();
  std::uint32_t step = 1;
  bool has_output = false; ///< Of the stream, before the next attempt.

  restart_world world() {
    restart_world w;
    w.now = now;
    w.dice = [this] { return dice; };
    w.window = [this](const std::string& m) {
      const auto it = windows.find(m);
      return it == windows.end() ? std::nullopt : std::optional{it->second};
    };
    w.open_until = open_until;
    return w;
  }

  restart_decision attempt(const attempt_report& outcome) {
    if (!policy)
      policy.emplace(chain, std::make_shared<restart_options>(options),
                     on_partial);
    BOOST_REQUIRE(policy->begin(model, step, has_output));
    auto decision = policy->after(outcome, world());
    if (decision.what == kind::retry) {
      now += decision.delay;
      model = decision.next_model;
    }
    return decision;
  }

  /// The models asked until something else than a retry follows.
  std::vector<std::string> all_fail_with(const attempt_report& outcome) {
    std::vector<std::string> asked;
    for (;;) {
      asked.push_back(model);
      BOOST_REQUIRE_LT(asked.size(), 1000u);
      if (attempt(outcome).what != kind::retry)
        return asked;
    }
  }
};

using names = std::vector<std::string>;

// Written from SPEC.md by hand, not from the code: attempts on one model, and
// whether the next is asked.
struct expected_row {
  errc code;
  int attempts;
  bool next;
  bool next_without_config_fallback;
};
inline constexpr expected_row expected_rows[] = {
  {errc::rate_limit, 3, true, true},
  {errc::overloaded, 3, true, true},
  {errc::server_error, 3, true, true},
  {errc::network, 3, true, true},
  {errc::timeout, 3, true, true},
  {errc::internal, 3, true, true},
  {errc::stream_truncated, 2, true, true},
  {errc::empty_output, 1, true, true},
  {errc::model_refusal, 1, true, true},
  {errc::context_exceeded, 1, true, true},
  {errc::model_not_found, 1, true, false},
  {errc::quota, 1, true, false},
  {errc::authentication, 1, true, false},
  {errc::permission, 1, true, false},
  {errc::invalid_request, 1, false, false},
  {errc::protocol, 1, false, false},
};

} // namespace penstock::testing

#define CHECK_MODELS(got, ...)                                                 \
  BOOST_TEST((got) == (names{__VA_ARGS__}), boost::test_tools::per_element())
