// Goal: the queue and the history: nothing lost, nothing used twice, whatever
// stops, fails or is edited (SPEC §2, §5).
// Method: the rules in a world of cardboard; each case is one story.
#define BOOST_TEST_MODULE workspace_queue
#include <boost/test/unit_test.hpp>

#include "tests/support/workspace_fixture.hpp"

#include <algorithm>

using namespace penstock;
using namespace penstock::testing;
using texts = std::vector<std::string>;
using reason = event::stream_abort::reason;

namespace {

struct queue_fixture : workspace_fixture {
  std::vector<expected<std::size_t>> queued;
  std::vector<expected<std::vector<std::uint64_t>>> edited;

  void enqueue(std::string text, queue_mode mode = queue_mode::turn_end) {
    const auto at = queued.size();
    queued.push_back(fail(errc::none, "not answered yet"));
    core->on(enqueue_message{
      "w", {std::move(text), mode}, reply<std::size_t>{[this, at](auto n) {
        queued[at] = std::move(n);
      }}});
    settle_store();
  }

  void edit(std::uint64_t from) {
    const auto at = edited.size();
    edited.push_back(fail(errc::none, "not answered yet"));
    history_edit what;
    what.from_sequence = from;
    core->on(edit_history{
      "w", what, reply<std::vector<std::uint64_t>>{[this, at](auto removed) {
        edited[at] = std::move(removed);
      }}});
    settle_store();
  }

  workspace_view view() {
    workspace_view seen;
    core->on(
      view_workspace{"w", reply<workspace_view>{[&](auto v) { seen = *v; }}});
    return seen;
  }

  texts in_queue() {
    texts all;
    for (const auto& q : view().queue)
      all.push_back(q.text);
    return all;
  }

  /// What a crash at this instant would leave of the queue.
  texts stored_queue() const {
    texts all;
    for (const auto& r : world.durable)
      if (auto* replaced = std::get_if<record::queue_replaced>(&r)) {
        all.clear();
        for (const auto& q : replaced->queue)
          all.push_back(q.text);
      }
    return all;
  }

  std::string asked() const {
    const auto& last = attempt().prompt->messages.back();
    return std::get<text_content>(last.parts[0]).text;
  }
};

const texts none{};
const error disk_full{errc::storage, "disk full"};

} // namespace

#define CHECK_TEXTS(got, want)                                                 \
  BOOST_TEST((got) == (want), boost::test_tools::per_element())

BOOST_FIXTURE_TEST_CASE(an_enqueue_is_answered_when_it_is_durable,
                        queue_fixture) {
  begin();
  store_answers = false;
  enqueue("later");
  BOOST_TEST(!queued[0].has_value());
  answer_writes();
  BOOST_REQUIRE(queued[0].has_value());
  BOOST_TEST(*queued[0] == 1u);
  CHECK_TEXTS(stored_queue(), texts{"later"});
}

BOOST_FIXTURE_TEST_CASE(a_message_that_could_not_be_stored_is_not_queued,
                        queue_fixture) {
  begin();
  enqueue("kept");
  store_answers = false;
  enqueue("lost");
  answer_writes(disk_full);
  BOOST_REQUIRE(!queued[1].has_value());
  BOOST_TEST((queued[1].error().code == errc::storage));
  CHECK_TEXTS(in_queue(), texts{"kept"});
}

BOOST_FIXTURE_TEST_CASE(the_queue_leaves_with_the_next_open_record,
                        queue_fixture) {
  begin();
  enqueue("one");
  enqueue("two");
  text(0, "answer");
  store_answers = false;
  finishes();
  answer_writes(); // the terminal, and the open record of the next
  BOOST_TEST(sink->heard.starts() == 2u);
  BOOST_TEST(asked() == "one\ntwo");
  CHECK_TEXTS(in_queue(), none);
  const auto opened = std::find_if(
    world.durable.rbegin(), world.durable.rend(), [](const auto& r) {
      return std::holds_alternative<record::stream_opened>(r);
    });
  BOOST_REQUIRE(
    (opened != world.durable.rend() && opened != world.durable.rbegin()));
  BOOST_TEST(std::holds_alternative<record::queue_replaced>(*(opened - 1)));
}

BOOST_FIXTURE_TEST_CASE(a_queued_start_that_fails_keeps_the_queue,
                        queue_fixture) {
  begin();
  enqueue("later");
  store_answers = false;
  finishes();
  auto terminal = std::move(world.writes);
  world.writes.clear();
  for (auto& w : terminal)
    core->on(records_durable{w.token, {}});
  BOOST_TEST((core->now() == phase::preparing));
  answer_writes(disk_full);
  BOOST_TEST((core->now() == phase::idle));
  BOOST_TEST(sink->heard.starts() == 1u);
  CHECK_TEXTS(in_queue(), texts{"later"});
}

BOOST_FIXTURE_TEST_CASE(a_message_behind_those_that_were_taken_stays,
                        queue_fixture) {
  begin();
  enqueue("taken");
  store_answers = false;
  finishes();
  while (core->now() != phase::preparing) {
    const auto token = world.writes.front().token;
    world.writes.pop_front();
    core->on(records_durable{token, {}});
  }
  enqueue("behind");
  answer_writes();
  BOOST_TEST(asked() == "taken");
  CHECK_TEXTS(in_queue(), texts{"behind"});
  CHECK_TEXTS(stored_queue(), texts{"behind"});
}

BOOST_FIXTURE_TEST_CASE(enqueued_while_nothing_runs_it_waits, queue_fixture) {
  begin();
  finishes();
  enqueue("later");
  BOOST_TEST((core->now() == phase::idle));
  begin();
  finishes();
  BOOST_TEST(sink->heard.starts() == 3u);
  BOOST_TEST(asked() == "later");
}

BOOST_FIXTURE_TEST_CASE(a_replacement_and_an_error_keep_the_queue,
                        queue_fixture) {
  begin();
  enqueue("later");
  start(ask("again"));
  is_cancelled();
  attempt_starts();
  CHECK_TEXTS(in_queue(), texts{"later"});
  is_defeated(errc::server_error);
  BOOST_TEST((core->now() == phase::idle));
  CHECK_TEXTS(in_queue(), texts{"later"});
  CHECK_TEXTS(stored_queue(), texts{"later"});
}

BOOST_FIXTURE_TEST_CASE(one_of_two_stops_gets_the_queue, queue_fixture) {
  begin();
  enqueue("later");
  stop();
  stop();
  CHECK_TEXTS(stored_queue(), texts{"later"}); // until the end is durable
  is_cancelled();
  BOOST_REQUIRE((stopped[0].has_value() && stopped[1].has_value()));
  BOOST_TEST(stopped[0]->returned_queue.size() == 1u);
  BOOST_TEST(stopped[1]->returned_queue.empty());
  CHECK_TEXTS(stored_queue(), none);
}

BOOST_FIXTURE_TEST_CASE(a_queue_whose_return_was_not_recorded_stays,
                        queue_fixture) {
  begin();
  enqueue("later");
  store_answers = false;
  stop();
  is_cancelled();
  answer_writes(disk_full);
  BOOST_REQUIRE(stopped[0].has_value());
  BOOST_TEST(stopped[0]->returned_queue.empty());
  CHECK_TEXTS(in_queue(), texts{"later"});
}

BOOST_FIXTURE_TEST_CASE(a_stop_token_leaves_the_queue, queue_fixture) {
  begin();
  enqueue("later");
  core->on(
    stop_stream{{}, {"w", started[0].value(), false, false}, reason::user, {}});
  is_cancelled();
  BOOST_TEST((core->now() == phase::idle));
  CHECK_TEXTS(in_queue(), texts{"later"});
}

BOOST_FIXTURE_TEST_CASE(a_stop_while_preparing_returns_the_queue,
                        queue_fixture) {
  enqueue("later");
  store_answers = false;
  start(ask());
  stop({}, true); // soft: as a hard one
  BOOST_REQUIRE(stopped[0].has_value());
  BOOST_TEST(stopped[0]->returned_queue.size() == 1u);
  answer_writes();
  CHECK_TEXTS(in_queue(), none);
}

BOOST_FIXTURE_TEST_CASE(a_providers_tool_makes_way_for_a_queued_message,
                        queue_fixture) {
  begin();
  enqueue("now this", queue_mode::tool_end);
  text(0, "let me see");
  BOOST_TEST((core->now() == phase::streaming));
  parts({part::tool_result{1, "srv1", "search", "{}", false}});
  BOOST_TEST((core->now() == phase::streaming)); // perhaps the natural end
  advance(settings.streams->soft_stop_wait_ms);
  BOOST_TEST((core->now() == phase::stopping));
  is_cancelled();
  BOOST_TEST(sink->heard.starts() == 2u);
  BOOST_TEST(asked() == "now this");
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_stop_by_the_user_does_not_start_the_queue,
                        queue_fixture) {
  begin();
  enqueue("now this", queue_mode::tool_end);
  parts({part::tool_result{1, "srv1", "search", "{}", false}});
  stop({}, true);
  advance(settings.streams->soft_stop_wait_ms);
  is_cancelled();
  BOOST_TEST((core->now() == phase::idle));
  BOOST_TEST(sink->heard.starts() == 1u);
  CHECK_TEXTS(in_queue(), texts{"now this"});
}

BOOST_FIXTURE_TEST_CASE(a_queue_that_could_not_be_read_is_not_overwritten,
                        queue_fixture) {
  core.emplace("w", settings, world, std::vector<parked_subscriber>{});
  core->on(history_loaded{fail(errc::storage, "no such disk")});
  enqueue("mine");
  BOOST_REQUIRE(!queued[0].has_value());
  BOOST_TEST((queued[0].error().code == errc::storage));
  BOOST_TEST(world.durable.empty());
}

// ---- history ---------------------------------------------------------------

BOOST_FIXTURE_TEST_CASE(an_edit_while_preparing_preempts_the_start,
                        queue_fixture) {
  store_answers = false;
  start(ask());
  edit(1);
  BOOST_REQUIRE(!started[0].has_value());
  BOOST_TEST((started[0].error().code == errc::aborted));
  BOOST_TEST(!edited[0].has_value());
  answer_writes();
  BOOST_TEST(edited[0].has_value());
  BOOST_TEST(world.attempts.empty());
  BOOST_TEST(sink->all<event::history_changed>().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(an_edit_stops_what_streams_and_then_cuts,
                        queue_fixture) {
  auto request = ask("question");
  request.with_history = true;
  begin(request);
  text(0, "half an ans");
  edit(1);
  BOOST_TEST((core->now() == phase::stopping));
  BOOST_TEST(!edited[0].has_value());
  is_cancelled();
  BOOST_REQUIRE(edited[0].has_value());
  BOOST_TEST(edited[0]->size() == 2u); // the question and what there was of it
  BOOST_TEST(view().history.empty());
  BOOST_TEST((sink->all<event::stream_abort>().at(0).why == reason::user));
  BOOST_TEST(sink->all<event::history_changed>().size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(an_edit_waits_for_a_stream_that_is_being_finalized,
                        queue_fixture) {
  begin();
  text(0, "answer");
  store_answers = false;
  finishes();
  edit(1);
  BOOST_TEST((core->now() == phase::finalizing));
  answer_writes();
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_REQUIRE(edited[0].has_value());
  BOOST_TEST(edited[0]->size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(an_edit_that_cannot_be_stored_changes_nothing,
                        queue_fixture) {
  begin();
  text(0, "answer");
  finishes();
  store_answers = false;
  edit(1);
  answer_writes(disk_full);
  BOOST_REQUIRE(!edited[0].has_value());
  BOOST_TEST(view().history.size() == 1u);
  BOOST_TEST(sink->all<event::history_changed>().empty());
}

BOOST_FIXTURE_TEST_CASE(an_edit_that_is_stored_late_is_made_late,
                        queue_fixture) {
  begin();
  text(0, "answer");
  finishes();
  store_answers = false;
  edit(1);
  advance(settings.workspaces.store_deadline_ms);
  BOOST_REQUIRE(!edited[0].has_value());
  BOOST_TEST(view().history.size() == 1u);
  start(ask("anew")); // It does not wait for ever.
  answer_writes();
  const auto changed = sink->all<event::history_changed>();
  BOOST_REQUIRE(changed.size() == 1u);
  BOOST_TEST(changed[0].removed == std::vector<std::uint64_t>{1});
  attempt_starts();
  text(0, "next");
  finishes();
  answer_writes();
  BOOST_REQUIRE(view().history.size() == 1u); // What came after it stays.
  BOOST_TEST(view().history[0].sequence == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_start_waits_for_the_edit_before_it, queue_fixture) {
  begin();
  text(0, "answer");
  finishes();
  store_answers = false;
  edit(1);
  auto request = ask("anew");
  request.with_history = true;
  start(request);
  BOOST_TEST((core->now() == phase::idle));
  answer_writes();
  BOOST_REQUIRE(started[1].has_value());
  BOOST_TEST(attempt().prompt->messages.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_stop_reaches_a_start_that_waits_for_an_edit,
                        queue_fixture) {
  store_answers = false;
  edit(1);
  start(ask());
  stop();
  BOOST_REQUIRE((stopped[0].has_value() && !started[0].has_value()));
  BOOST_TEST((started[0].error().code == errc::aborted));
  answer_writes();
  BOOST_TEST((core->now() == phase::idle));
  BOOST_TEST(world.attempts.empty());
}
