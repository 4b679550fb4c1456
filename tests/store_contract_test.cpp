// Goal: whatever keeps it, a workspace that comes back finds what it wrote, all
// of a batch or none of it. Method: the same claims on the store in memory, on
// an SQLite file and on SQLite in memory.
#define BOOST_TEST_MODULE store_contract
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include "runtime/in_memory_store.hpp"
#include "runtime/sqlite_store.hpp"
#include "tests/support/store_calls.hpp"

#include <atomic>
#include <thread>

using namespace penstock;
using namespace penstock::testing;

namespace {

struct in_memory {
  std::shared_ptr<store> made = std::make_shared<in_memory_store>();
};
struct sqlite_in_file {
  temporary_dir dir;
  std::shared_ptr<store> made =
    sqlite_store::open({dir.file("store"), store_durability::power, {}})
      .value();
};
struct sqlite_in_memory {
  std::shared_ptr<store> made =
    sqlite_store::open({":memory:", store_durability::process, {}}).value();
};
using stores = boost::mpl::list<in_memory, sqlite_in_file, sqlite_in_memory>;

constexpr stream_id s1{0xfedcba9876543210}, s2{2};

record::stream_opened opened(stream_id stream, const std::string& message_id,
                             std::uint64_t sequence = 1) {
  return {stream, message_id, sequence, "p:m", "{}", {}};
}

record::stream_closed closed(stream_id stream,
                             std::vector<history_row> rows = {}) {
  return {stream, std::make_shared<const event_body>(event::stream_end{}),
          std::move(rows)};
}

template <class Kind>
struct world : Kind {
  store_calls on{*this->made};

  std::vector<std::uint64_t> sequences(const std::string& id) {
    std::vector<std::uint64_t> all;
    const auto found = on.load(id).value();
    for (const auto& r : found.history)
      all.push_back(r.sequence);
    return all;
  }
};

using numbers = std::vector<std::uint64_t>;

} // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(an_unknown_workspace_is_empty, Kind, stores) {
  world<Kind> w;
  const auto found = w.on.load("a").value();
  BOOST_TEST(found.history.empty());
  BOOST_TEST(found.last_sequence == 0u);
  BOOST_TEST(!found.last_stream);
  BOOST_TEST(!found.interrupted);
  BOOST_TEST(!w.on.load_stream("a", s1).value());
  BOOST_TEST(w.on.workspaces().empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_finished_stream_is_found_again, Kind, stores) {
  world<Kind> w;
  stream_writer s{s1, "m2", 2};
  BOOST_TEST((
    w.on.write("w", {record::message_added{user_row(1, "hi")}, s.opened()}).code
    == errc::none));
  BOOST_TEST(!w.on.load_stream("w", s1).value()); // it runs
  w.on.write("w", {s.attempt(1)});
  const auto text = s.log.open_text();
  for (int i = 0; i < 5; ++i) {
    s.log.append(text, "wörd ");
    w.on.write("w", s.grown());
  }
  s.log.close_text(text, false);
  w.on.write("w", {record::attempt_used{{s1, 1}, "p:m", tokens(3, 4), false}});
  BOOST_TEST((w.on.write("w", s.closed()).code == errc::none));
  const auto found = w.on.load("w").value();
  BOOST_TEST(found.last_sequence == 2u);
  BOOST_TEST((found.usage == tokens(3, 4)));
  BOOST_REQUIRE(found.last_stream.has_value());
  BOOST_TEST((found.last_stream->identity->stream == s1));
  BOOST_TEST(found.last_stream->identity->workspace_id == "w");
  BOOST_TEST(found.last_stream->identity->message_id == "m2");
  const auto& end = std::get<event::stream_end>(*found.last_stream->terminal);
  BOOST_TEST((end.parts == s.log.parts()));
  BOOST_TEST((end.why == finish{finish_reason::stop, "end_turn"}));
  BOOST_TEST(end.metadata_json == R"({"k":1})");
  BOOST_REQUIRE(found.history.size() == 2u);
  BOOST_TEST((found.history[0] == user_row(1, "hi")));
  BOOST_TEST((found.history[1].messages == final_messages(s.log, s.spans)));
  BOOST_TEST((w.on.workspaces() == std::vector<std::string>{"w"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_kind_of_content_comes_back, Kind, stores) {
  world<Kind> w;
  stream_writer s{s1, "m1", 1};
  w.on.write("w", {s.opened(), s.attempt(1)});
  auto& log = s.log;
  const auto thought = log.open_reasoning();
  log.append(thought, "hm");
  log.close_reasoning(thought, {{}, "sig", "enc", "item"}, false);
  const auto gone = log.open_text();
  log.append(gone, "withdrawn");
  w.on.write("w", s.grown());
  log.retract(gone);
  const auto text = log.open_text();
  log.append(text, "cut he");
  log.close_text(text, true);
  const auto more = log.open_text();
  log.append(more, "re");
  log.close_text(more, false, "commentary");
  log.add_file({"image/png", std::string("\0\xff\x01", 3), {}, "x.png"});
  const auto call = log.open_call({"c1", "tool", {}, {}, {}, {}, false});
  log.append(call, R"({"a": 1})");
  log.complete_call(call, R"({"a":1})", "call sig", {});
  const auto search = log.open_call({"c2", "search", {}, {}, {}, {}, true});
  log.complete_call(search, "null", {}, {});
  log.add_result(search, {"c2", "search", "[1]", false, true, {}});
  w.on.write("w", s.grown());
  const tool_result_content result{"c1",  "tool", R"({"ok":true})",
                                   false, false,  {{"a/b", "zz", {}, {}}}};
  w.on.write("w", {record::tool_started{s1, call, "c1"}});
  w.on.write("w", {record::tool_ended{s1, call, result}});
  log.add_result(call, result);
  const auto late = log.open_text();
  log.append(late, "never flushed before the end");
  log.close_text(late, false, "", R"([{"url":"u"}])");
  BOOST_TEST((w.on.write("w", s.closed()).code == errc::none));

  const auto found = w.on.load_stream("w", s1).value();
  BOOST_REQUIRE(found.has_value());
  const auto& parts = std::get<event::stream_end>(*found->terminal).parts;
  BOOST_TEST((parts == log.parts()));
  const auto history = w.on.load("w").value().history;
  BOOST_REQUIRE(history.size() == 1u);
  BOOST_TEST((history[0].messages == final_messages(log, s.spans)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(growth_that_is_missing_costs_nothing, Kind,
                              stores) {
  world<Kind> w;
  stream_writer s{s1, "m1", 1};
  w.on.write("w", {s.opened(), s.attempt(1)});
  const auto text = s.log.open_text();
  s.log.append(text, "lost by a failed write, ");
  (void)s.grown();
  s.log.append(text, "and kept");
  w.on.write("w", s.grown());
  s.log.close_text(text, false);
  w.on.write("w", s.closed());
  const auto found = w.on.load_stream("w", s1).value();
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(
    (std::get<event::stream_end>(*found->terminal).parts == s.log.parts()));
  BOOST_TEST((w.on.load("w").value().history.at(0).messages
              == final_messages(s.log, s.spans)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(aborts_and_errors_come_back, Kind, stores) {
  world<Kind> w;
  w.on.write("a", {opened(s1, "m1", 1)});
  event::stream_abort abort;
  abort.why = event::stream_abort::reason::replaced;
  abort.abandoned = true;
  abort.metadata_json = "{}";
  w.on.write("a", {record::stream_closed{
                    s1, std::make_shared<const event_body>(abort), {}}});
  w.on.write("a", {opened(s2, "m2", 2)});
  event::stream_error failed;
  failed.why = {errc::rate_limit, "slow down", 429,
                std::chrono::milliseconds{7}, true};
  failed.retryable = true;
  failed.failed_models = {"p:m"};
  failed.metadata_json = "{}";
  w.on.write("a", {record::stream_closed{
                    s2, std::make_shared<const event_body>(failed), {}}});
  const auto first = w.on.load_stream("a", s1).value();
  BOOST_REQUIRE(first.has_value());
  const auto& a = std::get<event::stream_abort>(*first->terminal);
  BOOST_TEST((a.why == abort.why));
  BOOST_TEST(a.abandoned);
  const auto last = w.on.load("a").value().last_stream;
  BOOST_REQUIRE(last.has_value());
  const auto& e = std::get<event::stream_error>(*last->terminal);
  BOOST_TEST((e.why == failed.why));
  BOOST_TEST(e.retryable);
  BOOST_TEST((e.failed_models == failed.failed_models));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_second_end_replaces_the_first, Kind, stores) {
  world<Kind> w;
  stream_writer s{s1, "m2", 2};
  w.on.write(
    "w", {record::message_added{user_row(1, "x")}, s.opened(), s.attempt(1)});
  const auto text = s.log.open_text();
  s.log.append(text, "said");
  w.on.write("w", s.closed());
  BOOST_TEST((w.sequences("w") == numbers{1, 2}));
  event::stream_error failed;
  failed.why.code = errc::storage;
  failed.metadata_json = "{}";
  failed.parts = s.log.parts();
  w.on.write("w", {record::stream_closed{
                    s1, std::make_shared<const event_body>(failed), {}}});
  BOOST_TEST((w.sequences("w") == numbers{1}));
  const auto found = w.on.load_stream("w", s1).value();
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(
    (std::get<event::stream_error>(*found->terminal).parts == s.log.parts()));
  BOOST_TEST((w.on.load("w").value().last_stream.has_value()));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(used_ids_fail_and_take_their_batch_along, Kind,
                              stores) {
  world<Kind> w;
  w.on.write("a", {opened(s1, "m1")});
  w.on.write("a", {closed(s1)});
  const auto reuse = [&](stream_id stream, const char* message_id) {
    return w.on
      .write("a", {record::message_added{user_row(9, "no")},
                   opened(stream, message_id, 10)})
      .code;
  };
  BOOST_TEST((reuse(s1, "new") == errc::invalid_request));
  BOOST_TEST((reuse(s2, "m1") == errc::invalid_request));
  BOOST_TEST(w.on.load("a").value().history.empty());
  BOOST_TEST(w.on.load("a").value().last_sequence == 1u);
  BOOST_TEST((reuse(s2, "m2") == errc::none));
  // Another workspace has ids of its own.
  BOOST_TEST((w.on.write("b", {opened(s1, "m1")}).code == errc::none));
  // Twice in one batch is once too often.
  BOOST_TEST((w.on.write("c", {opened(s1, "x"), opened(s1, "y")}).code
              == errc::invalid_request));
  BOOST_TEST((w.on.write("c", {opened(s1, "x"), opened(s2, "x")}).code
              == errc::invalid_request));
  BOOST_TEST((w.on.write("c", {opened(s1, "x")}).code == errc::none));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(ids_can_be_asked_for_without_a_trace, Kind,
                              stores) {
  world<Kind> w;
  w.on.write("a", {opened(s1, "m1")});
  const auto ask = [&](stream_id stream, const char* message_id) {
    return w.on
      .write("a", {record::message_added{user_row(9, "no")},
                   record::ids_unused{stream, message_id}})
      .code;
  };
  BOOST_TEST((ask(s1, "") == errc::invalid_request));
  BOOST_TEST((ask({}, "m1") == errc::invalid_request));
  BOOST_TEST((ask(s1, "m2") == errc::invalid_request));
  BOOST_TEST(w.on.load("a").value().history.empty());
  BOOST_TEST(
    (w.on.write("a", {record::ids_unused{s2, "m2"}}).code == errc::none));
  BOOST_TEST((w.on.write("a", {opened(s2, "m2")}).code == errc::none));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_discarded_stream_leaves_only_its_ids, Kind,
                              stores) {
  world<Kind> w;
  w.on.write("a", {opened(s1, "m1", 5)});
  w.on.write("a", {record::stream_discarded{s1}});
  w.on.write("a", {closed(s1)}); // of a stream that is not there
  BOOST_TEST(!w.on.load("a").value().last_stream);
  BOOST_TEST(w.on.load("a").value().last_sequence == 5u); // never given again
  BOOST_TEST(
    (w.on.write("a", {opened(s1, "m2")}).code == errc::invalid_request));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_cut_takes_a_row_and_all_after_it, Kind,
                              stores) {
  world<Kind> w;
  for (std::uint64_t i = 1; i <= 4; ++i)
    w.on.write("a", {record::message_added{user_row(i, "x")}});
  w.on.write("a",
             {record::history_cut{3}, record::message_added{user_row(5, "y")}});
  BOOST_TEST((w.sequences("a") == numbers{1, 2, 5}));
  BOOST_TEST(w.on.load("a").value().last_sequence == 5u);
  for (const auto beyond : {UINT64_MAX, std::uint64_t{1} << 63})
    w.on.write("a", {record::history_cut{beyond}});
  BOOST_TEST((w.sequences("a") == numbers{1, 2, 5}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(rows_are_kept_in_order, Kind, stores) {
  world<Kind> w;
  for (const std::uint64_t i : {3, 1, 2})
    w.on.write("a", {record::message_added{user_row(i, "x")}});
  BOOST_TEST((w.sequences("a") == numbers{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_queue_is_the_last_one_written, Kind, stores) {
  world<Kind> w;
  w.on.write("a", {record::queue_replaced{{{"one", queue_mode::turn_end}}}});
  w.on.write("a", {record::queue_replaced{{{"two", queue_mode::tool_end},
                                           {"3", queue_mode::turn_end}}}});
  BOOST_TEST((w.on.load("a").value().queue
              == std::vector<queued_message>{{"two", queue_mode::tool_end},
                                             {"3", queue_mode::turn_end}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(usage_counts_once_per_attempt, Kind, stores) {
  world<Kind> w;
  stream_writer s{s1, "m1", 1};
  w.on.write("a", {s.opened(), s.attempt(1)});
  BOOST_TEST(w.on.usage().empty()); // It runs.
  const record::attempt_used used{{s1, 1}, "p:m", tokens(5, 6), false};
  w.on.write("a", {used});
  w.on.write("a", {used});
  const record::attempt_used tool{{s1, 1}, "p:n", tokens(1, 1), true};
  w.on.write("a", {tool, tool});
  w.on.write("b", {record::attempt_used{{s2, 1}, "p:m", tokens(2, 2), false}});
  BOOST_TEST(
    (w.on.usage("a")
     == std::vector<usage_row>{{"a", {s1, 1}, "p:m", tokens(5, 6), false},
                               {"a", {s1, 1}, "p:n", tokens(1, 1), true},
                               {"a", {s1, 1}, "p:n", tokens(1, 1), true}}));
  BOOST_TEST(w.on.usage().size() == 4u);
  BOOST_TEST((w.on.load("a").value().usage == tokens(7, 8)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(threads_share_it, Kind, stores) {
  world<Kind> w;
  std::atomic<int> failed{0}, answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      store_calls calls{*w.made};
      for (std::uint64_t i = 1; i <= 100; ++i) {
        const auto id = std::to_string(i % 20);
        const stream_id stream{i * 8 + static_cast<std::uint64_t>(t)};
        failed += calls.write(id, {opened(stream, to_string(stream), i)}).code
                  != errc::none;
        failed += !calls.load(id);
        ++answered;
      }
    });
  for (auto& t : threads)
    t.join();
  BOOST_TEST(failed == 0);
  BOOST_TEST(answered == 400);
}
