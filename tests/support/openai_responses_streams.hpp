// Responses streams, made and decoded.
#pragma once

#include "messages/part.hpp"
#include "tests/support/openai_chat_streams.hpp" // `lines`, `shown_parts`

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::test {

struct decoded_answer {
  std::vector<stream_part> parts;
  bool finished = false;
};

/// A body with one event for each text, named by its `type`.
std::string responses_events(const lines& data);

/// {"type": "response.<type>", "output_index": <index>, <rest>}
std::string responses_event(const std::string& type, int index,
                            const std::string& rest);
std::string item_added(int index, const std::string& item_json);
std::string item_done(int index, const std::string& item_json);

/// The event that ends an answer well, with usage of 3 and 2 tokens.
inline const std::string response_completed =
  R"({"type":"response.completed","response":{"status":"completed","usage":)"
  R"({"input_tokens":3,"output_tokens":2}}})";

/// What the decoder makes of `body`, fed in the pieces that end at `cuts`.
decoded_answer decode_responses(std::string_view body,
                                const std::vector<std::size_t>& cuts = {},
                                const std::string& provider = "openai");

/// As lines, and a last one "unfinished" if the decoder says so. The body is
/// fed in pieces of `piece_bytes`.
lines responses_lines(const std::string& body, std::size_t piece_bytes = 4096,
                      const std::string& provider = "openai");

} // namespace penstock::test
