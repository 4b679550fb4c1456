// The calls of a step: each start and each result is durable before it is
// told, and the conditions are looked at when all are settled.
#include "actors/scratch_dir.hpp"
#include "actors/workspace_core.hpp"

#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

namespace {

// A model that is told the names calls the right one next.
tool_outcome no_such_tool(const std::string& name, const tool_set& tools) {
  std::string names;
  for (const auto& [known, tool] : tools)
    names += (names.empty() ? "; there are " : ", ") + known;
  return error_outcome("there is no tool named " + name + names);
}

} // namespace

void workspace_core::begin_calls() {
  std::vector<std::uint32_t> parts;
  for (const auto& call : live().contract.ready_calls(*live().log))
    parts.push_back(call.part);
  begin_calls(parts);
}

void workspace_core::begin_calls(const std::vector<std::uint32_t>& parts) {
  auto& s = live();
  auto& order = s.calls.emplace().order;
  for (const auto part : parts) {
    const auto& call = std::get<tool_call_content>(s.log->content_of(part));
    const auto tool = s.tools.find(call.name);
    order.add(part, tool != s.tools.end() && tool->second.tool->read_only);
  }
  pump_calls();
}

void workspace_core::pump_calls() {
  while (machine_.now() == phase::tool_running) {
    const auto part = live().calls->order.start_next();
    if (!part)
      break;
    start_call(*part);
  }
  if (machine_.now() == phase::tool_running && live().calls->order.settled())
    settle_step();
}

// A call that cannot run has an error result that the model can act on.
void workspace_core::start_call(std::uint32_t part) {
  auto& s = live();
  const auto& call = std::get<tool_call_content>(s.log->content_of(part));
  const auto tool = s.tools.find(call.name);
  if (tool == s.tools.end())
    return record_result(part, no_such_tool(call.name, s.tools));
  if (auto fits = tool->second.input.check(call.input_json); !fits)
    return record_result(part, error_outcome(fits.error().message));
  if (s.kept && s.kept->unknown.contains(part)
      && !tool->second.tool->idempotent)
    return record_result(
      part, error_outcome("this call was interrupted while it ran; whether it "
                          "took effect is unknown. Find out before you repeat "
                          "it"));
  // A start of a call that is not kept would tell nobody anything.
  std::vector<store_record> records;
  write_growth(records);
  records.push_back(record::tool_started{s.id(), part, call.id});
  write(std::move(records), [this, id = s.id(), part](const error& why) {
    if (!mine(id) || live().ending)
      return;
    if (why.code != errc::none)
      return fail_stream(why);
    run_handler(part);
  });
}

void workspace_core::run_handler(std::uint32_t part) {
  auto& s = live();
  s.log->execution_started(part);
  publish();
  const auto& call = std::get<tool_call_content>(s.log->content_of(part));
  tool_run run;
  run.tool = s.tools.find(call.name)->second.tool;
  run.invocation.workspace_id = id_;
  run.invocation.stream = s.id();
  run.invocation.tool_call_id = call.id;
  run.invocation.tool_name = call.name;
  run.invocation.input_json = call.input_json;
  if (s.scratch)
    run.invocation.scratch_dir = s.scratch->path();
  run.invocation.cancelled = s.calls->cancel.get_token();
  s.calls->handlers.insert(part);
  ports_.run_tool({s.id(), part}, std::move(run));
}

void workspace_core::on(const tool_finished& m) {
  if (!mine(m.call.stream) || !live().calls
      || live().calls->handlers.erase(m.call.part) == 0)
    return;
  if (live().ending)
    return check_workers();
  record_result(m.call.part, m.outcome);
}

void workspace_core::record_result(std::uint32_t part, tool_outcome outcome) {
  auto& s = live();
  const auto& call = std::get<tool_call_content>(s.log->content_of(part));
  tool_result_content result{
    call.id,          call.name, outcome.output_json,
    outcome.is_error, false,     std::move(outcome.files)};
  const bool success =
    s.policy.requires_tool(call.name) && required_succeeded(outcome);
  std::vector<store_record> records;
  write_growth(records); // It may be a call that never started.
  records.push_back(record::tool_ended{s.id(), part, result});
  write(std::move(records),
        [this, id = s.id(), part, success, result](const error& why) {
          if (!mine(id) || live().ending)
            return;
          if (why.code != errc::none)
            return fail_stream(why);
          auto& stream = live();
          const bool ran = stream.calls->order.finish(part);
          PENSTOCK_CHECK(ran);
          stream.log->add_result(part, result);
          stream.spans.back().to = stream.log->size();
          stream.required_succeeded |= success;
          publish();
          if (stream.soft_stop && !stream.calls->order.settled()) {
            machine_.must(input::boundary);
            return stop_workers({});
          }
          pump_calls();
        });
}

// What a running tool tells of itself: calls of its own, tokens that it used.
void workspace_core::on(const tool_reported& m) {
  if (!mine(m.call.stream) || !live().calls
      || !live().calls->handlers.contains(m.call.part))
    return;
  auto& s = live();
  const auto part = m.call.part;
  if (auto* used = std::get_if<model_usage>(&m.report)) {
    // Also of one that is being stopped: it was used.
    s.book(used->model, used->usage);
    write({record::attempt_used{s.attempt, used->model, used->usage, true}},
          [](const error&) {});
    return;
  }
  if (s.ending)
    return;
  const auto& parent = std::get<tool_call_content>(s.log->content_of(part)).id;
  if (auto* call = std::get_if<nested_call>(&m.report)) {
    s.log->add_mark(event::tool_call{part, call->tool_call_id, call->tool_name,
                                     call->input_json, false, parent});
  } else {
    const auto& done = std::get<std::pair<std::string, tool_outcome>>(m.report);
    s.log->add_mark(event::tool_result{part, done.first,
                                       done.second.output_json,
                                       done.second.is_error, false, parent});
  }
  publish();
}

bool workspace_core::queue_ends_step() const {
  if (std::any_of(queue_.begin(), queue_.end(), [](const queued_message& q) {
        return q.mode == queue_mode::tool_end;
      }))
    return true;
  const auto& asked = live().request->has_queued_messages;
  try {
    return asked && asked();
  } catch (...) {
    return false; // The host's function: it knows of no message.
  }
}

// All calls of the step have a result.
void workspace_core::settle_step() {
  auto& s = live();
  s.log->add_mark(
    event::step_end{s.step, s.step_finish, s.step_usage, s.total_usage()});
  s.step_usage = {};
  const bool last = s.step >= s.plan->options->max_steps || s.required_succeeded
                    || queue_ends_step();
  if (last) {
    machine_.must(input::answered);
    s.ending =
      stream_ending{stream_outcome::kind::completed, s.step_finish, {}, {}};
    publish();
    return finalize();
  }
  if (s.soft_stop) {
    machine_.must(input::boundary);
    return stop_workers({});
  }
  machine_.must(input::next_step);
  publish();
  begin_step();
}

} // namespace penstock
