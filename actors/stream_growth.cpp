#include "actors/stream_growth.hpp"

#include <utility>

namespace penstock {

content shape_of(const content& what) {
  if (auto* text = std::get_if<text_content>(&what))
    return text_content{{}, text->signature, text->phase, text->citations_json};
  if (auto* reasoning = std::get_if<reasoning_content>(&what))
    return reasoning_content{
      {}, reasoning->signature, reasoning->encrypted, reasoning->item_id};
  if (std::holds_alternative<refusal_content>(what))
    return refusal_content{};
  if (auto* call = std::get_if<tool_call_content>(&what))
    return tool_call_content{call->id,
                             call->name,
                             {},
                             call->kind,
                             call->signature,
                             call->item_id,
                             call->provider_executed};
  return what;
}

namespace {

/// Turns what a subscriber would be told into records.
struct growth_writer {
  const stream_log& log;
  const std::uint32_t taken_over;
  std::vector<store_record>& records;

  stream_id stream() const { return log.of()->stream; }

  void grown(std::uint32_t part, std::uint64_t offset, std::string bytes) {
    record::part_grown r{stream(), part, offset, std::move(bytes), {}};
    if (offset == 0)
      r.shape = shape_of(log.content_of(part));
    records.push_back(std::move(r));
  }
  void closed(std::uint32_t part) {
    using state = final_part::state;
    record::part_closed r{stream(),
                          part,
                          shape_of(log.content_of(part)),
                          log.is_complete(part) ? state::complete : state::cut,
                          {}};
    const auto* call = std::get_if<tool_call_content>(&log.content_of(part));
    if (call && log.input_rewritten(part))
      r.bytes = call->input_json;
    records.push_back(std::move(r));
  }

  void operator()(const event::text_delta& e) {
    grown(e.part, e.offset, e.text);
  }
  void operator()(const event::refusal_delta& e) {
    grown(e.part, e.offset, e.text);
  }
  void operator()(const event::reasoning_delta& e) {
    if (!e.text.empty()) // Else its signature, which comes with its end.
      grown(e.part, e.offset, e.text);
  }
  void operator()(const event::tool_call_delta& e) {
    grown(e.part, e.offset, e.input_text);
  }
  void operator()(const event::tool_call_start& e) { grown(e.part, 0, {}); }
  void operator()(const event::text_end& e) { closed(e.part); }
  void operator()(const event::reasoning_end& e) { closed(e.part); }
  void operator()(const event::file& e) { closed(e.part); }
  void operator()(const event::tool_call& e) {
    if (e.parent_tool_call_id.empty())
      closed(e.part);
  }
  void operator()(const event::tool_result& e) {
    if (e.parent_tool_call_id.empty()
        && (e.provider_executed || e.part < taken_over))
      records.push_back(
        record::tool_ended{stream(), e.part, log.result_of(e.part)});
  }
  void operator()(const event::retract& e) {
    records.push_back(record::parts_retracted{stream(), e.part});
  }
  template <class Other>
  void operator()(const Other&) {}
};

} // namespace

void record_growth(const stream_log& log, stream_log::place& from,
                   std::uint32_t taken_over,
                   std::vector<store_record>& records) {
  event_batch told;
  (void)log.tell(from, SIZE_MAX, told);
  growth_writer writer{log, taken_over, records};
  for (const auto& e : told)
    std::visit(writer, *e.body);
}

// ---- after a crash ---------------------------------------------------------

namespace {

using state = final_part::state;

void take_call(const final_part& part, const final_part* next,
               const tool_call_content& call, stream_log& log, kept_log& kept) {
  if (part.how == state::cut)
    return; // Never executed, never sent on.
  const auto number = log.open_call(call);
  if (!call.input_json.empty())
    log.append(number, call.input_json);
  log.complete_call(number, call.input_json, call.signature, call.item_id);
  const auto* result =
    next ? std::get_if<tool_result_content>(&next->content) : nullptr;
  if (result) {
    log.add_result(number, *result);
  } else if (!call.provider_executed) {
    kept.open_calls.push_back(number);
    if (part.how == state::unknown_outcome)
      kept.unknown.push_back(number);
  }
}

void take_text(const final_part& part, bool cut, stream_log& log) {
  if (auto* text = std::get_if<text_content>(&part.content)) {
    const auto number = log.open_text();
    log.append(number, text->text);
    log.sign(number, text->signature);
    log.close_text(number, cut, text->phase, text->citations_json);
  } else if (auto* reasoning = std::get_if<reasoning_content>(&part.content)) {
    const auto number = log.open_reasoning();
    log.append(number, reasoning->text);
    log.close_reasoning(number, *reasoning, cut);
  } else if (auto* refusal = std::get_if<refusal_content>(&part.content)) {
    const auto number = log.open_refusal();
    log.append(number, refusal->text);
    log.close_refusal(number, cut);
  }
}

} // namespace

kept_log take_over(const interrupted_stream& kept, stream_log& log) {
  kept_log made;
  const auto& parts = kept.parts;
  for (const auto& span : kept.spans) {
    if (span.step != made.step) {
      made.step = span.step;
      made.step_from = log.size();
      made.open_calls.clear();
      made.unknown.clear();
      made.step_done = false;
    }
    made.spans.push_back({span.step, log.size(), 0, span.made_by, false});
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& part = parts[i];
      if (part.part < span.from || part.part >= span.to)
        continue;
      const auto* next = i + 1 < parts.size() && parts[i + 1].part == part.part
                           ? &parts[i + 1]
                           : nullptr;
      if (auto* call = std::get_if<tool_call_content>(&part.content)) {
        take_call(part, next, *call, log, made);
        made.step_done |= part.how != state::cut && !call->provider_executed;
      } else if (auto* file = std::get_if<file_content>(&part.content)) {
        log.add_file(*file);
      } else {
        take_text(part, part.how == state::cut, log);
      }
    }
    made.spans.back().to = log.size();
  }
  // Nothing says that the last answer was whole, unless it made calls.
  for (std::size_t i = 0; i < made.spans.size(); ++i)
    made.spans[i].whole = i + 1 < made.spans.size()
                            ? made.spans[i + 1].step != made.spans[i].step
                            : made.step_done;
  made.step_done = made.step_done && made.open_calls.empty();
  return made;
}

} // namespace penstock
