// Goal: a stream that nobody disturbs: what a workspace tells, asks and keeps.
// Method: the rules in a world of cardboard; each case is one story.
#define BOOST_TEST_MODULE workspace_stream
#include <boost/test/unit_test.hpp>

#include "runtime/in_memory_store.hpp"
#include "tests/support/store_calls.hpp"
#include "tests/support/workspace_fixture.hpp"

using namespace penstock;
using namespace penstock::testing;
using names = std::vector<std::string>;
using std::chrono::milliseconds;

#define CHECK_NAMES(sink, ...)                                                 \
  BOOST_TEST((sink).names() == (names{__VA_ARGS__}),                           \
             boost::test_tools::per_element())

BOOST_FIXTURE_TEST_CASE(a_stream_starts_tells_and_ends, workspace_fixture) {
  begin();
  BOOST_TEST((core->now() == phase::streaming));
  text(0, "Hel");
  text(0, "lo");
  parts({part::text_end{0}}, true);
  finishes();
  BOOST_TEST((core->now() == phase::idle));
  CHECK_NAMES(*sink, "caught_up", "stream_start", "text_delta", "text_delta",
              "text_end", "step_end", "stream_end");
  BOOST_TEST(sink->heard.text() == "Hello");
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_start_is_answered_when_its_record_is_durable,
                        workspace_fixture) {
  store_answers = false;
  start(ask());
  BOOST_TEST((core->now() == phase::preparing));
  BOOST_TEST(!started[0].has_value());
  BOOST_TEST(world.attempts.empty());
  CHECK_NAMES(*sink, "caught_up");
  answer_writes();
  BOOST_TEST(started[0].has_value());
  BOOST_TEST(world.attempts.size() == 1u);
  CHECK_NAMES(*sink, "caught_up", "stream_start");
}

BOOST_FIXTURE_TEST_CASE(the_terminal_event_waits_for_its_record,
                        workspace_fixture) {
  begin();
  store_answers = false;
  finishes();
  BOOST_TEST((core->now() == phase::finalizing));
  BOOST_TEST(sink->heard.ends() == 0u);
  answer_writes();
  BOOST_TEST(sink->heard.ends() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_lost_terminal_record_is_a_storage_error_with_parts,
                        workspace_fixture) {
  begin();
  text(0, "kept");
  store_answers = false;
  finishes();
  answer_writes({errc::storage, "disk full"});
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST((failed[0].why.code == errc::storage));
  BOOST_REQUIRE(failed[0].parts.size() == 1u);
  BOOST_TEST(std::get<text_content>(failed[0].parts[0].content).text == "kept");
  BOOST_TEST(sink->all<event::stream_end>().empty());
}

BOOST_FIXTURE_TEST_CASE(a_store_that_never_answers_ends_the_stream,
                        workspace_fixture) {
  begin();
  store_answers = false;
  finishes();
  advance(settings.workspaces.store_deadline_ms - milliseconds{1});
  BOOST_TEST(sink->heard.ends() == 0u);
  advance(milliseconds{1});
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST((failed[0].why.code == errc::storage));
  BOOST_TEST((core->now() == phase::idle));
}

// The writes that were not in time are made all the same, and answered.
BOOST_FIXTURE_TEST_CASE(a_terminal_that_is_late_is_not_the_last_word,
                        workspace_fixture) {
  auto request = ask();
  request.with_history = true;
  begin(request);
  text(0, "kept");
  store_answers = false;
  finishes();
  advance(settings.workspaces.store_deadline_ms);
  BOOST_TEST(sink->all<event::stream_error>().size() == 1u);

  in_memory_store disk;
  store_calls on{disk};
  on.write("w", world.durable);
  for (const auto& w : world.writes)
    BOOST_TEST((on.write("w", w.records).code == errc::none));
  const auto kept = on.load_stream("w", *started[0]).value();
  BOOST_REQUIRE(kept.has_value());
  BOOST_TEST(name_of(*kept->terminal) == "stream_error");
  workspace_view now;
  core->on(view_workspace{
    "w", reply<workspace_view>{[&](auto v) { now = std::move(*v); }}});
  BOOST_TEST(now.history.size() == 1u); // The question.
  BOOST_TEST((on.load("w").value().history == now.history));

  // Until all is known, what a reader found would not be all.
  advance(settings.workspaces.passivate_after_ms);
  BOOST_TEST(world.offers.empty());
  answer_writes();
  advance(2 * settings.workspaces.passivate_after_ms);
  BOOST_TEST(world.offers.size() == 1u);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(usage_is_counted_once_per_attempt, workspace_fixture) {
  begin();
  retries(errc::overloaded);
  attempt_starts();
  finishes();
  const auto end = sink->all<event::stream_end>();
  BOOST_REQUIRE(end.size() == 1u);
  BOOST_TEST(end[0].usage.input_total == 20u);
  BOOST_TEST(end[0].usage.output_total == 10u);
  const auto booked =
    std::count_if(world.durable.begin(), world.durable.end(), [](auto& r) {
      return std::holds_alternative<record::attempt_used>(r);
    });
  BOOST_TEST(booked == 2);
}

BOOST_FIXTURE_TEST_CASE(parts_of_a_past_attempt_are_dropped,
                        workspace_fixture) {
  begin();
  const auto old = attempt();
  retries(errc::network);
  attempt_starts();
  core->on(parts_received{
    old.attempt, 0, {part::text{0, "late"}}, false, old.link, 0});
  text(0, "new");
  finishes();
  BOOST_TEST(sink->heard.text() == "new");
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_cut_answer_is_continued_from_what_was_shown,
                        workspace_fixture) {
  begin();
  text(0, "Once upon");
  retries(errc::network);
  BOOST_TEST((core->now() == phase::retry_wait));
  const auto& what = *attempt().prompt;
  BOOST_TEST((what.ending == continuation::partial));
  BOOST_REQUIRE(what.messages.size() == 2u);
  BOOST_TEST(std::get<text_content>(what.messages[1].parts[0]).text
             == "Once upon");
  attempt_starts();
  text(0, " a time");
  finishes();
  BOOST_TEST(sink->heard.text() == "Once upon a time");
  const auto retry = sink->all<event::attempt_retry>();
  BOOST_REQUIRE(retry.size() == 1u);
  BOOST_TEST(retry[0].kept_parts.size() == 1u);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(retract_withdraws_the_step_and_asks_anew,
                        workspace_fixture) {
  settings.streams->on_partial = partial_policy::retract;
  open();
  begin();
  text(0, "wrong");
  retries(errc::network);
  BOOST_TEST((attempt().prompt->ending == continuation::none));
  BOOST_TEST(attempt().prompt->messages.size() == 1u);
  attempt_starts();
  text(0, "right");
  finishes();
  BOOST_TEST(sink->heard.text() == "right");
  BOOST_TEST(sink->all<event::retract>().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_call_that_was_cut_is_withdrawn_before_a_retry,
                        workspace_fixture) {
  begin();
  text(0, "let me look");
  parts({part::text_end{0}, part::tool_start{1, "c1", "look", {}, false},
         part::tool_input{1, "{\"a\":"}});
  retries(errc::network);
  BOOST_TEST(sink->all<event::retract>().size() == 1u);
  BOOST_TEST(sink->heard.text() == "let me look");
  BOOST_TEST(attempt().prompt->messages.back().parts.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_silent_retry_is_not_told, workspace_fixture) {
  begin();
  attempt_verdict verdict;
  verdict.what = attempt_verdict::kind::retry;
  verdict.silent = true;
  verdict.next_model = "test:one";
  settle(verdict);
  attempt_starts();
  text(0, "x");
  finishes();
  BOOST_TEST(sink->all<event::attempt_retry>().empty());
}

BOOST_FIXTURE_TEST_CASE(the_fallback_answers_under_its_own_name,
                        workspace_fixture) {
  auto request = ask();
  fallback_entry other;
  other.model = "other:two";
  other.provider_options_json = {{"other", R"({"o":2})"}};
  request.fallback.push_back(other);
  request.provider_options_json = {{"test", R"({"o":1})"}};
  begin(request);
  BOOST_TEST(attempt().prompt->provider_options_json == R"({"o":1})");
  retries(errc::model_refusal, "other:two");
  BOOST_TEST(attempt().model == "other:two");
  BOOST_TEST(attempt().prompt->provider_options_json == R"({"o":2})");
  attempt_starts();
  text(0, "yes");
  finishes();
  const auto end = sink->all<event::stream_end>();
  BOOST_REQUIRE(end.size() == 1u);
  BOOST_TEST(end[0].model == "other:two");
  BOOST_TEST(end[0].requested_model == "test:one");
  BOOST_TEST(end[0].refused_models == std::vector<std::string>{"test:one"},
             boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_defeat_ends_the_stream_with_its_parts,
                        workspace_fixture) {
  begin();
  text(0, "some");
  is_defeated(errc::server_error);
  const auto failed = sink->all<event::stream_error>();
  BOOST_REQUIRE(failed.size() == 1u);
  BOOST_TEST(failed[0].retryable);
  BOOST_TEST(failed[0].parts.size() == 1u);
  BOOST_TEST((core->now() == phase::idle));
}

BOOST_FIXTURE_TEST_CASE(a_store_that_keeps_no_growth_is_spared_it,
                        workspace_fixture) {
  settings.keeps_growth = false;
  begin();
  text(0, "a");
  advance(milliseconds{5'000});
  text(0, "b");
  finishes();
  std::size_t closed = 0;
  for (const auto& r : world.durable) {
    BOOST_TEST(!std::holds_alternative<record::part_grown>(r));
    BOOST_TEST(!std::holds_alternative<record::part_closed>(r));
    closed += std::holds_alternative<record::stream_closed>(r);
  }
  BOOST_TEST(closed == 1u);
}

BOOST_FIXTURE_TEST_CASE(growth_is_written_at_once_and_then_throttled,
                        workspace_fixture) {
  const auto flushed = [&] {
    return std::count_if(
      world.durable.begin(), world.durable.end(),
      [](auto& r) { return std::holds_alternative<record::part_grown>(r); });
  };
  begin();
  text(0, "a");
  BOOST_TEST(flushed() == 1); // at 0 ms
  text(0, "b");
  text(0, "c");
  advance(milliseconds{499});
  BOOST_TEST(flushed() == 1);
  advance(milliseconds{1});
  BOOST_TEST(flushed() == 2); // b and c together
  text(0, "d");
  advance(milliseconds{501});
  BOOST_TEST(flushed() == 3);
  finishes();
  const auto at_end = flushed();
  advance(milliseconds{5'000});
  BOOST_TEST(flushed() == at_end); // none after the terminal
}

BOOST_FIXTURE_TEST_CASE(a_stalled_store_delays_flushes_not_tokens,
                        workspace_fixture) {
  begin();
  store_answers = false;
  for (int i = 0; i < 100; ++i) {
    text(0, "x");
    advance(milliseconds{50});
  }
  BOOST_TEST(sink->heard.text().size() == 100u);
  BOOST_TEST(world.writes.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(history_is_sent_along_and_grows, workspace_fixture) {
  auto request = ask("one");
  request.with_history = true;
  begin(request);
  text(0, "first answer");
  finishes();
  request.messages = {{role::user, {text_content{"two"}}, {}}};
  begin(request);
  const auto& messages = attempt().prompt->messages;
  BOOST_REQUIRE(messages.size() == 3u);
  BOOST_TEST(std::get<text_content>(messages[0].parts[0]).text == "one");
  BOOST_TEST(std::get<text_content>(messages[1].parts[0]).text
             == "first answer");
  BOOST_TEST(std::get<text_content>(messages[2].parts[0]).text == "two");
}

BOOST_FIXTURE_TEST_CASE(a_stale_history_sequence_is_refused,
                        workspace_fixture) {
  auto request = ask();
  request.history_sequence = 7;
  begin(request);
  finishes();
  start(request);
  BOOST_REQUIRE(!started.back().has_value());
  BOOST_TEST((started.back().error().code == errc::invalid_request));
  BOOST_TEST((core->now() == phase::idle));
}

BOOST_FIXTURE_TEST_CASE(whoever_waits_is_told_how_it_ended, workspace_fixture) {
  begin();
  await();
  text(0, "done");
  finishes();
  await(*started[0]);
  for (const auto& end : ended) {
    BOOST_REQUIRE(end.has_value());
    BOOST_TEST((end->how == stream_outcome::kind::completed));
    BOOST_TEST(end->text == "done");
  }
  // It takes its time, and knows of none.
  settings.workspaces.store_deadline_ms =
    2 * settings.workspaces.passivate_after_ms;
  await(stream_id{999});
  const auto asked = world.loads.back();
  BOOST_TEST((asked.second == stream_id{999}));
  advance(settings.workspaces.passivate_after_ms);
  BOOST_TEST(world.offers.empty()); // Somebody waits.
  core->on(closed_stream_loaded{asked.first, std::optional<closed_stream>{}});
  BOOST_REQUIRE(!ended.back().has_value());
  BOOST_TEST((ended.back().error().code == errc::invalid_request));
}

BOOST_FIXTURE_TEST_CASE(whoever_waits_for_an_older_stream_is_told_by_the_store,
                        workspace_fixture) {
  for (int i = 0; i < 2; ++i) {
    begin();
    text(0, "done");
    finishes();
  }
  await(*started[0]);
  const auto asked = world.loads.back();
  BOOST_TEST((asked.second == *started[0]));
  closed_stream old{
    std::make_shared<stream_identity>(stream_identity{"w", *started[0], "m"}),
    std::make_shared<const event_body>(event::stream_abort{})};
  core->on(closed_stream_loaded{asked.first, std::optional{old}});
  BOOST_REQUIRE(ended.back().has_value());
  BOOST_TEST((ended.back()->how == stream_outcome::kind::aborted));
  BOOST_TEST((ended.back()->stream == *started[0]));

  await(*started[0]);
  core->on(closed_stream_loaded{world.loads.back().first,
                                fail(errc::storage, "the disk failed")});
  BOOST_REQUIRE(!ended.back().has_value());
  BOOST_TEST((ended.back().error().code == errc::storage));
}

// Some servers name a finish reason in every chunk.
BOOST_FIXTURE_TEST_CASE(what_is_shown_behind_a_finish_says_it_was_none,
                        workspace_fixture) {
  begin();
  text(0, "first");
  stop({}, true);
  parts({part::text_end{0}}, true);
  text(1, "second");
  BOOST_TEST((core->now() == phase::streaming));
  parts({part::text_end{1}});
  advance(settings.streams->soft_stop_wait_ms);
  BOOST_TEST((core->now() == phase::stopping));
}
