// A function call's arguments that come in pieces, each with its JSON path.
#pragma once

#include "messages/errc.hpp"
#include "providers/json.hpp"
#include "providers/utf8.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::gemini {

/// Turns `partialArgs` into the text of one JSON object that grows at its end.
///
/// Where values come in the order of such a text, the deltas joined are the
/// whole. Where one goes back to what the text has passed, no delta follows,
/// and the whole, with its members sorted, is not what the deltas began.
///
/// Source: PartialArg in the reference of Vertex AI; RFC 9535 for the paths.
/// Limits: limits::tool_input_bytes_max, limits::json_depth_max.
/// Errors: sticky, see `failure`. What is no path or no value is skipped.
class partial_args {
public:
  /// @param arg one element of `partialArgs`. Any JSON.
  /// @param delta what the text grows by is appended to it.
  void take(const json& arg, std::string& delta);

  /// A member with its value whole, as `args` has them.
  void put(std::string_view name, const json& value, std::string& delta);

  /// Whether a string was promised to go on and did not.
  bool pending() const noexcept { return pending_; }
  /// No value came yet.
  bool empty() const noexcept { return tree_.is_null(); }

  /// The arguments are complete.
  /// @returns the whole object; "{}" if there was none.
  std::string finish(std::string& delta);

  const error& failure() const noexcept { return failure_; }

private:
  struct step {
    std::string name;
    std::optional<std::size_t> index; ///< Set: an element, and no name.
    bool operator==(const step&) const = default;
  };
  using path = std::vector<step>;
  struct container {
    step at; ///< In its parent; of the root it has no meaning.
    bool array = false, empty = true;
  };

  static path parse(std::string_view text);
  void set(path where, const json& value, std::string& delta);
  void append(std::string_view bytes, std::string& delta);
  json* locate(const path& where, std::size_t& known);
  void write(const path& where, std::size_t common, std::string& delta);
  void begin_member(const step& at, std::string& delta);
  void close_string(std::string& delta);
  void close_container(std::string& delta);
  std::size_t common_with(const path& where) const;
  bool spend(std::size_t bytes);
  void emit(std::string_view text, std::string& delta);

  json tree_;                // all that came
  path leaf_;                // the value that came last
  json* leaf_at_ = nullptr;  // in tree_; valid while nothing else is set
  bool string_open_ = false; // leaf_ is a string, its quote is not written
  bool pending_ = false;
  utf8_joiner joiner_;          // of the open string
  std::vector<container> open_; // in the text, from the root inwards
  std::string text_;
  bool orderly_ = true; // text_ says what tree_ says
  std::size_t bytes_ = 0;
  error failure_;
};

} // namespace penstock::gemini
