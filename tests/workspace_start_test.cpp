// Goal: what a start may ask for and what the next step takes over (SPEC §2.1),
// and that nothing is left behind, whatever becomes of it.
// Method: the rules in a world of cardboard; each case is one story.
#define BOOST_TEST_MODULE workspace_start
#include <boost/test/unit_test.hpp>

#include "actors/scratch_dir.hpp"
#include "tests/support/contract_fixture.hpp"
#include "tests/support/test_certificate.hpp"

#include <functional>
#include <stdexcept>

using namespace penstock;
using namespace penstock::testing;
using std::chrono::milliseconds;

// ---- what a start may ask for (SPEC §2.1) -----------------------------------

namespace {

/// As unlike the defaults as it can be.
start_request full(const contract_fixture& f) {
  auto r = f.with_tools();
  r.workspace_name = "Ada's";
  r.system = "be brief";
  r.tool_choice.how = tool_choice::mode::required;
  r.response_format.what = response_format::kind::json;
  r.max_output_tokens = 100;
  r.sampling.temperature = 0.5;
  r.sampling.stop = {"end"};
  r.thinking_level = thinking_level::low;
  r.cache = cache_ttl::one_hour;
  r.headers = {{"x-a", "b"}};
  r.provider_options_json = {{"test", R"({"a":1})"}, {"other", R"({"b":2})"}};
  return r;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(all_that_a_start_asks_of_a_model_is_in_the_prompt,
                        contract_fixture) {
  const auto asked = full(*this);
  begin(asked);
  const auto& what = *attempt().prompt;
  BOOST_TEST(what.system == "be brief");
  BOOST_TEST((what.messages == asked.messages));
  BOOST_TEST(what.tools.size() == 2u);
  BOOST_TEST((what.tool_choice == asked.tool_choice));
  BOOST_TEST((what.response_format == asked.response_format));
  BOOST_TEST((what.max_output_tokens == 100u));
  BOOST_TEST((what.sampling == asked.sampling));
  BOOST_TEST((what.thinking == thinking_level::low));
  BOOST_TEST((what.cache == cache_ttl::one_hour));
  BOOST_TEST((what.headers == asked.headers));
  // Of another provider nothing is sent.
  BOOST_TEST(what.provider_options_json == R"({"a":1})");
  // A label for the log, and no more.
  BOOST_TEST(attempt().plan->workspace_name == "Ada's");
}

BOOST_FIXTURE_TEST_CASE(a_fallback_has_options_of_its_own_and_the_rest_of_all,
                        contract_fixture) {
  auto asked = full(*this);
  fallback_entry other;
  other.model = "other:two";
  other.thinking = thinking_level::high;
  other.max_output_tokens = 7;
  other.sampling.emplace().seed = 1;
  other.rebuild = [](prompt& p) { p.system += ", two"; };
  asked.fallback = {other, {"third:three", {{"third", R"({"c":3})"}}}};
  begin(asked);
  retries(errc::overloaded, "other:two");
  BOOST_REQUIRE(world.preparations.size() == 1u); // It is the host's function.
  auto p = std::move(world.preparations[0]);
  p.hook(p.plan);
  core->on(step_prepared{p.stream, p.generation,
                         std::make_shared<const prompt>(p.plan.prompt)});
  const auto second = attempt().prompt;
  BOOST_TEST(second->system == "be brief, two");
  BOOST_TEST((second->thinking == thinking_level::high));
  BOOST_TEST((second->max_output_tokens == 7u));
  BOOST_TEST((second->sampling == *other.sampling));
  BOOST_TEST(second->provider_options_json == R"({"b":2})");
  attempt_starts();
  retries(errc::overloaded, "third:three");
  BOOST_TEST((attempt().prompt->max_output_tokens == 100u));
  BOOST_TEST(attempt().prompt->provider_options_json == R"({"c":3})");
}

BOOST_FIXTURE_TEST_CASE(ids_and_metadata_that_are_given_are_used,
                        contract_fixture) {
  auto asked = ask();
  asked.stream = stream_id{77};
  asked.message_id = "mine";
  asked.history_sequence = 41;
  asked.metadata_json = R"({"a":[1]})";
  begin(asked);
  BOOST_TEST((*started[0] == stream_id{77}));
  const auto begun = sink->all<event::stream_start>();
  BOOST_REQUIRE(begun.size() == 1u);
  BOOST_TEST(begun[0].history_sequence == 41u);
  BOOST_TEST(begun[0].metadata_json == R"({"a":[1]})");
  BOOST_TEST(sink->events.back().of->message_id == "mine");
  for (const auto& r : world.durable)
    if (auto* opened = std::get_if<record::stream_opened>(&r)) {
      BOOST_TEST(opened->message_id == "mine");
      BOOST_TEST(opened->metadata_json == R"({"a":[1]})");
    }
  auto again = ask();
  again.stream = stream_id{77}; // It runs.
  start(again);
  BOOST_TEST((started[1].error().code == errc::invalid_request));
  again.stream.reset();
  again.message_id = "mine";
  start(again);
  BOOST_TEST((started[2].error().code == errc::invalid_request));
  text(0, "a");
  finishes();
  BOOST_TEST(sink->all<event::stream_end>().at(0).metadata_json
             == R"({"a":[1]})");
  // The next number is higher, though it was not asked for.
  begin();
  BOOST_TEST(sink->all<event::stream_start>().at(1).history_sequence > 41u);
}

// What the store knows to be used, a start learns before it is registered.
BOOST_FIXTURE_TEST_CASE(an_id_that_was_used_before_is_refused,
                        contract_fixture) {
  store_answers = false;
  start(ask());
  answer_writes({errc::invalid_request, "stream 77 was used"});
  BOOST_REQUIRE(!started[0].has_value());
  BOOST_TEST((started[0].error().code == errc::invalid_request));
  BOOST_TEST((core->now() == phase::idle));
  BOOST_TEST(sink->heard.starts() == 0u);
  BOOST_TEST(world.attempts.empty());
}

BOOST_FIXTURE_TEST_CASE(every_tool_call_is_given_the_scratch_directory,
                        contract_fixture) {
  const scratch_directory base;
  const auto root = *scratch_root::open(base.path().string());
  auto asked = with_tools();
  asked.scratch_dir.how = scratch_request::mode::create;
  start(asked);
  BOOST_REQUIRE(world.scratch_wanted.size() == 1u);
  const auto dir = *root.create();
  core->on(scratch_ready{world.scratch_wanted[0].first, dir});
  settle_store();
  attempt_starts();
  parts({part::tool_start{0, "c1", "look", {}, false},
         part::tool_complete{0, "{}", {}, {}},
         part::tool_start{1, "c2", "look", {}, false},
         part::tool_complete{1, "{}", {}, {}}});
  finishes(finish_reason::tool_calls);
  for (int i = 0; i < 2; ++i) {
    BOOST_REQUIRE(world.tools.size() == 1u);
    BOOST_TEST(world.tools[0].second.invocation.scratch_dir == dir->path());
    tool_answers("1");
  }
}

BOOST_FIXTURE_TEST_CASE(a_subscriber_of_the_start_sees_it_from_first_to_last,
                        contract_fixture) {
  auto asked = ask();
  const auto own = std::make_shared<collecting_sink>();
  asked.subscriber = own;
  begin(asked);
  text(0, "a");
  finishes();
  BOOST_TEST(own->names().front() == "stream_start");
  BOOST_TEST(own->names().back() == "stream_end");
  BOOST_TEST(own->violations.empty());
  BOOST_TEST(own->is_closed);
}

// ---- what a step takes over -------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_thinking_level_counts_from_the_next_step_once,
                        contract_fixture) {
  auto request = with_tools();
  request.thinking_level = thinking_level::low;
  fallback_entry other;
  other.model = "other:two";
  other.thinking = thinking_level::minimal;
  request.fallback.push_back(other);
  begin(request);
  core->on(set_thinking{"w", thinking_level::high, {}});
  retries(errc::network); // the same step
  BOOST_TEST((attempt().prompt->thinking == thinking_level::low));
  attempt_starts();
  call_one();
  tool_answers("1"); // the next
  BOOST_TEST((attempt().prompt->thinking == thinking_level::high));
  retries(errc::overloaded, "other:two"); // kept across a fallback
  BOOST_TEST((attempt().prompt->thinking == thinking_level::high));
}

BOOST_FIXTURE_TEST_CASE(the_hook_of_a_step_hears_of_the_model_that_is_asked,
                        contract_fixture) {
  std::vector<std::string> asked;
  auto request = ask();
  request.fallback.push_back({"other:two", {}, {}, {}, {}, {}});
  request.prepare_step = [&](step_plan& plan) {
    asked.push_back(plan.model);
    plan.prompt.system = "for " + plan.model;
  };
  start(request);
  const auto run_hook = [&] {
    auto p = std::move(world.preparations.back());
    p.hook(p.plan);
    core->on(step_prepared{p.stream, p.generation,
                           std::make_shared<const prompt>(p.plan.prompt)});
    attempt_starts();
  };
  run_hook();
  retries(errc::model_refusal, "other:two");
  run_hook();
  BOOST_TEST(asked == (std::vector<std::string>{"test:one", "other:two"}),
             boost::test_tools::per_element());
  BOOST_TEST(attempt().prompt->system == "for other:two");
}

BOOST_FIXTURE_TEST_CASE(on_step_gets_the_messages_before_the_request,
                        contract_fixture) {
  std::vector<std::pair<std::uint32_t, std::size_t>> seen;
  auto request = with_tools();
  request.on_step = [&](std::uint32_t step, const prompt& what) {
    seen.emplace_back(step, world.attempts.size());
    BOOST_TEST(what.messages.size() == (step == 1 ? 1u : 3u));
  };
  begin(request);
  call_one();
  tool_answers("1");
  BOOST_REQUIRE(seen.size() == 2u);
  BOOST_TEST((seen[0] == std::pair{1u, std::size_t{0}}));
  BOOST_TEST((seen[1] == std::pair{2u, std::size_t{1}}));
}

BOOST_FIXTURE_TEST_CASE(a_queue_of_the_hosts_ends_the_step_and_may_throw,
                        contract_fixture) {
  auto request = with_tools();
  request.has_queued_messages = []() -> bool { throw std::runtime_error{"?"}; };
  begin(request);
  call_one();
  tool_answers("1");
  BOOST_TEST((core->now() == phase::streaming)); // no: it goes on
  attempt_starts();
  finishes();
  request.has_queued_messages = [] { return true; };
  begin(request);
  call_one();
  tool_answers("1");
  BOOST_TEST((core->now() == phase::idle));
  BOOST_TEST(sink->all<event::stream_end>().size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(what_a_tool_used_counts_while_it_is_being_stopped,
                        contract_fixture) {
  begin(with_tools());
  call_one();
  const auto running = world.tools.front().first;
  stop();
  core->on(tool_reported{
    running,
    model_usage{"other:two", {token_usage::quality::exact, 7, 0, 0, 3, 0}}});
  tool_answers("1");
  const auto told = sink->all<event::stream_abort>();
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].usage.output_total == 8u);
  BOOST_TEST(told[0].usage_by_model.size() == 2u);
}

// ---- before registration ----------------------------------------------------

BOOST_FIXTURE_TEST_CASE(a_token_stopped_before_registration_opens_nothing,
                        contract_fixture) {
  std::stop_source source;
  auto request = ask();
  request.stop_token = source.get_token();
  store_answers = false;
  start(request);
  source.request_stop();
  answer_writes();
  BOOST_REQUIRE(!started[0].has_value());
  BOOST_TEST((started[0].error().code == errc::aborted));
  start(request); // and one that is stopped already
  BOOST_TEST((started[1].error().code == errc::aborted));
  BOOST_TEST(world.attempts.empty());
  BOOST_TEST(sink->heard.starts() == 0u);
}

BOOST_FIXTURE_TEST_CASE(whoever_waits_for_a_start_that_waits_is_answered,
                        contract_fixture) {
  begin();
  auto request = ask();
  request.stream = stream_id{77};
  start(request);
  await(stream_id{77});
  BOOST_TEST(!ended[0].has_value());
  BOOST_TEST((ended[0].error().code == errc::none));
  start(ask()); // supersedes it
  BOOST_TEST((ended[0].error().code == errc::superseded));
}

// ---- what is cleaned up -----------------------------------------------------

BOOST_AUTO_TEST_CASE(a_scratch_directory_is_removed_once_on_every_path) {
  using story = std::function<void(contract_fixture&)>;
  const auto ready = [](contract_fixture& f) {
    f.core->on(
      scratch_ready{f.world.scratch_wanted.at(0).first, some_directory()});
    f.settle_store();
  };
  const std::pair<const char*, story> paths[] = {
    {"a natural end", [&](auto& f) { ready(f), f.finishes(); }},
    {"a stop", [&](auto& f) { ready(f), f.stop(), f.is_cancelled(); }},
    {"a defeat", [&](auto& f) { ready(f), f.is_defeated(errc::server_error); }},
    {"a deaf worker",
     [&](auto& f) { ready(f), f.stop(), f.advance(milliseconds{2'000}); }},
    {"a stop before it is there", [&](auto& f) { f.stop(), ready(f); }},
    {"a newer start", [&](auto& f) { f.start(f.ask()), ready(f); }},
    {"a shutdown before it is there",
     [&](auto& f) {
       f.core->on(stop_everything{});
       f.settle_store();
       BOOST_TEST(!f.world.retired.has_value());
       ready(f);
       BOOST_TEST(f.world.retired.has_value());
     }},
  };
  for (const auto& [name, path] : paths)
    BOOST_TEST_CONTEXT(name) {
      contract_fixture f;
      auto request = f.ask();
      request.scratch_dir.how = scratch_request::mode::create;
      f.start(request);
      path(f);
      BOOST_TEST(f.world.scratch_removed.size() == 1u);
    }
}

BOOST_FIXTURE_TEST_CASE(shutdown_waits_until_all_is_durable, contract_fixture) {
  store_answers = false;
  core->on(enqueue_message{"w", {"later", queue_mode::turn_end}, {}});
  std::size_t left = 0;
  core->on(stop_everything{reply<std::size_t>{[&](auto n) { left = *n; }}});
  BOOST_TEST(left == 0u);
  answer_writes();
  BOOST_TEST(left == 1u);
  BOOST_TEST(world.retired.has_value());
}

BOOST_FIXTURE_TEST_CASE(it_offers_to_leave_only_with_nothing_under_way,
                        contract_fixture) {
  auto request = ask();
  request.scratch_dir.how = scratch_request::mode::create;
  start(request);
  stop();
  advance(settings.workspaces.passivate_after_ms);
  BOOST_TEST(world.offers.empty());
  core->on(scratch_ready{world.scratch_wanted.at(0).first, some_directory()});
  // The quiet begins anew; a deadline under way is not moved but followed.
  advance(2 * settings.workspaces.passivate_after_ms);
  BOOST_TEST(world.offers.size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_loaded_leaves_for_one_that_may_be) {
  workspace_fixture f{false};
  f.core.emplace("w", f.settings, f.world, std::vector<parked_subscriber>{});
  f.core->on(history_loaded{fail(errc::storage, "the disk failed")});
  f.start(f.ask());
  BOOST_REQUIRE(!f.started[0].has_value());
  BOOST_TEST((f.started[0].error().code == errc::storage));
  f.advance(std::chrono::milliseconds{1}); // And not in five minutes.
  BOOST_TEST(!f.world.offers.empty());
}
