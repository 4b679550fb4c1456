// Chat Completions streams, made and shown as text.
#pragma once

#include "messages/part.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::test {

using lines = std::vector<std::string>;

/// A body with one event for each text.
std::string chat_events(const lines& data);

/// A chunk with this delta of choice 0, and a finish reason if one is given.
std::string chat_delta(const std::string& delta_json,
                       const std::string& finish = {});

/// One line for each part, adjacent deltas of one part merged.
lines shown_parts(const std::vector<stream_part>& parts);

/// What the decoder of `api` makes of `body`, fed in pieces of `piece_bytes`,
/// and a last line "unfinished" if it says so.
lines decode_body(std::string_view api, const std::string& body,
                  std::size_t piece_bytes);

/// The same, of Chat Completions.
lines decode_chat(const std::string& body, std::size_t piece_bytes);

} // namespace penstock::test
