// What decoders of APIs over server-sent events have in common.
#pragma once

#include "providers/codec.hpp"
#include "providers/sse_decoder.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Takes a body apart into events until one of them ends the answer. A derived
/// class says what an event is and what the end of the body means.
class event_stream_decoder : public response_decoder {
public:
  void push(std::string_view bytes, part_batch& out) final;
  void end(part_batch& out) final;

protected:
  /// @param data without white space at its ends, not empty.
  /// @param at_end the event lacks its end: if it is not whole, it was cut.
  virtual void on_event(const sse_event& event, std::string_view data,
                        bool at_end, part_batch& out) = 0;
  /// The body has ended and nothing ended the answer before.
  virtual void on_body_end(part_batch& out) = 0;

  /// The lines that are no events, without white space at their ends.
  std::string_view stray() const noexcept;
  /// Fails if the body cannot have been an event stream.
  /// @param text of `stray()`.
  void refuse_stray(std::string_view text, part_batch& out);

  /// The one `part::failed`.
  void fail(error why, part_batch& out,
            std::optional<std::string> finish_raw = {});
  /// Nothing more is taken.
  bool over() const noexcept { return over_; }
  void end_answer() noexcept { over_ = true; }

private:
  void take(const sse_event& event, bool at_end, part_batch& out);

  bool over_ = false;
  sse_decoder frames_;
};

} // namespace penstock
