// Goal: a runtime is a guest in its process: it leaves signals and standard
// output alone, and knows nothing of another runtime beside it
// (SPEC §11).
// Method: what a process has before and after a runtime with its own HTTP
// client, clock, store and tools; and two at the same time.
#define BOOST_TEST_MODULE runtime_guest
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "runtime/runtime.hpp"
#include "tests/support/store_calls.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

/// A runtime whose one model asks its tool and then says `text`.
std::unique_ptr<runtime> host(const std::string& text, runtime_options options,
                              const std::string& output = "1") {
  auto probe = std::make_shared<tool>();
  probe->definition = {"probe", "", R"({"type":"object"})"};
  probe->handler = [output](const tool_invocation&) {
    return tool_outcome{output, false, {}};
  };
  options.tools = {probe};
  auto& mine = options.providers["mine"];
  mine.api = "scripted";
  mine.script = {
    {"a",
     {openai_chat_answer(scripted_turn{}.tool_call("c", "probe", "{}")),
      openai_chat_answer(scripted_turn{}.text(text))}}};
  auto opened = runtime::open(std::move(options));
  BOOST_REQUIRE(opened.has_value());
  return std::move(*opened);
}

std::string ask(runtime& rt) {
  start_request request;
  request.workspace_id = "w";
  request.messages = {user_text("hi")};
  request.model = "mine:a";
  request.tools = {std::string{"probe"}};
  request.with_history = true;
  const auto begun = rt.start(std::move(request));
  BOOST_REQUIRE(begun.has_value());
  const auto outcome = rt.wait("w", *begun, 20s);
  BOOST_REQUIRE(outcome.has_value());
  return outcome->text;
}

/// What standard output and standard error get while it lives.
class overheard {
public:
  overheard() {
    const int to = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (const int fd : {1, 2}) {
      kept_[static_cast<std::size_t>(fd - 1)] = ::dup(fd);
      ::dup2(to, fd);
    }
    ::close(to);
  }
  ~overheard() {
    for (const int fd : {1, 2}) {
      ::dup2(kept_[static_cast<std::size_t>(fd - 1)], fd);
      ::close(kept_[static_cast<std::size_t>(fd - 1)]);
    }
  }
  overheard(const overheard&) = delete;
  std::string text() const {
    std::stringstream all;
    all << std::ifstream{file_}.rdbuf();
    return all.str();
  }

private:
  const testing::temporary_dir dir_;
  const std::string file_ = dir_.file("said");
  std::array<int, 2> kept_{};
};

using handlers = std::array<void (*)(int), 65>;

handlers installed() {
  handlers all{};
  for (int signal = 1; signal < static_cast<int>(all.size()); ++signal) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0)
      all[static_cast<std::size_t>(signal)] = now.sa_handler;
  }
  return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(it_prints_nothing_and_installs_no_signal_handler) {
  const testing::temporary_dir dir;
  const auto before = installed();
  handlers during{};
  std::string answer, said;
  std::size_t failures = 0;
  {
    const overheard ears;
    runtime_options options;
    options.store_path = dir.file("store.db");
    auto& nowhere = options.providers["nowhere"];
    nowhere.api = "openai-chat";
    nowhere.base_url = "http://127.0.0.1:1/v1"; // Refused: by libcurl itself.
    options.streams.restarts.max_attempts_per_model = 1;
    const auto rt = host("one", std::move(options));
    answer = ask(*rt);
    start_request request;
    request.workspace_id = "v";
    request.messages = {user_text("hi")};
    request.model = "nowhere:a";
    if (rt->start(std::move(request)))
      failures =
        rt->wait("v", std::nullopt, 20s)->how == stream_outcome::kind::failed;
    during = installed();
    (void)rt->shutdown(20s);
    said = ears.text();
  }
  BOOST_TEST(answer == "one");
  BOOST_TEST(failures == 1u);
  BOOST_TEST(said == "");
  BOOST_TEST((during == before));
  BOOST_TEST((installed() == before));
}

BOOST_AUTO_TEST_CASE(two_in_one_process_do_not_see_each_other) {
  const auto first = host("one", {}, "1");
  auto second = host("two", {}, "2");
  auto listens = second->subscribe("w").value();
  BOOST_TEST(ask(*first) == "one");
  BOOST_TEST(second->view("w")->history.empty());
  BOOST_TEST(second->usage()->empty());
  BOOST_TEST(second->health()->empty());
  BOOST_TEST(ask(*second) == "two");
  BOOST_TEST(first->view("w")->history.size() == 2u);
  BOOST_TEST(first->unregister_tool("probe"));
  std::vector<std::string> results;
  for (bool over = false; !over;)
    for (const auto& e : listens.wait(20s)) {
      if (const auto* result = std::get_if<event::tool_result>(e.body.get()))
        results.push_back(result->output_json);
      over = over || terminal(*e.body);
    }
  BOOST_TEST(results == std::vector<std::string>{"2"},
             boost::test_tools::per_element());
  // The end of one is not the other's.
  BOOST_TEST(second->shutdown(20s).has_value());
  second.reset();
  BOOST_TEST(first->view("w").has_value());
}

namespace {

/// Of this process's threads, those whose names begin with `prefix`.
std::vector<std::filesystem::path> threads_named(std::string_view prefix) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry :
       std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::string name;
    std::getline(std::ifstream{entry.path() / "comm"} >> std::ws, name);
    if (name.starts_with(prefix))
      found.push_back(entry.path());
  }
  return found;
}

/// The signals that a thread blocks, as bits.
std::uint64_t blocked_by(const std::filesystem::path& thread) {
  std::ifstream file{thread / "status"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("SigBlk:"))
      return std::stoull(line.substr(7), nullptr, 16);
  return 0;
}

} // namespace

// The host's handlers run on the host's threads.
BOOST_AUTO_TEST_CASE(its_threads_take_no_signals) {
  const auto rt = host("one", {});
  BOOST_TEST(ask(*rt) == "one");
  for (const auto* prefix : {"penstock-", "caf."}) {
    const auto threads = threads_named(prefix);
    BOOST_TEST(threads.size() >= 2u, prefix);
    for (const auto& thread : threads)
      for (const int number : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE})
        BOOST_TEST((blocked_by(thread) >> (number - 1) & 1) == 1u,
                   thread << " takes signal " << number);
  }
}
