#include "actors/linear_regex.hpp"

#include "messages/limits.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <regex>
#include <utility>
#include <vector>

namespace penstock {

namespace {

// ECMAScript without groups to remember. libstdc++ alone has the flag that
// makes it follow all alternatives at once and refuse back references; libc++
// by itself gives up (error_complexity) where it would backtrack too long.
constexpr auto syntax = std::regex::ECMAScript | std::regex::nosubs
#ifdef __GLIBCXX__
                        | std::regex_constants::__polynomial
#endif
  ;

// Estimates from above how many states a pattern has. Reads it as libstdc++
// does; a pattern that is malformed is refused later, by std::regex itself.
class weigher {
public:
  explicit weigher(std::string_view pattern) : rest_(pattern) {
    open_.push_back({});
    while (!rest_.empty() && open_.back().sum <= limits::regex_weight_max)
      take();
    while (open_.size() > 1)
      close();
  }

  std::size_t weight() const { return open_.back().sum; }
  /// Lookaheads within each other. Each starts a match of its own, anywhere.
  std::size_t lookaheads() const { return lookaheads_; }

private:
  struct group {
    std::size_t sum = 2;  // of the atoms before, and of its own ends
    std::size_t last = 0; // the atom that a quantifier applies to; in `sum`
    bool lookahead = false;
  };

  void take() {
    const char c = next();
    if (c == '(')
      open();
    else if (c == ')')
      close();
    else if (c == '{')
      repeat(upper_bound());
    else if (c == '*' || c == '+' || c == '?')
      repeat(2);
    else
      atom(c);
  }

  void atom(char c) {
    if (c == '[')
      skip_bracket();
    else if (c == '\\' && next() == 'c')
      next();
    add(2);
  }

  // Up to the "]" that ends it; "[:alpha:]" and its like may be in it.
  void skip_bracket() {
    while (!rest_.empty()) {
      const char c = next();
      if (c == ']')
        return;
      if (c == '\\')
        next();
      else if (c == '[' && !rest_.empty()
               && std::string_view{".:="}.find(rest_[0]) != rest_.npos) {
        const char end[] = {next(), ']', '\0'};
        rest_.remove_prefix(std::min(rest_.find(end), rest_.size() - 2) + 2);
      }
    }
  }

  void open() {
    const bool lookahead = rest_.starts_with("?=") || rest_.starts_with("?!");
    if (lookahead || rest_.starts_with("?:"))
      rest_.remove_prefix(2);
    open_.push_back({.lookahead = lookahead});
    depth_ += lookahead ? 1 : 0;
    lookaheads_ = std::max(lookaheads_, depth_);
  }

  void close() {
    if (open_.size() == 1)
      return;
    depth_ -= open_.back().lookahead ? 1 : 0;
    const auto sum = open_.back().sum;
    open_.pop_back();
    add(sum);
  }

  // After the "{": the largest number before the "}", and one more for an
  // open end.
  std::size_t upper_bound() {
    std::size_t largest = 1, number = 0;
    for (char c = next(); c != '}' && c != '\0'; c = next()) {
      number = c >= '0' && c <= '9' ? number * 10 + std::size_t(c - '0') : 0;
      number = std::min(number, limits::regex_weight_max);
      largest = std::max(largest, number);
    }
    return largest + 1;
  }

  void add(std::size_t weight) {
    open_.back().sum += open_.back().last = weight;
  }

  void repeat(std::size_t times) {
    auto& top = open_.back();
    top.sum -= top.last;
    add(std::min(top.last * times, limits::regex_weight_max + 1));
  }

  char next() {
    if (rest_.empty())
      return '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
  std::vector<group> open_;
  std::size_t depth_ = 0, lookaheads_ = 0; // now, and at most
};

std::string reason(const std::regex_error& why) {
  switch (why.code()) {
  case std::regex_constants::error_complexity:
    return "back references are not supported";
  case std::regex_constants::error_brack:
    return "a [ is not closed";
  case std::regex_constants::error_paren:
    return "a ( or ) is alone";
  case std::regex_constants::error_brace:
  case std::regex_constants::error_badbrace:
    return "a {} is malformed";
  case std::regex_constants::error_badrepeat:
    return "a repetition repeats nothing";
  case std::regex_constants::error_escape:
    return "an escape is malformed";
  case std::regex_constants::error_range:
    return "a range is malformed";
  case std::regex_constants::error_ctype:
    return "no such character class";
  default:
    return "malformed";
  }
}

} // namespace

struct linear_regex::compiled {
  std::string pattern;
  std::size_t weight, lookaheads;
  std::regex whole, somewhere;

  std::size_t steps(std::size_t text_bytes) const noexcept {
    constexpr auto too_many = limits::regex_steps_max + 1;
    if (text_bytes >= too_many)
      return too_many;
    auto sum = std::min(weight * (text_bytes + 1), too_many);
    for (std::size_t i = 0; i < lookaheads && sum < too_many; ++i)
      sum = std::min(sum * (text_bytes + 1), too_many);
    return sum;
  }

  std::optional<bool> match(const std::regex& with,
                            std::string_view text) const {
    if (steps(text.size()) > limits::regex_steps_max)
      return std::nullopt;
    try {
      return std::regex_match(text.begin(), text.end(), with);
    } catch (const std::exception&) {
      return std::nullopt; // libc++ gave up, or there is no memory.
    }
  }
};

expected<linear_regex> linear_regex::compile(std::string_view pattern) {
  if (pattern.size() > limits::regex_bytes_max)
    return fail(errc::invalid_request,
                "longer than " + std::to_string(limits::regex_bytes_max)
                  + " bytes");
  const weigher scale{pattern};
  if (scale.weight() > limits::regex_weight_max)
    return fail(errc::invalid_request, "its repetitions make it too large");
  std::string text{pattern};
  try {
    // Searched for by a match of the whole text: one pass instead of one from
    // every position.
    const auto somewhere = "[\\s\\S]*(?:" + text + ")[\\s\\S]*";
    return linear_regex{std::make_shared<const compiled>(
      compiled{std::move(text), scale.weight() + 8, scale.lookaheads(),
               std::regex{pattern.begin(), pattern.end(), syntax},
               std::regex{somewhere, syntax}})};
  } catch (const std::regex_error& why) {
    return fail(errc::invalid_request, reason(why));
  } catch (const std::exception& why) {
    return fail(errc::invalid_request, why.what());
  }
}

std::optional<bool> linear_regex::matches(std::string_view text) const {
  return what_->match(what_->whole, text);
}

std::optional<bool> linear_regex::found_in(std::string_view text) const {
  return what_->match(what_->somewhere, text);
}

const std::string& linear_regex::pattern() const noexcept {
  return what_->pattern;
}

std::size_t linear_regex::steps(std::size_t text_bytes) const noexcept {
  return what_->steps(text_bytes);
}

std::size_t linear_regex::weight() const noexcept {
  return what_->weight;
}

} // namespace penstock
