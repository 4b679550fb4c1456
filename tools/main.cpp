// The command line tool: the runtime for people, scripts and black-box checks.
#include "tools/command.hpp"

#include <exception>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <unistd.h>

namespace {

using namespace penstock::cli;

// As in CMakeLists.txt; a test compares them.
constexpr auto version = "penstock 0.1.0";

constexpr add_command commands[] = {
  add_chat,
  add_classify,
  add_decode,
  add_demo,
};

int run(int argc, char** argv) {
  CLI::App app{"penstock: streams from language models, supervised"};
  int code = exit_completed;
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  for (const auto add : commands)
    add(app, code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) { // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::string name = "penstock";
    for (const auto* chosen : app.get_subcommands())
      name += " " + chosen->get_name();
    return usage_error(std::string{e.what()} + ". Try: " + name + " --help");
  }
  return code;
}

// A file or socket of ours must never take the number of a standard stream
// that the caller has closed.
void reserve_standard_streams() {
  int fd = -1;
  do
    fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close(fd);
}

} // namespace

int main(int argc, char** argv) {
  reserve_standard_streams();
  std::ios::sync_with_stdio(false);
  try {
    return run(argc, argv);
  } catch (const std::exception& e) { // Out of memory, at most.
    std::cerr << "penstock: " << e.what() << std::endl;
    return exit_failed;
  }
}
