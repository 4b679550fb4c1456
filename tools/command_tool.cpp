#include "tools/command_tool.hpp"

#include "actors/tool_runner.hpp"
#include "messages/limits.hpp"
#include "providers/json.hpp"
#include "providers/scrub.hpp"
#include "tools/child_group.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace penstock::cli {

namespace {

constexpr std::string_view scratch_variable = "PENSTOCK_SCRATCH_DIR";
constexpr std::size_t errors_shown_bytes_max = 1u << 10;
// The runtime gives a call up at its timeout. Ours comes first: it kills.
constexpr std::chrono::milliseconds give_up_margin_ms{5'000};
constexpr std::chrono::milliseconds timeout_ms_max{
  std::chrono::hours{24 * 365}};

bool has_nul(std::string_view text) {
  return text.find('\0') != text.npos;
}

/// Empty if it is good.
std::string fault_of(const command_tool& from) {
  if (from.command.empty() || from.command.front().empty())
    return "it has no command";
  if (std::any_of(from.command.begin(), from.command.end(), has_nul))
    return "an argument holds a NUL";
  for (const auto& name : from.hidden_env)
    if (name.empty() || has_nul(name) || name.find('=') != name.npos)
      return "a hidden variable needs a name without NUL and '='";
  if (from.timeout_ms.count() <= 0)
    return "timeout_ms must be positive";
  if (from.kill_grace_ms.count() < 0)
    return "kill_grace_ms must not be negative";
  return {};
}

std::vector<std::string>
environment_without(const std::vector<std::string>& hidden) {
  std::vector<std::string> kept;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry{*at};
    const auto name = entry.substr(0, entry.find('='));
    if (name != scratch_variable
        && std::find(hidden.begin(), hidden.end(), name) == hidden.end())
      kept.emplace_back(entry);
  }
  return kept;
}

tool_outcome failed(const std::string& why, std::string_view errors = {}) {
  auto text = why;
  if (const auto shown = one_line(scrub(errors), errors_shown_bytes_max);
      !shown.empty())
    text += "; its stderr ends: " + shown;
  return error_outcome(text);
}

tool_outcome outcome_of_output(std::string output, std::string_view errors) {
  if (output.find_first_not_of(" \t\r\n") == output.npos)
    return failed("the command wrote no output", errors);
  if (const auto value = parse_json(output); !value)
    return failed("the command's output is not JSON: " + value.error().message,
                  errors);
  return {std::move(output), false, {}};
}

tool_outcome outcome_of(child_end end, const child_command& command) {
  using kind = child_end::kind;
  switch (end.how) {
  case kind::exited:
    if (end.number == 0)
      return outcome_of_output(std::move(end.output), end.errors);
    return failed("the command exited with status "
                    + std::to_string(end.number),
                  end.errors);
  case kind::signalled:
    return failed("the command was ended by signal "
                    + std::to_string(end.number),
                  end.errors);
  case kind::lost:
    return failed("the command's exit status was lost", end.errors);
  case kind::cancelled:
    return failed("the command was cancelled");
  case kind::timed_out:
    return failed("the command took longer than "
                    + std::to_string(command.timeout_ms.count()) + " ms",
                  end.errors);
  case kind::too_large:
    return failed("the command's output exceeds "
                    + std::to_string(command.output_bytes_max) + " bytes",
                  end.errors);
  case kind::not_started:
    break;
  }
  return failed("cannot start " + one_line(command.argv.front(), 256) + ": "
                + std::generic_category().message(end.number));
}

} // namespace

expected<std::shared_ptr<const tool>> make_command_tool(command_tool from) {
  if (const auto fault = fault_of(from); !fault.empty())
    return fail(errc::invalid_request,
                "tool " + one_line(from.definition.name, 128) + ": " + fault);
  child_command command{std::move(from.command),
                        environment_without(from.hidden_env),
                        std::min(from.timeout_ms, timeout_ms_max),
                        std::min(from.kill_grace_ms, timeout_ms_max),
                        limits::tool_output_bytes_max,
                        errors_shown_bytes_max};
  auto made = std::make_shared<tool>();
  made->definition = std::move(from.definition);
  made->read_only = from.read_only;
  made->idempotent = from.idempotent;
  made->timeout_ms =
    command.timeout_ms + command.kill_grace_ms + give_up_margin_ms;
  made->handler = [command = std::move(command)](const tool_invocation& call) {
    auto mine = command;
    if (!call.scratch_dir.empty())
      mine.environment.push_back(std::string{scratch_variable} + '='
                                 + call.scratch_dir);
    return outcome_of(run_child(mine, call.input_json, call.cancelled), mine);
  };
  return made;
}

} // namespace penstock::cli
