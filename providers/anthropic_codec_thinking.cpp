#include "providers/anthropic_codec_thinking.hpp"

#include "providers/anthropic_codec_blocks.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace penstock::anthropic {

namespace {

struct level_row {
  std::uint64_t budget_tokens;
  const char* effort;
};

// In the order of thinking_level, from `minimal`. The least budget that the API
// takes is 1 024; above 32 000 the documentation sees diminishing returns.
constexpr level_row levels[] = {{1'024, "low"},
                                {4'096, "low"},
                                {10'000, "medium"},
                                {20'000, "high"},
                                {32'000, "max"}};
constexpr std::uint64_t budget_tokens_min = levels[0].budget_tokens;

// With a budget, the API wants the turn of a tool loop that is under way to
// begin with reasoning. It does not where the loop began without, or with
// another model.
bool in_loop_without_reasoning(const ordered_json& turns) {
  if (turns.size() < 2)
    return false;
  const auto& results = turns.back().at("content");
  const auto& calls = turns.at(turns.size() - 2).at("content");
  const auto& first = calls.at(0).at("type");
  return results.at(0).at("type") == "tool_result" && first != "thinking"
         && first != "redacted_thinking";
}

// Why the model must not think, or null.
const char* obstacle(const ordered_json& body, const prompt& what,
                     const model_facts& facts, bool prefill) {
  if (facts.thinks == thinking_kind::none)
    return "the model does not think";
  if (prefill)
    return "it excludes the continuation of a cut answer";
  if (facts.forced == forced_tool::without_thinking
      && what.tool_choice.forces_a_call())
    return "it excludes a forced tool";
  if (facts.thinks == thinking_kind::adaptive)
    return nullptr;
  if (in_loop_without_reasoning(body.at("messages")))
    return "the tool loop under way began without it";
  if (body.at("max_tokens") <= budget_tokens_min)
    return "max_tokens leaves no room for it";
  return nullptr;
}

void switch_off(ordered_json& body, const model_facts& facts,
                encoder_notes& left_out) {
  switch (facts.off) {
  case thinking_off::absent:
    return;
  case thinking_off::disabled:
    body["thinking"] = {{"type", "disabled"}};
    return;
  case thinking_off::between_tools:
    body["thinking"] = {{"type", "between_tools"}};
    return;
  case thinking_off::never:
    body["output_config"]["effort"] = "low";
    left_out.push_back("thinking off: the model always thinks; low effort");
    return;
  }
}

// The whole answer, reasoning included, must fit max_tokens: at least half of
// it stays for the answer itself.
void set_budget(ordered_json& body, std::uint64_t budget) {
  const auto max_tokens = body.at("max_tokens").get<std::uint64_t>();
  if (budget >= max_tokens)
    budget = std::max(budget_tokens_min, max_tokens / 2);
  body["thinking"] = {{"type", "enabled"}, {"budget_tokens", budget}};
}

} // namespace

bool add_thinking(ordered_json& body, const prompt& what,
                  const model_facts& facts, bool prefill,
                  encoder_notes& left_out) {
  if (!what.thinking) {
    // What thinks unasked would refuse the tool.
    if (facts.off == thinking_off::disabled
        && facts.forced == forced_tool::without_thinking
        && what.tool_choice.forces_a_call())
      switch_off(body, facts, left_out);
    return false;
  }
  if (*what.thinking == thinking_level::off) {
    switch_off(body, facts, left_out);
    return false;
  }
  if (const auto* why = obstacle(body, what, facts, prefill)) {
    left_out.push_back(std::string{"thinking: "} + why);
    switch_off(body, facts, left_out);
    return false;
  }
  const auto& level = levels[static_cast<std::size_t>(*what.thinking) - 1];
  if (facts.thinks == thinking_kind::budget) {
    set_budget(body, level.budget_tokens);
    return true;
  }
  // Newer models leave the text of their reasoning out unless asked for it.
  body["thinking"] = {{"type", "adaptive"}, {"display", "summarized"}};
  body["output_config"]["effort"] = level.effort;
  return true;
}

void add_sampling(ordered_json& body, const struct sampling& what,
                  const model_facts& facts, bool thinks,
                  encoder_notes& left_out) {
  // What the API refuses is left out: without a word if it is the default.
  const auto add = [&](const char* name, auto value, const char* refusal,
                       bool is_default) {
    if (!refusal)
      body[name] = value;
    else if (!is_default)
      left_out.push_back(std::string{name} + ": " + refusal);
  };
  const char* const refusal =
    facts.sampling ? nullptr : "the model has no sampling";
  const char* const thinking = thinks ? "it excludes thinking" : nullptr;
  if (const auto t = what.temperature) {
    const auto in_range = std::clamp(*t, 0.0, 1.0);
    if (in_range != *t)
      left_out.push_back("temperature above 1 or below 0");
    const bool is_default = in_range == 1.0;
    add("temperature", in_range,
        refusal ? refusal : (is_default ? nullptr : thinking), is_default);
  }
  if (const auto p = what.top_p) {
    const char* why = refusal ? refusal : (*p >= 0.95 ? nullptr : thinking);
    if (!why && body.contains("temperature") && !facts.both_samplers)
      why = "the model takes it or a temperature, not both";
    add("top_p", *p, why, *p == 1.0);
  }
  if (what.top_k)
    add("top_k", *what.top_k, refusal ? refusal : thinking, false);
  for (const auto& [set, name] :
       {std::pair{what.presence_penalty.has_value(), "presence_penalty"},
        {what.frequency_penalty.has_value(), "frequency_penalty"},
        {what.seed.has_value(), "seed"}})
    if (set)
      left_out.push_back(std::string{name} + ": the API has none");
  auto stop = ordered_json::array();
  for (const auto& text : what.stop)
    if (!is_blank(text))
      stop.push_back(text);
  if (stop.size() < what.stop.size())
    left_out.push_back("stop: the API refuses a blank one");
  if (!stop.empty())
    body["stop_sequences"] = std::move(stop);
}

} // namespace penstock::anthropic
