// The text and reasoning of one Gemini answer as they grow.
#pragma once

#include "messages/errc.hpp"
#include "messages/part.hpp"
#include "providers/utf8.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock::gemini {

/// Turns text of the wire into parts. Adjacent text without a signature is one
/// part; one with a signature is a part of its own, even if it is empty,
/// since it has to go back as it came: the API warns against merging the two.
///
/// Limits: limits::stream_parts_max, limits::stream_text_bytes_max.
/// Errors: sticky, see `failure`; what comes after the first is dropped.
class part_writer {
public:
  void text(std::string_view delta, std::string signature, part_batch& out);
  void reasoning(std::string_view delta, std::string signature,
                 part_batch& out);
  void refusal(std::string_view delta, part_batch& out);

  /// Ends the open part, if any.
  void close(part_batch& out);

  /// A key for a part of another kind.
  part_key new_key();

  /// Counts what comes in one piece, as files and results do, like text.
  bool count(std::size_t bytes);

  /// `protocol`, with the limit's name in the message; `none` if all is well.
  const error& failure() const noexcept { return failure_; }

private:
  enum class kind : unsigned char { none, text, reasoning, refusal };

  void extend(kind what, std::string_view delta, part_batch& out);
  void signed_part(kind what, std::string_view text, part_batch& out);
  void put(std::string_view bytes, part_batch& out);
  void fail(const char* limit, std::size_t max);

  kind open_ = kind::none;
  part_key key_ = 0;   // of the open part
  utf8_joiner joiner_; // ditto
  part_key next_key_ = 0;
  std::size_t bytes_ = 0;
  error failure_;
};

} // namespace penstock::gemini
