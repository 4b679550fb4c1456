// What the demo claims, held against what the server and the user saw.
#pragma once

#include "tools/demo_evidence.hpp"

#include <string>
#include <vector>

namespace penstock::cli {

struct demo_claim {
  std::string name; ///< For tests: "abort_closes_the_socket", …
  std::string text; ///< One sentence, with the figures that were measured.
  bool holds = false;
};

/// How long after a stop the server may still hold its connection (SPEC §4).
inline constexpr std::chrono::milliseconds demo_close_limit{100};
/// How much later than its script an answer may end, and how long after the
/// first start a first request may come.
inline constexpr std::chrono::milliseconds demo_delay_limit{500};
/// How many streams must have run at the same time.
inline constexpr std::size_t demo_streams_at_once_min = 12;

/// Pure. All claims, always in the same order.
std::vector<demo_claim> check_demo(const demo_evidence& evidence);

} // namespace penstock::cli
