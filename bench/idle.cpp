// Question: what does a runtime cost that does nothing?
//   idle [--rival penstock] [--seconds 10]
#include "bench/support/arguments.hpp"
#include "bench/support/meter.hpp"
#include "runtime/runtime.hpp"

#include <cstdio>

using namespace penstock::bench;

int main(int count, char** values) {
  const arguments given{count, values};
  const auto seconds = given.number("seconds", 10);
  const auto opened = penstock::runtime::open();
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    return 1;
  }
  wait(0.2);
  const auto cpu = cpu_s();
  wait(seconds);
  std::printf("%s\n",
              json_line{}
                .add("question", "idle")
                .add("rival", "penstock")
                .add("seconds", seconds)
                .add("percent_of_a_core", (cpu_s() - cpu) / seconds * 100)
                .text()
                .c_str());
  return 0;
}
