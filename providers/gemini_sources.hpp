// What a Gemini answer rests on: grounding, citations, pages that were read.
#pragma once

#include "providers/json.hpp"
#include "providers/part_writer.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace penstock::gemini {

/// Collects sources while the answer grows. They are told when it is over: a
/// chunk may repeat those of the chunks before, and the places of the answer
/// that a source supports may follow later than the source.
///
/// `detail_json` of a source is its object on the wire; of a grounding chunk
/// also has the `groundingSupports` that name it, and that of the first one
/// what else the metadata had (`webSearchQueries`, `searchEntryPoint`, which
/// Google's terms want shown).
///
/// Limits: limits::stream_parts_max sources; their bytes count as text does.
class source_collector {
public:
  /// @param candidate any JSON.
  void take(const json& candidate, part_writer& parts);

  void tell(part_writer& parts, part_batch& out);

private:
  struct entry {
    source what;
    json detail, supports;
    std::set<std::string> seen; ///< The supports as text.
  };

  void take_grounding(const json& metadata, part_writer& parts);
  std::size_t add(const json& wire, source what, part_writer& parts);

  std::vector<entry> entries_; // in the order of their coming
  std::map<std::string, std::size_t, std::less<>> by_identity_;
  json rest_; // of the grounding metadata
};

} // namespace penstock::gemini
