// The tools of a configuration, as external commands.
#include "providers/model_catalog_tables.hpp"
#include "tools/chat_options.hpp"
#include "tools/child_group.hpp"
#include "tools/command_tool.hpp"

#include <utility>

namespace penstock::cli {

namespace {

/// Ctrl-C ends the tool's commands, and then the tool, within half a second.
constexpr std::chrono::milliseconds kill_grace_ms{100};

std::vector<std::string> key_variables(const runtime_options& options) {
  std::vector<std::string> names;
  for (const auto& builtin : builtin_endpoints())
    for (const auto name : {builtin.key_variable, builtin.key_variable_also})
      if (!name.empty())
        names.emplace_back(name);
  for (const auto& [provider, config] : options.providers)
    if (!config.api_key_env.empty())
      names.push_back(config.api_key_env);
  return names;
}

} // namespace

expected<void> add_tools(configuration& to) {
  for (const auto& from : to.tools) {
    command_tool parts;
    parts.definition = from.definition;
    parts.command = from.argv;
    parts.read_only = from.read_only;
    parts.idempotent = from.idempotent;
    parts.timeout_ms = from.timeout_ms;
    parts.kill_grace_ms = kill_grace_ms;
    parts.hidden_env = key_variables(to.options);
    auto made = make_command_tool(std::move(parts));
    if (!made)
      return fail(errc::invalid_request,
                  "tool " + from.definition.name + ": " + made.error().message);
    to.options.tools.push_back(std::move(*made));
  }
  return {};
}

void end_commands() {
  kill_children();
}

} // namespace penstock::cli
