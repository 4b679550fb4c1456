#include "providers/anthropic_codec_models.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>

namespace penstock::anthropic {

namespace {

struct row {
  std::string_view family;
  unsigned major, minor; ///< The first version that the facts are true of.
  model_facts facts;
};

using enum thinking_kind;
using enum thinking_off;
constexpr auto any_time = forced_tool::always;
constexpr auto not_thinking = forced_tool::without_thinking;
constexpr auto not_ever = forced_tool::never;

// Versions of a family ascend. Sources, all at platform.claude.com/docs/en as
// of autumn 2026: models/overview (output limits), build-with-claude/
// {extended-thinking, adaptive-thinking, effort, structured-outputs}, the
// migration guide of each model (what became a 400); the refusals of forced
// tools by 5.1 and 5.5 also from their recorded answers. Where a page is
// silent, the row has what cannot fail: no prefill, no sampling.
// clang-format off
constexpr row rows[] = {
  //                 output  thinks    off            forced        samp.  both   prefill schema
  {"haiku",  3, 0, {  4'096, none,     absent,        any_time,     true,  true,  true,  false}},
  {"haiku",  3, 5, {  8'192, none,     absent,        any_time,     true,  true,  true,  false}},
  {"haiku",  4, 5, { 64'000, budget,   absent,        not_thinking, true,  false, true,  true}},
  {"haiku",  5, 0, {128'000, adaptive, disabled,      any_time,     false, false, false, true}},
  {"sonnet", 3, 0, {  4'096, none,     absent,        any_time,     true,  true,  true,  false}},
  {"sonnet", 3, 5, {  8'192, none,     absent,        any_time,     true,  true,  true,  false}},
  {"sonnet", 3, 7, { 64'000, budget,   absent,        not_thinking, true,  true,  true,  false}},
  {"sonnet", 4, 5, { 64'000, budget,   absent,        not_thinking, true,  false, true,  true}},
  {"sonnet", 4, 6, {128'000, adaptive, absent,        not_thinking, true,  false, false, true}},
  {"sonnet", 5, 0, {128'000, adaptive, disabled,      any_time,     false, false, false, true}},
  {"sonnet", 5, 5, {128'000, adaptive, between_tools, not_ever,     false, false, false, true}},
  {"opus",   3, 0, {  4'096, none,     absent,        any_time,     true,  true,  true,  false}},
  {"opus",   4, 0, { 32'000, budget,   absent,        not_thinking, true,  true,  true,  false}},
  {"opus",   4, 1, { 32'000, budget,   absent,        not_thinking, true,  false, true,  true}},
  {"opus",   4, 5, { 64'000, budget,   absent,        not_thinking, true,  false, true,  true}},
  {"opus",   4, 6, {128'000, adaptive, absent,        not_thinking, true,  false, false, true}},
  {"opus",   4, 7, {128'000, adaptive, absent,        not_thinking, false, false, false, true}},
  {"opus",   5, 0, {128'000, adaptive, disabled,      any_time,     false, false, false, true}},
  {"opus",   5, 5, {128'000, adaptive, never,         not_ever,     false, false, false, true}},
  {"fable",  5, 0, {128'000, adaptive, never,         any_time,     false, false, false, true}},
  {"fable",  5, 1, {128'000, adaptive, never,         not_ever,     false, false, false, true}},
  {"mythos", 5, 0, {128'000, adaptive, never,         any_time,     false, false, false, true}},
  {"mythos", 5, 1, {128'000, adaptive, never,         not_ever,     false, false, false, true}},
};
constexpr model_facts unknown_claude =
                   { 64'000, adaptive, absent,        any_time,     false, false, false, true};
constexpr model_facts compatible =
                   {  8'192, budget,   absent,        any_time,     true,  true,  false, false};
// Source: api-docs.deepseek.com/guides/thinking_mode, and what the server says:
// "The `content[].thinking` in the thinking mode must be passed back".
constexpr model_facts deepseek =
                   {  8'192, budget,   disabled,      not_thinking, true,  true,  false, false, true};
// clang-format on

struct version {
  unsigned major = 0, minor = 0;
};

constexpr unsigned newest = 99;

// The number that begins `text`, with its dash removed. A date is no version.
std::optional<unsigned> take_number(std::string_view& text) {
  auto rest = text;
  if (rest.starts_with('-'))
    rest.remove_prefix(1);
  unsigned number = 0;
  const auto end = rest.data() + rest.size();
  const auto [at, ec] = std::from_chars(rest.data(), end, number);
  if (ec != std::errc{} || number > newest)
    return std::nullopt;
  text = rest.substr(static_cast<std::size_t>(at - rest.data()));
  return number;
}

version read_version(std::string_view text) {
  version v;
  if (const auto major = take_number(text)) {
    v.major = *major;
    v.minor = take_number(text).value_or(0);
  }
  return v;
}

std::string normalized(std::string_view model) {
  std::string name{model};
  for (auto& c : name)
    c = c == '.' || c == '_'
          ? '-'
          : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

} // namespace

const model_facts& facts_of(std::string_view model) noexcept {
  const auto name = normalized(model);
  const std::string_view view = name;
  const auto claude = view.find("claude");
  if (claude == view.npos)
    return view.find("deepseek") == view.npos ? compatible : deepseek;
  const auto tail = view.substr(claude + 6);
  const model_facts* found = nullptr;
  for (const auto& r : rows) {
    const auto at = tail.find(r.family);
    if (at == tail.npos)
      continue;
    // "claude-opus-4-1" since version 4, "claude-3-5-haiku" before.
    auto v = read_version(tail.substr(at + r.family.size()));
    if (v.major == 0)
      v = read_version(tail.substr(0, at));
    if (v.major == 0)
      v.major = newest; // "claude-mythos-preview"
    if (found == nullptr || v.major > r.major
        || (v.major == r.major && v.minor >= r.minor))
      found = &r.facts;
  }
  return found ? *found : unknown_claude;
}

} // namespace penstock::anthropic
