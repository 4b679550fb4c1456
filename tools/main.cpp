// The command line tool: the runtime for people, scripts and black-box checks.
#include "providers/scrub.hpp"
#include "runtime/close_names.hpp"
#include "tools/command.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

using namespace penstock::cli;

// As in CMakeLists.txt; a test compares them.
constexpr auto version = "penstock 0.1.0";

constexpr add_command commands[] = {
  add_chat,    add_classify, add_decode, add_demo,
  add_history, add_resume,   add_store,  add_usage,
};

constexpr auto footer =
  "`penstock SUBCOMMAND --help` tells the rest.\n\n"
  "Exit codes: 0 completed; 1 the stream failed, or the output could not be\n"
  "written; 2 wrong usage or configuration; 3 interrupted answers were found;\n"
  "130 aborted (Ctrl-C). Errors go to standard error, a line each.";

std::string unknown_subcommand(CLI::App& app, int argc, char** argv) {
  std::vector<std::string_view> names;
  for (const auto* each : app.get_subcommands({}))
    names.push_back(each->get_name());
  if (argc < 2)
    return "what to do? The subcommands are " + listed(names);
  return "there is no subcommand or option \""
         + penstock::shown(penstock::scrub(argv[1]))
         + "\"; the subcommands are " + listed(names);
}

int run(int argc, char** argv) {
  CLI::App app{"penstock: streams from language models, supervised"};
  int code = exit_completed;
  app.name("penstock"); // Not the path that it was called by.
  app.footer(footer);
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  for (const auto add : commands)
    add(app, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) { // --help, --version
    return finish_output(app.exit(e));
  } catch (const CLI::ParseError& e) {
    std::string name = "penstock", what = e.what();
    for (const auto* chosen : app.get_subcommands())
      name += " " + chosen->get_name();
    if (app.get_subcommands().empty())
      what = unknown_subcommand(app, argc, argv);
    // An argument may be a whole text, and hide what to do.
    return usage_error(penstock::one_line(penstock::scrub(what), 400)
                       + ". Try: " + name + " --help");
  }
  return code;
}

// A file or socket of ours must never take the number of a standard stream
// that the caller has closed. Its use is an error still: they are opened for
// the other direction.
void reserve_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(number, F_GETFD) == -1) // Then open() gives this number.
      open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

} // namespace

int main(int argc, char** argv) {
  reserve_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN); // A file that may not grow is an error.
  std::ios::sync_with_stdio(false);
  try {
    return run(argc, argv);
  } catch (const std::exception& e) { // Out of memory, at most.
    std::cerr << "penstock: " << e.what() << std::endl;
    return exit_failed;
  }
}
