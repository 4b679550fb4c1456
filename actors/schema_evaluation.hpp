// Holds one JSON value against a schema, at a bounded cost.
#pragma once

#include "actors/schema_reader.hpp"
#include "providers/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

/// One evaluation. Use it once.
///
/// Limits: limits::schema_steps_max; its patterns together cost at most
///         limits::regex_steps_max.
class schema_evaluation {
public:
  explicit schema_evaluation(const read_schema& by) : by_(by) {}

  /// Whether `value` is valid by the root.
  bool fits(const json& value) {
    const place top;
    return holds(value, by_.root, top) && stopped_.empty();
  }

  /// After `fits` has said no: where in the value, what is wrong, and what the
  /// schema says. One line; may be long.
  std::string why() const;

private:
  // A value within the input: a list towards the top, on the stack.
  struct place {
    const place* up = nullptr;
    const std::string* name = nullptr; // of a member; null: an element
    std::size_t index = 0;
    std::size_t depth = 0;

    place below(const std::string& member) const {
      return {this, &member, 0, depth + 1};
    }
    place below(std::size_t element) const {
      return {this, nullptr, element, depth + 1};
    }
  };

  struct complaint {
    std::string where; // a JSON pointer
    std::size_t depth = 0;
    std::string what;
    std::string_view keyword;   // empty: `says` is all of a schema
    const json* says = nullptr; // in the schema; null: nothing to add
  };

  // One keyword: its value and its siblings, what is held against it, where.
  struct rule {
    std::string_view keyword;
    const json& says;
    const json& siblings;
    const json& value;
    const place& at;
  };
  using check = bool (schema_evaluation::*)(const rule&);
  struct keyword_check;
  static const keyword_check* find_check(std::string_view keyword);

  bool holds(const json& value, const json& schema, const place& at);
  bool type(const rule& r);
  bool constant(const rule& r);
  bool enumeration(const rule& r);
  bool bound(const rule& r);
  bool multiple(const rule& r);
  bool text_length(const rule& r);
  bool pattern(const rule& r);
  bool array_length(const rule& r);
  bool unique_items(const rule& r);
  bool items(const rule& r);
  bool contains(const rule& r);
  bool member_count(const rule& r);
  bool required(const rule& r);
  bool properties(const rule& r);
  bool pattern_properties(const rule& r);
  bool additional_properties(const rule& r);
  bool property_names(const rule& r);
  bool dependencies(const rule& r);
  bool all_of(const rule& r);
  bool any_of(const rule& r);
  bool one_of(const rule& r);
  bool negation(const rule& r);
  bool conditional(const rule& r);

  bool found(const std::string& pattern, const std::string& text);
  bool names_present(const json& names, const rule& r, const std::string& why);
  bool quietly_holds(const json& value, const json& schema, const place& at);
  bool complain(const rule& r, std::string what);
  bool complain(const place& at, std::string what, std::string_view keyword,
                const json* says);
  bool spend(std::size_t sixteenths);
  bool stop(std::string_view why);

  const read_schema& by_;
  std::size_t spent_ = 0; // in sixteenths of a step
  std::size_t regex_spent_ = 0;
  std::size_t quiet_ = 0;    // > 0: a complaint would not be read
  complaint complaint_;      // the last one
  std::string_view stopped_; // why the evaluation was given up, if it was
};

} // namespace penstock
