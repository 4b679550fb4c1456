#include "providers/openai_chat_tool_calls.hpp"

#include "messages/limits.hpp"
#include "providers/ascii.hpp"
#include "providers/decoding.hpp"

#include <utility>

namespace penstock {

void json_extent::feed(std::string_view bytes) noexcept {
  for (const char c : bytes) {
    switch (state_) {
    case state::blank:
    case state::closed:
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        break;
      if (state_ == state::blank && (c == '{' || c == '[')) {
        state_ = state::open;
        depth_ = 1;
      } else {
        state_ = state::no;
      }
      break;
    case state::open:
      if (c == '"')
        state_ = state::in_string;
      else if (c == '{' || c == '[')
        ++depth_;
      else if ((c == '}' || c == ']') && --depth_ == 0)
        state_ = state::closed;
      break;
    case state::in_string:
      if (c == '"')
        state_ = state::open;
      else if (c == '\\')
        state_ = state::escaped;
      break;
    case state::escaped:
      state_ = state::in_string;
      break;
    case state::no:
      return;
    }
  }
}

namespace {

// Brackets and white space only: what a call without arguments has as input,
// and what some servers send until the arguments are there.
bool is_empty_object(std::string_view text) {
  const auto inside = ascii::trimmed(text);
  return inside.size() >= 2 && inside.front() == '{' && inside.back() == '}'
         && ascii::trimmed(inside.substr(1, inside.size() - 2)).empty();
}

} // namespace

// What one delta says of a call.
struct openai_chat_tool_calls::fragment {
  std::string id, name, kind;
  call_signature signature;
  std::string built; // the input if it was no text on the wire
  std::string_view input;

  // `function` is the object with `name` and `arguments`.
  void take(const json& function, const char* input_name) {
    name = text_of(function, "name");
    const auto& value = member(function, input_name);
    if (value.is_structured()) // Some servers send the object itself.
      input = built = to_text(value);
    else
      input = bytes_of(value);
  }
};

void openai_chat_tool_calls::delta(const json& wire, part_writer& parts,
                                   part_batch& out) {
  if (!wire.is_object() || failure_.code != errc::none)
    return;
  fragment what;
  what.id = text_of(wire, "id");
  what.signature = signature_of_call(wire);
  if (const auto& custom = member(wire, "custom"); custom.is_object()) {
    what.kind = "custom";
    what.take(custom, "input");
  } else {
    what.take(member(wire, "function"), "arguments");
  }
  const auto at = find_or_begin(wire, what, parts, out);
  extend(calls_[at], what, parts, out);
}

void openai_chat_tool_calls::legacy(const json& wire, part_writer& parts,
                                    part_batch& out) {
  if (!wire.is_object() || failure_.code != errc::none)
    return;
  fragment what;
  what.take(wire, "arguments");
  if (!legacy_) {
    legacy_ = calls_.size();
    calls_.emplace_back().key = parts.new_key();
  }
  extend(calls_[*legacy_], what, parts, out);
}

std::size_t openai_chat_tool_calls::find_or_begin(const json& wire,
                                                  const fragment& what,
                                                  part_writer& parts,
                                                  part_batch& out) {
  const auto index = count_of(wire, "index");
  std::optional<std::size_t> found, replaced;
  if (index) {
    if (const auto it = by_index_.find(*index); it != by_index_.end())
      found = it->second;
    else if (what.id.empty() && what.name.empty() && last_
             && !calls_[*last_].extent.balanced())
      found = last_; // Counted up within one call.
    else if (last_ && calls_[*last_].is_continued_by(what))
      found = last_; // Ditto, with its id again.
  } else if (!what.id.empty()) {
    if (const auto it = by_id_.find(what.id); it != by_id_.end())
      found = it->second;
  } else if (what.name.empty() || (last_ && calls_[*last_].name.empty())) {
    found = last_;
  }
  if (found && !what.name.empty()) {
    // The same index again, but another call: one that names another id, or,
    // behind a whole object, another tool, or that begins a second object.
    const auto& c = calls_[*found];
    const bool other_id = !what.id.empty() && !c.id.empty() && what.id != c.id;
    const bool other_tool = !c.name.empty() && what.name != c.name;
    if (other_id
        || (c.extent.balanced()
            && (other_tool
                || (what.id.empty() && what.input.starts_with('{')))))
      std::swap(found, replaced);
  }
  if (last_ && found != last_)
    leave(calls_[*last_], replaced == last_, parts, out);
  if (!found) {
    found = calls_.size();
    calls_.emplace_back().key = parts.new_key();
    if (index)
      by_index_[*index] = *found;
    if (!what.id.empty())
      by_id_[what.id] = *found;
  }
  last_ = found;
  return *found;
}

// The next delta is of another call.
// @param for_good and no later one can be of this.
void openai_chat_tool_calls::leave(call& c, bool for_good, part_writer& parts,
                                   part_batch& out) {
  if (!c.started && !c.name.empty())
    start(c, parts, out);
  if (for_good || !c.is_placeholder())
    complete_if_whole(c, parts, out);
}

void openai_chat_tool_calls::extend(call& c, const fragment& what,
                                    part_writer& parts, part_batch& out) {
  if (c.complete)
    return;
  if (c.id.empty())
    c.id = what.id;
  if (c.name.empty())
    c.name = what.name;
  if (c.kind.empty())
    c.kind = what.kind;
  if (!what.signature.bytes.empty())
    c.signature = what.signature;
  // Its id may come behind its name, but not behind its input.
  if (!c.started && !c.name.empty()
      && !(c.id.empty() && c.input.empty() && what.input.empty()))
    start(c, parts, out);
  const auto shown = c.joiner.join(what.input);
  if (c.kind.empty() && c.extent.balanced() && shown == c.input)
    return; // Told in pieces, and again as a whole.
  if (c.input.size() + shown.size() > limits::tool_input_bytes_max) {
    failure_ = decoding::over_limit("tool_input_bytes_max",
                                    limits::tool_input_bytes_max);
    return;
  }
  if (c.is_placeholder() && ascii::trimmed(shown).starts_with('{')) {
    c.input.clear();
    c.extent = {};
  }
  c.input.append(shown);
  c.extent.feed(shown);
  if (c.started && !c.is_placeholder())
    c.tell(out);
}

bool openai_chat_tool_calls::call::is_placeholder() const {
  return told == 0 && kind.empty() && extent.balanced()
         && is_empty_object(input);
}

// Its input has begun and is not whole, and this names it.
bool openai_chat_tool_calls::call::is_continued_by(const fragment& what) const {
  return !what.id.empty() && what.id == id && !input.empty()
         && !extent.balanced() && (what.name.empty() || what.name == name);
}

void openai_chat_tool_calls::call::tell(part_batch& out) {
  out.tool_input(key, std::string_view{input}.substr(told));
  told = input.size();
}

void openai_chat_tool_calls::start(call& c, part_writer& parts,
                                   part_batch& out) {
  parts.close(out);
  c.started = true;
  out.add(part::tool_start{c.key, c.id, c.name, c.kind, false});
  if (!c.is_placeholder())
    c.tell(out); // What came before the name.
}

void openai_chat_tool_calls::complete_if_whole(call& c, part_writer& parts,
                                               part_batch& out) {
  if (c.complete || c.malformed || !c.kind.empty() || !c.extent.balanced())
    return;
  c.malformed = !parse_json(c.input); // At most once for each call.
  if (!c.malformed)
    complete(c, parts, out);
}

void openai_chat_tool_calls::complete(call& c, part_writer& parts,
                                      part_batch& out) {
  if (!c.started) {
    if (c.id.empty() && c.name.empty() && c.input.empty())
      return; // An empty element, not a call.
    start(c, parts, out);
  }
  const auto rest = c.joiner.finish();
  c.input.append(rest);
  c.tell(out);
  c.complete = true;
  const bool blank = c.input.find_first_not_of(" \t\r\n") == c.input.npos;
  out.add(part::tool_complete{
    c.key, blank && c.kind.empty() ? "{}" : std::move(c.input),
    std::move(c.signature.bytes), std::move(c.signature.place)});
}

void openai_chat_tool_calls::settle(part_writer& parts, part_batch& out) {
  for (auto& c : calls_)
    if (!c.is_placeholder())
      complete_if_whole(c, parts, out);
}

void openai_chat_tool_calls::finish(bool cut, part_writer& parts,
                                    part_batch& out) {
  for (auto& c : calls_) {
    if (cut)
      complete_if_whole(c, parts, out);
    else if (!c.complete)
      complete(c, parts, out);
  }
}

} // namespace penstock
