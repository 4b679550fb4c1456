// Internal: the parts of a stream as a store keeps them. Pure.
//
// What a stream generates is written once, as rows of growth in the order in
// which it came. The terminal record and the history say which parts they are
// made of and do not repeat them (docs/decisions/0030).
#pragma once

#include "messages/record.hpp"
#include "providers/json.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

struct growth_row {
  /// Kept in files: never renumber.
  enum class kind : std::uint8_t {
    grown = 1,     ///< `bytes` at offset `at`; `shape` with the first ones.
    closed = 2,    ///< `at`: final_part::state. `bytes` replace what has grown.
    retracted = 3, ///< From `part` on.
    started = 4,   ///< The handler of this call.
    result = 5,    ///< `shape` is the result.
    span = 6,      ///< An attempt of step `at` begins here; `shape`: made_by.
  } what = kind::grown;
  std::uint32_t part = 0;
  std::uint64_t at = 0;
  std::string shape;
  std::optional<std::string> bytes;
};

/// What a record adds to its stream's parts, if it does.
std::optional<growth_row> growth_of(const store_record& record);

/// Puts a stream's parts together from its rows of growth.
class stored_parts {
public:
  void apply(growth_row row);

  /// Those that stand, in order, as they were when the rows ended: a part that
  /// was not closed is cut, a call that was started and has no result is of
  /// unknown outcome.
  std::vector<final_part> parts() const;
  std::vector<attempt_span> spans() const;

  /// Null if there is none.
  const content* find(std::uint32_t part) const;
  const content* find_result(std::uint32_t part) const;

private:
  struct entry {
    penstock::content content;
    std::string bytes;
    final_part::state how = final_part::state::cut;
    bool started = false;
    std::optional<penstock::content> result;
  };
  static content whole(const entry& e);
  mutable std::map<std::uint32_t, content> whole_; ///< Made on demand.
  std::map<std::uint32_t, entry> parts_;
  std::vector<attempt_span> spans_;
};

/// Knows of a running stream what its rows hold, without holding it: enough to
/// tell whether a part can be referred to.
class parts_digest {
public:
  void apply(const growth_row& row);
  /// Whether the rows are the whole of it, to the byte.
  bool holds(std::uint32_t part, const content& what) const;
  bool holds_result(std::uint32_t part, const content& what) const;

private:
  struct entry {
    std::size_t shape = 0; ///< Hash.
    std::uint64_t length = 0;
    bool intact = true;
    std::size_t result = 0; ///< Hash; 0: none.
  };
  std::map<std::uint32_t, entry> parts_;
};

/// Parts by reference where the rows hold them: [3, "cut"], [5, "complete",
/// "result"], else an object with the content.
json refer(const std::vector<final_part>& parts, const parts_digest& stored);
std::vector<final_part> parts_in(const json& value, const stored_parts& rows);

/// Messages of which contents that are among `parts` are references.
json refer(const std::vector<message>& messages,
           const std::vector<final_part>& parts, const parts_digest& stored);
/// @param rows may be null if there is no reference.
std::vector<message> messages_in(const json& value, const stored_parts* rows);

} // namespace penstock
