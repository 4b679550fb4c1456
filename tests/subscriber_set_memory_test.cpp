// Goal: what subscribers are told exists once, and what nobody needs is let go.
// Method: streams by hand; who holds a text or a log is counted.
#define BOOST_TEST_MODULE subscriber_set_memory
#include <boost/test/unit_test.hpp>

#include "tests/support/subscriber_world.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace penstock;
using namespace penstock::testing;
using namespace penstock::testing::subscribers;

BOOST_AUTO_TEST_CASE(those_who_stand_at_one_place_share_one_text) {
  world w;
  const auto one = w.add(), other = w.add(), slow = w.add({}, true);
  const auto log = w.stream(1, "a");
  log->append(1, "b");
  w.publish();
  const auto bodies = [](const collecting_sink& sink) {
    std::vector<const event_body*> all;
    for (const auto& e : sink.events)
      if (!std::holds_alternative<event::caught_up>(*e.body))
        all.push_back(e.body.get());
    return all;
  };
  BOOST_REQUIRE_EQUAL(bodies(*one).size(), 3u);
  BOOST_TEST(bodies(*one) == bodies(*other), boost::test_tools::per_element());
  // Who comes later stands elsewhere, and is told what has grown since.
  (void)slow->return_credit();
  w.all.publish_to(subscription_id{3}, "streaming", {});
  log->append(1, "c");
  (void)slow->return_credit();
  w.publish();
  BOOST_TEST(slow->heard.text() == "abc");
  BOOST_TEST(bodies(*one).back() == bodies(*slow).back());
  w.end(*log);
  BOOST_TEST(bodies(*one).back() == &log->terminal());
  BOOST_TEST(bodies(*other).back() == &log->terminal());
}

BOOST_AUTO_TEST_CASE(a_stream_that_all_were_told_of_can_be_forgotten) {
  world w;
  const auto along = w.add(), slow = w.add({}, true);
  (void)slow->return_credit(); // `caught_up` is taken
  const auto log = w.stream(1, "text");
  w.end(*log);
  const std::weak_ptr<stream_log> kept = log;
  const auto end = position{stream_id{1}, log->end().entry, 1};
  const auto closed = closed_stream{log->of(), log->shared_terminal()};
  w.all.forget_ended();
  BOOST_TEST(w.all.knows({stream_id{1}, 1, 2}), "somebody lags");
  BOOST_REQUIRE(slow->return_credit());
  w.publish();
  w.all.forget_ended();
  BOOST_TEST(kept.use_count() == 1, "the test's own");
  BOOST_TEST(!w.all.knows({stream_id{1}, 1, 2}));
  BOOST_TEST(w.all.knows(end));

  const names_list nothing{"caught_up"};
  const auto at_end = w.add(end), late = w.add();
  BOOST_TEST(at_end->names() == nothing, boost::test_tools::per_element());
  BOOST_TEST((mode_of(*at_end) == mode::since));
  BOOST_TEST(late->names() == nothing, boost::test_tools::per_element());
  BOOST_TEST((mode_of(*late) == mode::none));
  BOOST_TEST((late->all<event::caught_up>()[0].position == end));
  for (const auto& sink : {at_end, late}) { // As if it were still there.
    const auto& of = *sink->events.at(0).of;
    BOOST_TEST(of.workspace_id == "w");
    BOOST_TEST((of.stream == stream_id{1}));
    BOOST_TEST(of.message_id == "m");
  }
  const auto inside = std::make_shared<collecting_sink>();
  w.all.add_after({"w", subscription_id{99}, inside, position{}}, closed);
  w.publish();
  const names_list its_end{"stream_end", "caught_up"};
  BOOST_TEST(inside->names() == its_end, boost::test_tools::per_element());

  w.end(*w.stream(2, "next"));
  for (const auto& sink : {along, at_end, late, inside}) {
    BOOST_TEST(sink->violations.empty());
    BOOST_TEST(sink->all<event::stream_start>().back().history_sequence == 2u);
    BOOST_TEST(sink->heard.text() == "next");
  }
}

// The store may have failed to keep how the one before ended.
BOOST_AUTO_TEST_CASE(what_someone_was_slow_to_follow_is_kept_until_the_next) {
  world w;
  w.add();
  const auto slow = w.add({}, true);
  w.end(*w.stream(1, "first"));
  w.end(*w.stream(2, "second"));
  while (slow->return_credit())
    w.publish();
  BOOST_REQUIRE(w.all.settled());
  w.all.forget_ended();
  BOOST_TEST(w.all.knows({stream_id{1}, 1, 2}));
  const auto back = w.add(position{stream_id{1}, 1, 2});
  BOOST_TEST((mode_of(*back) == mode::since));
  BOOST_TEST(back->heard.ends() == 2u);
  w.stream(3, "third");
  BOOST_TEST(!w.all.knows({stream_id{1}, 1, 2}));
}
