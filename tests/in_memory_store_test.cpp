// Goal: a workspace that comes back finds what it wrote, all of a batch or none
// of it. Method: batches of records and the snapshot that must follow; then
// many threads, for the sanitizers.
#define BOOST_TEST_MODULE in_memory_store
#include <boost/test/unit_test.hpp>

#include "runtime/in_memory_store.hpp"
#include "tests/support/faulty_store.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;

namespace {

constexpr stream_id s1{1}, s2{2};

history_row row(std::uint64_t sequence, const std::string& text) {
  return {sequence,
          "m" + std::to_string(sequence),
          {{role::user, {text_content{text, {}}}, {}}},
          history_row::outcome::completed};
}

record::stream_opened opened(stream_id stream, const std::string& message_id,
                             std::uint64_t sequence = 1) {
  return {stream, message_id, sequence, "p:m", "{}"};
}

record::stream_closed closed(stream_id stream,
                             std::vector<history_row> rows = {}) {
  return {stream, std::make_shared<const event_body>(event::stream_end{}),
          std::move(rows)};
}

struct fixture {
  in_memory_store subject;

  errc write(const std::string& id, std::vector<store_record> records) {
    errc seen = errc::internal;
    subject.write(id, std::move(records),
                  [&](const error& why) { seen = why.code; });
    return seen;
  }
  workspace_snapshot load(const std::string& id) {
    workspace_snapshot found;
    subject.load(id, [&](auto snapshot) { found = std::move(*snapshot); });
    return found;
  }
  std::optional<closed_stream> load_stream(const std::string& id,
                                           stream_id stream) {
    std::optional<closed_stream> found;
    subject.load_stream(id, stream, [&](auto f) { found = std::move(*f); });
    return found;
  }
  std::vector<std::uint64_t> sequences(const std::string& id) {
    std::vector<std::uint64_t> all;
    for (const auto& r : load(id).history)
      all.push_back(r.sequence);
    return all;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(an_unknown_workspace_is_empty, fixture) {
  const auto found = load("a");
  BOOST_TEST(found.history.empty());
  BOOST_TEST(found.last_sequence == 0u);
  BOOST_TEST(!found.last_stream);
  BOOST_TEST(!load_stream("a", s1));
}

BOOST_FIXTURE_TEST_CASE(a_finished_stream_is_found_again, fixture) {
  BOOST_TEST(
    (write("a", {record::message_added{row(1, "hi")}, opened(s1, "m2", 2)})
     == errc::none));
  BOOST_TEST(!load_stream("a", s1)); // it runs
  token_usage used;
  used.known = token_usage::quality::exact;
  used.output_total = 7;
  write("a", {record::attempt_used{{s1, 1}, "p:m", used},
              closed(s1, {row(2, "hello")})});
  const auto found = load("a");
  BOOST_TEST(found.last_sequence == 2u);
  BOOST_TEST(found.usage.output_total == 7u);
  BOOST_REQUIRE(found.last_stream.has_value());
  BOOST_TEST((found.last_stream->identity->stream == s1));
  BOOST_TEST(found.last_stream->identity->workspace_id == "a");
  BOOST_TEST(found.last_stream->identity->message_id == "m2");
  BOOST_TEST(load_stream("a", s1).has_value());
  BOOST_TEST(!load_stream("b", s1));
  BOOST_TEST(sequences("a") == (std::vector<std::uint64_t>{1, 2}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(earlier_streams_stay_known, fixture) {
  write("a", {opened(s1, "m1", 1)});
  write("a", {closed(s1)});
  write("a", {opened(s2, "m2", 2)});
  write("a", {closed(s2)});
  BOOST_TEST(load_stream("a", s1).has_value());
  BOOST_TEST((load("a").last_stream->identity->stream == s2));
}

BOOST_FIXTURE_TEST_CASE(used_ids_fail_and_take_their_batch_along, fixture) {
  write("a", {opened(s1, "m1")});
  write("a", {closed(s1)});
  const auto reuse = [&](stream_id stream, const char* message_id) {
    return write("a", {record::message_added{row(9, "no")},
                       opened(stream, message_id, 10)});
  };
  BOOST_TEST((reuse(s1, "new") == errc::invalid_request));
  BOOST_TEST((reuse(s2, "m1") == errc::invalid_request));
  BOOST_TEST(load("a").history.empty());
  BOOST_TEST(load("a").last_sequence == 1u);
  BOOST_TEST((reuse(s2, "m2") == errc::none));
  // Another workspace has ids of its own.
  BOOST_TEST((write("b", {opened(s1, "m1")}) == errc::none));
  // Twice in one batch is once too often.
  BOOST_TEST(
    (write("c", {opened(s1, "x"), opened(s1, "y")}) == errc::invalid_request));
  BOOST_TEST(
    (write("c", {opened(s1, "x"), opened(s2, "x")}) == errc::invalid_request));
  BOOST_TEST((write("c", {opened(s1, "x")}) == errc::none));
}

BOOST_FIXTURE_TEST_CASE(a_discarded_stream_leaves_only_its_ids, fixture) {
  write("a", {opened(s1, "m1", 5)});
  write("a", {record::stream_discarded{s1}});
  write("a", {closed(s1)}); // of a stream that is not there
  BOOST_TEST(!load("a").last_stream);
  BOOST_TEST(load("a").last_sequence == 5u); // never given again
  BOOST_TEST((write("a", {opened(s1, "m2")}) == errc::invalid_request));
}

BOOST_FIXTURE_TEST_CASE(a_cut_takes_a_row_and_all_after_it, fixture) {
  for (std::uint64_t i = 1; i <= 4; ++i)
    write("a", {record::message_added{row(i, "x")}});
  write("a", {record::history_cut{3}, record::message_added{row(5, "y")}});
  BOOST_TEST(sequences("a") == (std::vector<std::uint64_t>{1, 2, 5}),
             boost::test_tools::per_element());
  BOOST_TEST(load("a").last_sequence == 5u);
}

BOOST_FIXTURE_TEST_CASE(rows_are_kept_in_order, fixture) {
  write("a", {record::message_added{row(3, "x")}});
  write("a", {record::message_added{row(1, "x")}});
  write("a", {record::message_added{row(2, "x")}});
  BOOST_TEST(sequences("a") == (std::vector<std::uint64_t>{1, 2, 3}),
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(the_queue_is_the_last_one_written, fixture) {
  write("a", {record::queue_replaced{{{"one", queue_mode::turn_end}}}});
  write("a", {record::queue_replaced{{{"two", queue_mode::tool_end}}}});
  BOOST_REQUIRE(load("a").queue.size() == 1u);
  BOOST_TEST(load("a").queue[0].text == "two");
}

BOOST_FIXTURE_TEST_CASE(threads_share_it, fixture) {
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 1; i <= 500; ++i) {
        const auto id = std::to_string(i % 20);
        const stream_id stream{i * 8 + static_cast<std::uint64_t>(t)};
        subject.write(
          id, {opened(stream, to_string(stream), i)},
          [&](const error& why) { failed += why.code != errc::none; });
        subject.load(id, [&](const auto& s) { failed += !s; });
      }
    });
  for (auto& t : threads)
    t.join();
  BOOST_TEST(failed == 0);
}

BOOST_AUTO_TEST_CASE(says_that_it_keeps_nothing_of_a_stream_that_runs) {
  BOOST_TEST(!in_memory_store{}.keeps_growth());
}

BOOST_AUTO_TEST_CASE(the_faulty_one_holds_fails_and_keeps_the_order) {
  const auto under = std::make_shared<in_memory_store>();
  testing::faulty_store faulty{under};
  std::vector<std::string> log;
  const auto write = [&](const std::string& name, store_record r) {
    faulty.write("a", {std::move(r)}, [&, name](const error& why) {
      log.push_back(name + (why.code == errc::none ? " ok" : " failed"));
    });
  };
  faulty.hold();
  write("one", opened(s1, "m1"));
  write("two", closed(s1));
  BOOST_TEST(log.empty());
  BOOST_TEST(faulty.release_one());
  BOOST_TEST(log.size() == 1u);
  faulty.release();
  faulty.fail_writes(1, [](const store_record& r) {
    return std::holds_alternative<record::stream_opened>(r);
  });
  write("three", record::queue_replaced{});
  write("four", opened(s2, "m2"));
  faulty.hold_answers();
  write("five", opened(s2, "m2"));
  under->load("a", [&](auto s) { log.push_back(s ? "loaded" : "no"); });
  faulty.release();
  BOOST_TEST(
    log
      == (std::vector<std::string>{"one ok", "two ok", "three ok",
                                   "four failed", "loaded", "five ok"}),
    boost::test_tools::per_element());
}
