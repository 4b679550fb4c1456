// Question: what does a token cost when it comes as fast as it can be taken?
//   full_speed --rival NAME [--streams 64] [--tokens 20000] [--extra ""]
// CPU of this process from before the first request to the last token.
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
  const auto tokens = given.count("tokens", 20'000);
  raise_file_limit();
  const load_server server;
  load what;
  what.server = server.url();
  what.streams = given.count("streams", 64);
  what.shape = "n=" + std::to_string(tokens) + given.text("extra", "");
  tally results{what.streams};
  auto client = make_rival(name, what, results);
  const auto cpu = cpu_s();
  const auto begun = now_ns();
  client->start();
  while (results.over() < what.streams)
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  const auto all = static_cast<double>(tokens * what.streams);
  std::printf("%s\n",
              json_line{}
                .add("question", "full_speed")
                .add("rival", name)
                .add("streams", std::uint64_t{what.streams})
                .add("tokens_each", std::uint64_t{tokens})
                .add("us_per_token", (cpu_s() - cpu) * 1e6 / all)
                .add("wall_s", static_cast<double>(now_ns() - begun) * 1e-9)
                .add("text_bytes", results.text_bytes())
                .add("failed", std::uint64_t{results.failed()})
                .add("hash", std::to_string(results.hash()))
                .text()
                .c_str());
  std::fflush(stdout);
  client.reset();
  return results.failed() == 0 ? 0 : 1;
}
