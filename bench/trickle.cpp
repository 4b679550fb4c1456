// Question: what do many slow streams cost, how late are their tokens, and how
// much memory does each take?
//   trickle --rival NAME [--streams 1000] [--rate 20] [--warm 2] [--window 5]
//           [--tls 1]
// CPU, latency and memory of the window only, when all streams run; the server
// stamps each token as it sends it, on the clock that this process reads too.
// With TLS the streams come by HTTP/2, and begin one after the other: those of
// a burst would each open a connection, before any is known to take several.
#include "bench/support/arguments.hpp"
#include "bench/support/load_server.hpp"
#include "bench/support/rival.hpp"
#include "bench/support/tls_front.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>

using namespace penstock::bench;

namespace {

void begin_all(rival& client, const load& what) {
  client.start();
  for (std::size_t i = 0; i < what.streams && what.one_by_one; ++i) {
    client.begin(i);
    wait(0.002);
  }
}

} // namespace

int main(int count, char** values) {
  const arguments given{count, values};
  const auto name = given.text("rival", "penstock");
  const auto rate = given.number("rate", 20);
  const auto warm = given.number("warm", 2), window = given.number("window", 5);
  raise_file_limit();
  const load_server server;
  load what;
  what.server = server.url();
  std::optional<tls_front> front;
  if (given.number("tls", 0) != 0) {
    front.emplace(server.host());
    what.server = front->url();
    what.ca_file = front->ca_file();
    what.one_by_one = true;
  }
  what.streams = given.count("streams", 1'000);
  what.subscribers = given.count("subscribers", 1);
  what.shape = "n=1000000,ts=1,rate=" + given.text("rate", "20");
  tally results{what.streams};
  auto client = make_rival(name, what, results);
  const auto memory = resident_bytes();
  begin_all(*client, what);
  wait(warm);
  const auto bytes = results.bytes(), text = results.text_bytes();
  results.watch(true);
  const auto cpu = cpu_s();
  const auto begun = now_ns();
  wait(window);
  const auto cpu_used = cpu_s() - cpu;
  const auto seconds = static_cast<double>(now_ns() - begun) * 1e-9;
  const auto grown = resident_bytes() - memory;
  results.watch(false);
  const auto text_more = static_cast<double>(results.text_bytes() - text);
  const auto bytes_more = static_cast<double>(results.bytes() - bytes);
  // A token's text is 22 bytes, its event about 190 on the wire.
  const auto expected_tokens =
    rate * static_cast<double>(what.streams) * seconds;
  const auto tokens = text_more > 0 ? text_more / 22 : expected_tokens;
  auto ages = results.ages();
  const auto late = static_cast<std::uint64_t>(
    std::count_if(ages.begin(), ages.end(),
                  [](std::uint64_t age) { return age > 1'000'000'000u; }));
  const auto ms = [&](double at) { return percentile(ages, at) * 1e-6; };
  std::printf("%s\n",
              json_line{}
                .add("question", "trickle")
                .add("rival", name)
                .add("streams", std::uint64_t{what.streams})
                .add("rate", rate)
                .add("us_per_token", cpu_used * 1e6 / tokens)
                .add("tokens_per_s", tokens / seconds)
                .add("share_of_expected", tokens / expected_tokens)
                .add("body_bytes", bytes_more)
                .add("p50_ms", ms(0.5))
                .add("p99_ms", ms(0.99))
                .add("p999_ms", ms(0.999))
                .add("max_ms", ms(1))
                .add("late_by_1_s", late)
                .add("kib_per_stream", static_cast<double>(grown) / 1024
                                         / static_cast<double>(what.streams))
                .add("failed", std::uint64_t{results.failed()})
                .text()
                .c_str());
  std::fflush(stdout);
  client.reset();
  return 0;
}
