#include "actors/conversation.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace penstock {

namespace {

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == text.npos;
}

// A proof of origin goes back to its origin only.
template <class Content>
Content without_signature(Content what) {
  what.signature.clear();
  if constexpr (std::is_same_v<Content, text_content>) {
    what.phase.clear();
    what.citations_json.clear();
  }
  return what;
}

/// The messages of one step while they are collected.
struct step_messages {
  message assistant{role::assistant, {}, {}};
  message results{role::tool, {}, {}};
  bool cut = false;

  // Text that was cut and went on is one text, unless a part of it is signed or
  // has citations: they are of that part alone.
  void add_text(const text_content& text) {
    auto* last = assistant.parts.empty()
                   ? nullptr
                   : std::get_if<text_content>(&assistant.parts.back());
    if (last && cut && last->signature.empty() && text.signature.empty()
        && last->citations_json.empty() && text.citations_json.empty()) {
      last->text += text.text;
      last->phase = text.phase; // Known at the end only.
    } else {
      assistant.parts.push_back(text);
    }
  }
};

enum class open_calls : std::uint8_t { drop, answer };

void add_call(step_messages& step, const final_part& part,
              const tool_call_content& call, const final_part* next,
              open_calls rule) {
  const auto* result =
    next ? std::get_if<tool_result_content>(&next->content) : nullptr;
  if (part.how != final_part::state::complete)
    return;
  if (result || call.provider_executed) {
    step.assistant.parts.push_back(call);
    if (result && result->provider_executed)
      step.assistant.parts.push_back(*result);
    else if (result)
      step.results.parts.push_back(*result);
  } else if (rule == open_calls::answer) {
    step.assistant.parts.push_back(call);
    step.results.parts.push_back(
      tool_result_content{call.id,
                          call.name,
                          "\"the stream ended before this tool had a result\"",
                          true,
                          false,
                          {}});
  }
}

step_messages collect(const std::vector<final_part>& all,
                      std::span<const attempt_span> spans, open_calls rule) {
  step_messages step;
  const auto& made_by = spans.back().made_by;
  step.assistant.made_by = made_by;
  for (const auto& span : spans) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto& part = all[i];
      if (part.part < span.from || part.part >= span.to)
        continue;
      const bool own = span.made_by == made_by;
      if (auto* text = std::get_if<text_content>(&part.content)) {
        step.add_text(own ? *text : without_signature(*text));
      } else if (auto* reasoning =
                   std::get_if<reasoning_content>(&part.content)) {
        if (part.how == final_part::state::complete && own)
          step.assistant.parts.push_back(*reasoning);
      } else if (auto* call = std::get_if<tool_call_content>(&part.content)) {
        add_call(step, part, *call,
                 i + 1 < all.size() && all[i + 1].part == part.part
                   ? &all[i + 1]
                   : nullptr,
                 rule);
      } else if (auto* file = std::get_if<file_content>(&part.content)) {
        step.assistant.parts.push_back(own ? *file : without_signature(*file));
      } else if (std::holds_alternative<refusal_content>(part.content)
                 && (span.whole || rule == open_calls::answer)) {
        step.assistant.parts.push_back(part.content);
      }
      if (!std::holds_alternative<tool_result_content>(part.content))
        step.cut = part.how == final_part::state::cut;
    }
    step.cut |= !span.whole;
  }
  std::erase_if(step.assistant.parts, [](const content& c) {
    auto* text = std::get_if<text_content>(&c);
    return text && blank(text->text) && text->signature.empty();
  });
  return step;
}

bool says_something(const message& m) {
  return std::any_of(m.parts.begin(), m.parts.end(), [](const content& c) {
    auto* text = std::get_if<text_content>(&c);
    return !std::holds_alternative<reasoning_content>(c)
           && !(text && blank(text->text)); // Nothing but its signature.
  });
}

} // namespace

// ---- conversation ----------------------------------------------------------

conversation::conversation(const workspace_snapshot& snapshot)
  : rows_(snapshot.history.begin(), snapshot.history.end()),
    last_sequence_(snapshot.last_sequence) {
  if (!rows_.empty())
    last_sequence_ = std::max(last_sequence_, rows_.back().sequence());
}

std::vector<history_row> conversation::rows() const {
  std::vector<history_row> all;
  all.reserve(rows_.size());
  for (const auto& row : rows_)
    all.push_back(row.unpack());
  return all;
}

std::uint64_t conversation::claim(std::optional<std::uint64_t> wanted) {
  PENSTOCK_CHECK(!wanted || *wanted > last_sequence_);
  last_sequence_ = wanted.value_or(last_sequence_ + 1);
  return last_sequence_;
}

void conversation::add(const history_row& row) {
  PENSTOCK_CHECK(row.sequence <= last_sequence_);
  const auto at = std::upper_bound(
    rows_.begin(), rows_.end(), row.sequence,
    [](auto sequence, const packed_row& r) { return sequence < r.sequence(); });
  rows_.emplace(at, row);
}

std::vector<std::uint64_t> conversation::cut(std::uint64_t first,
                                             std::uint64_t last) {
  std::vector<std::uint64_t> removed;
  std::erase_if(rows_, [&](const packed_row& r) {
    const bool it = r.sequence() >= first && r.sequence() <= last;
    if (it)
      removed.push_back(r.sequence());
    return it;
  });
  return removed;
}

std::optional<history_row> conversation::take(std::uint64_t sequence) {
  const auto it = std::find_if(rows_.begin(), rows_.end(), [&](auto& r) {
    return r.sequence() == sequence;
  });
  if (it == rows_.end())
    return std::nullopt;
  auto row = it->unpack();
  rows_.erase(it);
  return row;
}

std::vector<message> conversation::messages() const {
  std::vector<message> all;
  for (const auto& row : rows_)
    for (auto& m : row.unpack().messages)
      all.push_back(std::move(m));
  return all;
}

// ---- prompts ---------------------------------------------------------------

namespace {

// One step after the other, until `emit` has had them all.
template <class Emit>
void each_step(const std::vector<final_part>& all,
               std::span<const attempt_span> spans, open_calls rule,
               Emit emit) {
  while (!spans.empty()) {
    const auto step = spans.front().step;
    const auto end = std::find_if(spans.begin(), spans.end(),
                                  [&](auto& s) { return s.step != step; });
    const auto count = static_cast<std::size_t>(end - spans.begin());
    emit(collect(all, spans.first(count), rule));
    spans = spans.subspan(count);
  }
}

// A call is, once its tool has run: then it has a result beside it.
bool is_worth_keeping(const final_part& part) {
  if (const auto* text = std::get_if<text_content>(&part.content))
    return !blank(text->text);
  return !std::holds_alternative<reasoning_content>(part.content)
         && !std::holds_alternative<tool_call_content>(part.content);
}

} // namespace

std::vector<message> generated_messages(const stream_log& log,
                                        std::span<const attempt_span> spans,
                                        bool& partial) {
  std::vector<message> messages;
  partial = false;
  each_step(log.parts(), spans, open_calls::drop, [&](step_messages step) {
    partial = false;
    if (!says_something(step.assistant))
      return;
    messages.push_back(std::move(step.assistant));
    if (!step.results.parts.empty())
      messages.push_back(std::move(step.results));
    else
      partial = step.cut; // the last attempt's answer is not the step's
  });
  return messages;
}

std::vector<message> final_messages(const stream_log& log,
                                    std::span<const attempt_span> spans) {
  return final_messages(log.parts(), spans);
}

std::vector<message> final_messages(const std::vector<final_part>& parts,
                                    std::span<const attempt_span> spans) {
  std::vector<message> messages;
  if (std::none_of(parts.begin(), parts.end(), is_worth_keeping))
    return messages;
  each_step(parts, spans, open_calls::answer, [&](step_messages step) {
    if (!says_something(step.assistant))
      return;
    messages.push_back(std::move(step.assistant));
    if (!step.results.parts.empty())
      messages.push_back(std::move(step.results));
  });
  return messages;
}

prompt build_prompt(const start_request& request, const fallback_entry* entry,
                    std::string_view provider,
                    std::optional<thinking_level> thinking,
                    std::vector<message> messages,
                    std::vector<tool_definition> tools, bool partial) {
  const auto options_of = [&](const provider_options& all) -> std::string {
    const auto it = all.find(std::string{provider});
    return it == all.end() ? std::string{} : it->second;
  };
  prompt p;
  p.system = request.system;
  p.messages = std::move(messages);
  p.ending = partial ? continuation::partial : continuation::none;
  p.tools = std::move(tools);
  p.tool_choice = request.tool_choice;
  p.response_format = request.response_format;
  p.max_output_tokens = entry && entry->max_output_tokens
                          ? entry->max_output_tokens
                          : request.max_output_tokens;
  p.sampling = entry && entry->sampling ? *entry->sampling : request.sampling;
  p.thinking = entry && entry->thinking ? entry->thinking : thinking;
  p.cache = request.cache;
  p.headers = request.headers;
  if (entry)
    p.provider_options_json = options_of(entry->provider_options_json);
  if (p.provider_options_json.empty())
    p.provider_options_json = options_of(request.provider_options_json);
  return p;
}

std::string text_of(const stream_log& log) {
  std::string text;
  for (const auto& part : log.parts())
    if (auto* t = std::get_if<text_content>(&part.content))
      text += t->text;
  return text;
}

stream_outcome outcome_of(const closed_stream& closed) {
  stream_outcome result;
  result.stream = closed.identity->stream;
  const auto take = [&](const auto& terminal) {
    result.usage = terminal.usage;
    for (const auto& part : terminal.parts)
      if (auto* text = std::get_if<text_content>(&part.content))
        result.text += text->text;
  };
  if (auto* end = std::get_if<event::stream_end>(closed.terminal.get())) {
    result.finished = end->why;
    take(*end);
  } else if (auto* abort =
               std::get_if<event::stream_abort>(closed.terminal.get())) {
    result.how = stream_outcome::kind::aborted;
    take(*abort);
  } else if (auto* failed =
               std::get_if<event::stream_error>(closed.terminal.get())) {
    result.how = stream_outcome::kind::failed;
    result.why = failed->why;
    take(*failed);
  }
  return result;
}

} // namespace penstock
