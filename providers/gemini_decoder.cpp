#include "providers/gemini_decoder.hpp"

#include "messages/limits.hpp"
#include "providers/base64.hpp"
#include "providers/decoding.hpp"
#include "providers/error_classifier.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <utility>

namespace penstock::gemini {

namespace {

using decoding::is_something;

constexpr std::string_view api = "google-gemini";

struct finish_row {
  std::string_view raw;
  finish_reason reason;
};

// What the API and Vertex AI know, November 2026. Refusals are those of a
// filter; errors those where what the model wrote could not be used, so that
// to ask again may help.
constexpr std::array finish_table{
  finish_row{"STOP", finish_reason::stop},
  finish_row{"MAX_TOKENS", finish_reason::length},
  finish_row{"SAFETY", finish_reason::content_filter},
  finish_row{"RECITATION", finish_reason::content_filter},
  finish_row{"LANGUAGE", finish_reason::content_filter},
  finish_row{"BLOCKLIST", finish_reason::content_filter},
  finish_row{"PROHIBITED_CONTENT", finish_reason::content_filter},
  finish_row{"SPII", finish_reason::content_filter},
  finish_row{"MODEL_ARMOR", finish_reason::content_filter},
  finish_row{"IMAGE_SAFETY", finish_reason::content_filter},
  finish_row{"IMAGE_PROHIBITED_CONTENT", finish_reason::content_filter},
  finish_row{"IMAGE_RECITATION", finish_reason::content_filter},
  finish_row{"MALFORMED_FUNCTION_CALL", finish_reason::error},
  finish_row{"MALFORMED_RESPONSE", finish_reason::error},
  finish_row{"MISSING_THOUGHT_SIGNATURE", finish_reason::error},
  finish_row{"TOO_MANY_TOOL_CALLS", finish_reason::error},
  finish_row{"UNEXPECTED_TOOL_CALL", finish_reason::error},
};

using rule = delta_rule;
using rules = delta_rule::kind;

// What a chunk may hold that gives text and counts, and nothing else. Each row
// is a claim about the general way below. The first are in the order of
// `usage_counts`.
constexpr std::array plain_chunk{
  rule{"usageMetadata.promptTokenCount", rules::count},
  rule{"usageMetadata.cachedContentTokenCount", rules::count},
  rule{"usageMetadata.candidatesTokenCount", rules::count},
  rule{"usageMetadata.thoughtsTokenCount", rules::count},
  rule{"usageMetadata.totalTokenCount", rules::unread},
  rule{"usageMetadata.promptTokensDetails[0].modality", rules::unread},
  rule{"usageMetadata.promptTokensDetails[0].tokenCount", rules::unread},
  rule{"usageMetadata.candidatesTokensDetails[0].modality", rules::unread},
  rule{"usageMetadata.candidatesTokensDetails[0].tokenCount", rules::unread},
  rule{"usageMetadata.cacheTokensDetails[0].modality", rules::unread},
  rule{"usageMetadata.cacheTokensDetails[0].tokenCount", rules::unread},
  rule{"usageMetadata.trafficType", rules::unread},
  rule{"usageMetadata.serviceTier", rules::unread},
  rule{"candidates[0].content.parts[0].text", rules::text},
  rule{"candidates[0].content.parts[0].thought", rules::same},
  rule{"candidates[0].content.role", rules::unread},
  rule{"candidates[0].index", rules::same, "0"},
  rule{"candidates[0].safetyRatings", rules::same},
  rule{"candidates[0].finishReason", rules::nothing},
  rule{"modelVersion", rules::same},
  rule{"responseId", rules::same},
  rule{"createTime", rules::unread},
};

finish_reason unified(std::string_view raw) {
  for (const auto& row : finish_table)
    if (row.raw == raw)
      return row.reason;
  return finish_reason::other;
}

// Where candidate 0 is: by its index, or the first if it has none.
std::size_t place_of_candidate(const json& candidates) {
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (count_of(candidates[i], "index").value_or(i) == 0)
      return i;
  return candidates.size();
}

const ordered_json null_value;

const ordered_json& member_of(const ordered_json& value, const char* name) {
  const auto found = value.is_object() ? value.find(name) : value.end();
  return found == value.end() ? null_value : *found;
}

const ordered_json& element_of(const ordered_json& value, std::size_t index) {
  return value.is_array() && index < value.size() ? value[index] : null_value;
}

bool has_any(const json& part, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* name) {
    return member(part, name).is_object();
  });
}

// Objects whose members' order is worth a second parse.
bool has_object(const json& part) {
  return has_any(part, {"functionCall", "executableCode", "codeExecutionResult",
                        "toolCall", "toolResponse"});
}

} // namespace

decoder::decoder(bool short_way)
  : plain_(short_way ? std::span<const delta_rule>{plain_chunk}
                     : std::span<const delta_rule>{}) {}

void decoder::on_body_end(part_batch& out) {
  judge_stray(out);
  if (!over() && finished())
    answer_is_over(out);
}

void decoder::on_event(const sse_event&, std::string_view data, bool at_end,
                       part_batch& out) {
  if (data == "[DONE]") // A gateway's, of another API.
    return;
  if (on_plain_delta(data, out))
    return;
  const auto chunk = parse_json(data);
  if (!chunk) {
    if (!at_end)
      fail(chunk.error(), out);
    return;
  }
  if (!on_error(*chunk, data, out))
    on_chunk(*chunk, data, out);
  if (over())
    return;
  check_limits(out);
  plain_.learn(data);
  const auto& first =
    member(element(member(*chunk, "candidates"), 0), "content");
  plain_thought_ =
    member(element(member(first, "parts"), 0), "thought") == true;
}

bool decoder::on_plain_delta(std::string_view data, part_batch& out) {
  const auto delta = plain_.scan(data);
  if (!delta)
    return false;
  if (plain_thought_)
    parts_.reasoning(delta->text, out);
  else
    parts_.text(delta->text, out);
  usage_counts counts;
  for (const auto& [at, value] : delta->counts)
    *(std::array{&counts.prompt, &counts.cached, &counts.answer,
                 &counts.thoughts}[at]) = value;
  on_usage(counts, out);
  check_limits(out);
  return true;
}

bool decoder::on_error(const json& chunk, std::string_view data,
                       part_batch& out) {
  const auto& error_of = chunk.is_array() ? element(chunk, 0) : chunk;
  if (!is_something(member(error_of, "error")))
    return false;
  fail(classify_in_stream(api, data), out, finish_raw_);
  return true;
}

void decoder::on_chunk(const json& chunk, std::string_view data,
                       part_batch& out) {
  on_info(chunk, out);
  const auto& candidates = member(chunk, "candidates");
  if (candidates.is_array()) {
    const auto place = place_of_candidate(candidates);
    const auto& candidate = element(candidates, place);
    on_content(member(candidate, "content"), place, data, out);
    sources_.take(candidate, parts_);
    if (auto raw = text_of(candidate, "finishReason"); !raw.empty()) {
      finish_raw_ = std::move(raw);
      explanation_ =
        decoding::explanation(bytes_of(candidate, "finishMessage"));
      blocked_ = false;
    }
  }
  on_feedback(member(chunk, "promptFeedback"));
  on_usage(counts_of(member(chunk, "usageMetadata")), out);
}

void decoder::on_info(const json& chunk, part_batch& out) {
  if (has_id_ && has_model_)
    return;
  part::response_info info;
  if (!has_id_)
    has_id_ = !(info.id = text_of(chunk, "responseId")).empty();
  if (!has_model_)
    has_model_ = !(info.model = text_of(chunk, "modelVersion")).empty();
  if (!info.id.empty() || !info.model.empty())
    out.add(std::move(info));
}

// The prompt was refused before a model saw it: there is no candidate.
void decoder::on_feedback(const json& feedback) {
  auto reason = text_of(feedback, "blockReason");
  if (reason.empty() || finish_raw_)
    return;
  explanation_ =
    decoding::explanation(bytes_of(feedback, "blockReasonMessage"));
  finish_raw_ = std::move(reason);
  blocked_ = true;
}

void decoder::on_content(const json& content, std::size_t candidate,
                         std::string_view data, part_batch& out) {
  const auto& list = member(content, "parts");
  if (!list.is_array())
    return;
  ordered_json ordered;
  if (std::any_of(list.begin(), list.end(), has_object))
    if (auto whole = parse_ordered_json(data))
      ordered = member_of(
        member_of(element_of(member_of(*whole, "candidates"), candidate),
                  "content"),
        "parts");
  for (std::size_t i = 0; i < list.size() && !over(); ++i) {
    on_part(list[i], element_of(ordered, i), out);
    check_limits(out);
  }
}

void decoder::on_part(const json& part, const ordered_json& ordered,
                      part_batch& out) {
  auto signature = text_of(part, "thoughtSignature");
  const auto& text = member(part, "text");
  if (text.is_string()) {
    // Gateways put one, mostly empty, beside a call: whose signature it is.
    const bool alone =
      !has_object(part) && !has_any(part, {"inlineData", "fileData"});
    auto own = alone ? std::move(signature) : std::string{};
    if (member(part, "thought") == true)
      parts_.reasoning(bytes_of(text), std::move(own), out);
    else
      parts_.text(bytes_of(text), std::move(own), out);
    if (alone)
      return;
  }
  if (const auto& call = member(part, "functionCall"); call.is_object())
    return calls_.take(call,
                       &member_of(member_of(ordered, "functionCall"), "args"),
                       std::move(signature), parts_, out);
  for (const char* kind : {"executableCode", "toolCall"})
    if (const auto& call = member(part, kind); call.is_object())
      return on_provider_call(call, member_of(ordered, kind), kind,
                              std::move(signature), out);
  for (const char* kind : {"codeExecutionResult", "toolResponse"})
    if (const auto& result = member(part, kind); result.is_object())
      return on_provider_result(result, member_of(ordered, kind), kind,
                                std::move(signature), out);
  if (part.contains("inlineData") || part.contains("fileData"))
    return on_file(part, std::move(signature), out);
  if (!signature.empty()) { // Of a part that we do not know, or of none.
    if (member(part, "thought") == true)
      parts_.reasoning({}, std::move(signature), out);
    else
      parts_.text({}, std::move(signature), out);
  }
}

void decoder::on_file(const json& part, std::string signature,
                      part_batch& out) {
  const auto& data = member(part, "inlineData");
  const auto& place = data.is_object() ? data : member(part, "fileData");
  file_content file;
  file.media_type = text_of(place, "mimeType");
  file.name = text_of(place, "displayName");
  file.url = text_of(place, "fileUri");
  file.signature = std::move(signature);
  if (auto bytes = base64_decode(bytes_of(place, "data")))
    file.bytes = std::move(*bytes);
  if ((file.bytes.empty() && file.url.empty())
      || !parts_.count(file.bytes.size()))
    return;
  parts_.close(out);
  out.add(part::file{parts_.new_key(), std::move(file)});
}

void decoder::on_provider_call(const json& wire, const ordered_json& ordered,
                               const char* kind, std::string signature,
                               part_batch& out) {
  auto input = to_text(ordered);
  if (!parts_.count(input.size()))
    return;
  auto name = text_of(wire, "toolType");
  if (name.empty())
    name = "code_execution";
  parts_.close(out);
  const auto key = parts_.new_key();
  auto id = text_of(wire, "id");
  provider_calls_.push_back({key, id, name, false});
  out.add(part::tool_start{key, id, std::move(name), kind, true});
  out.tool_input(key, input);
  out.add(part::tool_complete{key, std::move(input), std::move(signature),
                              std::move(id)});
}

// Its call is the one with its id; without one the last that has no result.
void decoder::on_provider_result(const json& wire, ordered_json whole,
                                 const char* kind, std::string signature,
                                 part_batch& out) {
  auto id = text_of(wire, "id");
  constexpr std::size_t looked_at_max = 1'000; // Keeps it linear.
  const auto oldest = provider_calls_.rbegin()
                      + static_cast<std::ptrdiff_t>(
                        std::min(provider_calls_.size(), looked_at_max));
  const auto call =
    std::find_if(provider_calls_.rbegin(), oldest, [&](const provider_call& c) {
      return !c.answered && (id.empty() || c.id == id);
    });
  const bool known = call != oldest;
  parts_.close(out);
  const auto key = known ? call->key : parts_.new_key();
  auto name = known ? call->name : text_of(wire, "toolType");
  if (name.empty())
    name = "code_execution";
  if (known)
    call->answered = true;
  if (!signature.empty())
    whole["thoughtSignature"] = signature;
  const auto outcome = bytes_of(wire, "outcome");
  const bool is_error = std::string_view{kind} == "codeExecutionResult"
                        && !outcome.empty() && outcome != "OUTCOME_OK";
  auto output = to_text(whole);
  if (!parts_.count(output.size()))
    return;
  out.add(part::tool_result{key, std::move(id), std::move(name),
                            std::move(output), is_error});
  if (!signature.empty())
    out.add(part::signature{key, std::move(signature)});
}

void decoder::on_usage(const usage_counts& counts, part_batch& out) {
  auto usage = usage_of(counts);
  if (!usage)
    return;
  usage->known =
    finished() ? token_usage::quality::exact : token_usage::quality::partial;
  if (usage != usage_)
    out.add(part::usage{*usage});
  usage_ = usage;
}

void decoder::answer_is_over(part_batch& out) {
  auto reason =
    blocked_ ? finish_reason::content_filter : unified(*finish_raw_);
  parts_.close(out);
  calls_.finish(reason != finish_reason::stop, out);
  sources_.tell(parts_, out);
  check_limits(out);
  if (over())
    return;
  end_answer();
  if (usage_ && usage_->known != token_usage::quality::exact) {
    usage_->known = token_usage::quality::exact;
    out.add(part::usage{*usage_});
  }
  if (reason == finish_reason::stop && calls_.any())
    reason = finish_reason::tool_calls;
  out.add(part::finished{{reason, finish_raw_}, std::move(explanation_)});
}

// The body is over. Perhaps it was no event stream, or the server threw an
// error at us that is no event; that counts even after a finish reason.
void decoder::judge_stray(part_batch& out) {
  const auto text = stray();
  if (const auto value = parse_json(text); value && on_error(*value, text, out))
    return;
  if (!finished())
    refuse_stray(text, out);
}

void decoder::check_limits(part_batch& out) {
  for (const auto* failure : {&parts_.failure(), &calls_.failure()})
    if (!over() && failure->code != errc::none)
      fail(*failure, out);
}

} // namespace penstock::gemini
