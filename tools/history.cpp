// `penstock history`: what a store keeps of conversations.
#include "providers/scrub.hpp"
#include "runtime/event_json.hpp"
#include "tools/command.hpp"
#include "tools/history_text.hpp"
#include "tools/open_store.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

namespace penstock::cli {

namespace {

struct arguments {
  std::string store, workspace;
  bool json = false;
};

expected<void> show_workspace(store& of, const std::string& id, bool as_json) {
  auto found = ask_store<workspace_snapshot>(
    [&](auto done) { of.load(id, std::move(done)); });
  if (!found)
    return fail(found.error());
  if (!as_json)
    std::cout << "== " << one_line(id, 256) << "\n";
  for (const auto& row : found->history) {
    if (!as_json)
      std::cout << history_text(row);
    else
      for (const auto& line : json_lines(id, row))
        print_json(line);
  }
  return {};
}

int run(const arguments& args) {
  auto store = open_existing_store(args.store);
  if (!store)
    return usage_error(store.error().message);
  const auto all = workspaces_in(**store, args.workspace);
  if (!all)
    return usage_error(all.error().message);
  for (const auto& id : *all)
    if (auto done = show_workspace(**store, id, args.json); !done)
      return failure(done.error());
  const auto interrupted = interrupted_in(**store, args.workspace);
  if (!interrupted)
    return failure(interrupted.error());
  const int code = finish_output(exit_completed);
  tell_interrupted(*interrupted, args.store);
  return code != exit_completed || interrupted->empty() ? code
                                                        : exit_interrupted;
}

} // namespace

void add_history(CLI::App& app, int& code) {
  auto args = std::make_shared<arguments>();
  auto& command =
    *app.add_subcommand("history", "Show the messages that a store keeps");
  command.footer("Each message has its place in the history, who said it and "
                 "how its stream ended,\nif not by itself.\n\n"
                 "Exit codes: 0; 1 the store could not be read; 2 wrong usage, "
                 "or the store cannot\nbe opened; 3 there are interrupted "
                 "answers, which penstock resume goes on with.");
  command.add_option("--store", args->store, "The store's file");
  command.add_flag("--json", args->json, "One message per line, as JSON");
  command.add_option("WORKSPACE", args->workspace, "Of this one only");
  command.callback([args, &code] { code = run(*args); });
}

} // namespace penstock::cli
