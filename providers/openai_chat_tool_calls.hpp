// The tool calls of one Chat Completions answer, from whatever mixture of
// index, id and name a server sends.
#pragma once

#include "providers/json.hpp"
#include "providers/openai_chat_signatures.hpp"
#include "providers/part_writer.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// Finds the end of a JSON object in a text that grows: looks at brackets and
/// strings only, each byte once.
class json_extent {
public:
  void feed(std::string_view bytes) noexcept;
  /// The text is one object (or array), balanced, and at most white space.
  bool balanced() const noexcept { return state_ == state::closed; }

private:
  enum class state : unsigned char {
    blank,
    open,
    in_string,
    escaped,
    closed,
    no
  };
  state state_ = state::blank;
  std::uint64_t depth_ = 0;
};

/// Merges deltas by `index`; without one by `id`; with neither they extend the
/// call before, and so does an index that nobody has named, or that names the
/// id of a call whose input is under way. Servers that send each call whole,
/// all with index 0, are told by a new id or name.
///
/// A name is whole where it first comes: OpenAI documents pieces of the
/// arguments alone, and there are servers that repeat it with every piece.
///
/// A call is complete when its input is whole and another one begins or there
/// is a finish reason, or when the answer is over; never because the body
/// ended.
///
/// An input that began as an empty object of its own was a placeholder if
/// another object follows it in the same call: that one is the input. So an
/// empty object is neither told nor whole before the answer is over. Behind a
/// whole object the same text again is not told twice; any other is kept as it
/// came, and is no JSON.
///
/// Limits: limits::tool_input_bytes_max for each call.
/// Errors: sticky, see `failure`.
class openai_chat_tool_calls {
public:
  /// One element of `delta.tool_calls`. Any JSON.
  void delta(const json& wire, part_writer& parts, part_batch& out);

  /// `delta.function_call`, the form before there were several.
  void legacy(const json& wire, part_writer& parts, part_batch& out);

  /// There is a finish reason, and some servers have one in every chunk:
  /// completes the calls whose input is whole.
  void settle(part_writer& parts, part_batch& out);

  /// The answer is over: completes the calls.
  /// @param cut it ended early (length, content filter): a call whose input is
  ///        not whole was cut with it, and stays incomplete.
  void finish(bool cut, part_writer& parts, part_batch& out);

  const error& failure() const noexcept { return failure_; }

private:
  struct fragment;
  struct call {
    part_key key = 0;
    std::string id, name, kind, input;
    call_signature signature;
    utf8_joiner joiner;
    json_extent extent;
    bool started = false;   // told to the reader
    bool complete = false;  // ditto
    bool malformed = false; // balanced, and yet not JSON
    std::size_t told = 0;   // bytes of `input`

    bool is_placeholder() const;
    bool is_continued_by(const fragment& what) const;
    void tell(part_batch& out);
  };

  std::size_t find_or_begin(const json& wire, const fragment& what,
                            part_writer& parts, part_batch& out);
  void leave(call& c, bool for_good, part_writer& parts, part_batch& out);
  void extend(call& c, const fragment& what, part_writer& parts,
              part_batch& out);
  void start(call& c, part_writer& parts, part_batch& out);
  void complete_if_whole(call& c, part_writer& parts, part_batch& out);
  void complete(call& c, part_writer& parts, part_batch& out);

  std::vector<call> calls_; // in the order of their beginning
  std::map<std::uint64_t, std::size_t> by_index_;
  std::map<std::string, std::size_t, std::less<>> by_id_;
  std::optional<std::size_t> last_; // the one that the last delta was of
  std::optional<std::size_t> legacy_;
  error failure_;
};

} // namespace penstock
