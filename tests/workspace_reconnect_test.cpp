// Goal: a client that reconnects at any position shows the same bytes (SPEC
// §3). Method: the rules in a world of cardboard; one stream, cut off
// everywhere.
#define BOOST_TEST_MODULE workspace_reconnect
#include <boost/test/unit_test.hpp>

#include "tests/support/contract_fixture.hpp"
#include "tests/support/mirror_client.hpp"

#include <functional>

using namespace penstock;
using namespace penstock::testing;

// A stream with all that withdraws and alternates, one event at a time; the
// client is cut off after each, and comes back after any number of others.
BOOST_AUTO_TEST_CASE(a_client_that_reconnects_anywhere_shows_the_same) {
  using story = std::function<void(contract_fixture&)>;
  const std::vector<story> steps{
    [](auto& f) { f.begin(f.with_tools()); },
    [](auto& f) {
      f.parts({part::reasoning{0, "häh"}});
    },
    [](auto& f) { f.text(1, "Grüß"); },
    [](auto& f) {
      f.parts({part::reasoning{0, " 漢字"}});
    },
    [](auto& f) { f.text(1, " Gott"); },
    [](auto& f) {
      f.parts({part::reasoning_end{0, "sig", {}, {}}});
    },
    [](auto& f) {
      f.parts({part::tool_start{2, "c0", "look", {}, false},
               part::tool_input{2, "{\"half"}});
    },
    [](auto& f) { f.retries(errc::network), f.attempt_starts(); },
    [](auto& f) { f.text(0, " und Servus"); },
    [](auto& f) { f.call(1, "c1", "look", "{\"a\":\"é\"}"); },
    [](auto& f) { f.finishes(finish_reason::tool_calls); },
    [](auto& f) { f.tool_answers("\"done\""); },
    [](auto& f) { f.attempt_starts(), f.text(0, "Ende"); },
    [](auto& f) { f.parts({part::text_end{0}}, true), f.finishes(); },
  };
  contract_fixture whole;
  auto steady = std::make_shared<mirror_client>(false);
  whole.core->on(subscribe{"w", subscription_id{2}, steady, {}});
  for (const auto& step : steps)
    step(whole);
  BOOST_REQUIRE(steady->shown().size() >= 5u);
  BOOST_TEST(steady->trouble() == "");
  for (std::size_t cut = 0; cut <= steps.size(); ++cut)
    for (std::size_t back = cut; back <= steps.size(); ++back) {
      contract_fixture f;
      auto client = std::make_shared<mirror_client>(false);
      f.core->on(subscribe{"w", subscription_id{2}, client, {}});
      for (std::size_t i = 0; i <= steps.size(); ++i) {
        if (i == cut)
          f.core->on(unsubscribe{"w", subscription_id{2}});
        if (i == back) {
          const auto after = client->after();
          client = std::make_shared<mirror_client>(*client, false);
          f.core->on(subscribe{"w", subscription_id{3}, client, after});
        }
        if (i < steps.size())
          steps[i](f);
      }
      BOOST_TEST_CONTEXT("cut at " << cut << ", back at " << back) {
        BOOST_TEST(client->trouble() == "");
        // Who never saw it and comes when it is over has nothing to see.
        if (cut > 0 || back < steps.size())
          BOOST_TEST(client->shown() == steady->shown(),
                     boost::test_tools::per_element());
      }
    }
}

// The store answers when it can; what happens meanwhile is not missed.
BOOST_FIXTURE_TEST_CASE(nothing_is_missed_while_the_store_looks_for_a_position,
                        contract_fixture) {
  begin();
  text(0, "first");
  finishes();
  const auto first = started[0].value();
  const auto client = std::make_shared<mirror_client>(false);
  core->on(penstock::subscribe{"w", subscription_id{7}, client,
                               position{stream_id{999}, 1, 0}});
  begin();
  text(0, "meanwhile");
  finishes();
  BOOST_TEST(client->shown().empty());
  core->on(
    closed_stream_loaded{subscription_id{7}, std::optional<closed_stream>{}});
  BOOST_TEST(client->trouble() == "");
  BOOST_REQUIRE(client->stream().has_value());
  BOOST_TEST((*client->stream() != first));
  BOOST_TEST(client->shown() == std::vector<std::string>{"meanwhile"},
             boost::test_tools::per_element());
}
