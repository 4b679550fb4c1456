// Calls, results and what comes late among the items: members of
// openai_responses_items.
#include "messages/limits.hpp"
#include "providers/decoding.hpp"
#include "providers/openai_responses_items.hpp"

#include <utility>

namespace penstock {

namespace {

bool says_error(const json& wire) {
  const auto status = bytes_of(wire, "status");
  const auto& why = member(wire, "error");
  return status == "failed" || status == "incomplete"
         || !(why.is_null() || why == "");
}

// "program_output" is of a "program", "tool_search_output" of a
// "tool_search_call", "shell_call_output" of a "shell_call".
std::string_view call_type_of(std::string_view output_type) {
  output_type.remove_suffix(std::string_view{"_output"}.size());
  if (const auto* kind = responses_kind_of(output_type))
    return kind->type.empty() ? output_type : kind->type;
  const auto* kind = responses_kind_of(std::string{output_type} + "_call");
  return kind->type;
}

} // namespace

void openai_responses_items::start_call(item& it,
                                        const responses_call_kind& kind,
                                        const json& wire, part_batch& out) {
  if (auto tool = called_tool(kind, wire); !tool.empty())
    it.tool = std::move(tool);
  if (it.key || it.tool.empty())
    return;
  const auto key = new_key();
  if (failure_.code != errc::none)
    return;
  it.key = key;
  it.call_id = call_id_of(wire);
  if (it.call_id.empty())
    it.call_id = it.id;
  by_call_id_[it.call_id] = number_of(it);
  out.add(part::tool_start{*it.key, it.call_id, it.tool,
                           std::string{shown_kind(it.type)},
                           executed_by_provider(kind, wire, all_custom_)});
  out.tool_input(*it.key, it.input); // What came before the name.
}

void openai_responses_items::input_delta(std::string_view item_type,
                                         const json& event, part_batch& out) {
  const auto delta = bytes_of(event, "delta");
  if (delta.empty() || failure_.code != errc::none)
    return;
  last_delta_ = {number_of(find(event, item_type)), std::nullopt};
  more(delta, out);
}

void openai_responses_items::input_done(std::string_view item_type,
                                        const json& event, const json& whole,
                                        part_batch& out) {
  const auto text = text_of(whole);
  if (text.empty() || failure_.code != errc::none)
    return;
  auto& it = find(event, item_type);
  if (!it.done && text.starts_with(it.input))
    extend_input(it, std::string_view{text}.substr(it.input.size()), out);
}

void openai_responses_items::extend_input(item& it, std::string_view text,
                                          part_batch& out) {
  if (it.input.size() + text.size() > limits::tool_input_bytes_max)
    return fail("tool_input_bytes_max", limits::tool_input_bytes_max);
  it.input.append(text);
  if (it.key)
    out.tool_input(*it.key, text);
}

void openai_responses_items::end_call(item& it, const responses_call_kind& kind,
                                      const json& wire, bool cut,
                                      part_batch& out) {
  auto whole = input_of(kind, wire);
  if (whole.size() > limits::tool_input_bytes_max)
    return fail("tool_input_bytes_max", limits::tool_input_bytes_max);
  if (!it.key)
    start_call(it, kind, wire, out);
  if (!it.key)
    return; // It has no name: nobody could execute it.
  if (whole.empty()) {
    const auto rest = it.joiner.finish();
    out.tool_input(*it.key, rest);
    whole = it.input + std::string{rest};
  } else if (whole.starts_with(it.input)) {
    out.tool_input(*it.key, std::string_view{whole}.substr(it.input.size()));
  }
  const bool text = kind.input == responses_input::plain_text;
  if (cut || bytes_of(wire, "status") == "incomplete")
    if (text || !parse_json(whole))
      return;
  if (text ? whole.empty() : decoding::is_blank(whole))
    whole = "{}";
  std::string{}.swap(it.input);
  last_call_[it.type] = number_of(it);
  const bool ours = !executed_by_provider(kind, wire, all_custom_);
  if (ours)
    waiting_.insert(*it.key);
  out.add(part::tool_complete{*it.key,
                              std::move(whole),
                              {},
                              kind.has_result ? "" : extras_of(kind, wire)});
  if (kind.has_result && wire.is_object())
    out.add(part::tool_result{*it.key, it.call_id, it.tool, to_text(wire),
                              says_error(wire)});
}

// What the provider says beside its calls, whole, so that it can be sent back:
// the output of a call, a list of tools, a compaction, or what is not known.
void openai_responses_items::end_result(item& it, const json& wire,
                                        part_batch& out) {
  if (!wire.is_object())
    return;
  part::tool_result result{0, call_id_of(wire), it.type, to_text(wire),
                           says_error(wire)};
  const item* call = nullptr;
  if (it.type.ends_with("_output")) {
    const auto of = call_type_of(it.type);
    const auto found = by_call_id_.find(result.tool_call_id);
    if (found != by_call_id_.end())
      call = &items_[found->second];
    else if (const auto last = last_call_.find(of);
             last != last_call_.end() && bytes_of(wire, "call_id").empty())
      call = &items_[last->second];
    if (const auto* kind = responses_kind_of(of); kind && !kind->tool.empty())
      result.tool_name = kind->tool;
  }
  if (call) {
    result.tool_call_id = call->call_id;
    result.tool_name = call->tool;
    waiting_.erase(*call->key);
  }
  result.key = call ? *call->key : new_key();
  if (failure_.code == errc::none)
    out.add(std::move(result));
}

// ---- what comes late --------------------------------------------------------

// Gateways say some ends twice. A second item like the first has another id, or
// a place of its own.
bool openai_responses_items::has_ended(std::string_view type,
                                       const json& event) const {
  const auto& wire = member(event, "item");
  const auto index = count_of(event, "output_index");
  if (index && !by_index_.contains(*index))
    return false;
  const auto call_id =
    responses_kind_of(type) ? bytes_of(wire, "call_id") : std::string_view{};
  const auto& names = call_id.empty() ? by_id_ : by_call_id_;
  const auto found =
    names.find(call_id.empty() ? bytes_of(wire, "id") : call_id);
  return found != names.end() && items_[found->second].done
         && items_[found->second].type == type;
}

// Whose end an element of the response's output is. Ids may rotate, so that the
// place tells; what a call is answered by does not.
std::optional<std::size_t>
openai_responses_items::owner_of(const json& wire, std::uint64_t index) const {
  const auto type = bytes_of(wire, "type");
  const auto call_id = bytes_of(wire, "call_id");
  const auto fits = [&](std::size_t number) {
    const auto& it = items_[number];
    return it.type == type
           && (call_id.empty() || it.call_id.empty() || it.call_id == call_id);
  };
  if (const auto it = by_call_id_.find(call_id);
      it != by_call_id_.end() && fits(it->second))
    return it->second;
  if (const auto it = by_id_.find(bytes_of(wire, "id"));
      it != by_id_.end() && fits(it->second))
    return it->second;
  if (const auto it = by_index_.find(index);
      it != by_index_.end() && fits(it->second))
    return it->second;
  return std::nullopt;
}

// @param others those that are of no item, in their order.
// @returns for each item what `output` has of it, or null.
std::vector<const json*>
openai_responses_items::ends_in(const json& output,
                                std::vector<const json*>& others) const {
  std::vector<const json*> ends(items_.size());
  for (std::size_t i = 0; output.is_array() && i < output.size(); ++i) {
    const auto owner = owner_of(output[i], i);
    if (owner && !ends[*owner])
      ends[*owner] = &output[i];
    else
      others.push_back(&output[i]);
  }
  // An item of which nobody said which it is: the first of its kind is left.
  std::map<std::string_view, std::size_t> looked_at; // of `others`, by type
  std::vector<const json*> left;
  std::vector<bool> taken(others.size());
  for (std::size_t n = 0; n < items_.size(); ++n) {
    const auto& it = items_[n];
    if (it.done || ends[n] || !it.call_id.empty())
      continue;
    auto& at = looked_at[it.type];
    while (at < others.size() && bytes_of(*others[at], "type") != it.type)
      ++at;
    if (at == others.size())
      continue;
    ends[n] = others[at];
    taken[at++] = true;
  }
  for (std::size_t i = 0; i < others.size(); ++i)
    if (!taken[i])
      left.push_back(others[i]);
  others = std::move(left);
  return ends;
}

void openai_responses_items::finish(const json& output, bool cut,
                                    part_batch& out) {
  std::vector<const json*> others;
  const auto ends = ends_in(output, others);
  for (std::size_t n = 0; n < ends.size(); ++n)
    if (!items_[n].done && failure_.code == errc::none)
      end_item(items_[n],
               ends[n] ? *ends[n] : member(output, "nothing more is known"),
               cut, out);
  add_unannounced(ends, others, cut, out);
}

// Gateways stream what they can and leave the rest, such as calls, for the end.
// Ids and places may differ, so that only two are surely not the same once
// more: an item of a kind of which none came, and a call where each that came
// was found again.
void openai_responses_items::add_unannounced(
  const std::vector<const json*>& ends, const std::vector<const json*>& others,
  bool cut, part_batch& out) {
  std::set<std::string, std::less<>> seen, lost;
  for (std::size_t n = 0; n < ends.size(); ++n) {
    seen.insert(items_[n].type);
    if (!ends[n])
      lost.insert(items_[n].type);
  }
  for (const auto* wire : others) {
    const auto type = text_of(*wire, "type");
    const auto* kind = responses_kind_of(type);
    const auto call_id = bytes_of(*wire, "call_id");
    const bool new_call = kind && kind->runner == responses_runner::client
                          && !call_id.empty() && !by_call_id_.contains(call_id)
                          && !lost.contains(type);
    if (type.empty() || (seen.contains(type) && !new_call)
        || failure_.code != errc::none)
      continue;
    end_item(begin(*wire, type, text_of(*wire, "id")), *wire, cut, out);
  }
}

} // namespace penstock
