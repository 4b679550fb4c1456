// Question: what does a batch cost that goes to one subscriber of many?
//   subscribers [--rival penstock] [--subscribers 100] [--seconds 5]
// One stream of 200 tokens a second, as events of one token; the CPU of this
// process, all of it, by the batches that all sinks got.
#include "bench/support/arguments.hpp"
#include "bench/support/load_server.hpp"
#include "bench/support/rival.hpp"

#include <cstdio>

using namespace penstock::bench;

int main(int count, char** values) {
  const arguments given{count, values};
  const load_server server;
  load what;
  what.server = server.url();
  what.subscribers = given.count("subscribers", 100);
  what.shape = "n=1000000,rate=200";
  tally results{1};
  auto client = make_rival("penstock", what, results);
  client->start();
  wait(0.3);
  const auto cpu = cpu_s();
  const auto batches = results.batches();
  wait(given.number("seconds", 5));
  const auto more = static_cast<double>(results.batches() - batches);
  std::printf("%s\n", json_line{}
                        .add("question", "subscribers")
                        .add("rival", "penstock")
                        .add("subscribers", std::uint64_t{what.subscribers})
                        .add("batches", more)
                        .add("us_per_batch", (cpu_s() - cpu) * 1e6 / more)
                        .text()
                        .c_str());
  std::fflush(stdout);
  client.reset();
  return 0;
}
