#include "providers/openai_request.hpp"

#include <algorithm>

namespace penstock::openai {

namespace {

// The efforts by strength; a thinking level is the first of its row.
constexpr struct {
  std::string_view name;
  int strength;
} efforts[] = {{"none", 0},    {"minimal", 1}, {"low", 2},   {"medium", 3},
               {"default", 3}, {"high", 4},    {"xhigh", 5}, {"max", 6}};

constexpr std::string_view none = "none";

} // namespace

std::string_view effort_for(thinking_level level, std::string_view known) {
  const int wanted = level == thinking_level::max ? 6 : static_cast<int>(level);
  std::string_view best, weakest;
  while (!known.empty()) {
    const auto name = known.substr(0, known.find(' '));
    known.remove_prefix(std::min(name.size() + 1, known.size()));
    if (name == none && level != thinking_level::off)
      continue;
    if (weakest.empty())
      weakest = name;
    for (const auto& [effort, strength] : efforts)
      if (effort == name && strength <= wanted)
        best = name;
  }
  return best.empty() ? weakest : best;
}

bool knows_none(std::string_view known) noexcept {
  return known.substr(0, known.find(' ')) == none; // From weak to strong.
}

} // namespace penstock::openai
