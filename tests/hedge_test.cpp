// Goal: a slow attempt is hedged with the next model, the first token wins, and
// whoever loses leaves nothing behind but its usage. Method: real WORKSPACEs,
// SUPERVISOR and PROVIDERs on virtual time and the scripted network.
#define BOOST_TEST_MODULE hedge
#include <boost/test/unit_test.hpp>

#include "tests/support/stream_world.hpp"

#include <algorithm>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

const std::string first = "chat:prime", second = "claude:claude-opus-5";

token_usage tokens(std::uint64_t output) {
  return {token_usage::quality::exact, 10, 0, 0, output, 0};
}

struct hedged : stream_world {
  watched_workspace* w = nullptr;

  hedged() { options.hedge_after_ms = 100ms; }

  /// When the first token of either comes, after its request.
  static http_answer slow(std::string_view text, std::chrono::milliseconds by,
                          std::uint64_t output = 7) {
    return openai_chat_answer(scripted_turn{}.text(text).usage(tokens(output)),
                              {0ms, 0ms, by, 1ms});
  }
  static http_answer other(std::string_view text, std::chrono::milliseconds by,
                           std::uint64_t output = 9) {
    return anthropic_answer(scripted_turn{}.text(text).usage(tokens(output)),
                            {0ms, 0ms, by, 1ms});
  }
  static http_answer down(std::chrono::milliseconds by) {
    auto answer =
      error_answer("openai-chat", 400, "invalid_request_error", "not today");
    answer.head_delay = by;
    return answer;
  }

  void run(http_answer of_first, http_answer of_second) {
    play(http_script{}
           .on({.url_contains = "chat.test"}, std::move(of_first))
           .on({.url_contains = "claude.test"}, std::move(of_second)));
    w = &open("w");
    auto request = ask(*w, first);
    request.fallback.push_back({second});
    start(*w, std::move(request));
  }
  std::size_t requests_to(std::string_view host) const {
    const auto all = transfers();
    return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const transfer_record& t) {
        return t.request.url.find(host) != std::string::npos;
      }));
  }
  /// The stream has completed with `text` of `model`, without a violation, and
  /// each attempt is booked once.
  void completed(const std::string& model, std::string_view text,
                 std::size_t attempts = 2) {
    const auto* end = w->end<event::stream_end>();
    BOOST_REQUIRE(end);
    BOOST_TEST(end->model == model);
    BOOST_TEST(w->sink->heard.text() == text);
    BOOST_TEST(w->sink->violations.empty());
    BOOST_TEST(http->running() == 0u);
    BOOST_TEST(store->used.size() == attempts);
    for (std::size_t i = 0; i < store->used.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        BOOST_TEST(!(store->used[i].attempt == store->used[j].attempt));
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(nothing_is_hedged_unless_asked, hedged) {
  options.hedge_after_ms = 0ms;
  run(slow("late", 10s), other("early", 1ms));
  advance(1min);
  completed(first, "late", 1);
  BOOST_TEST(requests_to("claude.test") == 0u);
}

BOOST_FIXTURE_TEST_CASE(who_answers_in_time_is_not_hedged, hedged) {
  run(slow("in time", 90ms), other("early", 1ms));
  advance(1min);
  completed(first, "in time", 1);
}

BOOST_FIXTURE_TEST_CASE(the_last_model_is_not_hedged, hedged) {
  play(http_script{}.on({.url_contains = "chat.test"}, slow("late", 10s)));
  w = &open("w");
  start(*w, ask(*w, first));
  advance(1min);
  completed(first, "late", 1);
}

BOOST_FIXTURE_TEST_CASE(a_hedge_that_is_first_wins, hedged) {
  run(slow("late", 10s), other("hedged well", 50ms));
  advance(99ms);
  BOOST_TEST(requests_to("claude.test") == 0u);
  advance(1ms);
  BOOST_TEST(http->running() == 2u);
  advance(60ms);
  BOOST_TEST(http->running() <= 1u, "the loser's socket is closed");
  advance(1min);
  completed(second, "hedged well");
  // The loser is booked too, although nothing is known of what it used.
  const auto* end = w->end<event::stream_end>();
  BOOST_TEST(end->usage_by_model.size() == 2u);
  BOOST_TEST(end->failed_models.empty());
  BOOST_TEST(w->sink->all<event::attempt_retry>().empty());
}

BOOST_FIXTURE_TEST_CASE(the_attempt_that_was_there_first_may_win_too, hedged) {
  run(slow("first after all", 120ms), other("late", 10s));
  advance(110ms);
  BOOST_TEST(http->running() == 2u);
  advance(1min);
  completed(first, "first after all");
}

BOOST_FIXTURE_TEST_CASE(two_tokens_at_once_make_one_winner, hedged) {
  run(slow("one", 150ms), other("two", 50ms));
  advance(1min);
  const auto* end = w->end<event::stream_end>();
  BOOST_REQUIRE(end);
  completed(end->model, end->model == first ? "one" : "two");
}

BOOST_FIXTURE_TEST_CASE(a_hedge_that_fails_is_not_noticed, hedged) {
  auto wrong = error_answer("anthropic-messages", 400, "invalid_request_error",
                            "not today");
  run(slow("late but fine", 1s), std::move(wrong));
  advance(1min);
  completed(first, "late but fine");
  BOOST_TEST(w->sink->all<event::attempt_retry>().empty());
}

// 400 fails a stream at once; its hedge saves it.
BOOST_FIXTURE_TEST_CASE(a_hedge_outlives_the_failure_of_the_first, hedged) {
  run(down(150ms), other("saved", 500ms));
  advance(1min);
  completed(second, "saved");
  BOOST_TEST(w->end<event::stream_end>()->failed_models
             == std::vector<std::string>{first});
}

BOOST_FIXTURE_TEST_CASE(if_both_fail_the_last_failure_is_judged, hedged) {
  auto wrong = error_answer("anthropic-messages", 400, "invalid_request_error",
                            "not today either");
  wrong.head_delay = 500ms;
  run(down(150ms), std::move(wrong));
  advance(1min);
  const auto* failed = w->end<event::stream_error>();
  BOOST_REQUIRE(failed);
  BOOST_TEST((failed->why.code == errc::invalid_request));
  BOOST_TEST(failed->why.message.find("not today either") != std::string::npos);
  BOOST_TEST(store->used.size() == 2u);
  BOOST_TEST(w->sink->heard.ends() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_stop_during_the_race_stops_both, hedged) {
  run(slow("late", 10s), other("late", 10s));
  advance(200ms);
  BOOST_TEST(http->running() == 2u);
  caf_compat::post(w->actor, stop_stream{w->id,
                                         {w->id, {}, false, false},
                                         event::stream_abort::reason::user,
                                         {}});
  advance();
  BOOST_TEST(http->running() == 0u);
  BOOST_REQUIRE(w->end<event::stream_abort>());
  BOOST_TEST(store->used.size() == 2u);
  advance(1min);
  BOOST_TEST(w->sink->heard.ends() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_supervisors_crash_ends_a_race, hedged) {
  run(slow("late", 10s), other("late", 10s));
  advance(200ms);
  end_supervisor(true);
  BOOST_REQUIRE(w->end<event::stream_error>());
  BOOST_TEST(http->running() == 0u);
  BOOST_TEST(store->used.size() == 2u);
}

// The head of an Anthropic answer has the tokens of the prompt.
BOOST_FIXTURE_TEST_CASE(what_a_loser_has_used_is_booked_once, hedged) {
  run(slow("first after all", 200ms),
      anthropic_answer(scripted_turn{}.text("late").usage(tokens(9)),
                       {0ms, 0ms, 10ms, 1s}));
  advance(1min);
  completed(first, "first after all");
  const auto* end = w->end<event::stream_end>();
  BOOST_REQUIRE(end->usage_by_model.size() == 2u);
  for (const auto& of : end->usage_by_model)
    BOOST_TEST(of.usage.input_total == 10u);
  BOOST_TEST(end->usage.input_total == 20u);
}

BOOST_FIXTURE_TEST_CASE(a_crash_of_the_first_leaves_its_hedge, hedged) {
  auto crash = slow("late", 150ms);
  crash.body.insert(crash.body.begin(), {std::string{crash_marker}, 150ms, 1});
  run(std::move(crash), other("goes on", 500ms));
  advance(1min);
  completed(second, "goes on");
}

// The decision has been made when it crashes: its words stay.
BOOST_FIXTURE_TEST_CASE(a_winner_that_crashes_is_judged_as_ever, hedged) {
  auto crash = openai_chat_answer(scripted_turn{}.text("kept ").truncated(),
                                  {0ms, 0ms, 150ms, 1ms});
  crash.body.push_back({std::string{crash_marker}, 0ms, 1});
  run(std::move(crash), other("late", 10s));
  advance(200ms);
  BOOST_TEST(w->sink->heard.text().starts_with("kept"));
  BOOST_TEST(requests_to("claude.test") == 1u, "the hedge has lost");
  advance(10ms);
  const auto told = w->sink->all<event::attempt_retry>();
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].attempt == 1u);
  BOOST_TEST((told[0].error_class == errc::internal));
  BOOST_TEST(told[0].model == first);
  BOOST_TEST(told[0].kept_parts.size() == 1u);
  advance(10min);
  BOOST_TEST(w->sink->heard.ends() == 1u);
  BOOST_TEST(w->sink->violations.empty());
}

// Neither has shown anything, so WORKSPACE has nothing to say.
BOOST_FIXTURE_TEST_CASE(two_who_crash_do_not_wait_for_each_other, hedged) {
  const auto crashing = [](http_answer answer, std::chrono::milliseconds by) {
    answer.body.insert(answer.body.begin(), {std::string{crash_marker}, by, 1});
    return answer;
  };
  options.restarts.max_restarts = 0;
  for (const auto of_hedge : {200ms, 20ms}) {
    run(crashing(slow("never", 150ms), 150ms),
        crashing(other("never", of_hedge), of_hedge));
    advance(1s);
    const auto* failed = w->end<event::stream_error>();
    BOOST_REQUIRE(failed);
    BOOST_TEST((failed->why.code == errc::internal));
    BOOST_TEST(store->used.size() == 2u);
    BOOST_TEST(w->sink->violations.empty());
    close("w");
    store->used.clear();
  }
}

// A hedge is no restart: nothing has failed.
BOOST_FIXTURE_TEST_CASE(a_hedge_spends_no_restart, hedged) {
  options.restarts.max_restarts = 0;
  run(slow("late", 10s), other("hedged", 50ms));
  advance(1min);
  completed(second, "hedged");
}

BOOST_FIXTURE_TEST_CASE(a_prepare_step_hook_sees_the_hedges_model, hedged) {
  play(http_script{}
         .on({.url_contains = "chat.test"}, slow("late", 10s))
         .on({.url_contains = "claude.test"}, other("hedged", 1ms)));
  w = &open("w");
  std::vector<std::string> asked;
  auto request = ask(*w, first);
  request.fallback.push_back({second});
  request.prepare_step = [&](step_plan& plan) { asked.push_back(plan.model); };
  start(*w, std::move(request));
  advance(1min);
  completed(second, "hedged");
  BOOST_TEST((asked == std::vector<std::string>{first, second}));
}
