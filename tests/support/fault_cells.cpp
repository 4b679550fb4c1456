#include "tests/support/fault_cells.hpp"

#include "tests/support/fault_words.hpp"

namespace penstock::testing {

// ---- names -----------------------------------------------------------------

std::string_view to_string(fault_place place) {
  constexpr std::string_view names[] = {
    "before headers", "after headers",  "after the first token",
    "mid text",       "mid reasoning",  "mid tool input",
    "after a call",   "after a result", "before the terminal"};
  return names[static_cast<std::size_t>(place)];
}

std::string name_of(const fault& f) {
  constexpr std::string_view names[] = {
    "reset",           "clean EOF", "stall",
    "in-stream error", "garbage",   "wrong content type",
    "refusal",         "crash",     "HTTP "};
  std::string name{names[static_cast<std::size_t>(f.what)]};
  return f.status == 0 ? name : name + std::to_string(f.status);
}

std::string fault_cell::name() const {
  constexpr const char* fallbacks[] = {"alone", "same provider",
                                       "other provider"};
  constexpr const char* policies[] = {"continue", "retract", "stop"};
  return std::string{claude ? "claude" : "chat"} + ", "
         + std::string{to_string(where)} + ", " + name_of(what) + ", "
         + fallbacks[static_cast<int>(then)] + ", "
         + policies[static_cast<int>(policy)];
}

// Claude's first model takes a prefill, its fallback does not.
std::string fault_cell::first_model() const {
  return claude ? "claude:claude-haiku-4-5" : "chat:prime";
}

std::string fault_cell::fallback_model() const {
  if (then == fault_fallback::none)
    return {};
  return fallback_is_claude() ? "claude:claude-opus-5" : "chat:spare";
}

bool fault_cell::fallback_is_claude() const {
  return claude == (then == fault_fallback::same_provider);
}

std::string_view why_impossible(const fault_cell& cell) {
  using enum fault_place;
  const auto where = cell.where;
  const auto what = cell.what.what;
  const bool at_head = where == before_headers || where == after_tool_result;
  if (what == fault_kind::http_status && !at_head)
    return "a status is the head of an answer: none follows it";
  if (what == fault_kind::wrong_content_type && !at_head
      && where != after_headers)
    return "a content type is in the head: none follows it";
  if (where == before_headers
      && (what == fault_kind::in_stream_error || what == fault_kind::refusal))
    return "no event comes before the head";
  if (where == before_headers && what == fault_kind::garbage)
    return "a transport that reads no HTTP fails: the same as a reset";
  if (where == after_whole_call && !cell.claude)
    return "Chat Completions says that a call is whole with the terminal only";
  return {};
}

// ---- the contract ----------------------------------------------------------

namespace {

/// SPEC §7, and §6.1 for what ends cleanly.
errc class_of(const fault_cell& cell) {
  switch (cell.what.what) {
  case fault_kind::reset:
    return errc::network;
  case fault_kind::clean_eof:
    return cell.where == fault_place::before_headers  ? errc::network
           : cell.where == fault_place::after_headers ? errc::empty_output
                                                      : errc::stream_truncated;
  case fault_kind::stall:
    return errc::timeout;
  case fault_kind::in_stream_error:
    return cell.claude ? errc::overloaded : errc::server_error;
  case fault_kind::garbage:
  case fault_kind::wrong_content_type:
    return errc::protocol;
  case fault_kind::refusal:
    return errc::model_refusal;
  case fault_kind::crash:
    return errc::internal;
  case fault_kind::http_status:
    break;
  }
  switch (cell.what.status) {
  case 400:
    return errc::invalid_request;
  case 401:
    return errc::authentication;
  case 402:
    return errc::quota;
  case 403:
    return errc::permission;
  case 404:
    return errc::model_not_found;
  case 408:
    return errc::timeout;
  case 413:
    return errc::context_exceeded;
  case 429:
    return errc::rate_limit;
  case 529:
    return errc::overloaded;
  default:
    return errc::server_error;
  }
}

/// SPEC §6.2: attempts of the same model; the silent one is among them.
std::size_t attempts_of(errc why) {
  switch (why) {
  case errc::rate_limit:
  case errc::overloaded:
  case errc::server_error:
  case errc::network:
  case errc::timeout:
  case errc::internal:
    return 3;
  case errc::stream_truncated:
  case errc::empty_output:
    return 2;
  default:
    return 1;
  }
}

bool has_next_model(errc why) {
  return why != errc::invalid_request && why != errc::protocol;
}

std::string text_of_attempt(const fault_cell& cell, std::size_t number) {
  using enum fault_place;
  const std::size_t count = cell.where == after_first_token ? 1
                            : cell.where == mid_text        ? words_cut
                            : cell.where == mid_tool_input  ? words_cut
                            : cell.where == before_terminal ? words_whole
                                                            : 0;
  return joined(words(attempt_name(number), 'w', count));
}

std::string reasoning_of_attempt(const fault_cell& cell, std::size_t number) {
  using enum fault_place;
  const bool none = !is_visible(cell.where) || cell.where == after_first_token;
  const std::size_t count = none                          ? 0
                            : cell.where == mid_reasoning ? 2
                                                          : words_cut;
  return joined(words(attempt_name(number), 'r', count));
}

/// What one faulty attempt has used: Anthropic tells of the input first.
std::pair<std::uint64_t, std::uint64_t> used_by_attempt(const fault_cell& c) {
  if (c.what.what == fault_kind::refusal)
    return {100, 20};
  if (c.claude && is_visible(c.where))
    return {100, 1};
  return {0, 0};
}

/// Writes an outcome, attempt by attempt.
struct outcome_writer {
  const fault_cell& cell;
  fault_outcome out{};

  void attempt(const std::string& model,
               std::pair<std::uint64_t, std::uint64_t> used, bool after_tool) {
    out.asked.push_back(model);
    out.sent_on.push_back(cell.policy == partial_policy::proceed ? out.text
                                                                 : "");
    out.after_tool.push_back(after_tool);
    out.used[model].first += used.first;
    out.used[model].second += used.second;
  }
  void show(const std::string& text, const std::string& reasoning) {
    if (cell.policy == partial_policy::retract)
      out.text.clear(), out.reasoning.clear();
    out.text += text;
    out.reasoning += reasoning;
  }
};

} // namespace

fault_outcome outcome_of(const fault_cell& cell) {
  const auto why = class_of(cell);
  const auto first = cell.first_model();
  const bool visible = is_visible(cell.where);
  const bool later_step = cell.where == fault_place::after_tool_result;
  outcome_writer w{cell};
  auto& out = w.out;
  if (later_step) {
    w.attempt(first, {100, 20}, false);
    out.tool_runs = 1;
  }
  const auto fail_once = [&](std::size_t number) {
    w.attempt(first, used_by_attempt(cell), later_step);
    w.show(text_of_attempt(cell, number), reasoning_of_attempt(cell, number));
  };
  const auto finish = [&](const std::string& of) {
    w.show(joined(words(of, 'w', words_whole)), {});
    return out;
  };
  fail_once(0);
  // Calls that were complete run and end the step.
  if (cell.where == fault_place::after_whole_call
      && cell.policy == partial_policy::proceed && why != errc::model_refusal
      && has_next_model(why)) {
    out.tool_runs = 1;
    w.attempt(first, {100, 20}, true);
    return finish("d");
  }
  out.failure = why;
  if (visible && cell.policy == partial_policy::stop)
    return out;
  for (std::size_t n = 1; n < attempts_of(why); ++n) {
    if (why != errc::empty_output)
      out.retries.push_back(why);
    fail_once(n);
  }
  if (!has_next_model(why) || cell.then == fault_fallback::none)
    return out;
  out.failure = errc::none;
  out.retries.push_back(why);
  w.attempt(cell.fallback_model(), {100, 20}, later_step);
  return finish("s");
}

std::map<std::uint32_t, std::string>
texts_of(const std::vector<final_part>& parts) {
  std::map<std::uint32_t, std::string> texts;
  for (const auto& p : parts)
    if (const auto* text = std::get_if<text_content>(&p.content))
      texts[p.part] = text->text;
    else if (const auto* r = std::get_if<reasoning_content>(&p.content))
      texts[p.part] = r->text;
    else if (const auto* call = std::get_if<tool_call_content>(&p.content))
      texts[p.part] = call->input_json;
  return texts;
}

std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>
tokens_of(const std::vector<model_usage>& usage) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> tokens;
  for (const auto& u : usage)
    tokens[u.model] = {u.usage.input_total, u.usage.output_total};
  return tokens;
}

std::string said(const std::vector<final_part>& parts, bool reasoning) {
  std::string all;
  for (const auto& p : parts)
    if (const auto* text = std::get_if<text_content>(&p.content);
        text && !reasoning)
      all += text->text;
    else if (const auto* r = std::get_if<reasoning_content>(&p.content);
             r && reasoning)
      all += r->text;
  return all;
}

} // namespace penstock::testing
