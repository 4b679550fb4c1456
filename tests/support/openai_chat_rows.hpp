// Tables of Chat Completions streams and what the decoder makes of them.
#pragma once

#include <boost/test/unit_test.hpp>

#include "tests/support/openai_chat_streams.hpp"

#include <span>

namespace penstock::test {

struct chat_row {
  const char* why;
  lines events, want; ///< One text for each event; one line for each part.
};

inline const std::string stop = chat_delta("{}", "stop");

/// Each row at several piece sizes.
inline void check_chat(std::span<const chat_row> table) {
  for (const auto& [why, events, want] : table)
    for (std::size_t piece_bytes : {1, 2, 3, 7, 4096}) {
      BOOST_TEST_INFO(why << ", pieces of " << piece_bytes);
      BOOST_TEST(decode_chat(chat_events(events), piece_bytes) == want,
                 boost::test_tools::per_element());
    }
}

} // namespace penstock::test
