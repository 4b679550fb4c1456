// The command line that all benchmark programs have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::bench {

/// `--name value` pairs.
class arguments {
public:
  arguments(int count, char** values);
  std::string text(std::string_view name, std::string otherwise) const;
  double number(std::string_view name, double otherwise) const;
  std::size_t count(std::string_view name, std::size_t otherwise) const {
    return static_cast<std::size_t>(
      number(name, static_cast<double>(otherwise)));
  }

private:
  std::vector<std::pair<std::string, std::string>> all_;
};

} // namespace penstock::bench
