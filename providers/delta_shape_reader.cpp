#include "providers/delta_shape_reader.hpp"

#include <algorithm>
#include <vector>

namespace penstock {

namespace {

constexpr std::size_t event_bytes_max = 8u << 10; // Deltas are small.
constexpr std::string_view space = " \t\r\n";

bool is_nothing(std::string_view value) {
  return value == "null" || value == "\"\"" || value == "[]";
}

bool is_string(std::string_view value) {
  return value.starts_with('"');
}

// As `scan` takes them.
bool is_integer(std::string_view value) {
  return value.size() <= 18
         && value.find_first_not_of("0123456789") == value.npos
         && (value.size() == 1 || value.front() != '0');
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x7F && c != '\\';
  });
}

} // namespace

delta_shape_reader::delta_shape_reader(std::span<const delta_rule> rules,
                                       std::string_view event,
                                       delta_scanner& into)
  : rules_(rules), event_(event), into_(into) {
  into_.literals_.clear();
  into_.text_rule_ = delta_scanner::none;
}

bool delta_shape_reader::read() {
  if (event_.size() > event_bytes_max)
    return false;
  skip_space();
  if (!ahead('{') || !value())
    return false;
  skip_space();
  if (at_ != event_.size() || into_.text_rule_ == delta_scanner::none)
    return false;
  into_.literals_.append(event_.substr(literal_begin_));
  return is_plain(into_.literals_);
}

bool delta_shape_reader::value() {
  skip_space();
  const auto rule =
    std::find_if(rules_.begin(), rules_.end(),
                 [&](const auto& r) { return r.path == path_; });
  if (rule != rules_.end())
    return leaf(static_cast<std::size_t>(rule - rules_.begin()));
  return ahead('{') ? object() : ahead('[') && array();
}

// Empty ones have no value that a rule could speak of: not known.
bool delta_shape_reader::object() {
  const auto path_size = path_.size();
  std::vector<std::string_view> names;
  take('{');
  do {
    skip_space();
    if (!ahead('"'))
      return false;
    const auto begin = at_ + 1;
    skip_string();
    const auto name = event_.substr(begin, at_ - begin - 1);
    // A name that is not written out could be another one in disguise.
    if (name.find_first_of("\\.[]") != name.npos
        || std::find(names.begin(), names.end(), name) != names.end())
      return false;
    names.push_back(name);
    if (!path_.empty())
      path_ += '.';
    path_ += name;
    if (!take(':') || !value())
      return false;
    path_.resize(path_size);
  } while (take(','));
  return take('}');
}

bool delta_shape_reader::array() {
  const auto path_size = path_.size();
  std::size_t index = 0;
  take('[');
  do {
    path_ += '[';
    path_ += std::to_string(index++);
    path_ += ']';
    skip_space();
    if (ahead(']') || !value())
      return false;
    path_.resize(path_size);
  } while (take(','));
  return take(']');
}

bool delta_shape_reader::leaf(std::size_t rule) {
  const auto begin = at_;
  const auto what = skip_value();
  switch (rules_[rule].what) {
  case kind::text:
    return text(rule, what);
  case kind::nothing:
    return is_nothing(what);
  case kind::same:
    return rules_[rule].only.empty() || rules_[rule].only == what;
  case kind::unread:
    if (is_string(what))
      dig(begin + 1, at_ - 1, hole::kind::string);
    else if (is_integer(what))
      dig(begin, at_, hole::kind::integer);
    return true;
  case kind::count:
    if (!is_integer(what))
      return false;
    dig(begin, at_, hole::kind::count, rule);
    return true;
  }
  return false;
}

bool delta_shape_reader::text(std::size_t rule, std::string_view what) {
  if (what == "null" || what == "\"\"")
    return true;
  if (!is_string(what) || into_.text_rule_ != delta_scanner::none)
    return false;
  into_.text_rule_ = rule;
  dig(at_ - what.size() + 1, at_ - 1, hole::kind::text);
  return true;
}

void delta_shape_reader::dig(std::size_t begin, std::size_t end,
                             hole::kind what, std::size_t rule) {
  into_.literals_.append(event_.substr(literal_begin_, begin - literal_begin_));
  into_.holes_.push_back(
    {static_cast<std::uint32_t>(begin - literal_begin_), what, rule});
  literal_begin_ = end;
}

// ---- JSON that is known to be good -----------------------------------------

std::string_view delta_shape_reader::skip_value() {
  const auto begin = at_;
  std::size_t depth = 0;
  while (at_ < event_.size()) {
    const char c = event_[at_];
    if (c == '"') {
      skip_string();
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at_;
    } else if (c == '}' || c == ']') {
      if (depth == 0)
        break;
      --depth;
      ++at_;
    } else if (depth == 0 && (c == ',' || space.find(c) != space.npos)) {
      break;
    } else {
      ++at_;
      continue;
    }
    if (depth == 0)
      break;
  }
  return event_.substr(begin, at_ - begin);
}

void delta_shape_reader::skip_string() {
  ++at_;
  while (at_ < event_.size() && event_[at_] != '"')
    at_ += event_[at_] == '\\' ? 2 : 1;
  at_ = std::min(at_ + 1, event_.size());
}

void delta_shape_reader::skip_space() {
  at_ = std::min(event_.find_first_not_of(space, at_), event_.size());
}

bool delta_shape_reader::take(char wanted) {
  skip_space();
  if (!ahead(wanted))
    return false;
  ++at_;
  return true;
}

} // namespace penstock
