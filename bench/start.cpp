// Question: how long from the call of a start to the first byte on the wire?
//   start --rival NAME [--starts 300]
// An idle system, one start after the other, each in a workspace that is new.
// The server's end is that of the whole first answer: one token, sent at once;
// so the figure has the server's part in it, for all rivals the same.
#include "bench/support/arguments.hpp"
#include "bench/support/load_server.hpp"
#include "bench/support/rival.hpp"

#include <chrono>
#include <cstdio>
#include <thread>

using namespace penstock::bench;

int main(int count, char** values) {
  const arguments given{count, values};
  const auto name = given.text("rival", "penstock");
  const auto starts = given.count("starts", 300);
  raise_file_limit();
  const load_server server;
  load what;
  what.server = server.url();
  what.streams = starts;
  what.shape = "n=1,ts=1";
  what.one_by_one = true;
  tally results{starts};
  auto client = make_rival(name, what, results);
  results.watch(true);
  client->start();
  std::vector<std::uint64_t> took;
  for (std::size_t i = 0; i < starts; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    const auto called = now_ns();
    client->begin(i);
    results.await_over(i + 1);
    // The stamp is when the server sent the token, which it does at once.
    const auto sent = results.last_stamp_ns(i);
    took.push_back(sent > called ? sent - called : 0);
  }
  std::printf("%s\n", json_line{}
                        .add("question", "start")
                        .add("rival", name)
                        .add("starts", std::uint64_t{starts})
                        .add("p50_ms", percentile(took, 0.5) * 1e-6)
                        .add("p99_ms", percentile(took, 0.99) * 1e-6)
                        .text()
                        .c_str());
  std::fflush(stdout);
  client.reset();
  return 0;
}
