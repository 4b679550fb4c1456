// Events as a person reads them.
#pragma once

#include "messages/stream.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::cli {

/// `text` without what a terminal would obey and what would hide or reorder
/// it: control characters but for line ends and tabs, C1 controls, direction
/// marks. Valid UTF-8 whatever it was. So a model cannot move the cursor, set a
/// title or write the clipboard.
std::string harmless(std::string_view text);

/// A line of JSON in which what `harmless` takes out is escaped instead: the
/// same value. @param line without its end, valid UTF-8.
std::string harmless_json(std::string_view line);

struct view_options {
  bool out_is_terminal = false;    ///< Standard output.
  bool notes_are_terminal = false; ///< Standard error.
  bool dims = false;               ///< Whether terminals are to show it.
  /// Tell usage and tools although no terminal is there.
  bool verbose = false;
};

/// What one event adds to standard output and to standard error.
struct shown_event {
  std::string out, notes;
  bool operator==(const shown_event&) const = default;
};

/// The answer goes to standard output, and there alone; on a terminal reasoning
/// is shown before it, dimmed. All else is a note of one line each.
class terminal_view {
public:
  explicit terminal_view(view_options options);

  shown_event show(const stream_event& event);

private:
  friend struct view_writer;
  view_options options_;
  bool line_open_ = false; // the cursor is not at the begin of a line
  bool dimmed_ = false;    // reasoning is being shown
  bool refusing_ = false;  // the last text was a refusal
  // The next text must not run into the last, because of what this part holds
  // (0: for good).
  std::optional<std::uint32_t> apart_;
  // Of the step, until its end, with their parts.
  std::vector<std::pair<std::uint32_t, std::string>> sources_;
  // How far each part was shown; what has no offset, to its end.
  std::map<std::uint32_t, std::uint64_t> shown_;
};

/// An error as one line for a person: class, status, message, and what to do
/// where the class says so.
std::string explained(const error& why);

} // namespace penstock::cli
