// Events of every kind, for tests of what writes them.
#pragma once

#include "messages/stream.hpp"

#include <string>
#include <vector>

namespace penstock::testing {

/// Of workspace "w", stream 0xff, message "m"; seq 9, on 2026-07-31 at noon
/// and 250 ms, a replay; its position unless the kind has none.
stream_event sample_of(event_body body);

/// One of each kind with everything set; for parts and abort reasons too.
std::vector<event_body> full_samples();

/// One of each kind with no more than there must be, in the order of their
/// names.
std::vector<event_body> bare_samples();

/// The full ones: name and own keys, "text_end{\"part\":3}".
std::vector<std::string> full_sample_lines();

} // namespace penstock::testing
