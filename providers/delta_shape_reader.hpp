// Reads the shape of an event for a delta_scanner; nobody else's.
#pragma once

#include "providers/delta_scanner.hpp"

#include <string>
#include <string_view>

namespace penstock {

/// Walks through a text that is known to be JSON and holds each value against
/// the rule of its place.
///
/// Threads: one owner at a time; lives during one `learn`.
class delta_shape_reader {
public:
  delta_shape_reader(std::span<const delta_rule> rules, std::string_view event,
                     delta_scanner& into);

  /// @returns whether the event is one to be learned; if so the scanner knows
  ///          it, if not it knows nonsense and has to forget.
  bool read();

private:
  using kind = delta_rule::kind;
  using hole = delta_scanner::hole;

  bool value();
  bool object();
  bool array();
  bool leaf(std::size_t rule);
  bool text(std::size_t rule, std::string_view what);
  void dig(std::size_t begin, std::size_t end, hole::kind what,
           std::size_t rule = delta_scanner::none);

  std::string_view skip_value();
  void skip_string();
  void skip_space();
  bool take(char wanted);
  bool ahead(char wanted) const {
    return at_ < event_.size() && event_[at_] == wanted;
  }

  const std::span<const delta_rule> rules_;
  const std::string_view event_;
  delta_scanner& into_;
  std::size_t at_ = 0;
  std::size_t literal_begin_ = 0;
  std::string path_;
};

} // namespace penstock
