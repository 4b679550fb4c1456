// Recognises what a continuation repeats of the text that it continues. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

/// A model that was told to go on from a cut answer often says its last words
/// once more. The longest end of the kept text with which the continuation
/// begins is left out of it.
///
/// Takes the continuation piece by piece and withholds only what may still be
/// a repetition; never more than it keeps of the old text.
///
/// Limits:    looks at the last limits::repeat_bytes_max of the kept text, and
///            takes less than limits::repeat_bytes_min for chance.
/// Cost:      O(bytes withheld times bytes kept) in all; nothing once decided.
/// Invariant: what was given out is the continuation without one prefix, and
///            that prefix is an end of the kept text, on a UTF-8 boundary.
class repeat_trim {
public:
  /// @param kept all text before the continuation. UTF-8.
  explicit repeat_trim(std::string_view kept);

  /// @returns what of the continuation so far can be shown and was not yet.
  std::string take(std::string_view more);
  /// No more of it comes. @returns what is left to show.
  std::string end();

  bool decided() const noexcept { return decided_; }

private:
  std::string kept_; ///< The end of it.
  std::string held_; ///< The continuation so far; occurs in `kept_`.
  bool decided_ = false;
};

} // namespace penstock
