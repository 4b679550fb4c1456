// How a subcommand of the command line tool joins it: one file each, with one
// function that `main` lists.
#pragma once

#include <CLI/CLI.hpp>
#include <string_view>

namespace penstock::cli {

/// Exit codes (SPEC §12).
enum exit_code : int {
  exit_completed = 0,
  exit_failed = 1,      ///< The stream failed.
  exit_usage = 2,       ///< Wrong usage or configuration.
  exit_interrupted = 3, ///< Interrupted streams were found, not resumed.
  exit_aborted = 130,
};

/// Adds a subcommand to `app`. Its callback runs when the arguments are good
/// and sets `code`, which lives as long as `app`.
using add_command = void (*)(CLI::App& app, int& code);

void add_chat(CLI::App& app, int& code);
void add_classify(CLI::App& app, int& code);
void add_decode(CLI::App& app, int& code);
void add_demo(CLI::App& app, int& code);

/// Writes "penstock: WHAT" as one line to stderr. Say what to do.
/// @returns `exit_usage`, for `code = usage_error(…)`.
int usage_error(std::string_view what);

} // namespace penstock::cli
