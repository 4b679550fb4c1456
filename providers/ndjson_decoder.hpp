// Decoder for `application/x-ndjson` bodies: bytes in, lines out.
#pragma once

#include "messages/errc.hpp"
#include "messages/limits.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

/// Cuts the body of one HTTP response into lines. Framing only: no I/O, no
/// JSON, and no judgement of the bytes.
///
/// A line ends with LF or CRLF; a lone CR is white space of its value. Lines
/// that hold nothing but JSON's white space are skipped, and so is one byte
/// order mark at the very beginning.
///
/// Pull style, as sse_decoder: `push` bytes as they arrive, then call `next`
/// until it returns false, and `last` when the body has ended.
///
/// Source:  github.com/ndjson/ndjson-spec.
/// Limits:  `line_bytes_max` bounds one line, its CR included. Memory is
/// bounded
///          by it and the bytes of one `push`.
/// Errors:  sticky. After the first, `push` drops its input and `next` returns
///          false; see `failure`.
/// Threads: one owner at a time; no shared state.
/// Cost:    every byte is copied once and searched once (memchr).
///
/// Invariant: every LF before line_begin_ was taken, and there is none in
///            [line_begin_, searched_).
class ndjson_decoder {
public:
  /// @param line_bytes_max in bytes, > 0.
  explicit ndjson_decoder(
    std::size_t line_bytes_max = limits::ndjson_line_bytes_max);

  /// Appends body bytes. They may end anywhere.
  void push(std::string_view bytes);

  /// Sets `out` to the next line, without its end.
  /// Lifetime: valid until the decoder is called again.
  /// @returns false, with `out` untouched, if it takes more bytes or on error.
  [[nodiscard]] bool next(std::string_view& out);

  /// The body has ended. Sets `out` to what follows the last line end: a whole
  /// value whose line end was left out, or the beginning of one.
  /// @pre `next` returned false.
  /// @returns false, with `out` untouched, if there is none or on error.
  [[nodiscard]] bool last(std::string_view& out);

  /// The first error; its code is `errc::none` if there is none. Possible:
  /// `errc::protocol`, with the limit's name in the message.
  [[nodiscard]] const error& failure() const noexcept { return failure_; }

private:
  std::string_view without_mark(std::string_view line);

  std::size_t line_bytes_max_;
  std::string buffer_;         // received, not yet released
  std::size_t line_begin_ = 0; // first byte of the current line
  std::size_t searched_ = 0;
  bool first_line_ = true; // a byte order mark may still come
  error failure_;
};

} // namespace penstock
