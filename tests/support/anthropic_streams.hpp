// Anthropic streams for tests: recorded ones, made-up ones, and their parts as
// lines that a person can compare.
#pragma once

#include "providers/anthropic_codec.hpp"
#include "tests/support/recordings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::test {

/// All anthropic-messages recordings of PENSTOCK_CORPUS. Without them the
/// program ends, loudly, as skipped.
std::vector<recording> anthropic_recordings();

/// `data: {…}` events, each with the name that its `type` gives it.
std::string sse(const std::vector<std::string>& events);

/// What the decoder makes of `body`, fed in the pieces that end at `cuts`.
std::vector<stream_part> decode(std::string_view body,
                                const std::vector<std::size_t>& cuts = {});

/// One line a part; adjacent deltas of one part are one line.
std::vector<std::string> lines_of(const std::vector<stream_part>& parts);

} // namespace penstock::test
