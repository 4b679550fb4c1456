// The life of a workspace's stream, as a table. No CAF, no clock, no I/O.
#pragma once

#include "actors/phase_machine.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace penstock {

/// What a workspace is doing.
enum class phase : std::uint8_t {
  idle,         ///< No stream.
  preparing,    ///< A start was taken; nothing is promised, nothing was shown.
  streaming,    ///< Registered. An attempt runs, or waits for its endpoint.
  tool_running, ///< The step's attempt is over; its calls run.
  retry_wait,   ///< An attempt failed; the next one waits for its time.
  stopping,     ///< The end is decided; attempt and tools are being stopped.
  finalizing,   ///< No worker is left; the terminal record is being written.
};

/// What can happen. Only what concerns the present stream and attempt counts;
/// anything stale is dropped before it gets here.
enum class input : std::uint8_t {
  start,           ///< A caller wants a stream.
  registered,      ///< The open record is durable; the stream begins.
  refused,         ///< It could not be opened.
  part,            ///< The attempt sent parts.
  attempt_started, ///< The supervisor spawned the attempt.
  retry_granted,   ///< The attempt failed; another was granted.
  defeated,        ///< The attempt failed for good.
  calls_made,      ///< The step's model call is complete and made calls.
  next_step,       ///< The step is settled and the model is asked again.
  answered,        ///< The stream is at its natural end.
  fault,           ///< We end it ourselves: a limit, a deadline, the store.
  stop,            ///< A hard stop.
  soft_stop,       ///< A soft stop.
  boundary,        ///< A soft stop was pending and its boundary is reached.
  workers_gone,    ///< The attempt and all tools have exited or are detached.
  closed,          ///< The terminal record is durable, or has failed.
  quiet,           ///< Nothing happened for `passivate_after_ms`.
};

inline constexpr auto phase_count =
  static_cast<std::size_t>(phase::finalizing) + 1;
inline constexpr auto input_count = static_cast<std::size_t>(input::quiet) + 1;

using cell = table_cell<phase>;

namespace table {

inline constexpr cell late{cell::kind::late, {}};
inline constexpr cell nevr{cell::kind::never, {}};
constexpr cell go(phase to) {
  return {cell::kind::go, to};
}

inline constexpr auto idle = go(phase::idle), prep = go(phase::preparing),
                      strm = go(phase::streaming),
                      tool = go(phase::tool_running),
                      wait = go(phase::retry_wait), stop = go(phase::stopping),
                      finl = go(phase::finalizing);

// What may surprise:
//   preparing, start     the newer one takes its place.
//   streaming, defeated  straight to `finalizing`: its only worker has gone.
//   tool_running, part   the attempt was cut and is settled; late like any.
//   retry_wait, part     the first that is heard of the next attempt ends the
//                        wait. `attempt_started` comes from another actor, and
//                        the table does not rely on their order.
//   retry_wait, retry_granted and defeated
//                        the next attempt found its endpoint closed.
//   idle, stop           nothing runs; it clears a client's pending spinner.
// clang-format off
inline constexpr cell transition[phase_count][input_count] = {
//               start regis refus part  a_st  retry defea calls next  answ  fault stop  soft  bound gone  close quiet
/* idle       */ {prep, nevr, nevr, nevr, nevr, nevr, nevr, nevr, nevr, nevr, nevr, idle, idle, nevr, nevr, nevr, idle},
/* preparing  */ {prep, strm, idle, nevr, nevr, nevr, nevr, nevr, nevr, nevr, nevr, idle, idle, nevr, nevr, nevr, late},
/* streaming  */ {stop, nevr, nevr, strm, strm, wait, finl, tool, strm, finl, stop, stop, strm, stop, nevr, nevr, late},
/* tool_runn. */ {stop, nevr, nevr, late, late, nevr, nevr, nevr, strm, finl, stop, stop, tool, stop, nevr, nevr, late},
/* retry_wait */ {stop, nevr, nevr, strm, strm, wait, finl, nevr, nevr, nevr, stop, stop, stop, nevr, nevr, nevr, late},
/* stopping   */ {stop, nevr, nevr, late, late, late, late, late, nevr, nevr, late, stop, stop, nevr, finl, nevr, late},
/* finalizing */ {finl, nevr, nevr, late, late, nevr, nevr, nevr, nevr, nevr, late, finl, finl, nevr, nevr, idle, late},
};
// clang-format on

static_assert(has_every_cell(transition));

} // namespace table

constexpr std::string_view to_string(phase p) noexcept {
  constexpr std::array<std::string_view, phase_count> names{
    "idle",       "preparing", "streaming", "tool_running",
    "retry_wait", "stopping",  "finalizing"};
  return names[static_cast<std::size_t>(p)];
}

constexpr std::string_view to_string(input in) noexcept {
  constexpr std::array<std::string_view, input_count> names{
    "start",         "registered", "refused",    "part",      "attempt_started",
    "retry_granted", "defeated",   "calls_made", "next_step", "answered",
    "fault",         "stop",       "soft_stop",  "boundary",  "workers_gone",
    "closed",        "quiet"};
  return names[static_cast<std::size_t>(in)];
}

static_assert(to_string(phase{phase_count - 1}) == "finalizing");
static_assert(to_string(input{input_count - 1}) == "quiet");

/// Holds the phase of one workspace.
using stream_machine = phase_machine<phase, input, table::transition>;
using transition_counts = stream_machine::counts;

} // namespace penstock
