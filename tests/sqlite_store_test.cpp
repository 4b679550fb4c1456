// Goal: a store on disk comes back after any end of its process, refuses what
// it cannot take, and says what to do. Method: stores in a temporary directory,
// opened again and again.
#define BOOST_TEST_MODULE sqlite_store
#include <boost/test/unit_test.hpp>

#include "runtime/sqlite_schema.hpp"
#include "runtime/sqlite_store.hpp"
#include "tests/support/faulty_vfs.hpp"
#include "tests/support/store_calls.hpp"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace penstock;
using namespace penstock::testing;

namespace {

constexpr stream_id s1{1}, s2{2};

struct fixture {
  temporary_dir dir;
  const std::string path = dir.file("store");

  std::shared_ptr<sqlite_store>
  open(store_durability how = store_durability::process) {
    auto made = sqlite_store::open({path, how, {}});
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    return *made;
  }
  std::string refusal() {
    const auto made = sqlite_store::open({path, {}, {}});
    BOOST_TEST(!made.has_value());
    if (made)
      return {};
    BOOST_TEST((made.error().code == errc::storage));
    return made.error().message;
  }
  auto files() const {
    namespace fs = std::filesystem;
    return std::distance(fs::directory_iterator{dir.path},
                         fs::directory_iterator{});
  }
  void exec(const std::string& sql) {
    auto db = sqlite_connection::open({path, {}, false}).value();
    BOOST_TEST(db->exec(sql));
  }
};

bool says(const std::string& text, const char* what) {
  return text.find(what) != text.npos;
}

/// A stream that is in the middle of everything.
stream_writer interrupted_story(store_calls on) {
  stream_writer s{s1, "m2", 2};
  on.write("w", {record::message_added{user_row(1, "do it")}, s.opened()});
  on.write("w", {s.attempt(1)});
  auto& log = s.log;
  const auto text = log.open_text();
  log.append(text, "I will");
  log.close_text(text, false);
  for (const auto* id : {"done", "started", "waiting"}) {
    const auto call = log.open_call({id, "tool", {}, {}, {}, {}, false});
    log.append(call, "{}");
    log.complete_call(call, "{}", {}, {});
  }
  const auto cut = log.open_call({"cut", "tool", {}, {}, {}, {}, false});
  log.append(cut, "{\"a");
  on.write("w", s.grown());
  const auto numbers = log.part_numbers(0);
  const tool_result_content result{"done", "tool", "7", false, false, {}};
  on.write("w", {record::tool_started{s1, numbers[1], "done"}});
  on.write("w", {record::tool_ended{s1, numbers[1], result}});
  on.write("w", {record::tool_started{s1, numbers[2], "started"}});
  return s;
}

} // namespace

// ---- after a crash ---------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(an_open_stream_is_found_interrupted, fixture) {
  interrupted_story({*open()});
  const auto again = open();
  store_calls on{*again};
  const auto all = on.interrupted();
  BOOST_REQUIRE(all.size() == 1u);
  const auto& it = all.front();
  BOOST_TEST(it.workspace_id == "w");
  BOOST_TEST((it.stream == s1));
  BOOST_TEST(it.message_id == "m2");
  BOOST_TEST(it.history_sequence == 2u);
  BOOST_TEST(it.model == "p:m");
  using state = final_part::state;
  std::vector<state> states;
  for (const auto& p : it.parts)
    states.push_back(p.how);
  BOOST_TEST((states
              == std::vector<state>{state::complete, state::complete,
                                    state::complete, state::unknown_outcome,
                                    state::complete, state::cut}));
  BOOST_TEST(std::get<tool_call_content>(it.parts.back().content).input_json
             == "{\"a");
  BOOST_REQUIRE(it.spans.size() == 1u);
  BOOST_TEST(it.spans[0].made_by == stream_writer::made_by);

  const auto found = on.load("w").value();
  BOOST_REQUIRE(found.last_stream.has_value());
  const auto& end = std::get<event::stream_abort>(*found.last_stream->terminal);
  BOOST_TEST((end.why == event::stream_abort::reason::interrupted));
  BOOST_TEST((end.parts == it.parts));
  BOOST_TEST(end.metadata_json == R"({"k":1})");
  BOOST_REQUIRE(found.history.size() == 2u);
  BOOST_TEST((found.history[1].how == history_row::outcome::interrupted));
  BOOST_TEST(found.interrupted.has_value());
  // The attempt did not live to tell what it used.
  BOOST_TEST(
    (on.usage() == std::vector<usage_row>{{"w", {s1, 1}, "p:m", {}, false}}));
}

BOOST_FIXTURE_TEST_CASE(an_interrupted_stream_is_closed_once, fixture) {
  interrupted_story({*open()});
  open();
  const auto third = open();
  store_calls on{*third};
  BOOST_TEST(on.interrupted().size() == 1u);
  BOOST_TEST(on.load("w").value().history.size() == 2u);
  BOOST_TEST(on.usage().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(what_follows_ends_the_offer_to_resume, fixture) {
  interrupted_story({*open()});
  const auto again = open();
  store_calls on{*again};
  on.write("w", {record::stream_opened{s2, "m3", 3, "p:m", "{}", {}}});
  BOOST_TEST(on.interrupted().empty());
  on.write("w", {record::stream_discarded{s2}}); // It never was.
  BOOST_TEST(on.interrupted().size() == 1u);
  on.write("w", {record::history_cut{2}});
  BOOST_TEST(on.interrupted().empty());
}

BOOST_FIXTURE_TEST_CASE(a_resumed_stream_takes_the_place_of_the_other,
                        fixture) {
  interrupted_story({*open()});
  const auto again = open();
  store_calls on{*again};
  const auto kept = on.interrupted().front();
  stream_writer next{s2, "m2", 2};
  BOOST_TEST(
    (on.write("w", {record::stream_opened{s2, "m2", 2, "p:m", "{}", s1}}).code
     == errc::none));
  BOOST_TEST(on.interrupted().empty());
  const auto text = next.log.open_text();
  next.log.append(text, "All done");
  next.log.close_text(text, false);
  next.spans.push_back({1, 1, UINT32_MAX, "x"});
  on.write("w", next.closed());
  const auto found = on.load("w").value();
  BOOST_REQUIRE(found.history.size() == 2u);
  BOOST_TEST((found.history[1].how == history_row::outcome::completed));
  BOOST_TEST(
    (found.history[1].messages == final_messages(next.log, next.spans)));
  // The old one is still known to who asks for it.
  BOOST_TEST(on.load_stream("w", s1).value().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_resumed_stream_can_be_interrupted_too, fixture) {
  interrupted_story({*open()});
  {
    const auto second = open();
    store_calls on{*second};
    on.write("w", {record::stream_opened{s2, "m2", 2, "p:m", "{}", s1}});
  }
  const auto third = open();
  store_calls on{*third};
  BOOST_REQUIRE(on.interrupted().size() == 1u);
  BOOST_TEST((on.interrupted().front().stream == s2));
}

BOOST_FIXTURE_TEST_CASE(a_start_that_is_undone_offers_it_again, fixture) {
  interrupted_story({*open()});
  const auto again = open();
  store_calls on{*again};
  on.write("w", {record::stream_opened{s2, "m2", 2, "p:m", "{}", s1}});
  on.write("w", {record::stream_discarded{s2}});
  BOOST_REQUIRE(on.interrupted().size() == 1u);
  BOOST_TEST((on.interrupted().front().stream == s1));
}

// ---- what is refused -------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_second_user_is_refused_until_the_first_ends,
                        fixture) {
  auto first = open();
  BOOST_TEST(says(refusal(), "in use by another process"));
  std::filesystem::create_symlink(path, dir.file("link"));
  BOOST_TEST(!sqlite_store::open({dir.file("link"), {}, {}}).has_value());
  first.reset();
  open();
}

// Under its other name it would have another lock and another journal.
BOOST_FIXTURE_TEST_CASE(a_file_with_two_names_is_refused, fixture) {
  auto first = open();
  std::filesystem::create_hard_link(path, dir.file("other"));
  const auto second = sqlite_store::open({dir.file("other"), {}, {}});
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(says(second.error().message, "hard link"));
  first.reset();
  BOOST_TEST(says(refusal(), "hard link"));
  std::filesystem::remove(dir.file("other"));
  open();
}

// As it is in any host that starts programs.
BOOST_FIXTURE_TEST_CASE(a_process_that_is_being_started_holds_no_store,
                        fixture) {
  auto first = open();
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  const auto started = ::fork();
  if (started == 0) { // It has a copy of each descriptor, and does nothing.
    char word;
    ::close(ends[1]);
    ::_exit(::read(ends[0], &word, 1) == 0 ? 0 : 1);
  }
  first.reset();
  open();
  ::close(ends[0]);
  ::close(ends[1]);
  BOOST_TEST(::waitpid(started, nullptr, 0) == started);
}

BOOST_FIXTURE_TEST_CASE(a_newer_store_is_refused_untouched, fixture) {
  open();
  exec("PRAGMA user_version = 99");
  const auto why = refusal();
  BOOST_TEST(says(why, "newer penstock"));
  BOOST_TEST(says(why, "99"));
}

BOOST_FIXTURE_TEST_CASE(a_version_that_cannot_be_is_refused, fixture) {
  open();
  for (const auto* version : {"0", "-1", "-2147483648"}) {
    exec("PRAGMA user_version = " + std::string{version});
    BOOST_TEST(says(refusal(), "no penstock writes"));
  }
}

BOOST_FIXTURE_TEST_CASE(what_is_no_store_is_refused_untouched, fixture) {
  const std::string text(5'000, 'x');
  std::ofstream{path} << text;
  BOOST_TEST(says(refusal(), "choose another file"));
  std::ifstream in{path};
  BOOST_TEST(std::string(std::istreambuf_iterator<char>{in}, {}) == text);
  BOOST_TEST(files() == 1);
}

BOOST_FIXTURE_TEST_CASE(what_is_no_file_is_refused_untouched, fixture) {
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  BOOST_TEST(says(refusal(), "a device or a pipe"));
  BOOST_TEST(files() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_a_store_is_left_to_sqlite, fixture) {
  open();
  std::ofstream{path} << std::string(5'000, 'x');
  BOOST_TEST(says(refusal(), "file is not a database"));
}

BOOST_FIXTURE_TEST_CASE(another_programs_database_is_refused, fixture) {
  exec("CREATE TABLE theirs (x)");
  BOOST_TEST(says(refusal(), "another program"));
}

BOOST_FIXTURE_TEST_CASE(a_bad_path_is_refused, fixture) {
  for (const auto& bad : {dir.file("no/such/dir"), dir.path.string()}) {
    const auto made = sqlite_store::open({bad, {}, {}});
    BOOST_REQUIRE(!made.has_value());
    BOOST_TEST(says(made.error().message, bad.c_str()));
  }
}

BOOST_FIXTURE_TEST_CASE(a_damaged_store_is_refused, fixture) {
  {
    const auto made = open();
    for (std::uint64_t i = 1; i < 200; ++i)
      store_calls{*made}.write(
        "w", {record::message_added{user_row(i, std::string(900, 'x'))}});
  }
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(4096 * 8);
  file << std::string(4096 * 20, '\x5a');
  file.close();
  BOOST_TEST(says(refusal(), "damaged"));
}

BOOST_FIXTURE_TEST_CASE(an_older_store_is_brought_up, fixture) {
  open();
  const auto now = schema_steps();
  std::vector<const char*> steps{now.begin(), now.end()};
  steps.push_back("CREATE TABLE added (x); INSERT INTO added VALUES (7)");
  for (int i = 0; i < 2; ++i) { // The second time there is nothing to do.
    auto db = open_schema({path, {}, false}, steps).value();
    BOOST_TEST(db->number("SELECT sum(x) FROM added") == 7);
    BOOST_TEST(db->number("PRAGMA user_version")
               == static_cast<std::int64_t>(steps.size()));
  }
  BOOST_TEST(says(refusal(), "newer penstock"));
}

BOOST_FIXTURE_TEST_CASE(a_migration_that_fails_changes_nothing, fixture) {
  open();
  const auto now = schema_steps();
  std::vector<const char*> steps{now.begin(), now.end()};
  steps.push_back("CREATE TABLE added (x); CREATE TABLE workspace (x)");
  BOOST_TEST(!open_schema({path, {}, false}, steps).has_value());
  open();
  auto db = sqlite_connection::open({path, {}, false}).value();
  BOOST_TEST(
    db->number("SELECT count(*) FROM sqlite_schema WHERE name = 'added'") == 0);
}

// ---- cost ------------------------------------------------------------------

// What lands in the database and its log together, by the file system's count.
BOOST_FIXTURE_TEST_CASE(ten_megabytes_cost_at_most_three_times_that, fixture) {
  constexpr std::size_t flushes = 250, bytes = 40'000;
  faulty_vfs disk;
  {
    const auto made = sqlite_store::open({path, {}, disk.name()}).value();
    store_calls on{*made};
    stream_writer s{s1, "m1", 1};
    on.write("w", {s.opened(), s.attempt(1)});
    const auto text = s.log.open_text();
    for (std::size_t i = 0; i < flushes; ++i) {
      s.log.append(text, std::string(bytes, static_cast<char>('a' + i % 26)));
      BOOST_REQUIRE((on.write("w", s.grown()).code == errc::none));
    }
    s.log.close_text(text, false);
    const auto before_end = disk.bytes();
    BOOST_TEST((on.write("w", s.closed()).code == errc::none));
    BOOST_TEST(disk.bytes() - before_end < 200'000u); // It is not repeated.
    BOOST_TEST((on.load("w").value().history.at(0).messages
                == final_messages(s.log, s.spans)));
  } // Closing moves what is left of the log into the database.
  BOOST_TEST_MESSAGE("10 MB of output wrote " << disk.bytes() << " bytes");
  BOOST_TEST(disk.bytes() <= 3 * flushes * bytes);
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_the_disk_shares_the_next_commit,
                        fixture) {
  faulty_vfs disk;
  const auto made = sqlite_store::open({path, {}, disk.name()}).value();
  std::atomic<int> written{0};
  std::promise<void> all;
  const auto post = [&](int i) {
    made->write("w" + std::to_string(i),
                {record::message_added{user_row(1, "x")}},
                [&](const error& why) {
                  if (why.code == errc::none && ++written == 101)
                    all.set_value();
                });
  };
  disk.hold();
  post(0);
  disk.await_held();
  for (int i = 1; i <= 100; ++i)
    post(i); // Returns at once, whatever the disk does.
  BOOST_TEST(written == 0);
  disk.release();
  all.get_future().get();
  BOOST_TEST(made->counts().batches == 101u);
  BOOST_TEST(made->counts().commits == 2u);
}

BOOST_FIXTURE_TEST_CASE(power_syncs_what_is_shown_and_not_what_grows, fixture) {
  faulty_vfs disk;
  const auto made =
    sqlite_store::open({path, store_durability::power, disk.name()}).value();
  store_calls on{*made};
  stream_writer s{s1, "m1", 1};
  on.write("w", {s.opened()});
  const auto text = s.log.open_text();
  s.log.append(text, "x");
  auto before = disk.syncs();
  on.write("w", s.grown());
  BOOST_TEST(disk.syncs() == before);
  on.write("w", s.closed());
  BOOST_TEST(disk.syncs() > before);
}
