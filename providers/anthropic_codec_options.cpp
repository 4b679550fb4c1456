#include "providers/anthropic_codec_options.hpp"

#include "messages/limits.hpp"
#include "providers/ascii.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace penstock::anthropic {

namespace {

struct beta {
  std::string_view needs; ///< A member, or a type.
  std::string_view name;
};

// Source: the page of each feature at platform.claude.com/docs/en, and the
// official SDK for Python, types/anthropic_beta_param.py.
constexpr std::string_view compact_beta = "compact-2026-01-12";
constexpr std::string_view fallback_beta = "server-side-fallback-2026-06-01";
constexpr std::string_view default_fallback_beta =
  "server-side-fallback-2026-07-01";
constexpr std::string_view clearing_beta = "context-management-2025-06-27";
constexpr beta members[] = {
  {"mcp_servers", "mcp-client-2025-11-20"},
  {"speed", "fast-mode-2026-02-01"},
};
// What earlier answers left, and goes back whatever the options are now.
constexpr beta block_types[] = {
  {"compaction", compact_beta},
  {"fallback", fallback_beta},
  {"mcp_tool_use", "mcp-client-2025-11-20"},
};
constexpr beta tool_types[] = {
  {"advisor_20260301", "advisor-tool-2026-03-01"},
  {"code_execution_20250522", "code-execution-2025-05-22"},
  {"code_execution_20250825", "code-execution-2025-08-25"},
  {"computer_20250124", "computer-use-2025-01-24"},
  {"computer_20251124", "computer-use-2025-11-24"},
  {"web_fetch_20250910", "web-fetch-2025-09-10"},
};

void append(std::string& list, std::string_view name) {
  if (!name.empty() && list.find(name) == list.npos)
    list.append(list.empty() ? "" : ",").append(name);
}

template <std::size_t N>
void append_for(std::string& list, const beta (&known)[N],
                std::string_view needs) {
  for (const auto& one : known)
    if (one.needs == needs)
      append(list, one.name);
}

const ordered_json& value_at(const ordered_json& object, const char* name) {
  static const ordered_json nothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? nothing : *found;
}

// An empty one if it is none.
const ordered_json& array_at(const ordered_json& object, const char* name) {
  static const auto none = ordered_json::array();
  const auto& list = value_at(object, name);
  return list.is_array() ? list : none;
}

// Calls `take` with the type of each element that has one.
template <class Take>
void for_types(const ordered_json& list, Take take) {
  for (const auto& one : list)
    if (const auto& type = value_at(one, "type"); type.is_string())
      take(std::string_view{type.get_ref<const std::string&>()});
}

void merge(ordered_json& into, const ordered_json& from) {
  if (!into.is_object() || !from.is_object()) {
    into = from;
    return;
  }
  for (const auto& [name, value] : from.items()) {
    if (value.is_null())
      into.erase(name);
    else
      merge(into[name], value);
  }
}

bool same_name(const ordered_json& a, const ordered_json& b) {
  return a.is_object() && b.is_object() && a.contains("name")
         && b.contains("name") && a.at("name") == b.at("name");
}

void merge_tools(ordered_json& into, const ordered_json& from) {
  for (const auto& tool : from) {
    const auto ours =
      std::find_if(into.begin(), into.end(),
                   [&](const ordered_json& t) { return same_name(t, tool); });
    if (ours != into.end())
      merge(*ours, tool);
    else
      into.push_back(tool);
  }
}

bool sendable(std::string_view text) {
  constexpr std::string_view forbidden{"\r\n\0", 3};
  return text.find_first_of(forbidden) == text.npos
         && text.size() <= limits::header_bytes_max;
}

} // namespace

void merge_options(ordered_json& body, const ordered_json& options) {
  for (const auto& [name, value] : options.items()) {
    if (name == "tools" && value.is_array())
      merge_tools(body[name], value);
    else if (value.is_null())
      body.erase(name);
    else
      merge(body[name], value);
  }
}

std::string betas_for(const ordered_json& body) {
  std::string list;
  for_types(array_at(value_at(body, "context_management"), "edits"),
            [&](std::string_view type) {
              append(list, type.starts_with("compact") ? compact_beta
                                                       : clearing_beta);
            });
  if (const auto chain = body.find("fallbacks"); chain != body.end())
    append(list, chain->is_string() ? default_fallback_beta : fallback_beta);
  for (const auto& m : members)
    if (body.contains(m.needs))
      append(list, m.name);
  for_types(array_at(body, "tools"),
            [&](std::string_view type) { append_for(list, tool_types, type); });
  for (const auto& turn : array_at(body, "messages"))
    for_types(array_at(turn, "content"), [&](std::string_view type) {
      append_for(list, block_types, type);
    });
  return list;
}

expected<header_list> merge_headers(header_list base, const header_list& more) {
  for (const auto& [name, value] : more) {
    if (name.empty() || !sendable(name) || !sendable(value))
      return fail(errc::invalid_request,
                  "a header is too long, has no name, or holds a line end");
    const auto ours =
      std::find_if(base.begin(), base.end(), [&, &n = name](const header& h) {
        return ascii::equal_ignoring_case(h.first, n);
      });
    if (ours == base.end())
      base.push_back({name, value});
    else if (ascii::equal_ignoring_case(name, "anthropic-beta"))
      append(ours->second, value);
    else
      ours->second = value;
  }
  return base;
}

} // namespace penstock::anthropic
