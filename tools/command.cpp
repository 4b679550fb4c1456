#include "tools/command.hpp"

#include <algorithm>
#include <iostream>
#include <string>

namespace penstock::cli {

int usage_error(std::string_view what) {
  std::string line{what};
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::cerr << "penstock: " << line << std::endl;
  return exit_usage;
}

} // namespace penstock::cli
