// Question: what does a workspace cost that does nothing, in memory?
//   workspaces [--workspaces 100000] [--store FILE|memory] [--passivate 0|1]
//              [--settle 3]
// Each is used once, by a stream of one word from a script in this process, so
// that no socket is measured. With --passivate each leaves memory as soon as it
// is idle. The store's own memory is in the figure: the part of SQLite's cache,
// or all of the history if the store is in memory.
#include "bench/support/arguments.hpp"
#include "bench/support/meter.hpp"
#include "providers/scripted_answers.hpp"
#include "runtime/runtime.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <malloc.h>
#include <thread>

using namespace penstock;
using namespace penstock::bench;

namespace {

constexpr std::size_t at_once = 256;

/// Counts streams as they end.
class ends final : public event_sink {
public:
  explicit ends(std::atomic<std::size_t>& count) : count_(count) {}
  void deliver(event_batch batch) override {
    for (const auto& e : batch)
      if (terminal(*e.body))
        ++count_;
    (void)return_credit();
  }

private:
  std::atomic<std::size_t>& count_;
};

runtime_options options_for(const arguments& given) {
  runtime_options options;
  const auto store = given.text("store", "memory");
  if (store != "memory")
    options.store_path = store;
  if (given.count("passivate", 0) != 0)
    options.workspaces.passivate_after_ms = milliseconds{1};
  auto& scripted = options.providers["bench"];
  scripted.api = "scripted";
  scripted.script["word"] = {openai_chat_answer(scripted_turn{}.text("word"))};
  options.log = [](const std::string& line) {
    std::fprintf(stderr, "log: %s\n", line.c_str());
  };
  return options;
}

/// @returns whether all streams have ended.
bool use_each(runtime& rt, std::size_t workspaces) {
  std::atomic<std::size_t> over{0};
  for (std::size_t i = 0; i < workspaces; ++i) {
    while (i - over >= at_once)
      std::this_thread::sleep_for(std::chrono::microseconds{200});
    start_request request;
    request.workspace_id = "bench-" + std::to_string(i);
    request.messages = {user_text("One word.")};
    request.model = "bench:word";
    request.with_history = true;
    request.subscriber = std::make_shared<ends>(over);
    rt.start(std::move(request), [&over](expected<stream_id> id) {
      if (id)
        return;
      std::fprintf(stderr, "start: %s\n", id.error().message.c_str());
      ++over;
    });
  }
  for (int i = 0; i < 6'000 && over < workspaces; ++i)
    wait(0.01);
  return over == workspaces;
}

} // namespace

int main(int count, char** values) {
  const arguments given{count, values};
  const auto workspaces = given.count("workspaces", 100'000);
  auto opened = runtime::open(options_for(given));
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    return 1;
  }
  auto& rt = **opened;
  if (!use_each(rt, 100)) // What is made once is not theirs.
    return 1;
  const auto before = resident_bytes();
  const auto cpu = cpu_s();
  if (!use_each(rt, workspaces)) {
    std::fprintf(stderr, "not all streams have ended\n");
    return 1;
  }
  const auto used = cpu_s() - cpu;
  wait(given.number("settle", 3));
  malloc_trim(0); // What is free counts for nobody.
  const auto grown =
    static_cast<double>(resident_bytes()) - static_cast<double>(before);
  const auto n = static_cast<double>(workspaces);
  std::printf("%s\n",
              json_line{}
                .add("question", "workspaces")
                .add("rival", "penstock")
                .add("workspaces", std::uint64_t{workspaces})
                .add("store", given.text("store", "memory") == "memory"
                                ? "memory"
                                : "sqlite")
                .add("passivated", std::uint64_t{given.count("passivate", 0)})
                .add("resident_mib", grown / (1 << 20))
                .add("kib_per_workspace", grown / 1024 / n)
                .add("us_per_use", used * 1e6 / n)
                .text()
                .c_str());
  return 0;
}
