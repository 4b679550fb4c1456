// How a stream ended, in few bytes.
#pragma once

#include "actors/packed_block.hpp"
#include "messages/record.hpp"

#include <memory>
#include <string>

namespace penstock {

/// What a workspace remembers of its last stream: a `closed_stream`, which can
/// be packed while nobody asks for it. That of an answer of one word takes 900
/// bytes, and then a fifth of them.
///
/// Threads: one owner.
class packed_end {
public:
  /// There is none.
  packed_end() = default;
  explicit packed_end(closed_stream end);

  explicit operator bool() const noexcept { return whole_ || !bytes_.empty(); }
  // @pre there is one
  stream_id stream() const;
  /// @param workspace_id of its workspace, who knows it.
  closed_stream unpack(const std::string& workspace_id) const;
  /// Does nothing while somebody else holds the event too: a store in memory,
  /// the log of a subscriber that lags. Then a copy would be more and not less.
  void pack();

private:
  std::unique_ptr<closed_stream> whole_; ///< Null once it is packed.
  packed_block bytes_; ///< The stream first; no format for anybody else.
};

} // namespace penstock
