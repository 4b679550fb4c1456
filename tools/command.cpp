#include "tools/command.hpp"

#include "providers/scrub.hpp"

#include <cerrno>
#include <cstring>
#include <iostream>
#include <poll.h>
#include <string>
#include <unistd.h>

namespace penstock::cli {

namespace {

constexpr std::size_t line_bytes_max = 4u << 10;

} // namespace

int usage_error(std::string_view what) {
  // It may quote an argument: half a character, a command for the terminal.
  std::cerr << "penstock: " << one_line(what, line_bytes_max) << std::endl;
  return exit_usage;
}

void end_prompt() {
  pollfd terminal{STDERR_FILENO, POLLOUT, 0};
  if (isatty(STDERR_FILENO) == 1 && poll(&terminal, 1, 0) == 1
      && (terminal.revents & POLLOUT) != 0)
    (void)!::write(STDERR_FILENO, "\n", 1);
}

std::string listed(const std::vector<std::string_view>& names) {
  std::string all;
  for (const auto name : names)
    all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

int finish_output(int code) {
  errno = 0;
  if (std::cout.flush())
    return code;
  const int number = errno;
  usage_error(std::string{"standard output: "}
              + (number != 0 ? std::strerror(number) : "cannot be written")
              + "; what was printed is not all");
  return exit_failed;
}

std::istream* open_input(const std::string& path, std::ifstream& file) {
  const bool standard = path == "-";
  std::istream& in = standard ? std::cin : file;
  errno = 0;
  if (!standard)
    file.open(path, std::ios::binary);
  // A directory can be opened, but not read.
  if (standard || file.is_open())
    in.peek();
  if (!in.bad() && (standard || file.is_open()))
    return &in;
  const int number = errno;
  usage_error("cannot read " + (standard ? "standard input" : '"' + path + '"')
              + (number != 0 ? std::string{": "} + std::strerror(number) : "")
              + "; name a file, or - for standard input");
  return nullptr;
}

} // namespace penstock::cli
