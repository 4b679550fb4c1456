// Recorded provider streams, and what a workspace would keep of one.
#pragma once

#include "messages/part.hpp"
#include "messages/prompt.hpp"

#include <string>
#include <vector>

namespace penstock::test {

struct recording {
  std::string name, body;
  std::string request;  ///< The request's body, or empty if it was not kept.
  std::string provider; ///< Whose server sent it.
};

/// All recordings of PENSTOCK_CORPUS of this API, by name. Without them the
/// program ends, loudly, as skipped.
std::vector<recording> recordings_of(const std::string& api);

/// The message that a workspace would keep of these parts: text, reasoning that
/// ended, calls that are complete, results.
message message_of(const std::vector<stream_part>& parts, std::string made_by);

} // namespace penstock::test
