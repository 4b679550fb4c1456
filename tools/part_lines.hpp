// Parts of a decoded answer as lines of JSON, for people and scripts.
#pragma once

#include "messages/part.hpp"
#include "providers/json.hpp"

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

  ordered_json object_of(const part::response_info& p);
  ordered_json object_of(const part::text& p);
  ordered_json object_of(const part::text_end& p);
  ordered_json object_of(const part::refusal& p);
  ordered_json object_of(const part::reasoning& p);
  ordered_json object_of(const part::reasoning_end& p);
  ordered_json object_of(const part::signature& p);
  ordered_json object_of(const part::tool_start& p);
  ordered_json object_of(const part::tool_input& p);
  ordered_json object_of(const part::tool_complete& p);
  ordered_json object_of(const part::tool_result& p);
  ordered_json object_of(const part::file& p);
  ordered_json object_of(const part::source& p);
  ordered_json object_of(const part::compaction& p);
  ordered_json object_of(const part::usage& p);
  ordered_json object_of(const part::finished& p);
  ordered_json object_of(const part::failed& p);
  ordered_json delta(const char* event, const char* member, part_key key,
                     const std::string& bytes);

  std::map<part_key, std::uint64_t> offsets_;
  std::map<part_key, call> calls_;
};

} // namespace penstock::cli
