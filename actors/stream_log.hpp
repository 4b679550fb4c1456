// The append-only log of one stream: what was generated, in the order in which
// it is told. Plain data and pure functions; no CAF, no clock.
#pragma once

#include "messages/boxed.hpp"
#include "messages/stream.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// The transcript of one stream and its order.
///
/// An entry is either a segment, a run of bytes appended to a part, or a mark,
/// which is told whole. Deltas of one part extend its last segment; when parts
/// alternate on the wire, each alternation begins a new segment. So places in
/// the log are totally ordered, whatever grew when, and a subscriber needs one
/// place to know what it lacks.
///
/// A part has the number of the entry that opened it. Entry 0 is the
/// `stream_start`; numbers are never reused. A retraction withdraws a part and
/// all parts and marks after it; their entries stay, empty, and whoever has
/// seen some of them is told.
///
/// Cost:      O(1) amortised per delta, in bytes; no object per delta.
/// Threads:   one owner. After the terminal it never changes: share it then.
/// Invariant: segments of one part are adjacent in offset: each begins where
///            the one before ended.
class stream_log {
public:
  /// What is told of an entry: a place to go on from, and what to tell.
  struct place {
    std::uint32_t entry = 0;
    std::uint64_t offset = 0;
    bool operator==(const place&) const = default;
    auto operator<=>(const place&) const = default;
  };

  stream_log(std::shared_ptr<const stream_identity> of,
             event::stream_start start);

  const std::shared_ptr<const stream_identity>& of() const { return of_; }

  // ---- writing -------------------------------------------------------------

  std::uint32_t open_text();
  std::uint32_t open_reasoning();
  std::uint32_t open_refusal();
  /// Text, reasoning, refusal or tool input. The part must be open.
  void append(std::uint32_t part, std::string_view bytes);
  void close_text(std::uint32_t part, bool cut, std::string phase = {},
                  std::string citations_json = {});
  void close_refusal(std::uint32_t part, bool cut);
  void close_reasoning(std::uint32_t part, reasoning_content proof, bool cut);
  /// Adds a signature to a text part that is still open or closed already.
  void sign(std::uint32_t part, std::string_view signature);

  std::uint32_t open_call(tool_call_content call);
  /// The input is whole: `input_json` is all of its text.
  void complete_call(std::uint32_t part, std::string input_json,
                     std::string signature, std::string item_id);
  void execution_started(std::uint32_t part);
  void add_result(std::uint32_t part, tool_result_content result);
  /// The last entry is told when `release` says that it is durable, and so is
  /// what comes after it.
  void hold_last() { held_.push_back(size() - 1); }
  /// What was held below entry `before` is held no more. @returns whether
  /// anything was.
  bool release(std::uint32_t before) {
    return std::erase_if(held_, [&](auto held) { return held < before; }) > 0;
  }
  std::uint32_t add_file(file_content what);
  std::uint32_t add_source(source what);
  /// A mark that is no part: step_end, attempt_retry, a nested call.
  void add_mark(event_body body);
  /// Withdraws part `part` and all entries after it.
  void retract(std::uint32_t part);
  /// The end. Nothing may be written after it.
  void terminate(std::shared_ptr<const event_body> body);
  void terminate(event_body body) {
    terminate(std::make_shared<const event_body>(std::move(body)));
  }

  /// Notes what the next delta needs, if it is of the part that grew last.
  void note_footprint() const;

  // ---- reading -------------------------------------------------------------

  bool ended() const noexcept { return ended_; }
  std::uint32_t size() const noexcept {
    return static_cast<std::uint32_t>(entries_.size());
  }
  /// The place after all there is.
  place end() const noexcept;
  /// Parts opened and not withdrawn, in order.
  std::vector<final_part> parts() const;
  /// Parts that lie in [from, to) by number and are not withdrawn.
  std::vector<std::uint32_t> part_numbers(std::uint32_t from) const;
  /// The first entry from this one on that is a part or a source, and stands.
  std::optional<std::uint32_t> first_shown(std::uint32_t from) const;
  /// Bytes of the text, reasoning and refusal parts, withdrawn ones included.
  std::size_t text_bytes() const noexcept { return text_bytes_; }
  std::size_t part_count() const noexcept { return parts_.size(); }
  const content& content_of(std::uint32_t part) const {
    return data(part).content;
  }
  bool has_result(std::uint32_t part) const {
    return data(part).result.has_value();
  }
  /// @pre has_result(part)
  const tool_result_content& result_of(std::uint32_t part) const;
  /// Whether the input of a complete call is another text than its deltas.
  bool input_rewritten(std::uint32_t part) const {
    return data(part).input_rewritten;
  }
  bool is_complete(std::uint32_t part) const;
  /// The terminal's body. @pre ended()
  const event_body& terminal() const { return *shared_terminal(); }
  /// The same, for as long as somebody wants it: it has all parts.
  const std::shared_ptr<const event_body>& shared_terminal() const;

  static constexpr auto everything = std::numeric_limits<std::uint32_t>::max();

  /// Entries from this one on are held; `everything`: none is. The end holds
  /// nothing: its record has all parts.
  std::uint32_t held_from() const noexcept {
    return ended_ || held_.empty() ? everything : held_.front();
  }

  /// Moves `at` over what need not be told.
  /// @param until entries from this one on do not count.
  /// @returns whether something lies after it.
  bool pending(place& at, std::uint32_t until = everything) const;

  /// Tells what lies after `at`, about `bytes_max` of it, and moves `at`.
  /// @param out appended to; `of`, `body` and `after` are set, the rest is the
  ///            subscription's.
  /// @param until as above.
  /// @returns whether all was told.
  bool tell(place& at, std::size_t bytes_max, std::vector<stream_event>& out,
            std::uint32_t until = everything) const;

  /// The place that a client's position names, if it is one of this log.
  std::optional<place> find(const position& p) const;

private:
  enum class kind : std::uint8_t {
    start,
    segment,
    text_end,
    signature, // of reasoning
    reasoning_end,
    call_start,
    call,
    execution,
    result,
    file,
    source,
    mark,
    terminal
  };
  struct entry {
    kind what;
    std::uint32_t part;  ///< Its part's number; own number if it opened it.
    std::uint32_t index; ///< Of parts_, or of marks_ if what is mark.
    std::uint32_t withdrawn_by; ///< Number of the retract mark; 0: it stands.
    std::uint64_t begin, end;   ///< Of a segment, in its part's bytes.
    /// Of a retract: between its part and itself there are entries that stand,
    /// of older parts that grew on.
    bool crossed = false;
  };
  struct part_data {
    std::uint32_t number;
    bool open = true;
    bool withdrawn = false;
    bool input_rewritten = false;
    final_part::state how = final_part::state::cut;
    /// The bytes live in it; a call's in input_json.
    penstock::content content;
    boxed<tool_result_content> result{};
    /// What came piece by piece, if the whole input is another text.
    boxed<std::string> streamed_input{};
  };

  std::uint32_t push(kind what, std::uint32_t part, std::uint32_t index);
  std::uint32_t open(kind what, content c);
  part_data& data(std::uint32_t part);
  const part_data& data(std::uint32_t part) const;
  std::string& bytes(part_data& p);
  std::string_view bytes(const part_data& p) const;
  std::optional<place> find_in_call(const position& p) const;
  content& close(std::uint32_t part, bool cut);
  std::shared_ptr<const event_body>
  segment_event(const entry& e, std::uint64_t from, std::uint64_t to) const;
  std::shared_ptr<const event_body> mark_event(const entry& e) const;
  std::uint64_t length(const entry& e) const noexcept {
    return e.what == kind::segment ? e.end : 1;
  }

  // First what each delta needs.
  const std::shared_ptr<const stream_identity> of_;
  std::vector<entry> entries_;
  std::vector<part_data> parts_;
  std::vector<std::uint32_t> held_; ///< Ascending.
  std::size_t text_bytes_ = 0;
  bool ended_ = false;
  std::vector<std::shared_ptr<const event_body>> marks_;
  std::shared_ptr<const event_body> terminal_;
  const event::stream_start start_;
};

} // namespace penstock
