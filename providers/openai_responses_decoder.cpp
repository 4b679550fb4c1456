#include "providers/openai_responses_decoder.hpp"

#include "providers/error_classifier.hpp"
#include "providers/openai_responses_quirks.hpp"
#include "providers/openai_responses_usage.hpp"
#include "providers/scrub.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

constexpr std::string_view api = "openai-responses";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const auto begin = std::min(text.find_first_not_of(white), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(white) + 1);
}

// Servers send `"error": null` and `"error": ""` in healthy events.
bool is_something(const json& value) {
  return !value.is_null() && value != "" && value != false
         && !(value.is_structured() && value.empty());
}

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

} // namespace

openai_responses_decoder::openai_responses_decoder(std::string_view provider)
  : items_{openai_responses_quirks_of(provider, {}).custom_tools_are_its_own} {}

void openai_responses_decoder::push(std::string_view bytes, part_batch& out) {
  if (over_)
    return;
  frames_.push(bytes);
  sse_event event;
  while (!over_ && frames_.next(event))
    on_event(event, false, out);
  if (!over_ && frames_.failure().code != errc::none)
    fail(frames_.failure(), out);
}

void openai_responses_decoder::end(part_batch& out) {
  sse_event event;
  if (!over_ && frames_.flush_at_end(event))
    on_event(event, true, out);
  if (!over_)
    judge_stray(out);
  if (!over_ && malformed_)
    fail(*malformed_, out);
  over_ = true;
}

// @param at_end the event lacks its end: if it is not whole, it was cut.
void openai_responses_decoder::on_event(const sse_event& frame, bool at_end,
                                        part_batch& out) {
  const auto data = trimmed(frame.data);
  if (data.empty() || data == "[DONE]")
    return;
  const auto event = parse_json(data);
  if (!event) {
    if (!at_end && !malformed_)
      malformed_ = event.error();
    return;
  }
  events_ = true;
  auto type = bytes_of(*event, "type");
  if (type.empty())
    type = frame.type;
  if (type == "error"
      || (!type.starts_with("response.")
          && is_something(member(*event, "error"))))
    return fail(classify_in_stream(api, data), out);
  if (const auto& response = member(*event, "response"); response.is_object()) {
    on_response(response, out);
    if (is_end(type))
      on_end(type, response, out);
  } else {
    on_output(type, *event, out);
  }
  if (!over_ && items_.failure().code != errc::none)
    fail(items_.failure(), out);
}

void openai_responses_decoder::on_output(std::string_view type,
                                         const json& event, part_batch& out) {
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
  over_ = finished_ = true;
  out.add(part::finished{std::move(end)});
}

// The body ended early. Perhaps it was no event stream, or the server threw an
// error at us that is no event.
void openai_responses_decoder::judge_stray(part_batch& out) {
  const auto text = trimmed(frames_.stray());
  const auto value = parse_json(text);
  if (value && value->is_object()
      && (is_something(member(*value, "error"))
          || bytes_of(*value, "type") == "error"
          || bytes_of(*value, "object") == "error"))
    return fail(classify_in_stream(api, text), out);
  if (!events_ && !malformed_ && !frames_.saw_field() && !text.empty()) {
    constexpr std::size_t shown_bytes_max = 80;
    fail({errc::protocol,
          "expected an event stream, got: "
            + one_line(scrub(text.substr(0, 4 * shown_bytes_max)),
                       shown_bytes_max),
          0,
          {},
          {}},
         out);
  }
}

void openai_responses_decoder::fail(error why, part_batch& out) {
  over_ = true;
  out.add(part::failed{std::move(why)});
}

} // namespace penstock
