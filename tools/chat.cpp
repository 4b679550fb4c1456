// `penstock chat`: one answer, or a conversation, as it comes.
#include "providers/codec.hpp"
#include "providers/model_catalog_tables.hpp"
#include "runtime/option_table.hpp"
#include "tools/chat_run.hpp"
#include "tools/command.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace penstock::cli {

namespace {

constexpr std::string_view usage =
  "Without a PROMPT: on a terminal a conversation, line by line; else the\n"
  "prompt is read from standard input. Put -- before a PROMPT that begins "
  "with\n"
  "a dash.\n\n"
  "The answer goes to standard output, all else to standard error. Reasoning\n"
  "and tool calls are shown on a terminal only; --json has all of it.\n\n"
  "Ctrl-C aborts. In a conversation it ends the answer, and what was shown of\n"
  "it is remembered; a question that had no answer yet is forgotten. Pressed\n"
  "twice, or at the prompt, it ends the conversation, as Ctrl-D does.\n\n"
  "With --store FILE the workspace's history is sent along and the new turn "
  "is\n"
  "added to it; penstock history shows it, penstock resume goes on with what "
  "a\n"
  "crash interrupted, penstock usage tells what it cost.\n\n"
  "Exit codes: 0 completed; 1 the stream failed, or nobody reads standard\n"
  "output any more; 2 wrong usage or configuration, or the store cannot be\n"
  "opened; 130 aborted.\n\n";

std::string footer() {
  std::string text{usage};
  text += "Providers that need no configuration, and where their keys are:\n";
  for (const auto& each : builtin_endpoints()) {
    text.append("  ").append(each.provider);
    if (!each.key_variable.empty())
      text.append(" ($").append(each.key_variable);
    if (!each.key_variable_also.empty())
      text.append(" or $").append(each.key_variable_also);
    text += each.key_variable.empty() ? "" : ")";
    text += '\n';
  }
  text += "\nOptions for --set, and for \"options\" in a configuration:";
  for (const auto& each : option_descriptions())
    text.append("\n  ").append(each.name).append("=").append(each.expects);
  text += "\nWhat each of them means: docs/CONFIGURATION.md.";
  return text;
}

/// A script's variable that is not set must not mean the default.
std::string fault_if_empty(const std::string& text) {
  return text.empty() ? "must not be empty; leave it out for the default" : "";
}

void add_options(CLI::App& command, chat_options& to, std::string& prompt) {
  command.add_option("--workspace", to.workspace, "Name of the conversation");
  command.add_option(
    "--model", to.model,
    "PROVIDER:MODEL to ask, such as anthropic:claude-haiku-4-5");
  command
    .add_option("--fallback", to.fallback,
                "PROVIDER:MODEL to ask if those before could not answer; may "
                "be repeated")
    ->allow_extra_args(false);
  command.add_option("--system", to.system, "The system prompt");
  command.add_option("--base-url", to.base_url,
                     "Address of the provider, for all models of the call");
  command.add_option("--api", to.api,
                     "API of the provider, for all models: "
                       + listed(codec_names()));
  command.add_option("--store", to.store,
                     "File that keeps the conversation; made if absent");
  command.add_option("--config", to.config,
                     "JSON file with providers, options, tools and more "
                     "(docs/CONFIGURATION.md)");
  command
    .add_option("--set", to.set,
                "KEY=VALUE, such as on_partial=retract; may be repeated")
    ->allow_extra_args(false);
  command.add_flag("--json", to.json, "One event per line, as JSON");
  command.add_flag("--soft-interrupt", to.soft_interrupt,
                   "The first Ctrl-C ends the answer at the next boundary: "
                   "a text, a tool's result, a step");
  command.add_flag("--verbose", to.verbose,
                   "Tell usage, tools and what the runtime logs");
  command.add_option("PROMPT", prompt, "What to ask; - reads standard input");
  for (const auto* name :
       {"--workspace", "--base-url", "--api", "--store", "--config"})
    command.get_option(name)->check(fault_if_empty);
}

} // namespace

void add_chat(CLI::App& app, int& code) {
  struct arguments {
    chat_options options;
    std::string prompt;
  };
  auto args = std::make_shared<arguments>();
  auto& command =
    *app.add_subcommand("chat", "Ask a model; the answer as it comes");
  command.footer(footer());
  add_options(command, args->options, args->prompt);
  command.callback([args, &code, &command] {
    if (command.count("PROMPT") != 0)
      args->options.prompt = args->prompt;
    code = chat_run{args->options}.run();
  });
}

} // namespace penstock::cli
