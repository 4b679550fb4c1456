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

// Gateways stream what they can and leave the rest, such as calls, for the end.
// Only kinds of items of which none came are surely not the same once more:
// ids and places may differ.
void openai_responses_items::add_unannounced(const json& output, bool cut,
                                             part_batch& out) {
  std::set<std::string, std::less<>> seen;
  for (const auto& it : items_)
    seen.insert(it.type);
  for (std::size_t i = 0; output.is_array() && i < output.size(); ++i) {
    const auto type = text_of(output[i], "type");
    if (type.empty() || seen.contains(type) || failure_.code != errc::none)
      continue;
    end_item(begin(output[i], type, text_of(output[i], "id")), output[i], cut,
             out);
  }
}

} // namespace penstock
