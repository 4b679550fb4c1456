#include "tools/open_store.hpp"

#include "tools/command.hpp"
#include "tools/terminal_output.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <unistd.h>

namespace penstock::cli {

expected<std::shared_ptr<sqlite_store>>
open_existing_store(const std::string& path, store_durability how) {
  if (path.empty())
    return fail(errc::invalid_request,
                "which store? Name its file with --store FILE");
  std::error_code ignored;
  if (path != ":memory:" && !std::filesystem::exists(path, ignored))
    return fail(errc::invalid_request,
                "there is no store " + path
                  + "; check the path, or make one with: penstock chat --store "
                  + path);
  return sqlite_store::open({path, how, {}});
}

int failure(const error& why) {
  (void)usage_error(why.message);
  return exit_failed;
}

expected<std::vector<std::string>> workspaces_in(store& of,
                                                 const std::string& only) {
  auto all = ask_store<std::vector<std::string>>(
    [&](auto done) { of.list_workspaces(std::move(done)); });
  if (!all || only.empty())
    return all;
  if (std::find(all->begin(), all->end(), only) == all->end())
    return fail(errc::invalid_request, "the store has no workspace \"" + only
                                         + "\"; without a name all are meant");
  return std::vector<std::string>(1, only);
}

expected<std::vector<interrupted_stream>>
interrupted_in(store& of, const std::string& workspace_id) {
  return ask_store<std::vector<interrupted_stream>>(
    [&](auto done) { of.load_interrupted(workspace_id, std::move(done)); });
}

void tell_interrupted(const std::vector<interrupted_stream>& all,
                      const std::string& store_path,
                      const std::string& goes_on) {
  for (const auto& one : all) {
    auto line =
      "workspace \"" + one.workspace_id + "\": an answer was interrupted; ";
    if (one.workspace_id == goes_on)
      line += "what is kept of it stays in the history, and this turn follows";
    else
      line += "go on with it by: penstock resume --store " + store_path + " "
              + one.workspace_id;
    (void)usage_error(line);
  }
}

void print_json(const std::string& line) {
  static const bool on_terminal = isatty(STDOUT_FILENO) == 1;
  std::cout << (on_terminal ? harmless_json(line) : line) << '\n';
}

} // namespace penstock::cli
