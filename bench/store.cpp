// Question: what does a store on disk cost many slow streams, in CPU of its own
// thread and in delay of their tokens?
//   store [--streams 1000] [--rate 20] [--warm 3] [--window 5] [--rounds 3]
// Each round measures a store in memory (":memory:") and one in a file, by
// turns; the delay is that of bench/trickle.
#include "bench/support/arguments.hpp"
#include "bench/support/load_server.hpp"
#include "bench/support/rival.hpp"
#include "bench/support/scratch_folder.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace penstock::bench;

namespace {

/// Time that the threads of this name have run, seconds.
double thread_cpu_s(const std::string& wanted) {
  double ns = 0;
  for (const auto& each :
       std::filesystem::directory_iterator{"/proc/thread-self/.."}) {
    std::string name;
    std::ifstream{each.path() / "comm"} >> name;
    double ran = 0;
    if (name == wanted && std::ifstream{each.path() / "schedstat"} >> ran)
      ns += ran;
  }
  return ns * 1e-9;
}

struct measured {
  double store_percent = 0, p50_ms = 0, p99_ms = 0;
};

measured measure(const arguments& given, const std::string& path) {
  const auto rate = given.number("rate", 20);
  const auto window = given.number("window", 5);
  const load_server server;
  load what;
  what.server = server.url();
  what.streams = given.count("streams", 1'000);
  what.shape = "n=1000000,ts=1,rate=" + given.text("rate", "20");
  what.store = path;
  tally results{what.streams};
  auto client = make_rival("penstock", what, results);
  client->start();
  wait(given.number("warm", 3));
  const auto text = results.text_bytes();
  results.watch(true);
  const auto store = thread_cpu_s("penstock-store");
  const auto cpu = cpu_s();
  const auto begun = now_ns();
  wait(window);
  const auto seconds = static_cast<double>(now_ns() - begun) * 1e-9;
  const auto store_used = thread_cpu_s("penstock-store") - store;
  const auto cpu_used = cpu_s() - cpu;
  results.watch(false);
  auto ages = results.ages();
  measured found;
  found.store_percent = 100 * store_used / seconds;
  found.p50_ms = percentile(ages, 0.5) * 1e-6;
  found.p99_ms = percentile(ages, 0.99) * 1e-6;
  const auto tokens =
    static_cast<double>(results.text_bytes() - text) / 22; // See trickle.
  std::printf(
    "%s\n",
    json_line{}
      .add("question", "store")
      .add("rival", path == ":memory:" ? "memory" : "file")
      .add("streams", std::uint64_t{what.streams})
      .add("rate", rate)
      .add("share_of_expected",
           tokens / (rate * static_cast<double>(what.streams) * seconds))
      .add("store_thread_percent", found.store_percent)
      .add("process_percent", 100 * cpu_used / seconds)
      .add("p50_ms", found.p50_ms)
      .add("p99_ms", found.p99_ms)
      .add("failed", std::uint64_t{results.failed()})
      .text()
      .c_str());
  std::fflush(stdout);
  return found;
}

} // namespace

int main(int count, char** values) {
  const arguments given{count, values};
  raise_file_limit();
  const scratch_folder folder;
  const auto rounds = given.count("rounds", 3);
  for (std::size_t round = 0; round < rounds; ++round) {
    measured memory, file;
    for (std::size_t turn = 0; turn < 2; ++turn)
      if ((round + turn) % 2 == 0)
        memory = measure(given, ":memory:");
      else
        file = measure(given, folder.file("store" + std::to_string(round)));
    std::printf("%s\n", json_line{}
                          .add("question", "store")
                          .add("round", std::uint64_t{round})
                          .add("p50_ratio", file.p50_ms / memory.p50_ms)
                          .add("p99_ratio", file.p99_ms / memory.p99_ms)
                          .text()
                          .c_str());
  }
  return 0;
}
