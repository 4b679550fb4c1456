// The output items of one answer of the Responses API as they grow.
#pragma once

#include "messages/part.hpp"
#include "providers/json.hpp"
#include "providers/openai_responses_kinds.hpp"
#include "providers/utf8.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

/// A text inside an item. The order is that of an item's reasoning.
enum class responses_text : std::uint8_t {
  summary,
  reasoning,
  output,
  refusal
};

/// Turns the events of items into parts. An item is found by `output_index`,
/// since servers rotate the ids; by the id it began with where there is no
/// index or another kind of item at it; with neither it is the last one. One
/// that was announced without an index has the first that nobody else has.
///
/// Servers say the same up to four times: in deltas, and at the end of the
/// text, of its content part, of the item. The first to say it counts: a text
/// is its deltas, or if it had none, what the first end says. Only the input of
/// a call is what its item has in the end. An item that never began, or never
/// ended, is filled in from what there is; one that ended is not taken again.
/// The phase of a message may come with its end only: until then its texts are
/// not ended.
///
/// Limits: limits::stream_parts_max (parts, and items), stream_text_bytes_max,
///         tool_input_bytes_max.
/// Errors: sticky, see `failure`; what comes after the first is dropped.
class openai_responses_items {
public:
  /// @param all_custom see `executed_by_provider`.
  explicit openai_responses_items(bool all_custom) : all_custom_(all_custom) {}

  // ---- events; any JSON -----------------------------------------------------
  void added(const json& event, part_batch& out);
  void done(const json& event, part_batch& out);
  void text_delta(responses_text what, const json& event, part_batch& out);
  /// @param text the whole of it.
  void text_done(responses_text what, const json& event, const json& text,
                 part_batch& out);
  /// `content_part.done`, `reasoning_summary_part.done`
  void part_done(const json& event, part_batch& out);
  void annotation(const json& event, part_batch& out);
  /// @param item_type of the item, if the event is the first of it.
  void input_delta(std::string_view item_type, const json& event,
                   part_batch& out);

  /// The same event once more, with another delta.
  /// @pre knows_delta()
  void more(std::string_view delta, part_batch& out);
  /// Whether the last event was a delta, and nothing came since.
  bool knows_delta() const noexcept { return last_delta_.has_value(); }
  void forget_delta() noexcept { last_delta_.reset(); }
  /// @param whole the whole input, as text.
  void input_done(std::string_view item_type, const json& event,
                  const json& whole, part_batch& out);

  /// The response is over.
  /// @param output its items: for those that have no end, and for those that
  ///        were surely not sent.
  /// @param cut it ended early: a call whose input is not whole was cut with
  ///        it, and stays incomplete.
  void finish(const json& output, bool cut, part_batch& out);

  /// Whether a complete call waits for a result of ours.
  bool called() const noexcept { return !waiting_.empty(); }

  const error& failure() const noexcept { return failure_; }

private:
  struct span {
    std::optional<part_key> key; // once it has shown something
    utf8_joiner joiner;
    bool began = false; // a delta came
    bool done = false;
    bool closed = false;           // its end was told
    std::uint64_t annotations = 0; // delivered
  };
  struct item {
    std::string type, id, phase;
    bool done = false;
    bool placed = false; // it has an index
    std::map<std::pair<responses_text, std::uint64_t>, span> spans;
    std::optional<part_key> reasoning; // its last part, not ended yet
    // Of a call:
    std::optional<part_key> key;
    std::string call_id, tool;
    std::string input; // as far as it came
    utf8_joiner joiner;
  };

  /// Where a delta goes.
  struct delta_place {
    std::size_t item;
    /// Of a text; else it is the input of a call.
    std::optional<std::pair<responses_text, std::uint64_t>> span;
  };

  std::size_t number_of(const item& it) const noexcept;
  item& find(const json& event, std::string_view item_type);
  item* known(const json& event, std::string_view item_type);
  item* adopt(const json& event, std::string_view item_type);
  item& begin(const json& event, std::string_view type, std::string id);

  span& span_of(item& it, responses_text what, const json& event);
  void show(item& it, responses_text what, span& s, std::string_view text,
            part_batch& out);
  void end_span(item& it, responses_text what, span& s, std::string_view text,
                part_batch& out);
  static bool was_streamed(const item& it, responses_text what);
  void close_text(const item& it, span& s, part_batch& out);
  void cite(span& s, const json& annotation, part_batch& out);
  void take_piece(item& it, responses_text what, std::uint64_t index,
                  const json& piece, part_batch& out);

  void end_item(item& it, const json& wire, bool cut, part_batch& out);
  void end_texts(item& it, const json& wire, part_batch& out);
  void end_reasoning(item& it, const json& wire, part_batch& out);
  void extend_input(item& it, std::string_view text, part_batch& out);
  void start_call(item& it, const responses_call_kind& kind, const json& wire,
                  part_batch& out);
  void end_call(item& it, const responses_call_kind& kind, const json& wire,
                bool cut, part_batch& out);
  void end_result(item& it, const json& wire, part_batch& out);
  bool has_ended(std::string_view type, const json& event) const;
  std::optional<std::size_t> owner_of(const json& wire,
                                      std::uint64_t index) const;
  std::vector<const json*> ends_in(const json& output,
                                   std::vector<const json*>& others) const;
  void add_unannounced(const std::vector<const json*>& ends,
                       const std::vector<const json*>& others, bool cut,
                       part_batch& out);

  part_key new_key();
  void fail(const char* limit, std::size_t max);

  bool all_custom_;
  std::vector<item> items_;  // in the order of their beginning
  std::size_t unplaced_ = 0; // of them, without an index
  std::optional<delta_place> last_delta_;
  std::map<std::uint64_t, std::size_t> by_index_;
  std::map<std::string, std::size_t, std::less<>> by_id_;
  std::map<std::string, std::size_t, std::less<>> by_call_id_;
  std::map<std::string, std::size_t, std::less<>> last_call_; // by its type
  std::set<part_key> waiting_; // complete calls of ours without a result
  part_key next_key_ = 0;
  std::size_t text_bytes_ = 0;
  error failure_;
};

} // namespace penstock
