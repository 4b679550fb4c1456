// The text, reasoning and refusals of one answer as they grow.
#pragma once

#include "messages/boxed.hpp"
#include "messages/errc.hpp"
#include "messages/part.hpp"
#include "providers/utf8.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

/// Turns deltas into parts for the APIs that mark no part's end (Chat
/// Completions, Gemini, Ollama): a part ends when something else begins, and
/// text after reasoning after text is a new part.
///
/// Limits: limits::stream_parts_max, limits::stream_text_bytes_max.
/// Errors: sticky, see `failure`; what comes after the first is dropped.
class part_writer {
public:
  /// Extend the open part, or close it and open another. Empty deltas do
  /// neither. Cost: no copy but that into `out`.
  void text(std::string_view delta, part_batch& out);
  void reasoning(std::string_view delta, part_batch& out);
  void refusal(std::string_view delta, part_batch& out);

  /// The same; but with a signature, even an empty delta is a part of its own:
  /// it goes back to its API as it came.
  void text(std::string_view delta, std::string signature, part_batch& out);
  void reasoning(std::string_view delta, std::string signature,
                 part_batch& out);

  /// What the provider wants back with the reasoning of the open part, or if
  /// none is open of the last one; with no reasoning so far, of an empty one.
  void sign(std::string_view signature, std::string item_id, part_batch& out);

  /// Says which block of the provider's the open part is, if it is reasoning.
  void name(std::string item_id);
  /// What was said last of the open part; empty if nothing was.
  const std::string& name() const noexcept { return item_id_; }

  /// What the provider wants back with the text of the open part; with none
  /// open, of an empty one.
  void sign_text(std::string signature, part_batch& out);

  /// A part that holds nothing but opaque reasoning.
  void encrypted(std::string data, std::string item_id, part_batch& out);

  /// Ends the open part, if any.
  void close(part_batch& out);

  /// A key for a part of another kind; it does not end the open part.
  part_key new_key();

  /// Counts bytes that are shown in another kind of part against the limit of
  /// text. @returns whether it still holds.
  bool count(std::size_t bytes);

  /// `protocol`, with the limit's name in the message; `none` if all is well.
  const error& failure() const noexcept { return failure_ ? *failure_ : none; }

private:
  static inline const error none{};

  enum class kind : unsigned char { none, text, reasoning, refusal };

  void signed_part(kind what, std::string_view text, part_batch& out);
  void extend(kind what, std::string_view delta, part_batch& out);
  void put(std::string_view bytes, part_batch& out);
  void fail(const char* limit, std::size_t max);

  kind open_ = kind::none;
  bool reasoned_ = false;      // reasoning_key_ is valid
  part_key key_ = 0;           // of the open part
  part_key reasoning_key_ = 0; // of the last part of reasoning
  part_key next_key_ = 0;
  std::size_t text_bytes_ = 0;
  utf8_joiner joiner_; // of the open part
  boxed<error> failure_;
  std::string signature_; // of the open part, if it is reasoning
  std::string item_id_;   // ditto
};

} // namespace penstock
