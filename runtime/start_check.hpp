// Internal: what can be said of a start request before its workspace sees
// it.
#pragma once

#include "actors/tool_set.hpp"
#include "messages/request.hpp"
#include "providers/model_catalog.hpp"
#include "runtime/options.hpp"

#include <cstdint>

namespace penstock {

/// Readers of JSON hold no higher number exactly.
inline constexpr std::uint64_t history_sequence_max = (1ull << 53) - 1;

/// Fills in what the request leaves to the runtime.
void apply_defaults(start_request& request, const start_defaults& defaults);

/// Everything that is wrong whatever the workspace's state: ids, messages (the
/// error names the index), metadata, headers, tools, policy, options, a model
/// that cannot be called, and what its API has no way to express.
///
/// The other models of the chain are looked at when their turn comes: there,
/// the same faults are a failed attempt (SPEC §6.4).
///
/// Errors: `invalid_request`, and those of `model_catalog::resolve`.
/// Cost:   linear in the request, but for files: their bytes are not read.
expected<void> check_start(const start_request& request,
                           const model_catalog& models,
                           const tool_set& registered);

} // namespace penstock
