// Goal: the rules of SUPERVISOR, one by one: whatever order an attempt's news
// come in, it is settled once and as they say; lines are fair; races are judged
// when one is left.
// Method: stories in a world of cardboard, with neither actor nor clock.
#define BOOST_TEST_MODULE supervisor_core
#include <boost/test/unit_test.hpp>

#include "tests/support/supervisor_world.hpp"

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

struct tale {
  const char* story;
  const char* outcome;
};

/// Each in a world of its own, which `prepare` has changed. Who is left is told
/// to stop at the end, by the core's destructor.
template <std::size_t N>
void check(
  const tale (&tales)[N],
  void (*prepare)(supervisor_world&) = [](supervisor_world&) {}) {
  for (const auto& t : tales) {
    supervisor_world world;
    prepare(world);
    BOOST_TEST(world.play(t.story) == t.outcome, t.story << ": " << world.told);
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(
  an_attempt_is_settled_when_provider_has_left_and_reported) {
  check({
    {"run", "1.1 runs a:one"},
    {"run report", "1.1 runs a:one"},
    {"run report exit", "1.1 runs a:one, 1.1 complete"},
    {"run answered report exit", "1.1 runs a:one, 1.1 complete"},
    {"run exit", "1.1 runs a:one"},
    {"run exit report", "1.1 runs a:one, 1.1 complete"},
    {"run exit answered report later", "1.1 runs a:one, 1.1 complete"},
    {"run exit later", "1.1 runs a:one, 1.1 retry a:one+250 (internal)"},
    {"run exit answered later",
     "1.1 runs a:one, 1.1 retry a:one+250 (internal)"},
    {"run stopped exit", "1.1 runs a:one, 1.1 cancelled"},
  });
}

BOOST_AUTO_TEST_CASE(what_follows_is_what_the_policy_says) {
  check({
    {"run fail exit", "1.1 runs a:one, 1.1 retry a:one+250 (server_error)"},
    {"run cut exit", "1.1 runs a:one, 1.1 retry a:one+250 (server_error)"},
    {"run empty exit", "1.1 runs a:one, 1.1 retry a:one (empty_output)"},
    {"run busy exit", "1.1 runs a:one, 1.1 retry a:one+5000 (overloaded)"},
  });
  check({{"run", "1.1 retry b:two (authentication)"}},
        [](auto& world) { world.unresolved = {"a:one"}; });
  check({{"run fail exit", "1.1 runs a:one, 1.1 defeat (server_error)"}},
        [](auto& world) { world.options.restarts.max_restarts = 0; });
}

BOOST_AUTO_TEST_CASE(a_cancel_in_every_phase) {
  check({
    {"drop", "1.1 cancelled"},
    {"run+500 cancel tick500", "1.1 cancelled"},
    {"run cancel", "1.1 runs a:one, abandon"},
    {"run cancel cancel", "1.1 runs a:one, abandon"},
    {"run cancel report", "1.1 runs a:one, abandon"},
    {"run cancel report cancel exit", "1.1 runs a:one, abandon, 1.1 cancelled"},
    {"run cancel exit", "1.1 runs a:one, abandon"},
    {"run cancel exit answered cancel report later",
     "1.1 runs a:one, abandon, 1.1 cancelled"},
    {"run cancel answered exit later",
     "1.1 runs a:one, abandon, 1.1 cancelled"},
    {"run report cancel exit", "1.1 runs a:one, abandon, 1.1 cancelled"},
    {"run exit cancel fail later", "1.1 runs a:one, abandon, 1.1 cancelled"},
    {"run exit cancel later", "1.1 runs a:one, abandon, 1.1 cancelled"},
    {"run report exit cancel", "1.1 runs a:one, 1.1 complete"},
    {"cancel forget", ""},
  });
  check({{"run run@2 cancel@2 report exit",
          "1.1 runs a:one, 2.1 cancelled, 1.1 complete"},
         {"run run@2 run@3 cancel@2 report exit",
          "1.1 runs a:one, 2.1 cancelled, 1.1 complete, 3.1 runs a:one"}},
        [](auto& world) { world.endpoints.max_concurrent_attempts = 1; });
}

BOOST_AUTO_TEST_CASE(a_forgotten_stream_leaves_nothing_behind) {
  check({
    {"run forget report exit", "1.1 runs a:one, abandon, 1.1 cancelled"},
    {"run+500 forget tick500", "1.1 cancelled"},
    {"run hedge forget exit later exit@h later",
     "1.1 runs a:one, 1.2 runs b:two, abandon, abandon, 1.1 cancelled, "
     "1.2 cancelled"},
    // Its id may be taken again, also while an attempt of it is leaving.
    {"run report exit forget run", "1.1 runs a:one, 1.1 complete, "
                                   "1.1 runs a:one"},
  });
  for (const auto story :
       {"run report exit forget", "run forget exit report", "run+500 forget",
        "run hedge exit later forget report@h exit@h later"}) {
    supervisor_world world;
    world.play(story);
    BOOST_TEST(world.core->streams() == 0u, story);
  }
  supervisor_world world;
  world.play("run forget");
  world.run({stream_id{1}, 2}, "a:one");
  BOOST_TEST(world.play("exit later report@h exit@h")
             == "1.1 cancelled, 1.2 complete");
}

BOOST_AUTO_TEST_CASE(streams_of_two_workspaces_are_two) {
  supervisor_world world;
  world.play("run");
  world.workspaces[1] = "v";
  BOOST_TEST(world.play("run report exit") == "1.1 runs a:one, 1.1 complete");
  world.workspaces[1] = "w";
  BOOST_TEST(world.play("fail exit") == "1.1 retry a:one+250 (server_error)");
}

BOOST_AUTO_TEST_CASE(at_a_shutdown_who_has_a_provider_is_told_to_stop) {
  for (const auto& [story, stops] : {std::pair{"run run@2 run+500@3", 2},
                                     {"run report", 1},
                                     {"run cancel", 1},
                                     {"run cancel report", 1},
                                     {"run exit", 0},
                                     {"run+500", 0},
                                     {"run run@2 exit cancel", 1},
                                     {"run hedge", 2}}) {
    supervisor_world world;
    world.play(story);
    world.told.clear();
    world.core.reset();
    std::string wanted;
    for (int i = 0; i < stops; ++i)
      wanted += i ? ", abandon" : "abandon";
    BOOST_TEST(world.told == wanted, story);
    BOOST_TEST(world.armed() == 0u, story);
    for (const auto& order : world.spawned)
      BOOST_TEST(order.link->cancelled(), story);
  }
}

// ---- lines ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(an_endpoint_gets_as_many_as_it_takes) {
  check({{"run run@2 run@3 run@4", "1.1 runs a:one, 2.1 runs a:one"},
         {"run run@2 run@3 run@4 report@2 exit@2 cancel",
          "1.1 runs a:one, 2.1 runs a:one, 2.1 complete, 3.1 runs a:one, "
          "abandon"},
         // Who was cancelled takes room until it has left.
         {"run run@2 run@3 cancel report exit",
          "1.1 runs a:one, 2.1 runs a:one, abandon, 1.1 cancelled, "
          "3.1 runs a:one"}},
        [](auto& world) { world.endpoints.max_concurrent_attempts = 2; });
}

BOOST_AUTO_TEST_CASE(workspaces_take_turns) {
  supervisor_world world;
  world.endpoints.max_concurrent_attempts = 1;
  world.workspaces = {
    {1, "u"}, {2, "greedy"}, {3, "greedy"}, {4, "greedy"}, {5, "modest"}};
  BOOST_TEST(world.play("run run@2 run@3 run@4 run@5") == "1.1 runs a:one");
  BOOST_TEST(world.health().front().waiting == 4u);
  std::string order;
  for (const auto next :
       {"report exit", "report@2 exit@2", "report@5 exit@5", "report@3 exit@3"})
    order += world.play(next) + "; ";
  BOOST_TEST(order
             == "1.1 complete, 2.1 runs a:one; 2.1 complete, 5.1 runs a:one; "
                "5.1 complete, 3.1 runs a:one; 3.1 complete, 4.1 runs a:one; ");
}

BOOST_AUTO_TEST_CASE(a_cold_endpoint_is_not_asked_by_all_at_once) {
  const auto cold = [](supervisor_world& world) {
    world.endpoints.cold_start_hold_ms = 250ms;
    world.endpoints.breaker_failures = 2;
  };
  check({{"run run@2 run@3 run@4", "1.1 runs a:one, 2.1 runs a:one"},
         {"run run@2 run@3 run@4 answered",
          "1.1 runs a:one, 2.1 runs a:one, 3.1 runs a:one, 4.1 runs a:one"},
         {"run run@2 run@3 run@4 tick249", "1.1 runs a:one, 2.1 runs a:one"}},
        cold);
  supervisor_world world;
  cold(world);
  world.play("run run@2 run@3 tick250");
  BOOST_TEST(world.spawned.size() == 3u, "one more after a while");
  // Whoever is in front is let in then, also if it came for lack of room.
  for (const auto story : {"run run@2 run@3 fail exit",
                           "run run@2 run@4 run@3 fail exit cancel@4"}) {
    supervisor_world full;
    cold(full);
    full.endpoints.max_concurrent_attempts = 2;
    full.play(story);
    BOOST_TEST(full.play("tick249") == "", story);
    BOOST_TEST(full.play("tick1") == "3.1 runs a:one", story);
  }
}

// The first that was told to wait lets the others know.
BOOST_AUTO_TEST_CASE(who_waits_chooses_again_when_its_endpoint_refuses) {
  supervisor_world world;
  world.endpoints.max_concurrent_attempts = 1;
  BOOST_TEST(world.play("run run@2 run@3 busy exit")
             == "1.1 runs a:one, 1.1 retry a:one+5000 (overloaded), "
                "2.1 retry b:two (overloaded), 3.1 retry b:two (overloaded)");
}

BOOST_AUTO_TEST_CASE(the_last_model_is_waited_for_once) {
  const auto alone = [](supervisor_world& world) { world.models = {"a:one"}; };
  check({{"run busy exit run@2 tick4999",
          "1.1 runs a:one, 1.1 retry a:one+5000 (overloaded)"},
         {"run busy exit run@2 tick5000",
          "1.1 runs a:one, 1.1 retry a:one+5000 (overloaded), "
          "2.1 runs a:one"},
         {"run run@2 busy exit run@3 tick4000 busy@2 exit@2 tick1000",
          "1.1 runs a:one, 2.1 runs a:one, "
          "1.1 retry a:one+5000 (overloaded), "
          "2.1 retry a:one+5000 (overloaded), 3.1 defeat (overloaded)"}},
        alone);
  supervisor_world world; // That a pause is longer than allowed is known now.
  alone(world);
  world.options.restarts.max_retry_after_ms = 4s;
  BOOST_TEST(world.play("run busy exit run@2")
             == "1.1 runs a:one, 1.1 defeat (overloaded), "
                "2.1 defeat (overloaded)");
  BOOST_TEST((world.settled.back().verdict.why.retry_after == 5s));
}

BOOST_AUTO_TEST_CASE(an_open_circuit_lets_one_probe_through) {
  supervisor_world world;
  world.models = {"a:one"};
  world.endpoints.breaker_failures = 1;
  world.endpoints.breaker_cooldown_ms = 1s;
  world.play("run fail exit");
  BOOST_TEST(world.health().front().breaker == "open");
  BOOST_TEST(world.play("run@2 run@3") == "");
  BOOST_TEST(world.play("tick1000") == "2.1 runs a:one");
  BOOST_TEST(world.play("answered@2") == "3.1 runs a:one");
}

// ---- races ------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(of_two_that_race_none_is_judged_while_the_other_lives) {
  check({
    // With nothing to show: the other one goes on, and is judged as ever.
    {"run hedge fail exit", "1.1 runs a:one, 1.2 runs b:two, "
                            "1.1 yielded (server_error)"},
    {"run hedge fail@h exit@h report exit",
     "1.1 runs a:one, 1.2 runs b:two, 1.2 yielded (server_error), "
     "1.1 complete"},
    {"run hedge fail exit fail@h exit@h",
     "1.1 runs a:one, 1.2 runs b:two, 1.1 yielded (server_error), "
     "1.2 retry b:two+250 (server_error)"},
    // With output: WORKSPACE says who has won, by whom it cancels.
    {"run hedge report exit", "1.1 runs a:one, 1.2 runs b:two"},
    {"run hedge report exit cancel@h",
     "1.1 runs a:one, 1.2 runs b:two, abandon, 1.1 complete"},
    {"run hedge report@h exit@h cancel",
     "1.1 runs a:one, 1.2 runs b:two, abandon, 1.2 complete"},
    {"run hedge report exit cancel",
     "1.1 runs a:one, 1.2 runs b:two, 1.1 cancelled"},
    {"run hedge report exit report@h exit@h", "1.1 runs a:one, 1.2 runs b:two"},
    {"run hedge report exit report@h exit@h cancel",
     "1.1 runs a:one, 1.2 runs b:two, 1.1 cancelled, 1.2 complete"},
    {"run hedge report exit fail@h exit@h",
     "1.1 runs a:one, 1.2 runs b:two, 1.2 yielded (server_error), "
     "1.1 complete"},
    // A cancelled one has lost already.
    {"run hedge cancel fail@h exit@h",
     "1.1 runs a:one, 1.2 runs b:two, abandon, "
     "1.2 retry b:two+250 (server_error)"},
  });
}

// It may have shown what its report would have told of.
BOOST_AUTO_TEST_CASE(one_that_crashes_in_a_race_is_held) {
  check({
    {"run hedge exit later", "1.1 runs a:one, 1.2 runs b:two"},
    {"run hedge exit report later cancel@h",
     "1.1 runs a:one, 1.2 runs b:two, abandon, 1.1 complete"},
    {"run hedge exit later fail@h exit@h",
     "1.1 runs a:one, 1.2 runs b:two, 1.2 yielded (server_error), "
     "1.1 retry a:one+250 (internal)"},
    // Both: no word will come, so they do not wait for it.
    {"run hedge exit later exit@h later",
     "1.1 runs a:one, 1.2 runs b:two, 1.1 yielded (internal), "
     "1.2 retry b:two+250 (internal)"},
    {"run hedge exit later exit@h report@h later",
     "1.1 runs a:one, 1.2 runs b:two"},
  });
}

BOOST_AUTO_TEST_CASE(a_hedge_neither_waits_nor_outlives_its_reason) {
  check({{"run hedge", "1.1 runs a:one, 1.2 yielded (overloaded)"}},
        [](auto& world) {
          world.models = {"b:two"};
          world.play("run@9 busy@9 exit@9");
          world.models = {"a:one", "b:two"};
        });
  // The one to be hedged has ended while the hedge was on its way.
  check({{"run report exit hedge", "1.1 runs a:one, 1.1 complete, "
                                   "1.2 cancelled"}});
}

BOOST_AUTO_TEST_CASE(an_endpoint_is_kept_for_whom_the_verdict_is_to_come) {
  supervisor_world world;
  world.play("run hedge report exit"); // 1.1 is held.
  const auto others = [&](std::uint64_t from) {
    for (auto s = from; s < from + 70; ++s) {
      world.models = {"p" + std::to_string(s) + ":m"};
      const auto who = "@" + std::to_string(s);
      world.play("run" + who + " report" + who + " exit" + who);
    }
  };
  const auto known = [&] {
    const auto all = world.health();
    return std::any_of(all.begin(), all.end(), [](const auto& e) {
      return e.endpoint.starts_with("a ");
    });
  };
  others(100);
  BOOST_TEST(known());
  BOOST_TEST(world.play("cancel@h") == "abandon, 1.1 complete");
  others(200);
  BOOST_TEST(!known());
}

// ---- what PROVIDER is told --------------------------------------------------

BOOST_AUTO_TEST_CASE(an_order_has_what_its_stream_says) {
  supervisor_world world;
  world.options.clocks.liveness_timeout_ms = 7s;
  world.options.clocks_by_model["b:two"].liveness_timeout_ms = 2s;
  world.options.finish_linger_ms = 3s;
  world.options.error_body_timeout_ms = 4s;
  world.play("run hedge fail@h exit@h");
  world.run({stream_id{1}, 3}, "a:one");
  BOOST_REQUIRE_EQUAL(world.spawned.size(), 3u);
  const auto& [first, hedge, again] =
    std::tie(world.spawned[0], world.spawned[1], world.spawned[2]);
  BOOST_TEST((first.attempt == attempt_id{stream_id{1}, 1}));
  BOOST_TEST(first.plan->workspace_id == "w");
  BOOST_TEST(first.what != nullptr);
  BOOST_TEST(first.model->name == "a:one");
  BOOST_TEST((first.clocks.liveness_timeout_ms == 7s));
  BOOST_TEST((hedge.clocks.liveness_timeout_ms == 2s));
  BOOST_TEST((first.finish_linger_ms == 3s));
  BOOST_TEST((first.error_body_timeout_ms == 4s));
  BOOST_TEST(first.tell_what_is_left_out);
  BOOST_TEST(hedge.tell_what_is_left_out);
  BOOST_TEST(!again.tell_what_is_left_out, "once per model of a stream");
  BOOST_TEST(first.model == again.model, "one description for all");
}
