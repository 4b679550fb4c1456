// `penstock resume`: goes on with the streams that a crash interrupted.
#include "tools/chat_run.hpp"
#include "tools/command.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace penstock::cli {

namespace {

constexpr auto footer =
  "Each answer goes on from what is kept of it, in its place in the history,\n"
  "without a new message. A tool that may have run already is not run again\n"
  "unless it is idempotent; the model is told.\n"
  "Exit codes: 0 nothing is left to resume; 1 a stream failed; 2 wrong usage "
  "or\n"
  "configuration, or the store cannot be opened; 3 streams are left; 130 "
  "aborted.";

} // namespace

void add_resume(CLI::App& app, int& code) {
  auto args = std::make_shared<chat_options>();
  args->workspace.clear();
  args->resume = true;
  auto& command =
    *app.add_subcommand("resume", "Go on with interrupted answers of a store");
  command.footer(footer);
  command.add_option("--store", args->store, "The store's file");
  command.add_option("--model", args->model,
                     "PROVIDER:MODEL to ask; else the one that was asked");
  command
    .add_option("--fallback", args->fallback,
                "PROVIDER:MODEL to ask if those before could not answer")
    ->allow_extra_args(false);
  command.add_option("--system", args->system, "The system prompt");
  command.add_option("--base-url", args->base_url,
                     "Address of the provider, for all models of the call");
  command.add_option("--api", args->api, "API of the provider");
  command.add_option("--config", args->config, "JSON configuration file");
  command.add_option("--set", args->set, "An option, KEY=VALUE")
    ->allow_extra_args(false);
  command.add_flag("--json", args->json, "One event per line, as JSON");
  command.add_flag("--soft-interrupt", args->soft_interrupt,
                   "The first Ctrl-C ends the answer at the next boundary");
  command.add_flag("--verbose", args->verbose,
                   "Tell usage, tools and what the runtime logs");
  command.add_option("WORKSPACE", args->workspace, "Of this one only");
  command.callback([args, &code] { code = chat_run{*args}.run(); });
}

} // namespace penstock::cli
