#include "providers/gemini_partial_args.hpp"

#include "messages/limits.hpp"
#include "providers/decoding.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace penstock::gemini {

namespace {

// The inside of a JSON string.
std::string escaped(std::string_view piece) {
  const auto text = to_text(json(piece));
  return text.substr(1, text.size() - 2);
}

// "'it\'s'" or "\"a\"" to what it names. Empty if it has no end.
std::optional<std::string> take_quoted(std::string_view& text) {
  const char quote = text.front();
  std::string name;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      text.remove_prefix(i + 1);
      return name;
    }
    if (text[i] == '\\' && i + 1 < text.size())
      ++i;
    name += text[i];
  }
  return std::nullopt;
}

} // namespace

// "$.recipe.steps[0]['the text']". Empty if it is none.
partial_args::path partial_args::parse(std::string_view text) {
  path steps;
  if (text.starts_with('$'))
    text.remove_prefix(1);
  else if (!text.empty() && text.front() != '[' && text.front() != '.')
    steps.push_back(
      {std::string{text.substr(0, text.find_first_of(".["))}, {}});
  if (!steps.empty())
    text.remove_prefix(steps.back().name.size());
  while (!text.empty()) {
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      const auto name = text.substr(0, text.find_first_of(".["));
      if (name.empty())
        return {};
      steps.push_back({std::string{name}, {}});
      text.remove_prefix(name.size());
      continue;
    }
    if (!text.starts_with('[') || text.size() < 2)
      return {};
    text.remove_prefix(1);
    if (text.front() == '\'' || text.front() == '"') {
      auto name = take_quoted(text);
      if (!name)
        return {};
      steps.push_back({std::move(*name), {}});
    } else {
      std::size_t index = 0;
      const auto* const end = text.data() + text.size();
      const auto [at, ec] = std::from_chars(text.data(), end, index);
      if (ec != std::errc{})
        return {};
      steps.push_back({{}, index});
      text.remove_prefix(static_cast<std::size_t>(at - text.data()));
    }
    if (!text.starts_with(']'))
      return {};
    text.remove_prefix(1);
  }
  return steps;
}

void partial_args::take(const json& arg, std::string& delta) {
  auto where = parse(bytes_of(arg, "jsonPath"));
  if (where.empty() || failure_.code != errc::none)
    return;
  for (const char* kind : {"stringValue", "numberValue", "boolValue"})
    if (const auto& value = member(arg, kind); !value.is_null()) {
      set(std::move(where), value, delta);
      pending_ = string_open_ && member(arg, "willContinue") == true;
      return;
    }
  if (arg.contains("nullValue"))
    set(std::move(where), json(), delta);
}

void partial_args::put(std::string_view name, const json& value,
                       std::string& delta) {
  set({step{std::string{name}, {}}}, value, delta);
}

void partial_args::set(path where, const json& value, std::string& delta) {
  if (failure_.code != errc::none)
    return;
  if (value.is_string() && string_open_ && where == leaf_)
    return append(bytes_of(value), delta);
  close_string(delta);
  const auto common = common_with(where);
  std::size_t known = 0;
  auto* const place = locate(where, known);
  if (!place)
    return;
  orderly_ = orderly_ && known == common;
  const bool goes_on = known == where.size() && place->is_string();
  if (!goes_on)
    *place = value.is_string() ? json("") : value;
  leaf_ = std::move(where);
  leaf_at_ = place;
  if (orderly_)
    write(leaf_, common, delta);
  if (value.is_string()) {
    string_open_ = true;
    emit("\"", delta);
    return append(bytes_of(value), delta);
  }
  const auto text = to_text(value);
  if (spend(text.size()))
    emit(text, delta);
}

// Grows the string that is open.
void partial_args::append(std::string_view bytes, std::string& delta) {
  const auto shown = joiner_.join(bytes);
  if (!spend(shown.size()))
    return;
  leaf_at_->get_ref<std::string&>().append(shown);
  emit(escaped(shown), delta);
}

// The place in the tree, made if need be.
// @param known how many steps of the path, from its begin, were there before.
json* partial_args::locate(const path& where, std::size_t& known) {
  if (where.size() >= limits::json_depth_max) {
    failure_ = {errc::protocol,
                "arguments of a call are nested deeper than json_depth_max ("
                  + std::to_string(limits::json_depth_max) + ")"};
    return nullptr;
  }
  json* node = &tree_;
  bool fresh = tree_.is_null();
  for (const auto& s : where) {
    if (s.index ? !node->is_array() : !node->is_object()) {
      orderly_ = orderly_ && fresh;
      *node = s.index ? json::array() : json::object();
    }
    if (!s.index) {
      const auto [it, added] = node->emplace(s.name, nullptr);
      fresh = added;
      node = &*it;
      if (added && !spend(s.name.size() + 4))
        return nullptr;
    } else {
      const auto size = node->size();
      fresh = *s.index >= size;
      if (fresh) {
        orderly_ = orderly_ && *s.index == size;
        constexpr std::size_t null_bytes = 5; // "null,"
        // Bounded before it is multiplied.
        const auto more =
          std::min(*s.index - size, limits::tool_input_bytes_max);
        if (!spend(more * null_bytes + 1))
          return nullptr;
        while (node->size() <= *s.index)
          node->push_back(nullptr);
      }
      node = &(*node)[*s.index];
    }
    known += !fresh;
  }
  return node;
}

// How many containers below the root are open on the way to `where`.
std::size_t partial_args::common_with(const path& where) const {
  std::size_t common = 0;
  while (common + 1 < open_.size() && common + 1 < where.size()
         && open_[common + 1].at == where[common])
    ++common;
  return common;
}

// The text up to where the value begins.
void partial_args::write(const path& where, std::size_t common,
                         std::string& delta) {
  while (open_.size() > common + 1)
    close_container(delta);
  for (auto depth = open_.size(); depth < where.size(); ++depth) {
    if (depth != 0)
      begin_member(where[depth - 1], delta);
    const bool array = where[depth].index.has_value();
    emit(array ? "[" : "{", delta);
    open_.push_back({depth == 0 ? step{} : where[depth - 1], array, true});
  }
  begin_member(where.back(), delta);
}

void partial_args::begin_member(const step& at, std::string& delta) {
  if (!std::exchange(open_.back().empty, false))
    emit(",", delta);
  if (!at.index)
    emit('"' + escaped(clean_utf8(at.name)) + "\":", delta);
}

void partial_args::close_string(std::string& delta) {
  if (!std::exchange(string_open_, false))
    return;
  pending_ = false;
  const auto rest = joiner_.finish();
  leaf_at_->get_ref<std::string&>().append(rest);
  emit(std::string{rest} + '"', delta);
}

void partial_args::close_container(std::string& delta) {
  emit(open_.back().array ? "]" : "}", delta);
  open_.pop_back();
}

std::string partial_args::finish(std::string& delta) {
  close_string(delta);
  if (!orderly_)
    return to_text(tree_);
  if (tree_.is_null())
    emit("{}", delta);
  while (!open_.empty())
    close_container(delta);
  return std::move(text_);
}

bool partial_args::spend(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > limits::tool_input_bytes_max && failure_.code == errc::none)
    failure_ = decoding::over_limit("tool_input_bytes_max",
                                    limits::tool_input_bytes_max);
  return failure_.code == errc::none;
}

void partial_args::emit(std::string_view text, std::string& delta) {
  if (!orderly_)
    return;
  text_ += text;
  delta += text;
}

} // namespace penstock::gemini
