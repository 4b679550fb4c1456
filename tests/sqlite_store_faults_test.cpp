// Goal: at whichever write the disk fails, is full, or the process dies, what
// was answered as durable is there, whole, and the store opens. Method: one
// story told again and again, with the fault at each of its writes in turn.
//
// PENSTOCK_FAULT_STEP: every how many-th write is struck (default 3).
#define BOOST_TEST_MODULE sqlite_store_faults
#include <boost/test/unit_test.hpp>

#include "runtime/sqlite_connection.hpp"
#include "runtime/sqlite_store.hpp"
#include "tests/support/faulty_vfs.hpp"
#include "tests/support/store_calls.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

using namespace penstock;
using namespace penstock::testing;

namespace {

constexpr int streams = 3;

std::uint64_t step() {
  const auto* text = std::getenv("PENSTOCK_FAULT_STEP");
  const auto value = text ? std::strtoull(text, nullptr, 10) : 0;
  return value == 0 ? 3 : value;
}

/// What the store has answered as durable.
struct seen {
  std::map<std::uint64_t, std::vector<final_part>> closed; // by stream
  std::map<std::uint64_t, std::string> grown;              // text, by stream
  std::size_t queue = 0;
  std::uint64_t used = 0;
};

/// Streams one after the other; stops at the first failure.
void tell(store_calls on, seen& s) {
  for (std::uint64_t i = 1; i <= streams; ++i) {
    const auto ok = [&](std::vector<store_record> records) {
      return on.write("w", std::move(records)).code == errc::none;
    };
    stream_writer w{stream_id{i}, "m" + std::to_string(i), i};
    if (!ok({w.opened(), w.attempt(1)}))
      return;
    const auto text = w.log.open_text();
    for (int piece = 0; piece < 4; ++piece) {
      w.log.append(text, std::string(3'000, static_cast<char>('a' + piece)));
      if (!ok(w.grown()))
        return;
      s.grown[i] = std::get<text_content>(w.log.content_of(text)).text;
    }
    w.log.close_text(text, false);
    if (!ok({record::attempt_used{{w.id, 1}, "p:m", tokens(1, 1), false}}))
      return;
    ++s.used;
    if (!ok({record::queue_replaced{
          std::vector<queued_message>(i, {"q", queue_mode::turn_end})}}))
      return;
    s.queue = i;
    if (!ok(w.closed()))
      return;
    s.closed[i] = w.log.parts();
  }
}

/// @returns what is not as it was seen; empty: all is.
std::string judge(store_calls on, const seen& s) {
  const auto found = on.load("w").value();
  for (const auto& [id, parts] : s.closed) {
    const auto it = on.load_stream("w", stream_id{id}).value();
    if (!it)
      return "a stream is lost that was seen closed";
    const auto* end = std::get_if<event::stream_end>(it->terminal.get());
    if (!end || end->parts != parts)
      return "a stream has changed that was seen closed";
  }
  for (std::uint64_t id = 1; id <= streams; ++id) {
    const auto it = on.load_stream("w", stream_id{id}).value();
    const auto grown = s.grown.find(id);
    if (!it) {
      if (grown != s.grown.end())
        return "a stream is lost that was seen growing";
      continue;
    }
    std::string text;
    if (auto* end = std::get_if<event::stream_abort>(it->terminal.get())) {
      if (end->why != event::stream_abort::reason::interrupted)
        return "an end that nobody gave";
      for (const auto& p : end->parts)
        text += std::get<text_content>(p.content).text;
      if (grown != s.grown.end() && !text.starts_with(grown->second))
        return "bytes are lost that were seen kept";
    }
  }
  // One more may have been written than was seen.
  if (found.queue.size() != s.queue && found.queue.size() != s.queue + 1)
    return "the queue is another";
  const auto used = found.usage.output_total;
  if (used != s.used && used != s.used + 1)
    return "usage is counted twice or lost";
  const auto faults =
    answer_of<expected<std::vector<std::string>>>([&](auto done) {
      static_cast<sqlite_store&>(on.on).verify(std::move(done));
    });
  return faults && faults->empty() ? "" : "the store is inconsistent";
}

std::uint64_t writes_of_the_story() {
  temporary_dir dir;
  faulty_vfs disk;
  const auto made =
    sqlite_store::open({dir.file("store"), {}, disk.name()}).value();
  const auto before = disk.writes();
  seen s;
  tell({*made}, s);
  BOOST_REQUIRE(s.closed.size() == streams);
  return disk.writes() - before;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_crash_at_any_write_loses_nothing_that_was_seen) {
  using fault = faulty_vfs::fault;
  const auto all = writes_of_the_story();
  std::size_t struck = 0;
  for (const auto what :
       {fault::crash_before, fault::crash_torn, fault::crash_after})
    for (std::uint64_t at = 1; at <= all; at += step()) {
      temporary_dir dir;
      faulty_vfs disk;
      seen s;
      {
        const auto made =
          sqlite_store::open({dir.file("store"), {}, disk.name()}).value();
        disk.fail_at(at, what);
        tell({*made}, s);
      }
      struck += disk.struck();
      const auto again = sqlite_store::open({dir.file("store"), {}, {}});
      BOOST_REQUIRE_MESSAGE(again,
                            "write " << at << ": " << again.error().message);
      const auto wrong = judge({**again}, s);
      BOOST_TEST(wrong == "", "write " << at << " of " << all << ": " << wrong);
    }
  BOOST_TEST(struck > 3 * all / (2 * step()));
}

BOOST_AUTO_TEST_CASE(a_failed_write_is_told_and_the_next_one_is_tried) {
  const auto all = writes_of_the_story();
  for (std::uint64_t at = 1; at <= all; at += step()) {
    temporary_dir dir;
    faulty_vfs disk;
    const auto made =
      sqlite_store::open({dir.file("store"), {}, disk.name()}).value();
    disk.fail_at(at, faulty_vfs::fault::io_error);
    store_calls on{*made};
    seen s;
    tell(on, s);
    // Another workspace is not concerned.
    BOOST_TEST((on.write("v", {record::message_added{user_row(1, "x")}}).code
                == errc::none));
    BOOST_TEST(on.load("v").value().history.size() == 1u);
    for (const auto& [id, parts] : s.closed)
      BOOST_TEST(on.load_stream("w", stream_id{id}).value().has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_named_and_can_be_freed) {
  temporary_dir dir;
  faulty_vfs disk;
  const auto made =
    sqlite_store::open({dir.file("store"), {}, disk.name()}).value();
  store_calls on{*made};
  disk.fail_at(1, faulty_vfs::fault::full);
  const auto why = on.write("w", {record::message_added{user_row(1, "x")}});
  BOOST_TEST((why.code == errc::storage));
  BOOST_TEST(why.message.find("free some space") != std::string::npos,
             why.message);
  disk.mend();
  BOOST_TEST((on.write("w", {record::message_added{user_row(1, "x")}}).code
              == errc::none));
  BOOST_TEST(on.load("w").value().history.size() == 1u);
}

// ---- damage that SQLite cannot see -----------------------------------------

BOOST_AUTO_TEST_CASE(verify_finds_a_part_that_is_gone) {
  const temporary_dir dir;
  const auto path = dir.file("store");
  const auto open = [&] { return sqlite_store::open({path, {}, {}}).value(); };
  const auto faults = [&] {
    const auto made = open();
    return answer_of<expected<std::vector<std::string>>>(
             [&](auto done) { made->verify(std::move(done)); })
      .value();
  };
  {
    const auto made = open();
    store_calls on{*made};
    stream_writer s{stream_id{3}, "m1", 1};
    on.write("w", {s.opened(), s.attempt(1)});
    const auto text = s.log.open_text();
    s.log.append(text, "x");
    on.write("w", s.closed());
  }
  BOOST_TEST(faults().empty());
  {
    auto db = sqlite_connection::open({path, {}, false}).value();
    BOOST_TEST(db->exec("DELETE FROM growth"));
  }
  BOOST_TEST(faults().size() == 1u);
}

// One conversation of many: the others go on.
BOOST_AUTO_TEST_CASE(what_cannot_be_read_takes_nothing_else_along) {
  const temporary_dir dir;
  const auto path = dir.file("store");
  const auto open = [&] { return sqlite_store::open({path, {}, {}}).value(); };
  const std::string large(100'000, 'a');
  {
    const auto made = open();
    store_calls on{*made};
    for (const auto& [id, text] :
         {std::pair<std::string, std::string>{"damaged", large},
          {"sound", "x"}}) {
      stream_writer s{stream_id{text.size()}, "m1", 1};
      on.write(id, {s.opened(), s.attempt(1)});
      s.log.append(s.log.open_text(), text);
      on.write(id, s.closed());
    }
  }
  const auto made = open();
  store_calls on{*made};
  { // The pages that a large text fills name the next one first.
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    std::string all{std::istreambuf_iterator<char>{file}, {}};
    constexpr std::size_t page = 4'096;
    int struck = 0;
    for (std::size_t at = page; at + page <= all.size(); at += page)
      if (all.compare(at + 4, 100, large, 0, 100) == 0) {
        file.seekp(static_cast<std::streamoff>(at));
        file.write("\xff\xff\xff\xff", 4);
        ++struck;
      }
    BOOST_REQUIRE(struck > 10);
  }
  const auto failed = on.load("damaged");
  BOOST_REQUIRE(!failed.has_value());
  BOOST_TEST((failed.error().code == errc::storage));
  const auto found = on.load("sound");
  BOOST_REQUIRE_MESSAGE(found, (found ? "" : found.error().message));
  BOOST_TEST(found->history.size() == 1u);
  BOOST_TEST((on.write("new", {record::message_added{user_row(1, "y")}}).code
              == errc::none));
  BOOST_TEST(on.load("new").value().history.size() == 1u); // No old snapshot.
}

BOOST_AUTO_TEST_CASE(a_link_that_comes_before_its_file_is_that_file) {
  const temporary_dir dir;
  const auto path = dir.file("store"), link = dir.file("link");
  std::filesystem::create_symlink(path, link);
  const auto first = sqlite_store::open({link, {}, {}});
  BOOST_REQUIRE(first.has_value());
  const auto second = sqlite_store::open({path, {}, {}});
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(second.error().message.find("in use by another process")
             != std::string::npos);
}
