// Internal: options that a host brings, held against what can work.
#pragma once

#include "messages/options.hpp"
#include "runtime/options.hpp"

#include <chrono>

namespace penstock {

/// Three years: no sum of a few of them and a time point overflows.
inline constexpr std::chrono::milliseconds time_ms_max{100'000'000'000};

/// Errors: `invalid_request`: a negative time; no step, no attempt.
expected<void> check_options(const stream_options& options);
/// The same of all that a runtime is opened with.
expected<void> check_options(const runtime_options& options);

/// A host may write "for ever" as a time that no time point can hold: it
/// becomes `time_ms_max`.
void bound_times(stream_options& options);
void bound_times(runtime_options& options);

} // namespace penstock
