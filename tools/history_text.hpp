// Messages for people to read.
#pragma once

#include "messages/request.hpp"
#include "tools/terminal_output.hpp"

#include <string>

namespace penstock::cli {

/// A row of the history: its outcome unless it completed, then each message
/// with its speaker. Without control characters.
std::string history_text(const history_row& row);

} // namespace penstock::cli
