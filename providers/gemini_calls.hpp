// The function calls of one Gemini answer, whole or in pieces.
#pragma once

#include "providers/gemini_partial_args.hpp"
#include "providers/json.hpp"
#include "providers/part_writer.hpp"

#include <optional>
#include <string>
#include <utility>

namespace penstock::gemini {

/// A call comes whole in one part; or its name comes with `willContinue`, its
/// arguments follow as `partialArgs` in parts without a name, and a part
/// without `willContinue` ends it, with arguments or empty. So at most one is
/// open. One is also complete when another begins, or when the answer is
/// finished, unless a string in it was promised to go on, or no argument came
/// of those that were promised.
///
/// The id of the wire is told twice: as the call's id, and as its `item_id`,
/// which tells it from an id that we made.
///
/// Limits: those of partial_args.
/// Errors: sticky, see `failure`.
class function_calls {
public:
  /// @param wire the `functionCall` of a part. Any JSON.
  /// @param args its `args` in the order of the text, or null.
  void take(const json& wire, const ordered_json* args, std::string signature,
            part_writer& parts, part_batch& out);

  /// The answer is finished.
  /// @param cut it ended early (length, a filter): an open call was cut too.
  void finish(bool cut, part_batch& out);

  /// Whether a call was completed.
  bool any() const noexcept { return any_; }

  const error& failure() const noexcept { return failure_; }

private:
  struct call {
    // Spelled out for clang 14.
    call(part_key k, std::string i, std::string s)
      : key(k), id(std::move(i)), signature(std::move(s)) {}

    part_key key;
    std::string id, signature;
    partial_args args;
  };

  void grow(const json& wire, part_batch& out);
  void complete(part_batch& out);
  void tell(part_key key, std::string_view delta, part_batch& out);

  std::optional<call> open_;
  bool any_ = false;
  error failure_;
};

} // namespace penstock::gemini
