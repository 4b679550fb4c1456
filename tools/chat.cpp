// `penstock chat`: one answer, or a conversation, as it comes.
#include "tools/chat_run.hpp"
#include "tools/command.hpp"

#include <memory>

namespace penstock::cli {

namespace {

constexpr auto footer =
  "Without a PROMPT: on a terminal a conversation, line by line (Ctrl-D ends\n"
  "it); else the prompt is read from standard input.\n"
  "The answer goes to standard output, all else to standard error. Reasoning\n"
  "and tool calls are shown on a terminal only; --json has all of it.\n"
  "Exit codes: 0 completed; 1 the stream failed, or nobody reads standard\n"
  "output any more; 2 wrong usage or configuration; 130 aborted.";

void add_options(CLI::App& command, chat_options& to, std::string& prompt) {
  command.add_option("--workspace", to.workspace, "Name of the conversation");
  command.add_option("--model", to.model,
                     "PROVIDER:MODEL to ask, anthropic:claude-haiku-4-5 say");
  command
    .add_option("--fallback", to.fallback,
                "PROVIDER:MODEL to ask if those before could not answer; may "
                "be repeated")
    ->allow_extra_args(false);
  command.add_option("--system", to.system, "The system prompt");
  command.add_option("--base-url", to.base_url,
                     "Address of the provider, for all models of the call");
  command.add_option("--api", to.api, "API of the provider, for all models");
  command.add_option("--store", to.store,
                     "File that keeps the history (not in this build)");
  command.add_option("--config", to.config, "JSON configuration file");
  command
    .add_option("--set", to.set,
                "An option, KEY=VALUE, on_partial=retract say; may be repeated")
    ->allow_extra_args(false);
  command.add_flag("--json", to.json, "One event per line, as JSON");
  command.add_flag("--soft-interrupt", to.soft_interrupt,
                   "The first Ctrl-C ends the answer at the next boundary");
  command.add_flag("--verbose", to.verbose,
                   "Tell usage, tools and what the runtime logs");
  command.add_option("PROMPT", prompt, "What to ask; - reads standard input");
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
  command.footer(footer);
  add_options(command, args->options, args->prompt);
  command.callback([args, &code, &command] {
    if (command.count("PROMPT") != 0)
      args->options.prompt = args->prompt;
    code = chat_run{args->options}.run();
  });
}

} // namespace penstock::cli
