#include "providers/gemini_models.hpp"

#include <charconv>
#include <string>

namespace penstock::gemini {

namespace {

struct version {
  unsigned major = 0, minor = 0;

  bool at_least(unsigned other_major, unsigned other_minor = 0) const {
    return major != other_major ? major > other_major : minor >= other_minor;
  }
};

constexpr version newest{99, 0};

// "3.1-flash-lite" is 3.1; "flash-latest" has none.
version read_version(std::string_view text) {
  version v;
  const auto* const end = text.data() + text.size();
  const auto [dot, ec] = std::from_chars(text.data(), end, v.major);
  if (ec != std::errc{} || v.major > newest.major)
    return newest;
  if (dot != end && *dot == '.')
    std::from_chars(dot + 1, end, v.minor);
  return v;
}

bool has(std::string_view name, std::string_view word) {
  return name.find(word) != name.npos;
}

// Gemini 3 and later. What a model does not list it refuses.
std::string_view levels_of(std::string_view name, version v) {
  if (has(name, "lite"))
    return "MINIMAL LOW MEDIUM HIGH";
  if (!has(name, "flash")) // Pro, and what is not known
    return v.major == 3 && v.minor == 0 ? "LOW HIGH" : "LOW MEDIUM HIGH";
  return v.at_least(3, 7) ? "LOW MEDIUM HIGH" : "MINIMAL LOW MEDIUM HIGH";
}

} // namespace

// Source: ai.google.dev/gemini-api/docs/{thinking, thought-signatures,
// structured-output, function-calling}, the table of levels of the same pages
// of Vertex AI, read in November 2026. Models that answer with pictures or
// speech have no thinking that could be set.
model_facts facts_of(std::string_view model) noexcept {
  model_facts facts;
  const auto at = model.find("gemini-");
  if (at == model.npos) { // Gemma and other open models.
    facts.system = !has(model, "gemma");
    return facts;
  }
  const auto name = model.substr(at + 7);
  const auto v = read_version(name);
  const bool media =
    has(name, "image") || has(name, "tts") || has(name, "audio");
  if (v.at_least(3)) {
    facts.signed_calls = facts.json_with_tools = facts.files_in_results = true;
    if (media)
      return facts;
    facts.thinks = thinking_kind::level;
    facts.levels = levels_of(name, v);
  } else if (v.at_least(2, 5) && !media) {
    const bool lite = has(name, "lite");
    const bool pro = has(name, "pro");
    facts.thinks = thinking_kind::budget;
    facts.budget_min = lite ? 512 : pro ? 128 : 1;
    facts.budget_max = pro ? 32'768 : 24'576;
    facts.budget_off = !pro;
  }
  return facts;
}

} // namespace penstock::gemini
