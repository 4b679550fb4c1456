#include "providers/openai_chat_decoder.hpp"

#include "messages/limits.hpp"
#include "providers/ascii.hpp"
#include "providers/decoding.hpp"
#include "providers/error_classifier.hpp"
#include "providers/openai_chat_usage.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace penstock {

namespace {

using ascii::trimmed;
using decoding::is_something;

constexpr std::string_view api = "openai-chat";

struct finish_row {
  std::string_view raw;
  finish_reason reason;
};

constexpr std::array finish_table{
  finish_row{"stop", finish_reason::stop},
  finish_row{"complete", finish_reason::stop},  // Cohere
  finish_row{"end", finish_reason::stop},       // some gateways
  finish_row{"eos", finish_reason::stop},       // Together
  finish_row{"eos_token", finish_reason::stop}, // TGI
  finish_row{"stop_sequence", finish_reason::stop},
  finish_row{"end_turn", finish_reason::stop},
  finish_row{"length", finish_reason::length},
  finish_row{"max_tokens", finish_reason::length},
  finish_row{"max_output_tokens", finish_reason::length},
  finish_row{"model_length", finish_reason::length},                  // Mistral
  finish_row{"model_context_window_exceeded", finish_reason::length}, // Z.ai
  finish_row{"tool_calls", finish_reason::tool_calls},
  finish_row{"tool_call", finish_reason::tool_calls},
  finish_row{"function_call", finish_reason::tool_calls},
  finish_row{"tool_use", finish_reason::tool_calls},
  finish_row{"content_filter", finish_reason::content_filter},
  finish_row{"refusal", finish_reason::content_filter},
  finish_row{"safety", finish_reason::content_filter},    // Gemini's, handed on
  finish_row{"sensitive", finish_reason::content_filter}, // Z.ai
  finish_row{"error", finish_reason::error},              // OpenRouter, Mistral
  finish_row{"abort", finish_reason::error},              // vLLM, SGLang
  finish_row{"network_error", finish_reason::error},      // Z.ai
  finish_row{"insufficient_system_resource", finish_reason::error}, // DeepSeek
  // Gemini's, handed on as well:
  finish_row{"malformed_function_call", finish_reason::error},
  finish_row{"malformed_response", finish_reason::error},
  finish_row{"missing_thought_signature", finish_reason::error},
  finish_row{"too_many_tool_calls", finish_reason::error},
  finish_row{"unexpected_tool_call", finish_reason::error},
  finish_row{"function_call_filter", finish_reason::error},
};

using rule = delta_rule;
using kind = delta_rule::kind;

// What a chunk may hold that gives text and nothing else. Each row is a claim
// about the general way below: `unread` is nowhere looked at, `nothing` does
// nothing, `same` did nothing new when it came before.
constexpr std::array plain_chunk{
  rule{"choices[0].delta.content", kind::text},
  rule{"choices[0].delta.reasoning_content", kind::text},
  rule{"choices[0].delta.reasoning", kind::text},
  rule{"choices[0].delta.refusal", kind::text},
  rule{"choices[0].delta.role", kind::unread},
  rule{"choices[0].delta.tool_calls", kind::nothing},
  rule{"choices[0].delta.function_call", kind::nothing},
  rule{"choices[0].delta.reasoning_details", kind::nothing},
  rule{"choices[0].delta.thinking_blocks", kind::nothing},
  rule{"choices[0].delta.annotations", kind::nothing},
  rule{"choices[0].delta.audio", kind::nothing},
  rule{"choices[0].index", kind::same, "0"},
  rule{"choices[0].finish_reason", kind::nothing},
  rule{"choices[0].native_finish_reason", kind::unread},
  rule{"choices[0].stop_reason", kind::unread},
  rule{"choices[0].matched_stop", kind::unread},
  rule{"choices[0].token_ids", kind::nothing},
  rule{"choices[0].logprobs", kind::nothing},
  rule{"choices[0].content_filter_results", kind::same},
  rule{"choices[0].error", kind::nothing},
  rule{"id", kind::same},
  rule{"model", kind::same},
  rule{"object", kind::same},
  rule{"type", kind::same},
  rule{"provider", kind::same},
  rule{"created", kind::unread},
  rule{"system_fingerprint", kind::unread},
  rule{"service_tier", kind::unread},
  rule{"obfuscation", kind::unread},
  rule{"usage", kind::nothing},
  rule{"error", kind::nothing},
};

// In any case: gateways hand on what Gemini or Cohere call it.
// Gemini's compatible endpoint says why: "content_filter: SAFETY",
// "function_call_filter: MALFORMED_FUNCTION_CALL".
finish_reason unified(std::string_view raw) {
  const auto what = raw.substr(0, raw.find(':'));
  for (const auto& row : finish_table)
    if (ascii::equal_ignoring_case(row.raw, what))
      return row.reason;
  return what.starts_with("content_filter") ? finish_reason::content_filter
                                            : finish_reason::other;
}

// The choice that counts: number 0, or the first if they have no numbers.
const json& choice_of(const json& chunk) {
  const auto& choices = member(chunk, "choices");
  for (std::size_t i = 0; i < choices.size() && choices.is_array(); ++i)
    if (count_of(choices[i], "index").value_or(i) == 0)
      return choices[i];
  return member(chunk, "no such choice");
}

// What a server says of how it goes: no errors.
constexpr std::array<std::string_view, 12> news{
  "ok",         "success", "succeeded", "queued",      "pending",  "loading",
  "processing", "running", "started",   "in_progress", "updating", "ended"};

bool is_news(const json& what) {
  return std::find(news.begin(), news.end(), ascii::lower_case(bytes_of(what)))
         != news.end();
}

// {"code":"Throttling","message":"…"}: nothing of a chunk, all of an error.
bool is_bare_error(const json& chunk) {
  if (!chunk.is_object() || chunk.contains("choices")
      || bytes_of(chunk, "message").empty())
    return false;
  if (bytes_of(chunk, "type").ends_with("error"))
    return true;
  for (const auto* name : {"code", "status", "error_code", "error_type"}) {
    const auto& what = member(chunk, name);
    const auto number = count_of(what);
    if (is_something(what) && !is_news(what) && number != 0 && number != 200)
      return true;
  }
  return false;
}

// In the place of an event's name: an object between the events.
constexpr std::string_view between_events = "between events";

std::string error_of(json what) {
  json error;
  error["error"] = std::move(what);
  return to_text(error);
}

// An error inside a 200: as OpenAI has it, as an event of its own, in a list
// (Google), as a bare object (vLLM, Cerebras), in the choice (OpenRouter),
// beside it (Groq), or as a status that each chunk has (MiniMax).
// @returns what is to be classified.
std::optional<std::string> error_in(const json& chunk, std::string_view type,
                                    std::string_view data) {
  const auto& status = member(chunk, "base_resp");
  if (type == "error" || type == between_events
      || count_of(status, "status_code").value_or(0) != 0
      || is_something(member(chunk, "error"))
      || is_something(member(element(chunk, 0), "error"))
      || bytes_of(chunk, "object") == "error"
      || bytes_of(chunk, "type") == "error" || is_bare_error(chunk))
    return std::string{data};
  for (const auto* place : {&member(choice_of(chunk), "error"),
                            &member(member(chunk, "x_groq"), "error")})
    if (is_something(*place))
      return error_of(*place);
  return std::nullopt;
}

} // namespace

openai_chat_decoder::openai_chat_decoder(bool short_way)
  : plain_(short_way ? std::span<const delta_rule>{plain_chunk}
                     : std::span<const delta_rule>{}) {}

void openai_chat_decoder::on_body_end(part_batch& out) {
  if (!finished())
    judge_stray(out);
  if (!over() && finished())
    answer_is_over(out);
}

void openai_chat_decoder::on_event(const sse_event& event,
                                   std::string_view data, bool at_end,
                                   part_batch& out) {
  if (on_plain_delta(event, data, out))
    return;
  if (data == "[DONE]") {
    done_ = true;
    return answer_is_over(out);
  }
  const auto chunk = parse_json(data);
  if (!chunk) {
    if (event.type == "error")
      fail(classify_error_event(api, data), out, finish_raw_);
    else if (!at_end)
      fail(chunk.error(), out);
    return;
  }
  if (!on_error(*chunk, event.type, data, out))
    on_chunk(*chunk, out);
  if (!over()) {
    check_limits(out);
    plain_.learn(data);
  }
}

bool openai_chat_decoder::on_plain_delta(const sse_event& event,
                                         std::string_view data,
                                         part_batch& out) {
  if (event.type == "error" || in_thought_)
    return false;
  const auto delta = plain_.scan(data);
  if (!delta)
    return false;
  const auto place = plain_chunk[delta->rule].path;
  if (place.ends_with(".content"))
    parts_.text(delta->text, out);
  else if (place.ends_with(".refusal"))
    parts_.refusal(delta->text, out);
  else
    parts_.reasoning(delta->text, out);
  if (parts_.failure().code != errc::none)
    fail(parts_.failure(), out);
  return true;
}

bool openai_chat_decoder::on_error(const json& chunk, std::string_view type,
                                   std::string_view data, part_batch& out) {
  const auto what = error_in(chunk, type, data);
  if (!what)
    return false;
  auto raw = finish_raw_;
  if (chunk.contains("choices")) { // It is a chunk nevertheless.
    const auto& choice = choice_of(chunk);
    on_info(chunk, out);
    on_delta(member(choice, "delta"), out);
    on_usage(chunk, choice, out);
    if (auto beside = text_of(choice, "finish_reason"); !beside.empty())
      raw = std::move(beside);
  }
  fail(type == "error" ? classify_error_event(api, *what)
                       : classify_in_stream(api, *what),
       out, std::move(raw));
  return true;
}

void openai_chat_decoder::on_chunk(const json& chunk, part_batch& out) {
  on_info(chunk, out);
  const auto& choice = choice_of(chunk);
  // The whole answer in one event, by a server that does not stream it; behind
  // deltas (MiniMax, Perplexity) it is what they have said.
  const auto& delta = member(choice, "delta");
  const auto& what =
    delta.is_object() || has_deltas_ ? delta : member(choice, "message");
  has_deltas_ = has_deltas_ || what.is_object();
  on_delta(what, out);
  on_sources(chunk, out);
  if (auto raw = text_of(choice, "finish_reason"); !raw.empty())
    on_finish(std::move(raw), out);
  on_usage(chunk, choice, out);
}

// The first id and model that are not empty; Azure's first chunk has neither.
void openai_chat_decoder::on_info(const json& chunk, part_batch& out) {
  if (has_id_ && has_model_)
    return;
  part::response_info info;
  if (!has_id_)
    has_id_ = !(info.id = text_of(chunk, "id")).empty();
  if (!has_model_) {
    has_model_ = !(info.model = text_of(chunk, "model")).empty();
    is_gemini_ = info.model.find("gemini-") != info.model.npos;
  }
  if (!info.id.empty() || !info.model.empty())
    out.add(std::move(info));
}

void openai_chat_decoder::on_delta(const json& delta, part_batch& out) {
  if (!delta.is_object())
    return;
  // All that most chunks have: one string. Nothing else is done for them.
  const auto& text = member(delta, "content");
  if (text.is_string() && delta.size() == 1 && !in_thought_)
    return parts_.text(bytes_of(text), out);
  on_reasoning(delta, out);
  if (const auto& tools = member(delta, "executed_tools"); tools.is_array())
    (executed_ ? *executed_ : executed_.emplace()).take(tools, parts_, out);
  if (!on_thought(delta, out))
    on_content(text, out);
  // Gemini's compatible endpoint signs a call inside of it, a text beside it.
  if (auto proof = signature_of_text(delta); !proof.empty())
    parts_.sign_text(std::move(proof), out);
  parts_.refusal(bytes_of(delta, "refusal"), out);
  if (const auto& images = member(delta, "images"); images.is_array())
    for (const auto& image : images)
      on_file(image, out);
  on_audio(member(delta, "audio"), out);
  const auto& all = member(delta, "tool_calls");
  if (all.is_array())
    for (const auto& call : all)
      calls().delta(call, parts_, out);
  else if (!all.empty()) // TGI sent the one call without the list.
    calls().delta(all, parts_, out);
  if (const auto& one = member(delta, "function_call"); one.is_object())
    calls().legacy(one, parts_, out);
  on_sources(delta, out);
}

// Most answers have none.
openai_chat_tool_calls& openai_chat_decoder::calls() {
  return calls_ ? *calls_ : calls_.emplace();
}

void openai_chat_decoder::on_usage(const json& chunk, const json& choice,
                                   part_batch& out) {
  for (const auto* wire : {&member(chunk, "usage"), &member(choice, "usage"),
                           &member(member(chunk, "x_groq"), "usage")}) {
    auto usage = openai_chat_usage(*wire, is_gemini_);
    if (!usage)
      continue;
    usage->known = finished() || choice.is_null()
                     ? token_usage::quality::exact
                     : token_usage::quality::partial;
    if (usage != usage_)
      out.add(part::usage{*usage});
    usage_ = usage;
    return;
  }
}

void openai_chat_decoder::on_finish(std::string raw, part_batch& out) {
  finish_raw_ = std::move(raw);
  parts_.close(out);
  if (calls_)
    calls_->settle(parts_, out);
}

// Told only now, since some servers put a finish reason into every chunk.
void openai_chat_decoder::answer_is_over(part_batch& out) {
  end_answer();
  parts_.close(out);
  const auto reason =
    finish_raw_ ? unified(*finish_raw_) : finish_reason::other;
  if (calls_)
    calls_->finish(reason != finish_reason::stop
                     && reason != finish_reason::tool_calls,
                   parts_, out);
  if (!audio_.empty())
    out.add(part::file{parts_.new_key(),
                       {"audio/pcm", std::exchange(audio_, {}), {}, {}}});
  if (usage_ && usage_->known != token_usage::quality::exact) {
    usage_->known = token_usage::quality::exact;
    out.add(part::usage{*usage_});
  }
  if (finish_raw_)
    out.add(part::finished{{reason, finish_raw_}});
}

// The body ended early. Perhaps it was no event stream, or the server threw an
// error at us that is no event.
void openai_chat_decoder::judge_stray(part_batch& out) {
  auto text = stray();
  if (text.starts_with("error:")) // llama.cpp
    text = trimmed(text.substr(6));
  const auto value = parse_json(text);
  if (value
      && (value->is_object()
          || is_something(member(element(*value, 0), "error")))
      && on_error(*value, value->contains("choices") ? "" : between_events,
                  text, out))
    return;
  refuse_stray(text, out);
}

void openai_chat_decoder::check_limits(part_batch& out) {
  if (const auto& why = parts_.failure(); why.code != errc::none)
    return fail(why, out);
  if (calls_ && calls_->failure().code != errc::none)
    return fail(calls_->failure(), out);
  if (audio_.size() > limits::stream_text_bytes_max)
    fail(decoding::over_limit("stream_text_bytes_max",
                              limits::stream_text_bytes_max),
         out);
}

} // namespace penstock
