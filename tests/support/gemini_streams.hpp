// Streams of the Gemini API, made, recorded and decoded.
#pragma once

#include "messages/part.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace penstock::test {

struct gemini_recording {
  std::string name, body;
};

/// The recorded streams of the corpus; none if it is not there.
std::vector<gemini_recording> gemini_recordings();

/// A body with one event for each text, separated as Google does.
std::string gemini_events(const std::vector<std::string>& data);

/// A chunk whose candidate 0 has these parts, and a finish reason if one is
/// given.
std::string gemini_chunk(const std::string& parts_json,
                         const std::string& finish = {});

/// What the decoder makes of `body`, cut at these places.
struct gemini_answer {
  std::vector<stream_part> parts;
  bool finished = false;
};
gemini_answer decode_gemini(const std::string& body,
                            const std::vector<std::size_t>& cuts = {});

/// One line for each part, and a last one "unfinished" if it says so.
std::vector<std::string>
gemini_lines(const std::string& body,
             const std::vector<std::size_t>& cuts = {});

} // namespace penstock::test
