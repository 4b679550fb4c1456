// The claims of the demo that are about one conversation each.
#pragma once

#include "tools/demo_case.hpp"
#include "tools/demo_claims.hpp"

#include <optional>

namespace penstock::cli {

// Each is pure and takes the conversation that it is about.
demo_claim claim_cut(const demo_case& c, std::string name);
demo_claim claim_refused(const demo_case& c);
demo_claim claim_rate_limited(const demo_case& c);
demo_claim claim_overloaded(const demo_case& c);
demo_claim claim_empty(const demo_case& c);
demo_claim claim_aborted(const demo_case& c);
demo_claim claim_soft_stop(const demo_case& c);
demo_claim claim_replaced(const demo_case& c);
demo_claim claim_reconnected(const demo_case& c);
demo_claim claim_tools(const demo_case& c, std::string name);
demo_claim claim_locked_out(const demo_case& c);
demo_claim claim_stalled(const demo_case& c);

/// "1.3 ms", "2.51 s".
std::string in_words(std::chrono::nanoseconds time);

} // namespace penstock::cli
