// Goal: what a batch means while two attempts race, and which parts decide it.
// Method: the pure race, and one part of every kind.
#define BOOST_TEST_MODULE attempt_race
#include <boost/test/unit_test.hpp>

#include "actors/attempt_race.hpp"

using namespace penstock;
using turn = attempt_race::turn;

namespace {

const stream_id stream{7};

racer runner(std::uint32_t number, const char* model) {
  racer made;
  made.id = {stream, number};
  made.model = model;
  made.link = std::make_shared<attempt_link>(1024);
  return made;
}

parts_received batch(const racer& of, std::vector<stream_part> parts) {
  return {of.id, 0, std::move(parts), false, of.link, 0};
}

token_usage used(std::uint64_t output) {
  return {token_usage::quality::exact, 10, 0, 0, output, 0};
}

struct fixture {
  attempt_race race{runner(2, "a:1"), runner(3, "b:2")};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(what_shows_nothing_is_held_for_whom_it_came_from,
                        fixture) {
  const auto info = batch(race.present(), {part::response_info{"id", "a"}});
  const auto usage = batch(race.hedge(), {part::usage{used(0)}});
  BOOST_TEST((race.take(info) == turn::waits));
  BOOST_TEST((race.take(usage) == turn::waits));
  BOOST_REQUIRE(race.present().batches.size() == 1u);
  BOOST_TEST((race.present().batches[0].attempt == race.present().id));
  BOOST_REQUIRE(race.hedge().batches.size() == 1u);
  BOOST_TEST((race.hedge().batches[0].attempt == race.hedge().id));
}

// The batch that decides is the winner's too: nothing of it may be lost.
BOOST_AUTO_TEST_CASE(the_first_output_decides_and_is_kept) {
  for (const bool of_hedge : {false, true}) {
    fixture f;
    auto& who = of_hedge ? f.race.hedge() : f.race.present();
    f.race.take(batch(who, {part::response_info{"id", "m"}}));
    const auto decided =
      f.race.take(batch(who, {part::usage{used(0)}, part::text{0, "hi"}}));
    BOOST_TEST((decided == (of_hedge ? turn::hedge_wins : turn::present)));
    BOOST_REQUIRE(who.batches.size() == 2u);
    BOOST_TEST(who.batches[1].parts.size() == 2u);
    BOOST_TEST((of_hedge ? f.race.present() : f.race.hedge()).batches.empty());
  }
}

BOOST_FIXTURE_TEST_CASE(an_attempt_of_neither_decides_nothing, fixture) {
  BOOST_TEST((race.take(batch(runner(1, "a:1"), {part::text{0, "late"}}))
              == turn::stale));
  BOOST_TEST(race.present().batches.empty());
  BOOST_TEST(race.hedge().batches.empty());
}

BOOST_FIXTURE_TEST_CASE(the_start_of_the_hedge_is_kept_until_it_wins, fixture) {
  BOOST_TEST(!race.started({race.present().id, "a:1", "api/a:1"}));
  BOOST_TEST(!race.hedge().started.has_value());
  BOOST_TEST(race.started({race.hedge().id, "b:2", "api/b:2"}));
  BOOST_REQUIRE(race.hedge().started.has_value());
  BOOST_TEST(race.hedge().started->made_by == "api/b:2");
}

BOOST_FIXTURE_TEST_CASE(of_cumulative_usage_the_last_word_counts, fixture) {
  BOOST_TEST(last_usage(race.hedge(), used(3)).output_total == 3u);
  race.take(batch(race.hedge(), {part::usage{used(1)}, part::usage{used(4)}}));
  race.take(batch(race.hedge(), {part::response_info{"id", "b"}}));
  BOOST_TEST(last_usage(race.hedge(), used(3)).output_total == 4u);
}

BOOST_AUTO_TEST_CASE(the_next_model_of_the_chain_is_never_one_before_it) {
  const std::vector<std::string> chain{"a", "b", "a", "b", "c"};
  BOOST_TEST(next_in_chain(chain, "a") == "b");
  BOOST_TEST(next_in_chain(chain, "b") == "c");
  BOOST_TEST(next_in_chain(chain, "c") == "");
  BOOST_TEST(next_in_chain({"a", "a"}, "a") == "");
}

// ---- what is output --------------------------------------------------------

BOOST_AUTO_TEST_CASE(output_is_what_a_reader_would_miss) {
  const std::vector<stream_part> output{
    part::text{0, "a"},
    part::refusal{0, "no"},
    part::reasoning{0, "hm"},
    part::reasoning_end{0, {}, "sealed", {}},
    part::tool_start{0, "id", "look", {}, false},
    part::tool_start{0, "id", "search", {}, true},
    part::tool_complete{0, "{}", {}, {}},
    part::tool_result{0, "id", "search", "{}", false},
    part::file{0, {}},
    part::source{0, {}},
  };
  for (const auto& p : output)
    BOOST_TEST(shows_output(p), "kind " << p.index());
  const std::vector<stream_part> none{
    part::response_info{"id", "model"},
    part::text{0, {}},
    part::text_end{0},
    part::refusal{0, {}},
    part::reasoning{0, {}},
    part::reasoning_end{0, "signature", {}, "item"},
    part::signature{0, "signed"},
    part::tool_input{0, "{"},
    part::compaction{0, "summary"},
    part::usage{used(5)},
    part::finished{{finish_reason::stop, "stop"}},
    part::failed{{errc::network, "gone"}},
  };
  for (const auto& p : none)
    BOOST_TEST(!shows_output(p), "kind " << p.index());
}
