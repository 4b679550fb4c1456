#include "actors/tool_runner.hpp"

#include "messages/check.hpp"
#include "messages/limits.hpp"
#include "messages/report_gate.hpp"
#include "providers/json.hpp"
#include "providers/utf8.hpp"

#include <utility>

namespace penstock {

namespace {

// What the thread of a call and its end share. The thread may outlive both the
// stream and the runner.
struct running_tool {
  std::shared_ptr<const penstock::tool> tool;
  tool_invocation invocation;
  std::shared_ptr<report_gate> report;
  tool_outcome outcome; // written before `done` is called without an error
};

std::string bytes(std::size_t count) {
  return std::to_string(count) + " bytes";
}

// What may become part of a prompt and of a record: bounded, valid JSON in
// valid UTF-8.
tool_outcome fit_to_send(tool_outcome outcome) {
  if (outcome.output_json.size() > limits::tool_output_bytes_max)
    return error_outcome("the tool's output is larger than "
                         + bytes(limits::tool_output_bytes_max));
  std::size_t file_bytes = 0;
  for (const auto& file : outcome.files)
    file_bytes += file.bytes.size() + file.url.size();
  if (file_bytes > limits::tool_files_bytes_max)
    return error_outcome("the tool's files are larger than "
                         + bytes(limits::tool_files_bytes_max));
  for (const auto& file : outcome.files)
    if (file.bytes.empty() == file.url.empty()
        || (file.media_type.empty() && file.url.empty()))
      return error_outcome("a file of the tool's output needs bytes and a "
                           "media type, or a URL");
  const auto value = parse_ordered_json(outcome.output_json);
  if (!value)
    return error_outcome("the tool's output is not JSON: "
                         + value.error().message);
  // The text itself is kept where it can be: it has numbers in full.
  if (!json::accept(outcome.output_json))
    outcome.output_json = to_text(*value);
  return outcome;
}

} // namespace

tool_outcome error_outcome(std::string_view message) {
  auto kept = message.substr(0, limits::tool_error_bytes_max);
  if (kept.size() < message.size()) // not half a character at the cut
    while (!kept.empty() && (message[kept.size()] & 0xC0) == 0x80)
      kept.remove_suffix(1);
  const json value{{"error", clean_utf8(kept)}};
  return {.output_json = to_text(value), .is_error = true, .files = {}};
}

void tool_runner::run_tool(tool_run run, outcome_function done) {
  PENSTOCK_CHECK(run.tool != nullptr);
  const auto shared = std::make_shared<running_tool>();
  shared->tool = std::move(run.tool);
  shared->invocation = std::move(run.invocation);
  shared->report = std::make_shared<report_gate>(
    std::exchange(shared->invocation.report, nullptr));
  blocking_call call;
  call.name = shared->tool->definition.name;
  call.timeout_ms = shared->tool->timeout_ms;
  call.cancelled = shared->invocation.cancelled;
  call.of = blocking_call::kind::handler;
  call.function = [shared](std::stop_token cancelled) {
    shared->invocation.cancelled = std::move(cancelled);
    shared->invocation.report = shared->report;
    shared->outcome = shared->tool->handler
                        ? fit_to_send(shared->tool->handler(shared->invocation))
                        : error_outcome("the tool has no handler");
  };
  run_blocking(std::move(call), [shared, done = std::move(done)](error why) {
    shared->report->close();
    done(why.code == errc::none ? std::move(shared->outcome)
                                : error_outcome(why.message));
  });
}

} // namespace penstock
