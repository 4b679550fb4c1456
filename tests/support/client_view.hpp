// What a client makes of events when it holds on to all that they say: the
// state that must be the same whatever it missed and when.
#pragma once

#include "messages/stream.hpp"

#include <map>
#include <string>

namespace penstock::testing {

class client_view {
public:
  void take(const stream_event& e);

  /// The place to go on from.
  const std::optional<position>& after() const { return after_; }
  /// Each part of the stream that stands, with all that was told of it.
  const std::map<std::uint32_t, std::string>& parts() const { return parts_; }
  bool ended() const { return ended_; }

private:
  std::map<std::uint32_t, std::string> parts_;
  std::optional<position> after_;
  bool ended_ = false;
};

} // namespace penstock::testing
