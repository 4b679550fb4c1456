#include "bench/support/arguments.hpp"

#include <cstdio>
#include <cstdlib>

namespace penstock::bench {

arguments::arguments(int count, char** values) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = values[i];
    if (!name.starts_with("--")) {
      std::fprintf(stderr, "usage: %s [--NAME VALUE]…\n", values[0]);
      std::exit(2);
    }
    all_.emplace_back(name.substr(2), values[i + 1]);
  }
}

std::string arguments::text(std::string_view name,
                            std::string otherwise) const {
  for (const auto& [known, value] : all_)
    if (known == name)
      return value;
  return otherwise;
}

double arguments::number(std::string_view name, double otherwise) const {
  const auto value = text(name, "");
  return value.empty() ? otherwise : std::strtod(value.c_str(), nullptr);
}

} // namespace penstock::bench
