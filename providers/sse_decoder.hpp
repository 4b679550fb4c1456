// Decoder for `text/event-stream` bodies: bytes in, events out.
#pragma once

#include "messages/boxed.hpp"
#include "messages/errc.hpp"
#include "messages/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// One server-sent event.
/// Lifetime: the views are valid until the decoder is called again.
struct sse_event {
  std::string_view type; ///< Last `event` value; empty means "message".
  std::string_view data; ///< All `data` values, joined by LF. May be empty.
  /// Last `id` value of the stream so far; LLM providers send none.
  std::string_view last_event_id;
};

/// Decodes the body of one HTTP response. Does framing only: no I/O, no JSON,
/// and no judgement of the bytes (invalid UTF-8 comes out as it went in).
///
/// Pull style: `push` bytes as they arrive, then call `next` until it returns
/// false. There are no callbacks, hence no re-entrancy rules; a caller may stop
/// between any two events.
///
/// Source:  WHATWG HTML, "Server-sent events", sections "Parsing" and
///          "Interpreting an event stream".
/// Limits:  `line_bytes_max` bounds one line, `event_bytes_max` the data of one
///          event. Memory is bounded by both and the bytes of one `push`.
/// Errors:  sticky. After the first, `push` drops its input and `next` returns
///          false; see `failure`.
/// Threads: one owner at a time; no shared state.
/// Cost:    every byte is searched twice (memchr) and copied once, or not at
///          all if it was lent; the data of an event is copied again only if it
///          has several lines or its blank line came with a later push.
///
/// Invariant: every LF or CR before line_begin_ was taken; held_ lies before
///            line_begin_, or is empty.
class sse_decoder {
public:
  /// @param line_bytes_max,event_bytes_max bounds in bytes, > 0.
  explicit sse_decoder(
    std::size_t line_bytes_max = limits::sse_line_bytes_max,
    std::size_t event_bytes_max = limits::sse_event_bytes_max);

  /// Appends body bytes. They may end anywhere: inside a UTF-8 sequence, or
  /// between the CR and the LF of one line end.
  void push(std::string_view bytes);
  /// The same without a copy, but of what is left without a line end: the bytes
  /// live until `next` has returned false, or nothing more is asked of this.
  void lend(std::string_view bytes);

  /// Sets `out` to the next complete event.
  /// @param retries if not null, gets the value (ms) of each `retry` field
  ///        passed on the way; one that does not fit is the largest that does.
  /// @returns false, with `out` untouched, if it takes more bytes or on error.
  [[nodiscard]] bool next(sse_event& out,
                          std::vector<std::uint64_t>* retries = nullptr);

  /// The body has ended. Sets `out` to the block that lacks only its end: the
  /// final blank line, or also the line end of its last `data` line. The
  /// standard discards such a block; a decoder of a provider's stream, who can
  /// tell from the data whether it is whole, may want it.
  /// @pre `next` returned false.
  /// @returns false, with `out` untouched, if no data is pending or on error.
  [[nodiscard]] bool flush_at_end(sse_event& out);

  /// The lines since the last event that are no field of the standard, each
  /// ended by LF; the first `limits::error_body_bytes_max` bytes of them. The
  /// standard skips them; here is where a body that is no event stream, or an
  /// error that a server threw into the middle of one, can be found.
  [[nodiscard]] const std::string& stray() const noexcept { return stray_; }

  /// Whether a line was seen that event streams have: a field or a comment.
  [[nodiscard]] bool saw_field() const noexcept { return saw_field_; }

  /// The first error; its code is `errc::none` if there is none. Possible:
  /// `errc::protocol`, with the limit's name in the message.
  [[nodiscard]] const error& failure() const noexcept {
    return failure_ ? *failure_ : none;
  }

  /// Whether an event has begun but is not complete. True at the end of the
  /// body means that the body was cut.
  /// @pre `next` returned false.
  [[nodiscard]] bool mid_event() const noexcept;

private:
  static inline const error none{};

  bool next_line(std::string_view& line);
  void take_field(std::string_view line, std::vector<std::uint64_t>* retries);
  void take_data(std::string_view value);
  void take_stray(std::string_view line);
  bool dispatch(sse_event& out);
  void release_consumed();
  /// What was received and not yet released.
  std::string_view text() const noexcept {
    return lent_.empty() ? std::string_view{buffer_} : lent_;
  }
  void fail(const char* limit, std::size_t bytes_max);

  // First what each read needs.
  std::string_view lent_; // empty between the calls for one read
  // Places in `text()`.
  std::size_t line_begin_ = 0; // first byte of the current line
  std::size_t lf_ = 0;         // no LF in [line_begin_, lf_)
  std::size_t cr_ = 0;         // no CR in [line_begin_, cr_)
  bool skip_lf_ = false;       // last line ended in CR: an LF belongs to it
  bool first_line_ = true;     // a byte order mark may still come
  bool saw_field_ = false;

  // The event being assembled. Its data is `data_` if lines were joined there,
  // else the one line that still lies in the text.
  bool dispatched_ = false; // data_ and type_ are of an event already given
  bool held_ = false;       // the data is in the text
  std::size_t held_begin_ = 0, held_size_ = 0;
  std::size_t data_lines_ = 0;

  std::size_t line_bytes_max_;
  std::size_t event_bytes_max_;
  boxed<error> failure_;
  std::string buffer_; // empty while something is lent
  std::string data_;
  std::string type_;
  std::string last_event_id_; // of the last block that ended
  std::string id_;            // takes effect when a block ends
  std::string stray_;
};

} // namespace penstock
