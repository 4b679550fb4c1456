// A row of the history in one block of memory.
#pragma once

#include "actors/packed_block.hpp"
#include "messages/request.hpp"

#include <cstdint>

namespace penstock {

/// What a history keeps of a row between two prompts. A short message is a
/// tenth as large as in a `history_row`, whose every part has room for all that
/// some part may have, and takes one allocation instead of five.
///
/// Threads: as a string.
/// Cost:    both ways one copy of the row's bytes.
class packed_row {
public:
  explicit packed_row(const history_row& row);

  std::uint64_t sequence() const;
  history_row unpack() const;

private:
  packed_block bytes_; ///< The sequence first; no format for anybody else.
};

} // namespace penstock
