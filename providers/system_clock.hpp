// The real clock: steady time for deadlines, wall time for display.
#pragma once

#include "messages/clock.hpp"
#include "messages/errc.hpp"

#include <memory>

namespace penstock {

/// A clock on the system's time, with one thread of its own that sleeps until
/// the earliest deadline. With no deadline armed it never wakes up.
///
/// A deadline does not run while the machine is suspended (CLOCK_MONOTONIC);
/// what fell due fires soon after it wakes.
///
/// Threads: as `clock`. The last reference is not dropped inside a firing.
/// Limits:  made for 100 000 live deadlines; no hard bound.
/// Errors:  `internal` if the thread cannot be started.
/// Cost:    `arm` wakes the thread only if the new deadline is the earliest.
///
/// When it is destroyed, deadlines that have not fired are forgotten, and a
/// firing that is under way is waited for.
expected<std::unique_ptr<clock>> make_system_clock();

} // namespace penstock
