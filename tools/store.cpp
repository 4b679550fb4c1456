// `penstock store`: looks into a store, and whether it is whole.
#include "providers/json.hpp"
#include "providers/scrub.hpp"
#include "runtime/event_json.hpp"
#include "tools/command.hpp"
#include "tools/open_store.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

namespace penstock::cli {

namespace {

int verify(const std::string& path) {
  auto store = open_existing_store(path); // SQLite has looked at it then.
  if (!store)
    return usage_error(store.error().message);
  const auto faults = ask_store<std::vector<std::string>>(
    [&](auto done) { (*store)->verify(std::move(done)); });
  if (!faults)
    return failure(faults.error());
  for (const auto& fault : *faults)
    std::cout << one_line(fault, 2'000) << "\n";
  if (faults->empty())
    std::cout << "sound\n";
  return finish_output(faults->empty() ? exit_completed : exit_failed);
}

expected<void> dump_workspace(store& of, const std::string& id) {
  auto found = ask_store<workspace_snapshot>(
    [&](auto done) { of.load(id, std::move(done)); });
  if (!found)
    return fail(found.error());
  for (const auto& row : found->history)
    for (const auto& line : json_lines(id, row))
      print_json(line);
  for (const auto& q : found->queue)
    print_json(to_text(ordered_json{
      {"workspace_id", id},
      {"queued", q.text},
      {"mode", q.mode == queue_mode::tool_end ? "tool_end" : "turn_end"}}));
  if (found->last_stream) {
    stream_event last;
    last.of = found->last_stream->identity;
    last.body = found->last_stream->terminal;
    auto line = parse_ordered_json(json_line(last)).value();
    line.erase("seq"); // Of a delivery,
    line.erase("at");  // and when that was.
    print_json(to_text(line));
  }
  return {};
}

void dump_usage(const usage_row& row) {
  const auto& u = row.usage;
  print_json(to_text(ordered_json{{"workspace_id", row.workspace_id},
                                  {"stream_id", to_string(row.attempt.stream)},
                                  {"attempt", row.attempt.number},
                                  {"model", row.model},
                                  {"by_tool", row.by_tool},
                                  {"quality", to_string(u.known)},
                                  {"input_total", u.input_total},
                                  {"cache_read", u.cache_read},
                                  {"cache_write", u.cache_write},
                                  {"output_total", u.output_total},
                                  {"reasoning", u.reasoning}}));
}

int dump(const std::string& path) {
  auto store = open_existing_store(path);
  if (!store)
    return usage_error(store.error().message);
  const auto all = workspaces_in(**store);
  if (!all)
    return failure(all.error());
  for (const auto& id : *all)
    if (auto done = dump_workspace(**store, id); !done)
      return failure(done.error());
  const auto used = ask_store<std::vector<usage_row>>(
    [&](auto done) { (*store)->load_usage({}, std::move(done)); });
  if (!used)
    return failure(used.error());
  for (const auto& row : *used)
    dump_usage(row);
  const auto interrupted = interrupted_in(**store);
  if (!interrupted)
    return failure(interrupted.error());
  for (const auto& one : *interrupted)
    print_json(to_text(ordered_json{{"workspace_id", one.workspace_id},
                                    {"interrupted", to_string(one.stream)},
                                    {"message_id", one.message_id},
                                    {"model", one.model}}));
  return finish_output(exit_completed);
}

} // namespace

void add_store(CLI::App& app, int& code) {
  auto path = std::make_shared<std::string>();
  auto& command = *app.add_subcommand("store", "Look into a store's file");
  command.callback([&command, &code] {
    if (command.get_subcommands().empty())
      code = usage_error("what to do with it? penstock store verify FILE, or "
                         "dump FILE. Try: penstock store --help");
  });
  command.footer("Like every opening, both close what a crash has left open.\n"
                 "Exit codes: 0; 1 something is missing, or could not be read; "
                 "2 wrong usage, or the\nstore cannot be opened, as when its "
                 "file is damaged.");
  const auto add = [&](const char* name, const char* what,
                       int (*run)(const std::string&)) {
    auto& one = *command.add_subcommand(name, what);
    one.add_option("FILE", *path, "The store's file")->required();
    one.callback([path, &code, run] { code = run(*path); });
  };
  add("verify", "Whether the file is whole and all that it refers to is there",
      verify);
  add("dump",
      "Messages, queues, last ends, usage and what was interrupted, one JSON "
      "object per line",
      dump);
}

} // namespace penstock::cli
