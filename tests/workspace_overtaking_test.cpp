// Goal: a start that is refused stops nothing and overtakes nobody; of those
// that are not, the newest wins (SPEC §2). Method: the rules in a world of
// cardboard, whose store says of an id what the test says, when it says so.
#define BOOST_TEST_MODULE workspace_overtaking
#include <boost/test/unit_test.hpp>

#include "tests/support/contract_fixture.hpp"

using namespace penstock;
using namespace penstock::testing;

namespace {

/// Starts another stream while the store answers nothing.
struct asks_for_ids : contract_fixture {
  std::uint64_t ask_with(stream_id stream, std::string message_id) {
    store_answers = false;
    auto request = ask("again");
    if (stream != stream_id{})
      request.stream = stream;
    request.message_id = std::move(message_id);
    start(request);
    const auto& asked = world.writes.back();
    const auto* ids = std::get_if<record::ids_unused>(&asked.records.at(0));
    BOOST_REQUIRE(ids != nullptr);
    BOOST_TEST((ids->stream == stream));
    BOOST_TEST(ids->message_id == request.message_id);
    return asked.token;
  }
  void answer(std::uint64_t token, error why = {}) {
    std::erase_if(world.writes,
                  [&](const auto& w) { return w.token == token; });
    core->on(records_durable{token, std::move(why)});
  }
  void answer_all_but_questions() {
    const auto is_ours = [](const auto& w) {
      return !std::holds_alternative<record::ids_unused>(w.records.at(0));
    };
    auto& all = world.writes;
    const auto next = [&] {
      return std::find_if(all.begin(), all.end(), is_ours);
    };
    for (auto it = next(); it != all.end(); it = next())
      answer(it->token);
  }
};

const error was_used{errc::invalid_request, "was used before"};

} // namespace

BOOST_FIXTURE_TEST_CASE(a_start_that_is_refused_leaves_what_runs,
                        asks_for_ids) {
  begin();
  answer(ask_with(stream_id{77}, ""), was_used);
  answer(ask_with({}, "mine"), was_used);
  BOOST_TEST((core->now() == phase::streaming));
  for (const auto at : {1u, 2u}) {
    BOOST_REQUIRE(!started[at].has_value());
    BOOST_TEST((started[at].error().code == errc::invalid_request));
  }
  store_answers = true;
  text(0, "whole");
  finishes();
  BOOST_TEST(sink->all<event::stream_end>().size() == 1u);
  BOOST_TEST(aborts().empty());
}

BOOST_FIXTURE_TEST_CASE(a_start_with_new_ids_replaces_what_runs, asks_for_ids) {
  begin();
  const auto token = ask_with(stream_id{77}, "mine");
  BOOST_TEST((core->now() == phase::streaming));
  answer(token);
  BOOST_TEST((core->now() == phase::stopping));
  store_answers = true;
  is_cancelled();
  BOOST_REQUIRE(started[1].has_value());
  BOOST_TEST((*started[1] == stream_id{77}));
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_start_is_refused_before_it_overtakes_another,
                        asks_for_ids) {
  store_answers = false;
  start(ask());
  answer(ask_with(stream_id{77}, ""), was_used);
  BOOST_TEST((started[1].error().code == errc::invalid_request));
  const auto token = ask_with(stream_id{78}, "");
  BOOST_TEST((started[0].error().code == errc::none)); // Not answered yet.
  answer(token);
  BOOST_TEST((started[0].error().code == errc::superseded));
  answer_writes();
  BOOST_REQUIRE(started[2].has_value());
  BOOST_TEST(sink->heard.starts() == 1u);
}

// What comes while the store is asked about a start decides on it too.
BOOST_FIXTURE_TEST_CASE(a_start_whose_ids_are_looked_up_can_be_overtaken,
                        asks_for_ids) {
  begin();
  const auto first = ask_with(stream_id{77}, "");
  const auto second = ask_with(stream_id{78}, "");
  start(ask("newest"));
  for (const auto at : {1u, 2u})
    BOOST_TEST((started[at].error().code == errc::superseded));
  BOOST_TEST((core->now() == phase::stopping));
  answer(first);
  answer(second);
  store_answers = true;
  is_cancelled();
  BOOST_TEST(started[3].has_value());
  BOOST_TEST(sink->heard.starts() == 2u);
  BOOST_TEST(trouble() == "");
}

BOOST_FIXTURE_TEST_CASE(a_start_whose_ids_are_looked_up_can_be_stopped,
                        asks_for_ids) {
  begin();
  const auto first = ask_with(stream_id{77}, "");
  const auto second = ask_with(stream_id{78}, "");
  await(stream_id{77});
  stop(stream_id{77});
  BOOST_TEST((started[1].error().code == errc::aborted));
  BOOST_TEST((stopped[0]->outcome == stop_outcome::stopped));
  BOOST_TEST((ended[0].error().code == errc::aborted));
  answer(first);
  BOOST_TEST((core->now() == phase::streaming));
  BOOST_TEST((started[2].error().code == errc::none)); // Not answered yet.
  answer(second);
  BOOST_TEST((core->now() == phase::stopping));
}

// The last that is refused leaves what waits, and what it waits for.
BOOST_AUTO_TEST_CASE(a_start_that_is_refused_overtakes_none_that_waits) {
  for (const bool first_is_new : {true, false})
    for (const bool ends_early : {true, false}) {
      asks_for_ids f;
      f.begin();
      const auto first = f.ask_with(stream_id{77}, "");
      const auto second = f.ask_with(stream_id{78}, "");
      BOOST_TEST((f.started[1].error().code == errc::none));
      if (ends_early) { // Then nothing is in the way but the store's answer.
        f.answer_all_but_questions();
        f.finishes();
        f.answer_all_but_questions();
        BOOST_TEST((f.core->now() == phase::idle));
      }
      f.answer(first, first_is_new ? error{} : was_used);
      if (!ends_early && first_is_new) {
        f.is_cancelled();
        f.answer_all_but_questions();
      }
      f.answer(second, was_used);
      f.store_answers = true;
      f.answer_writes();
      BOOST_TEST((f.started[2].error().code == errc::invalid_request));
      BOOST_TEST(f.started[1].has_value() == first_is_new);
      if (!first_is_new)
        BOOST_TEST((f.started[1].error().code == errc::invalid_request));
      BOOST_TEST((f.core->now() == phase::streaming)
                 == (first_is_new || !ends_early));
      BOOST_TEST(f.trouble() == "");
    }
}

BOOST_FIXTURE_TEST_CASE(a_start_while_stopping_is_refused_before_it_overtakes,
                        asks_for_ids) {
  begin();
  start(ask("next"));
  BOOST_REQUIRE((core->now() == phase::stopping));
  const auto token = ask_with(stream_id{77}, "");
  BOOST_TEST((started[1].error().code == errc::none)); // Not answered yet.
  answer(token, was_used);
  BOOST_TEST((started[2].error().code == errc::invalid_request));
  store_answers = true;
  is_cancelled();
  BOOST_TEST(started[1].has_value());
  BOOST_TEST(trouble() == "");
}

// The queue goes on when all that wanted to go before it were refused.
BOOST_FIXTURE_TEST_CASE(the_queue_waits_for_a_start_whose_ids_are_looked_up,
                        asks_for_ids) {
  begin();
  core->on(enqueue_message{"w", {"queued", queue_mode::turn_end}, {}});
  settle_store();
  const auto token = ask_with(stream_id{77}, "");
  finishes();
  answer_all_but_questions();
  BOOST_TEST((core->now() == phase::idle));
  store_answers = true;
  answer(token, was_used);
  answer_writes();
  BOOST_TEST((core->now() == phase::streaming));
  BOOST_TEST(sink->heard.starts() == 2u);
  BOOST_TEST(
    std::get<text_content>(attempt().prompt->messages.back().parts[0]).text
    == "queued");
}

BOOST_FIXTURE_TEST_CASE(a_shutdown_refuses_starts_that_are_looked_up,
                        asks_for_ids) {
  begin();
  const auto token = ask_with(stream_id{77}, "");
  core->on(stop_everything{reply<std::size_t>{[](auto) {}}});
  BOOST_TEST((started[1].error().code == errc::aborted));
  is_cancelled();
  answer_all_but_questions();
  BOOST_TEST(!world.retired.has_value()); // Its question is under way.
  answer(token);
  BOOST_TEST(world.retired.has_value());
}
