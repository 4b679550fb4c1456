// Parts of a decoded answer as lines of JSON, for people and scripts.
#pragma once

#include "messages/part.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace penstock::cli {

/// Writes each part under the name of the event that a subscriber would get
/// for it (SPEC §3), with the key as `part`. What has no event of its own is
/// named after the part: response_info, signature, compaction, usage, finished.
class part_lines {
public:
  /// Compact JSON without a line end. Counts offsets: give it every part once.
  std::string line_of(const stream_part& part);

private:
  struct call {
    std::string id, name;
  };
  std::uint64_t advance(part_key key, const std::string& bytes);

  std::map<part_key, std::uint64_t> offsets_;
  std::map<part_key, call> calls_;
};

} // namespace penstock::cli
