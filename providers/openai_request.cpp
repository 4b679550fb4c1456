#include "providers/openai_request.hpp"

#include "providers/model_catalog.hpp"

#include <algorithm>

namespace penstock::openai {

namespace {

// The efforts by strength; a thinking level is the first of its row.
constexpr struct {
  std::string_view name;
  int strength;
} efforts[] = {{"none", 0},    {"minimal", 1}, {"low", 2},   {"medium", 3},
               {"default", 3}, {"high", 4},    {"xhigh", 5}, {"max", 6}};

void set(header_list& headers, const std::string& name,
         const std::string& value) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const auto same = [&](const header& h) {
    return std::equal(h.first.begin(), h.first.end(), name.begin(), name.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
  };
  const auto it = std::find_if(headers.begin(), headers.end(), same);
  if (it == headers.end())
    headers.emplace_back(name, value);
  else
    it->second = value;
}

} // namespace

expected<ordered_json> parse_object(std::string_view text,
                                    const std::string& what) {
  auto value = parse_ordered_json(text);
  if (!value)
    return fail(errc::invalid_request, what + ": " + value.error().message);
  if (!value->is_object())
    return fail(errc::invalid_request, what + " must be a JSON object");
  return value;
}

std::string_view effort_for(thinking_level level, std::string_view known) {
  const int wanted = level == thinking_level::max ? 6 : static_cast<int>(level);
  std::string_view best, weakest;
  while (!known.empty()) {
    const auto name = known.substr(0, known.find(' '));
    known.remove_prefix(std::min(name.size() + 1, known.size()));
    if (weakest.empty())
      weakest = name;
    for (const auto& [effort, strength] : efforts)
      if (effort == name && strength <= wanted)
        best = name;
  }
  return best.empty() ? weakest : best;
}

void merge_patch(ordered_json& into, const ordered_json& from) {
  if (!from.is_object()) {
    into = from;
    return;
  }
  if (!into.is_object())
    into = ordered_json::object();
  for (const auto& [name, value] : from.items()) {
    if (value.is_null())
      into.erase(name);
    else
      merge_patch(into[name], value);
  }
}

expected<header_list> request_headers(const endpoint& at, const prompt& what,
                                      std::string_view key_header) {
  header_list headers{{"content-type", "application/json"},
                      {"accept", "text/event-stream"}};
  if (!at.key.empty() && key_header.empty())
    headers.emplace_back("authorization", "Bearer " + at.key.reveal());
  else if (!at.key.empty())
    headers.emplace_back(key_header, at.key.reveal());
  for (const auto* more : {&at.headers, &what.headers})
    for (const auto& [name, value] : *more)
      set(headers, name, value);
  if (auto fault = fault_of(headers))
    return fail(std::move(*fault));
  return headers;
}

} // namespace penstock::openai
