// Question: how soon does a start reach the provider that replaces a stream,
// among many running ones?
//   replace --rival NAME [--streams 1000] [--replaces 200] [--rate 20]
//           [--warm 3]
// One replace after the other: from the call of the start to the moment at
// which the server sends the new stream's first token, which it does as soon as
// it has the request. A rival cancels and starts.
#include "bench/support/arguments.hpp"
#include "bench/support/load_server.hpp"
#include "bench/support/rival.hpp"

#include <algorithm>
#include <cstdio>

using namespace penstock::bench;

int main(int count, char** values) {
  const arguments given{count, values};
  const auto name = given.text("rival", "penstock");
  raise_file_limit();
  const load_server server;
  load what;
  what.server = server.url();
  what.streams = given.count("streams", 1'000);
  what.shape = "n=1000000,ts=1,rate=" + given.text("rate", "20");
  const auto replaces = std::min(given.count("replaces", 200), what.streams);
  what.spare = replaces;
  tally results{what.streams + replaces};
  auto client = make_rival(name, what, results);
  results.watch(true);
  client->start();
  wait(given.number("warm", 3));
  std::vector<std::uint64_t> took;
  for (std::size_t i = 0; i < replaces; ++i) {
    const auto called = now_ns();
    client->replace(i, what.streams + i);
    const auto sent = results.first_stamp_ns(what.streams + i);
    took.push_back(sent > called ? sent - called : 0);
    wait(0.002);
  }
  std::printf("%s\n", json_line{}
                        .add("question", "replace")
                        .add("rival", name)
                        .add("streams", std::uint64_t{what.streams})
                        .add("replaces", std::uint64_t{replaces})
                        .add("p50_ms", percentile(took, 0.5) * 1e-6)
                        .add("p99_ms", percentile(took, 0.99) * 1e-6)
                        .text()
                        .c_str());
  std::fflush(stdout);
  client.reset();
  return 0;
}
