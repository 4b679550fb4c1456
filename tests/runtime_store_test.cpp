// Goal: a runtime on a file is what it was when it is opened again, and its
// tokens do not wait for the disk.
// Method: whole runtimes on one file, one after the other, the model a script;
// a file system that stops until it is told to go on.
#define BOOST_TEST_MODULE runtime_store
#include <boost/test/unit_test.hpp>

#include "providers/scripted_answers.hpp"
#include "runtime/runtime.hpp"
#include "runtime/sqlite_store.hpp"
#include "tests/support/faulty_vfs.hpp"
#include "tests/support/store_calls.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;

struct fixture {
  temporary_dir dir;
  runtime_options options;
  std::unique_ptr<runtime> rt;

  fixture() {
    options.store_path = dir.file("store");
    auto& mine = options.providers["mine"];
    mine.api = "scripted";
    token_usage used;
    used.known = token_usage::quality::exact;
    used.input_total = 7;
    used.output_total = 2;
    mine.script = {
      {"a",
       {openai_chat_answer(scripted_turn{}.text("Hello, Ann.").usage(used))}}};
  }

  void open() {
    auto opened = runtime::open(options);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    rt = std::move(*opened);
  }
  stream_id start(const std::string& text) {
    start_request request;
    request.workspace_id = "w";
    request.messages = {user_text(text)};
    request.model = "mine:a";
    request.with_history = true;
    const auto started = rt->start(std::move(request));
    BOOST_REQUIRE_MESSAGE(started, (started ? "" : started.error().message));
    return *started;
  }
  stream_id ask(const std::string& text) {
    const auto id = start(text);
    const auto outcome = rt->wait("w", id, patience);
    BOOST_REQUIRE(outcome.has_value());
    BOOST_TEST((outcome->how == stream_outcome::kind::completed));
    return id;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_workspace_comes_back_with_its_history, fixture) {
  open();
  const auto first = ask("I am Ann");
  const auto was = rt->view("w").value();
  rt.reset();
  open();
  const auto is = rt->view("w").value();
  BOOST_TEST(is.history.size() == 2u);
  BOOST_TEST((is.history == was.history));
  BOOST_TEST((is.usage == was.usage));
  BOOST_TEST(rt->usage("w").value().size() == 1u);
  BOOST_TEST(rt->interrupted().value().empty());

  // A client that was away is told how the stream ended.
  auto late = rt->subscribe("w", position{first, 0, 0}).value();
  const auto told = late.wait(patience);
  BOOST_REQUIRE(!told.empty());
  BOOST_TEST((told[0].of->stream == first));
  const auto* end = std::get_if<event::stream_end>(told[0].body.get());
  BOOST_REQUIRE(end != nullptr);
  BOOST_TEST(end->parts.size() == 1u);

  ask("Who am I?");
  const auto rows = rt->view("w").value().history;
  BOOST_REQUIRE(rows.size() == 4u);
  for (std::size_t i = 0; i < rows.size(); ++i)
    BOOST_TEST(rows[i].sequence == i + 1);
  BOOST_TEST(rt->usage("w").value().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_shutdown_leaves_an_abort_and_not_a_crash, fixture) {
  auto answer =
    openai_chat_answer(scripted_turn{}.text("One two ").truncated());
  answer.ends = http_answer::ending::stall;
  options.providers["mine"].script = {{"a", {answer}}};
  open();
  auto events = rt->subscribe("w").value();
  start("Go");
  for (bool shown = false; !shown;)
    for (const auto& e : events.wait(patience))
      shown = shown || std::holds_alternative<event::text_delta>(*e.body);
  rt.reset();
  open();
  BOOST_TEST(rt->interrupted().value().empty());
  const auto rows = rt->view("w").value().history;
  BOOST_REQUIRE(rows.size() == 2u);
  BOOST_TEST((rows[1].how == history_row::outcome::aborted));
}

BOOST_FIXTURE_TEST_CASE(two_runtimes_do_not_share_a_file, fixture) {
  open();
  auto refused = options;
  refused.shutdown_deadline_ms = 60s; // There is nothing to wait for.
  const auto begin = std::chrono::steady_clock::now();
  auto second = runtime::open(refused);
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 30s));
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == errc::storage));
  BOOST_TEST(second.error().message.find("in use by another process")
             != std::string::npos);
  ask("Still there?"); // The first does not notice.
  rt.reset();
  open();
}

BOOST_FIXTURE_TEST_CASE(a_disk_that_stalls_delays_flushes_and_no_token,
                        fixture) {
  std::vector<std::string> words;
  std::string said;
  for (int i = 0; i < 300; ++i)
    said += words.emplace_back("word" + std::to_string(i) + " ");
  options.providers["mine"].script = {
    {"a",
     {openai_chat_answer(scripted_turn{}.tokens(words),
                         {.first = 50ms, .between = 1ms})}}};
  options.streams.partial_flush_interval_ms = 5ms;
  faulty_vfs disk;
  options.store =
    sqlite_store::open({options.store_path, {}, disk.name()}).value();
  open();
  auto events = rt->subscribe("w").value();
  const auto id = start("Count");
  disk.hold();
  std::string shown;
  bool over = false;
  const auto take = [&] {
    for (const auto& e : events.wait(patience)) {
      if (const auto* t = std::get_if<event::text_delta>(e.body.get()))
        shown += t->text;
      over = over || (terminal(*e.body) && e.of->stream == id);
    }
  };
  while (shown.size() < said.size())
    take();
  disk.await_held(); // None of it could be written so far, but the first word.
  BOOST_TEST(shown == said);
  BOOST_TEST(!over);
  disk.release();
  while (!over)
    take();
  BOOST_TEST((rt->wait("w", id, patience).value().how
              == stream_outcome::kind::completed));
  options.store.reset();
  rt.reset();
}
