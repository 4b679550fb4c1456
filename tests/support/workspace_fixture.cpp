#include "tests/support/workspace_fixture.hpp"

#include "messages/check.hpp"

#include <algorithm>

namespace penstock::testing {

deadline_id cardboard_world::arm(std::chrono::milliseconds delay,
                                 deadline_due what) {
  const deadline_id id{next_deadline_++};
  deadlines.emplace(time + delay, std::pair{id, what});
  return id;
}

void cardboard_world::disarm(deadline_id id) {
  std::erase_if(deadlines, [&](auto& d) {
    if (d.second.first != id)
      return false;
    disarmed.push_back(d.second.second);
    return true;
  });
}

workspace_fixture::workspace_fixture(bool open_it) {
  if (open_it)
    open();
}

workspace_settings workspace_fixture::make_settings() {
  workspace_settings made;
  made.counts = &counts;
  made.tools = [this] { return std::make_shared<const tool_set>(registered); };
  return made;
}

void workspace_fixture::open() {
  core.emplace("w", settings, world, std::vector<parked_subscriber>{});
  core->on(history_loaded{workspace_snapshot{}});
  core->on(penstock::subscribe{"w", subscription_id{1}, sink, std::nullopt});
}

start_request workspace_fixture::ask(std::string text) const {
  start_request request;
  request.workspace_id = "w";
  request.model = "test:one";
  request.messages.push_back({role::user, {text_content{std::move(text)}}, {}});
  return request;
}

void workspace_fixture::start(start_request request) {
  const auto at = started.size();
  started.push_back(fail(errc::none, "not answered yet"));
  core->on(start_stream{
    "w", std::make_shared<start_request>(std::move(request)),
    reply<stream_id>{[this, at](auto id) { started[at] = std::move(id); }}});
  settle_store();
}

void workspace_fixture::begin(start_request request) {
  start(std::move(request));
  PENSTOCK_CHECK(started.back().has_value());
  attempt_starts();
}

void workspace_fixture::stop(std::optional<stream_id> stream, bool soft,
                             bool abandon) {
  const auto at = stopped.size();
  stopped.push_back(fail(errc::none, "not answered yet"));
  core->on(stop_stream{"w",
                       {"w", stream, soft, abandon},
                       event::stream_abort::reason::user,
                       reply<stop_result>{[this, at](auto result) {
                         stopped[at] = std::move(result);
                       }}});
  settle_store();
}

void workspace_fixture::await(std::optional<stream_id> stream) {
  const auto at = ended.size();
  ended.push_back(fail(errc::none, "not answered yet"));
  core->on(
    await_stream{"w", stream, reply<stream_outcome>{[this, at](auto outcome) {
                   ended[at] = std::move(outcome);
                 }}});
}

std::shared_ptr<collecting_sink>
workspace_fixture::subscribe(std::uint64_t id, std::optional<position> after,
                             bool holds_credit) {
  auto made = std::make_shared<collecting_sink>(holds_credit);
  core->on(penstock::subscribe{"w", subscription_id{id}, made, after});
  return made;
}

void workspace_fixture::attempt_starts() {
  next_index = 0;
  core->on(attempt_started{attempt().attempt, attempt().model,
                           "test-api/" + attempt().model});
  settle_store();
}

void workspace_fixture::parts(std::vector<stream_part> what, bool finish_seen) {
  core->on(parts_received{attempt().attempt, next_index++, std::move(what),
                          finish_seen, attempt().link, 0});
  settle_store();
}

void workspace_fixture::call(part_key key, std::string id, std::string name,
                             std::string input) {
  parts({part::tool_start{key, std::move(id), std::move(name), {}, false},
         part::tool_input{key, input},
         part::tool_complete{key, input, {}, {}}});
}

void workspace_fixture::settle(attempt_verdict verdict) {
  verdict.model = attempt().model;
  verdict.report.usage = usage;
  verdict.report.batches = next_index;
  core->on(attempt_settled{attempt().attempt, std::move(verdict)});
  settle_store();
}

void workspace_fixture::finishes(finish_reason reason) {
  attempt_verdict verdict;
  verdict.report.finished = finish{reason, {}};
  settle(std::move(verdict));
}

void workspace_fixture::retries(errc why, std::string next_model) {
  attempt_verdict verdict;
  verdict.what = attempt_verdict::kind::retry;
  verdict.why = {why, "as the test says"};
  verdict.report.failure = verdict.why;
  verdict.delay = std::chrono::milliseconds{100};
  verdict.next_model = std::move(next_model);
  verdict.refused = why == errc::model_refusal;
  settle(std::move(verdict));
}

void workspace_fixture::is_defeated(errc why) {
  attempt_verdict verdict;
  verdict.what = attempt_verdict::kind::defeat;
  verdict.why = {why, "as the test says"};
  verdict.report.failure = verdict.why;
  settle(std::move(verdict));
}

void workspace_fixture::is_cancelled() {
  attempt_verdict verdict;
  verdict.what = attempt_verdict::kind::cancelled;
  verdict.report.stopped = true;
  settle(std::move(verdict));
}

void workspace_fixture::tool_answers(std::string output_json, bool is_error) {
  PENSTOCK_CHECK(!world.tools.empty());
  const auto call = world.tools.front().first;
  world.tools.erase(world.tools.begin());
  core->on(tool_finished{call, {std::move(output_json), is_error, {}}});
  settle_store();
}

void workspace_fixture::answer_writes(error why) {
  while (!world.writes.empty()) {
    auto write = std::move(world.writes.front());
    world.writes.pop_front();
    if (why.code == errc::none)
      world.durable.insert(world.durable.end(), write.records.begin(),
                           write.records.end());
    core->on(records_durable{write.token, why});
  }
}

void workspace_fixture::settle_store() {
  if (store_answers)
    answer_writes();
  while (!world.observed.empty()) {
    const auto m = std::move(world.observed.front());
    world.observed.pop_front();
    core->on(m);
  }
}

void workspace_fixture::advance(std::chrono::milliseconds by) {
  const auto until = world.time + by;
  while (!world.deadlines.empty() && world.deadlines.begin()->first <= until) {
    const auto [when, due] = *world.deadlines.begin();
    world.deadlines.erase(world.deadlines.begin());
    world.time = std::max(world.time, when);
    core->on(due.second);
    settle_store();
  }
  world.time = until;
}

std::string workspace_fixture::trouble() const {
  for (const auto& v : sink->violations)
    return v;
  if (core->now() == phase::idle && sink->heard.starts() != sink->heard.ends())
    return "idle, with " + std::to_string(sink->heard.starts()) + " starts and "
           + std::to_string(sink->heard.ends()) + " ends";
  return {};
}

} // namespace penstock::testing
