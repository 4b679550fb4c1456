// The life of an attempt in SUPERVISOR, as a table. No CAF, no clock, no I/O.
#pragma once

#include "actors/phase_machine.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock {

/// Where an attempt is between `run_attempt` and `attempt_settled`.
enum class attempt_phase : std::uint8_t {
  asking,            ///< For its endpoint. Not between two messages.
  delayed,           ///< Its backoff runs.
  queued,            ///< In the line of its endpoint, perhaps until a deadline.
  running,           ///< It has a PROVIDER.
  reported,          ///< PROVIDER has said its last word and is about to leave.
  exited,            ///< PROVIDER has left; its last word may still be queued.
  stopping,          ///< As `running`, but cancelled.
  stopping_reported, ///< As `reported`, but cancelled.
  stopping_exited,   ///< As `exited`, but cancelled.
  ended,             ///< By itself; PROVIDER is gone. Not between two messages.
  held,              ///< The same, but who wins its race is not known.
  settled,           ///< WORKSPACE has the verdict. The end: it has no row.
};

/// What can happen to it.
enum class attempt_input : std::uint8_t {
  delay,    ///< It is to begin later.
  due,      ///< The deadline that it waits for has passed.
  queue,    ///< Its endpoint does not take it now, and nobody else does.
  recall,   ///< Its endpoint has begun to refuse: who waits chooses again.
  launch,   ///< A PROVIDER was spawned.
  answered, ///< The endpoint speaks its API.
  report,   ///< PROVIDER's last word, or ours in its place.
  exit,     ///< PROVIDER has left.
  hold,     ///< Its verdict has to wait for the end of the race.
  settle,   ///< Its verdict is known, or it cannot begin.
  cancel,   ///< WORKSPACE does not want it any more.
};

inline constexpr std::size_t attempt_phase_count = 11; ///< That have a row.
inline constexpr std::size_t attempt_input_count = 11;

using attempt_cell = table_cell<attempt_phase>;

namespace attempt_table {

inline constexpr attempt_cell late{attempt_cell::kind::late, {}};
inline constexpr attempt_cell nevr{attempt_cell::kind::never, {}};
constexpr attempt_cell go(attempt_phase to) {
  return {attempt_cell::kind::go, to};
}

inline constexpr auto askg = go(attempt_phase::asking),
                      dlyd = go(attempt_phase::delayed),
                      queu = go(attempt_phase::queued),
                      runs = go(attempt_phase::running),
                      rprt = go(attempt_phase::reported),
                      exit = go(attempt_phase::exited),
                      stop = go(attempt_phase::stopping),
                      s_rp = go(attempt_phase::stopping_reported),
                      s_ex = go(attempt_phase::stopping_exited),
                      endd = go(attempt_phase::ended),
                      held = go(attempt_phase::held),
                      sett = go(attempt_phase::settled);

// PROVIDER says in order that it was answered and how it ended. The news of its
// exit overtakes both; what we say in its place then comes behind both.
// clang-format off
inline constexpr attempt_cell transition[attempt_phase_count][attempt_input_count] = {
//                delay due   queue recal launc answd repor exit  hold  settl cancl
/* asking      */ {dlyd, nevr, queu, nevr, runs, nevr, nevr, nevr, nevr, sett, sett},
/* delayed     */ {nevr, askg, nevr, nevr, nevr, nevr, nevr, nevr, nevr, nevr, sett},
/* queued      */ {nevr, queu, queu, askg, runs, nevr, nevr, nevr, nevr, sett, sett},
/* running     */ {nevr, nevr, nevr, nevr, nevr, runs, rprt, exit, nevr, nevr, stop},
/* reported    */ {nevr, nevr, nevr, nevr, nevr, nevr, nevr, endd, nevr, nevr, s_rp},
/* exited      */ {nevr, nevr, nevr, nevr, nevr, exit, endd, nevr, nevr, nevr, s_ex},
/* stopping    */ {nevr, nevr, nevr, nevr, nevr, stop, s_rp, s_ex, nevr, nevr, late},
/* stopping_r. */ {nevr, nevr, nevr, nevr, nevr, nevr, nevr, sett, nevr, nevr, late},
/* stopping_e. */ {nevr, nevr, nevr, nevr, nevr, s_ex, sett, nevr, nevr, nevr, late},
/* ended       */ {nevr, nevr, nevr, nevr, nevr, nevr, nevr, nevr, held, sett, nevr},
/* held        */ {nevr, nevr, nevr, nevr, nevr, nevr, late, nevr, nevr, sett, sett},
};
// clang-format on

constexpr const attempt_cell& at(attempt_phase p, attempt_input in) {
  return transition[static_cast<std::size_t>(p)][static_cast<std::size_t>(in)];
}

static_assert(has_every_cell(transition));
static_assert(static_cast<std::size_t>(attempt_phase::settled)
              == attempt_phase_count);
static_assert(static_cast<std::size_t>(attempt_input::cancel) + 1
              == attempt_input_count);

/// Whether some way leads from `from` to `to`.
constexpr bool leads(attempt_phase from, attempt_phase to) {
  std::array<bool, attempt_phase_count + 1> seen{};
  seen[static_cast<std::size_t>(from)] = true;
  for (std::size_t round = 0; round < attempt_phase_count; ++round)
    for (std::size_t row = 0; row < attempt_phase_count; ++row)
      for (const auto& c : transition[row])
        if (seen[row] && c.means == attempt_cell::kind::go)
          seen[static_cast<std::size_t>(c.to)] = true;
  return seen[static_cast<std::size_t>(to)];
}

constexpr bool each_is_reached_and_settles() {
  for (std::size_t row = 0; row < attempt_phase_count; ++row)
    if (const auto p = static_cast<attempt_phase>(row);
        !leads(attempt_phase::asking, p) || !leads(p, attempt_phase::settled))
      return false;
  return true;
}
static_assert(each_is_reached_and_settles());

} // namespace attempt_table

constexpr std::string_view to_string(attempt_phase p) noexcept {
  constexpr std::array<std::string_view, attempt_phase_count + 1> names{
    "asking",          "delayed", "queued",   "running",
    "reported",        "exited",  "stopping", "stopping_reported",
    "stopping_exited", "ended",   "held",     "settled"};
  return names[static_cast<std::size_t>(p)];
}

constexpr std::string_view to_string(attempt_input in) noexcept {
  constexpr std::array<std::string_view, attempt_input_count> names{
    "delay",  "due",  "queue", "recall", "launch", "answered",
    "report", "exit", "hold",  "settle", "cancel"};
  return names[static_cast<std::size_t>(in)];
}

/// Holds the phase of one attempt.
using attempt_machine =
  phase_machine<attempt_phase, attempt_input, attempt_table::transition>;
using attempt_counts = attempt_machine::counts;

} // namespace penstock
