// How the demo looks: the live table, the results, the claims. Pure: data in,
// text out.
#pragma once

#include "tools/demo_claims.hpp"
#include "tools/demo_evidence.hpp"
#include "tools/demo_run.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace penstock::cli {

/// Columns that every table fits into.
inline constexpr std::size_t demo_columns = 79;

/// Lines of the live table: a title, the head, the conversations, one voice,
/// the sum.
std::vector<std::string> live_table(const demo_frame& frame, bool colored);

/// What has happened, one line for each conversation and one for all.
std::string result_table(const demo_evidence& evidence, bool colored);

/// The claims, wrapped, each with "ok" or "FAILED".
std::string claim_list(const std::vector<demo_claim>& claims, bool colored);

/// The first `columns` columns of `line`; what colours it does not count.
/// Characters count as one column, those above U+2E80 as two.
std::string fit(std::string_view line, std::size_t columns);

} // namespace penstock::cli
