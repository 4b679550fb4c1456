// Regular expressions that can neither hang nor overflow the stack.
#pragma once

#include "messages/errc.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// A compiled ECMAScript pattern without back references.
///
/// std::regex by itself backtracks: `(a|a)*b` takes for ever on 64 letters,
/// and `(.|x)*` overflows the stack on a long text. This one follows all
/// alternatives at once, and refuses what would cost too much.
///
/// Deviation: what a lookahead begins with takes that place for the begin of
///            the text, in `^`, `\b` and `\B` (libstdc++ does so everywhere).
/// Limits:    limits::regex_bytes_max, limits::regex_weight_max; a match whose
///            cost would exceed limits::regex_steps_max is refused.
/// Errors:    `compile`: `invalid_request`, one line with the reason.
/// Threads:   immutable; const members from any thread.
class linear_regex {
public:
  static expected<linear_regex> compile(std::string_view pattern);

  /// Whether all of `text` matches. Empty: the text is too long for this
  /// pattern.
  std::optional<bool> matches(std::string_view text) const;
  /// Whether any piece of `text` matches. Empty as above.
  std::optional<bool> found_in(std::string_view text) const;

  const std::string& pattern() const noexcept;

  /// The cost of a match with a text of that many bytes, at most: what
  /// limits::regex_steps_max bounds. Saturates.
  std::size_t steps(std::size_t text_bytes) const noexcept;
  /// Size of the automaton, about, in states.
  std::size_t weight() const noexcept;

private:
  struct compiled;
  explicit linear_regex(std::shared_ptr<const compiled> what)
    : what_(std::move(what)) {}

  std::shared_ptr<const compiled> what_; // never null
};

} // namespace penstock
