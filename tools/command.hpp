// How a subcommand of the command line tool joins it: one file each, with one
// function that `main` lists.
#pragma once

#include <fstream>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

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
void add_history(CLI::App& app, int& code);
void add_resume(CLI::App& app, int& code);
void add_store(CLI::App& app, int& code);
void add_usage(CLI::App& app, int& code);

/// Writes "penstock: WHAT" as one line to stderr, without control characters.
/// Say what to do, and scrub what may hold a key.
/// @returns `exit_usage`, for `code = usage_error(…)`.
int usage_error(std::string_view what);

/// Ends the line on which a prompt waits, so that the shell's begins one of its
/// own. Only on a terminal, and only if that takes no waiting. Any thread.
void end_prompt();

/// "a, b, c"
std::string listed(const std::vector<std::string_view>& names);

/// Flushes std::cout. @returns `code`, or `exit_failed` if something that was
/// printed could not be written, after a line that says so.
int finish_output(int code);

/// The body that a subcommand reads: a file, or standard input for "-".
/// @param file holds it open. @returns null after a line that says why.
std::istream* open_input(const std::string& path, std::ifstream& file);

} // namespace penstock::cli
