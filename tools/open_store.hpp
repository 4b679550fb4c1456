// How the subcommands that look into a store get at it.
#pragma once

#include "runtime/sqlite_store.hpp"

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace penstock::cli {

/// A store that is there: it is not made.
/// Errors: `invalid_request` without a path or a file, else as
///         `sqlite_store::open`.
expected<std::shared_ptr<sqlite_store>>
open_existing_store(const std::string& path,
                    store_durability how = store_durability::process);

/// Calls the store and waits. `call` takes a function that is called once.
template <class Found, class Call>
expected<Found> ask_store(Call call) {
  auto promise = std::make_shared<std::promise<expected<Found>>>();
  auto answer = promise->get_future();
  call(
    [promise](expected<Found> found) { promise->set_value(std::move(found)); });
  return answer.get();
}

/// Tells what went wrong, as one line. @returns `exit_failed`
int failure(const error& why);

/// Workspaces that were written to; with `only`, that one.
/// Errors: `invalid_request` if `only` is not among them.
expected<std::vector<std::string>> workspaces_in(store& of,
                                                 const std::string& only = {});

expected<std::vector<interrupted_stream>>
interrupted_in(store& of, const std::string& workspace_id = {});

/// One line on standard error for each: where it is and how to go on with it.
/// @param goes_on the workspace that is about to begin another turn; empty:
///                none.
void tell_interrupted(const std::vector<interrupted_stream>& all,
                      const std::string& store_path,
                      const std::string& goes_on = {});

/// A line on standard output, harmless if that is a terminal.
void print_json(const std::string& line);

} // namespace penstock::cli
