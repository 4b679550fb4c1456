// Question: how long does an abort take among many running streams?
//   abort --rival NAME [--streams 1000] [--aborts 300] [--rate 20] [--warm 3]
// One abort after the other, each when the one before was told. From the call
// to the server's seeing the socket closed, and to the stream's last event (for
// a rival: to the end of its transfer).
#include "bench/support/arguments.hpp"
#include "bench/support/load_server.hpp"
#include "bench/support/rival.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

using namespace penstock::bench;

namespace {

// When the server saw each socket closed, in that order, ns.
std::vector<std::uint64_t> closes(const load_server& server) {
  std::vector<std::uint64_t> times;
  const auto all = nlohmann::json::parse(server.get("/closes"), nullptr, false);
  if (all.is_array())
    for (const auto& one : all)
      times.push_back(one.value("ns", std::uint64_t{0}));
  std::sort(times.begin(), times.end());
  return times;
}

} // namespace

int main(int count, char** values) {
  const arguments given{count, values};
  const auto name = given.text("rival", "penstock");
  raise_file_limit();
  const load_server server;
  load what;
  what.server = server.url();
  what.streams = given.count("streams", 1'000);
  what.shape = "n=1000000,rate=" + given.text("rate", "20");
  const auto aborts = std::min(given.count("aborts", 300), what.streams);
  tally results{what.streams};
  auto client = make_rival(name, what, results);
  client->start();
  wait(given.number("warm", 3));
  std::vector<std::uint64_t> called, told;
  for (std::size_t i = 0; i < aborts; ++i) {
    called.push_back(now_ns());
    client->abort(i);
    results.await_over(i + 1);
    told.push_back(results.last_end_ns() - called.back());
    wait(0.002);
  }
  wait(0.2);
  auto closed = closes(server);
  if (closed.size() != aborts) {
    std::fprintf(stderr, "%zu aborts, and the server saw %zu\n", aborts,
                 closed.size());
    return 1;
  }
  for (std::size_t i = 0; i < aborts; ++i)
    closed[i] = closed[i] > called[i] ? closed[i] - called[i] : 0;
  const auto ms = [](auto& of, double at) { return percentile(of, at) * 1e-6; };
  std::printf("%s\n", json_line{}
                        .add("question", "abort")
                        .add("rival", name)
                        .add("streams", std::uint64_t{what.streams})
                        .add("aborts", std::uint64_t{aborts})
                        .add("close_p50_ms", ms(closed, 0.5))
                        .add("close_p99_ms", ms(closed, 0.99))
                        .add("told_p50_ms", ms(told, 0.5))
                        .add("told_p99_ms", ms(told, 0.99))
                        .text()
                        .c_str());
  std::fflush(stdout);
  client.reset();
  return 0;
}
