#include "providers/openai_responses_decoder.hpp"

#include "providers/decoding.hpp"
#include "providers/error_classifier.hpp"
#include "providers/openai_responses_quirks.hpp"
#include "providers/openai_responses_usage.hpp"

#include <array>
#include <span>
#include <utility>

namespace penstock {

namespace {

using decoding::is_something;

constexpr std::string_view api = "openai-responses";

// xAI's older servers end with `response.done`.
bool is_end(std::string_view type) {
  return type == "response.completed" || type == "response.incomplete"
         || type == "response.failed" || type == "response.done"
         || type == "response.cancelled";
}

finish_reason unified(std::string_view incomplete_reason) {
  if (incomplete_reason == "max_output_tokens"
      || incomplete_reason == "max_tokens" || incomplete_reason == "length")
    return finish_reason::length;
  return incomplete_reason == "content_filter" ? finish_reason::content_filter
                                               : finish_reason::other;
}

// Without the rest of the response, whose prompt may be long.
error failure_of(const json& why) {
  json event{{"type", "response.failed"}, {"response", nullptr}};
  event["response"]["error"] = why;
  return classify_in_stream(api, to_text(event));
}

using items = openai_responses_items;
using text_kind = responses_text;

/// What an event does to the output.
struct event_row {
  std::string_view type;
  void (*apply)(items&, const json& event, part_batch& out);
};

template <text_kind What>
void delta(items& to, const json& event, part_batch& out) {
  to.text_delta(What, event, out);
}

template <text_kind What>
void text_done(items& to, const json& event, part_batch& out) {
  to.text_done(What, event,
               member(event, What == text_kind::refusal ? "refusal" : "text"),
               out);
}

constexpr event_row event_rows[] = {
  {"response.output_text.delta", delta<text_kind::output>},
  {"response.reasoning_summary_text.delta", delta<text_kind::summary>},
  {"response.reasoning_text.delta", delta<text_kind::reasoning>},
  {"response.reasoning.delta", delta<text_kind::reasoning>}, // first gpt-oss
  {"response.refusal.delta", delta<text_kind::refusal>},
  {"response.function_call_arguments.delta",
   [](items& to, const json& event, part_batch& out) {
     to.input_delta("function_call", event, out);
   }},
  {"response.custom_tool_call_input.delta",
   [](items& to, const json& event, part_batch& out) {
     to.input_delta("custom_tool_call", event, out);
   }},
  {"response.mcp_call_arguments.delta",
   [](items& to, const json& event, part_batch& out) {
     to.input_delta("mcp_call", event, out);
   }},
  {"response.function_call_arguments.done",
   [](items& to, const json& event, part_batch& out) {
     to.input_done("function_call", event, member(event, "arguments"), out);
   }},
  {"response.custom_tool_call_input.done",
   [](items& to, const json& event, part_batch& out) {
     to.input_done("custom_tool_call", event, member(event, "input"), out);
   }},
  {"response.mcp_call_arguments.done",
   [](items& to, const json& event, part_batch& out) {
     to.input_done("mcp_call", event, member(event, "arguments"), out);
   }},
  {"response.output_text.done", text_done<text_kind::output>},
  {"response.reasoning_summary_text.done", text_done<text_kind::summary>},
  {"response.reasoning_text.done", text_done<text_kind::reasoning>},
  {"response.reasoning.done", text_done<text_kind::reasoning>},
  {"response.refusal.done", text_done<text_kind::refusal>},
  {"response.content_part.done",
   [](items& to, const json& event, part_batch& out) {
     to.part_done(event, out);
   }},
  {"response.reasoning_summary_part.done",
   [](items& to, const json& event, part_batch& out) {
     to.part_done(event, out);
   }},
  {"response.output_text.annotation.added",
   [](items& to, const json& event, part_batch& out) {
     to.annotation(event, out);
   }},
  {"response.output_item.added",
   [](items& to, const json& event, part_batch& out) { to.added(event, out); }},
  {"response.output_item.done",
   [](items& to, const json& event, part_batch& out) { to.done(event, out); }},
};

using rule = delta_rule;
using rules = delta_rule::kind;

// What the general way does with a delta: its type, and what says where it
// belongs, stay as they were, and so does the state that they are looked up in.
constexpr std::array plain_delta{
  rule{"delta", rules::text},         rule{"type", rules::same},
  rule{"output_index", rules::same},  rule{"item_id", rules::same},
  rule{"content_index", rules::same}, rule{"summary_index", rules::same},
  rule{"logprobs", rules::nothing},   rule{"sequence_number", rules::unread},
  rule{"obfuscation", rules::unread},
};

} // namespace

openai_responses_decoder::openai_responses_decoder(std::string_view provider,
                                                   bool short_way)
  : plain_(short_way ? std::span<const delta_rule>{plain_delta}
                     : std::span<const delta_rule>{}),
    items_{openai_responses_quirks_of(provider, {}).custom_tools_are_its_own} {}

void openai_responses_decoder::on_body_end(part_batch& out) {
  judge_stray(out);
  if (!over() && malformed_)
    fail(*malformed_, out);
}

void openai_responses_decoder::on_event(const sse_event& frame,
                                        std::string_view data, bool at_end,
                                        part_batch& out) {
  if (data == "[DONE]" || (frame.type != "error" && on_plain_delta(data, out)))
    return;
  const auto event = parse_json(data);
  if (!event) {
    if (frame.type == "error")
      fail(classify_error_event(api, data), out);
    else if (!at_end && !malformed_)
      malformed_ = event.error();
    return;
  }
  auto type = bytes_of(*event, "type");
  if (type.empty())
    type = frame.type;
  const auto& response = member(*event, "response");
  if (frame.type == "error" || type == "error" || type == "response.error"
      || (!response.is_object() && is_something(member(*event, "error"))
          && (!type.starts_with("response.") || type == "response.failed")))
    return fail(classify_error_event(api, data), out);
  if (is_end(type) || response.is_object()) {
    on_response(response, out);
    if (is_end(type))
      on_end(type, response, out);
  } else {
    on_output(type, *event, out);
  }
  if (!over() && items_.failure().code != errc::none)
    fail(items_.failure(), out);
  // A type that stands outside the data may change unseen.
  plain_.learn(data);
  if (!items_.knows_delta() || bytes_of(*event, "type").empty())
    plain_.forget();
}

bool openai_responses_decoder::on_plain_delta(std::string_view data,
                                              part_batch& out) {
  const auto delta = plain_.scan(data);
  if (!delta)
    return false;
  items_.more(delta->text, out);
  if (items_.failure().code != errc::none)
    fail(items_.failure(), out);
  return true;
}

void openai_responses_decoder::on_output(std::string_view type,
                                         const json& event, part_batch& out) {
  items_.forget_delta();
  for (const auto& row : event_rows)
    if (row.type == type)
      return row.apply(items_, event, out);
}

// The first id and model that are not empty: a gateway may rotate the id.
void openai_responses_decoder::on_response(const json& response,
                                           part_batch& out) {
  if (has_id_ && has_model_)
    return;
  part::response_info info;
  if (!has_id_)
    has_id_ = !(info.id = text_of(response, "id")).empty();
  if (!has_model_)
    has_model_ = !(info.model = text_of(response, "model")).empty();
  if (!info.id.empty() || !info.model.empty())
    out.add(std::move(info));
}

// The response is over. Its status says how, whatever the event is called.
void openai_responses_decoder::on_end(std::string_view type,
                                      const json& response, part_batch& out) {
  const auto status = bytes_of(response, "status");
  const auto& why = member(response, "error");
  if (const auto usage = openai_responses_usage(member(response, "usage")))
    out.add(part::usage{*usage});
  if (type == "response.failed" || status == "failed" || is_something(why))
    return fail(failure_of(why), out);
  const bool cancelled = type == "response.cancelled" || status == "cancelled";
  const bool incomplete =
    type == "response.incomplete" || status == "incomplete";
  items_.finish(member(response, "output"), cancelled || incomplete, out);
  if (items_.failure().code != errc::none)
    return fail(items_.failure(), out);
  if (malformed_)
    return fail(*malformed_, out);
  finish end;
  if (cancelled) {
    end.raw = "cancelled";
  } else if (incomplete) {
    end.raw = text_of(member(response, "incomplete_details"), "reason");
    end.reason = unified(*end.raw);
    if (end.raw->empty())
      end.raw = "incomplete";
  } else {
    end.reason =
      items_.called() ? finish_reason::tool_calls : finish_reason::stop;
  }
  finished_ = true;
  end_answer();
  out.add(part::finished{std::move(end)});
}

// The body ended early. Perhaps it was no event stream, or the server threw an
// error at us that is no event.
void openai_responses_decoder::judge_stray(part_batch& out) {
  const auto text = stray();
  const auto value = parse_json(text);
  if (value && value->is_object()
      && (is_something(member(*value, "error"))
          || bytes_of(*value, "type") == "error"
          || bytes_of(*value, "object") == "error"))
    return fail(classify_in_stream(api, text), out);
  refuse_stray(text, out);
}

} // namespace penstock
