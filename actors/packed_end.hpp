// How a stream ended, in few bytes.
#pragma once

#include "messages/record.hpp"

#include <memory>
#include <string>
#include <variant>

namespace penstock {

/// What a workspace remembers of its last stream: a `closed_stream`, whose
/// event can be packed while nobody asks for it. The event of an answer of one
/// word has 700 bytes, and then a fifth of them.
///
/// Threads: one owner.
class packed_end {
public:
  explicit packed_end(closed_stream end);

  stream_id stream() const noexcept { return identity_->stream; }
  closed_stream unpack() const;
  /// Does nothing while somebody else holds the event too: a store in memory,
  /// the log of a subscriber that lags.
  void pack();

private:
  std::shared_ptr<const stream_identity> identity_;
  std::variant<std::shared_ptr<const event_body>, std::string> event_;
};

} // namespace penstock
