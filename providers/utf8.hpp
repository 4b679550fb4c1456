// UTF-8 as it comes from models and servers: cut anywhere, sometimes broken.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

/// What begins a text.
struct utf8_prefix {
  enum class kind : unsigned char {
    valid,     ///< One character.
    cut,       ///< The beginning of a character, and the text ends there.
    surrogate, ///< A half of a pair in three bytes (as UTF-8 forbids it).
    invalid,   ///< A maximal subpart: what one U+FFFD replaces.
  } what;
  std::size_t bytes; ///< > 0
};

/// @pre `text` is not empty.
/// Source: Unicode, table 3-7 and "U+FFFD Substitution of Maximal Subparts";
///         the WHATWG decoder does the same.
utf8_prefix first_of(std::string_view text) noexcept;

/// How many bytes of `text`, from its begin, are valid UTF-8.
std::size_t valid_utf8_prefix(std::string_view text) noexcept;

/// `text` with whatever is not valid replaced by U+FFFD.
std::string clean_utf8(std::string_view text);

/// Joins the deltas of one part. What it gives is always valid UTF-8: a
/// character or a surrogate pair that is split over two deltas comes out with
/// the second; whatever stays broken becomes U+FFFD.
class utf8_joiner {
public:
  /// @returns what can be shown, in `delta` itself (the usual case: no copy) or
  ///          in a buffer of the joiner; valid until the next call or until
  ///          `delta` ends.
  std::string_view join(std::string_view delta);

  /// The part is over. @returns U+FFFD if half a character is left, else "".
  std::string_view finish();

private:
  std::string pending_; ///< The first bytes of a character. At most 4.
  std::string joined_;
};

} // namespace penstock
