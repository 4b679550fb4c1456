// What the HTTP answer of one attempt means: bytes in, parts and the outcome
// out. Knows no actor, clock or socket.
#pragma once

#include "messages/boxed.hpp"
#include "messages/clock.hpp"
#include "messages/part.hpp"
#include "providers/codec.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// Reads one answer, whatever it turns out to be: the stream, an error with a
/// body, a redirect, a web page, a JSON document where a stream should be.
///
/// Errors:  the first one counts (`failure`); what follows it is not read. A
///          decoder that throws is `internal`.
/// Limits:  keeps limits::error_body_bytes_max of a body that is no stream.
/// Threads: one owner at a time.
class provider_response {
public:
  /// @param api "openai-chat", …; outlives this.
  provider_response(std::string_view api,
                    std::unique_ptr<response_decoder> decoder);

  /// @param now to turn reset dates into delays.
  void head(http_response_head head, wall_time now);

  /// Appends to `out` what the bytes complete.
  /// @returns whether a token is among it: text, reasoning, refusal, tool.
  bool body(std::string_view bytes, part_batch& out);

  /// The transfer has ended; `why` is as `http_listener::on_end` says.
  /// A body that ends cleanly before the API's end is no failure here.
  void end(const error& why, part_batch& out);

  /// We end the transfer ourselves, as the answer is over and its body is not:
  /// what the API tells only by the body's end is told now.
  /// @pre finished()
  void conclude(part_batch& out);

  /// We end the transfer ourselves: because of `why`, unless the answer has
  /// said more by then.
  void give_up(error why);

  /// Nothing of the body matters any more.
  bool settled() const noexcept { return summary_.failure.has_value(); }
  /// The API's own end was seen. The body may still end, or bring usage.
  bool finished() const;
  /// The head told of an error; its body is being collected.
  bool explaining() const noexcept { return mode_ == mode::explaining; }
  /// At least one part came that was no failure.
  bool speaks_the_api() const noexcept { return summary_.any; }

  struct summary {
    bool any = false; ///< Of whatever kind.
    bool any_part = false, complete_calls = false, refusal = false;
    boxed<error> failure;
    boxed<finish> finished;
    std::string explanation; ///< `part::finished::explanation`
    token_usage usage;       ///< With its quality.
  };
  summary result() const;

private:
  enum class mode : std::uint8_t {
    waiting,    ///< For the head.
    sniffing,   ///< 2xx: for the first byte of the body.
    streaming,  ///< 2xx, and it looks like a stream.
    documented, ///< 2xx, and it looks like one JSON value.
    explaining, ///< Not 2xx: the body says why.
    ignoring,   ///< Failed.
  };

  void sniff(std::string_view bytes);
  bool decode(std::string_view bytes, part_batch& out);
  void flush(part_batch& out);
  bool absorb(part_batch& out, std::size_t from);
  void note(const stream_part& p);
  void note_complete(part_key key);
  void judge_document();
  void explain();
  void fail(error why);

  // First what each read needs.
  std::unique_ptr<response_decoder> decoder_;
  mode mode_ = mode::waiting;
  bool like_a_stream_ = true;
  bool has_usage_ = false;
  summary summary_; ///< Of what has come so far, the last usage included.
  const std::string_view api_;
  http_response_head head_;
  wall_time now_{};       ///< When the head came.
  std::string collected_; ///< Of a body that is no stream.
  struct noted_call {
    part_key key{};
    bool ours = false, complete = false;
  };
  std::vector<noted_call> calls_; ///< In the order in which they began.
  std::size_t complete_ = 0;      ///< So many of them, from the first.
};

} // namespace penstock
