// Goal: a subscriber hears of all that lies after its place, once and in order,
// whatever its credit does and however often it comes back.
// Method: streams by hand for each rule of SPEC §3; then random streams with
// subscribers that stall, leave and come back, against one who never does.
#define BOOST_TEST_MODULE subscriber_set
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "tests/support/client_view.hpp"
#include "tests/support/random_stream.hpp"
#include "tests/support/subscriber_world.hpp"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace penstock;
using namespace penstock::testing;
using namespace penstock::testing::subscribers;

// A shutdown has no other time to tell it.
BOOST_AUTO_TEST_CASE(the_rest_is_told_without_credit) {
  world w;
  const auto slow = w.add({}, true);
  const auto log = w.stream(1, "not told");
  w.end(*log);
  BOOST_REQUIRE_EQUAL(slow->heard.ends(), 0u);
  w.all.publish_rest("idle", {});
  BOOST_TEST(slow->heard.text() == "not told");
  BOOST_TEST(slow->heard.ends() == 1u);
  BOOST_TEST(slow->violations.empty());
  BOOST_TEST(w.all.settled());
}

BOOST_AUTO_TEST_CASE(who_comes_without_a_position_gets_a_snapshot_first) {
  world w;
  const auto log = w.stream(1, "so far");
  const auto sink = w.add();
  log->append(1, ", live");
  w.publish();
  const names_list expected{"stream_start", "text_delta", "caught_up",
                            "text_delta"};
  BOOST_TEST(sink->names() == expected, boost::test_tools::per_element());
  BOOST_TEST((mode_of(*sink) == mode::full));
  BOOST_TEST((sink->events[0].replay && sink->events[1].replay));
  BOOST_TEST(!sink->events[3].replay);
  BOOST_TEST(sink->heard.text() == "so far, live");
}

BOOST_AUTO_TEST_CASE(where_nothing_runs_it_is_caught_up_at_once) {
  world w;
  const auto sink = w.add();
  const names_list expected{"caught_up"};
  BOOST_TEST(sink->names() == expected, boost::test_tools::per_element());
  BOOST_TEST((mode_of(*sink) == mode::none));
}

BOOST_AUTO_TEST_CASE(with_a_position_only_what_lies_after_it_is_told) {
  world w;
  const auto log = w.stream(1, "so far");
  const auto sink = w.add(position{stream_id{1}, 1, 3});
  BOOST_TEST((mode_of(*sink) == mode::since));
  BOOST_TEST(sink->all<event::text_delta>()[0].text == "far");
  BOOST_TEST(sink->all<event::text_delta>()[0].offset == 3u);
}

BOOST_AUTO_TEST_CASE(what_a_batch_left_over_is_asked_for) {
  world w;
  const auto sink = w.add({}, true);
  (void)sink->return_credit(); // `caught_up` is taken
  const auto log = make_log(1);
  w.all.begin(log);
  const auto part = log->open_text();
  const std::string more(limits::batch_bytes_max, 'x');
  for (int i = 0; i < 3; ++i)
    log->append(part, more);
  w.end(*log); // Nothing follows that would publish again.
  std::size_t returns = 0;
  while (sink->return_credit() && ++returns < 100)
    w.publish();
  BOOST_TEST(sink->names().back() == "stream_end");
  BOOST_TEST(sink->heard.text().size() == 3 * more.size());
  BOOST_TEST(returns < 100u);
}

BOOST_AUTO_TEST_CASE(a_position_that_makes_no_sense_replays_all) {
  world w;
  const auto log = w.stream(1, "so far");
  const auto sink = w.add(position{stream_id{1}, 1, 99});
  BOOST_TEST((mode_of(*sink) == mode::full));
  BOOST_TEST(sink->heard.text() == "so far");
}

BOOST_AUTO_TEST_CASE(a_position_of_a_past_stream_brings_its_end_and_the_next) {
  world w;
  const auto keeper = w.add({}, true); // pins the first stream
  const auto first = w.stream(1, "one");
  w.end(*first);
  const auto second = w.stream(2, "two");
  const auto sink = w.add(position{stream_id{1}, 1, 2});
  const names_list expected{"text_delta", "stream_end", "stream_start",
                            "text_delta", "caught_up"};
  BOOST_TEST(sink->names() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_has_no_credit_gets_fewer_and_larger_deltas) {
  world w;
  const auto sink = w.add({}, true);
  BOOST_REQUIRE(!sink->return_credit());
  const auto log = w.stream(1, "a");
  for (const auto* more : {"b", "c", "d"}) {
    log->append(1, more);
    w.publish();
  }
  BOOST_TEST(sink->batches == 2u); // caught_up; the first of the stream
  BOOST_TEST(sink->return_credit(), "something waits for it");
  w.all.publish_to(subscription_id{1}, "streaming", {});
  BOOST_TEST(sink->batches == 3u);
  BOOST_TEST(sink->all<event::text_delta>().back().text == "bcd");
}

// What wakes a thread of the host's is put off until then.
BOOST_AUTO_TEST_CASE(a_round_is_over_when_all_have_been_told) {
  struct round_sink final : event_sink {
    explicit round_sink(std::string& t) : told(t) {}
    void deliver(event_batch) override {
      told += 'd';
      (void)return_credit();
    }
    void round_over() override { told += 'o'; }
    void closed() override { told += 'c'; }
    std::string& told;
  };
  std::string told;
  world w;
  for (std::uint64_t id = 1; id <= 3; ++id)
    w.all.add({"w", subscription_id{id}, std::make_shared<round_sink>(told),
               std::nullopt});
  w.publish();
  BOOST_TEST(std::exchange(told, {}) == "dddooo");
  const auto log = w.stream(1, "text");
  BOOST_TEST(std::exchange(told, {}) == "dddooo");
  w.all.add({"w", subscription_id{4}, std::make_shared<round_sink>(told),
             std::nullopt});
  w.all.publish_to(subscription_id{4}, "streaming", {});
  BOOST_TEST(std::exchange(told, {}) == "do");
  w.all.add_for_stream(subscription_id{5}, std::make_shared<round_sink>(told));
  log->terminate(event::stream_end{});
  w.all.publish_rest("idle", {});
  BOOST_TEST(std::exchange(told, {}) == "dddddooooo");
  w.publish();
  BOOST_TEST(std::exchange(told, {}) == "oooooc");
}

BOOST_AUTO_TEST_CASE(who_is_too_many_streams_behind_skips_whole_ones) {
  world w;
  const auto sink = w.add({}, true);
  const std::uint64_t streams = limits::retained_streams_max + 5;
  for (std::uint64_t id = 1; id <= streams; ++id)
    w.end(*w.stream(id, "text"));
  while (sink->return_credit())
    w.publish();
  BOOST_TEST(sink->violations.empty());
  BOOST_TEST(sink->heard.starts() == limits::retained_streams_max);
  BOOST_TEST(sink->heard.ends() == limits::retained_streams_max);
}

BOOST_AUTO_TEST_CASE(a_replay_changes_nothing_for_others) {
  world w;
  const auto along = w.add();
  const auto log = w.stream(1, "text");
  const auto before = along->events.size();
  (void)w.add();
  (void)w.add(position{stream_id{1}, 0, 1});
  BOOST_TEST(along->events.size() == before);
}

BOOST_AUTO_TEST_CASE(one_that_came_with_its_stream_goes_with_it) {
  world w;
  const auto log = make_log(1);
  w.all.begin(log);
  const auto sink = std::make_shared<collecting_sink>();
  w.all.add_for_stream(subscription_id{9}, sink);
  w.end(*log);
  const names_list expected{"stream_start", "stream_end"};
  BOOST_TEST(sink->names() == expected, boost::test_tools::per_element());
  BOOST_TEST(sink->is_closed);
  BOOST_TEST(w.all.park().empty());
}

BOOST_AUTO_TEST_CASE(seq_goes_on_over_a_passivation) {
  world w;
  const auto sink = w.add();
  const auto log = w.stream(1, "text");
  w.end(*log);
  auto parked = w.all.park();
  BOOST_REQUIRE_EQUAL(parked.size(), 1u);
  world revived;
  revived.all.adopt(std::move(parked[0]));
  const auto next = revived.stream(2, "more");
  revived.end(*next);
  BOOST_TEST(sink->violations.empty());
  BOOST_TEST(sink->heard.starts() == 2u);
  BOOST_TEST(sink->heard.ends() == 2u);
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_told_once_however_late_it_is_taken) {
  world w;
  const auto sink = w.add({}, true);
  BOOST_REQUIRE(!sink->return_credit());
  w.all.note(event::queue_changed{{"one"}});
  w.all.note(event::queue_changed{{"one", "two"}});
  w.publish();
  BOOST_TEST(sink->all<event::queue_changed>().size() == 1u);
  BOOST_TEST(sink->all<event::queue_changed>()[0].texts.size() == 2u);
}

namespace {

/// Stalls, leaves and comes back at random.
struct restless_client {
  client_view view;
  std::shared_ptr<collecting_sink> sink;
  subscription_id id{};
  std::size_t read = 0;

  void take() {
    for (; read < sink->events.size(); ++read)
      view.take(sink->events[read]);
  }
};

void storm(std::uint64_t seed, std::size_t& left) {
  std::mt19937_64 random{seed};
  world w;
  const auto faithful = w.add();
  std::vector<restless_client> clients(4);
  for (auto& c : clients) {
    c.id = subscription_id{w.next_id};
    c.sink = w.add({}, true);
  }
  for (std::uint64_t id = 1; id <= 4; ++id) {
    random_stream stream{seed * 8 + id, stream_id{id}};
    w.all.begin(stream.log());
    for (int i = 0; i <= 60; ++i) {
      i < 60 ? stream.write() : stream.end();
      w.publish();
      auto& c = clients[random() % clients.size()];
      if (random() % 3 == 0) {
        c.take();
        if (c.sink->return_credit())
          w.publish();
      } else if (random() % 8 == 0) { // what it did not take is lost with it
        ++left;
        w.all.remove(c.id);
        c.id = subscription_id{w.next_id};
        c.sink = w.add(c.view.after(), true);
        c.read = 0;
      }
    }
  }
  client_view along;
  for (const auto& e : faithful->events)
    along.take(e);
  BOOST_TEST(faithful->violations.empty(), "seed " << seed);
  BOOST_TEST(faithful->heard.starts() == 4u);
  BOOST_TEST(faithful->heard.ends() == 4u);
  for (auto& c : clients) {
    c.take();
    while (c.sink->return_credit()) {
      w.publish();
      c.take();
    }
    BOOST_TEST(c.view.ended());
    BOOST_TEST((c.view.parts() == along.parts()), "seed " << seed);
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(whoever_stalls_or_comes_back_ends_with_the_same) {
  std::size_t left = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    storm(seed, left);
  BOOST_TEST(left > 1'000u);
}
