// A stream that a crash interrupted goes on: its message and place in the
// history, its parts, a new stream id.
#include "actors/workspace_core.hpp"

#include "actors/stream_growth.hpp"
#include "messages/check.hpp"

#include <algorithm>
#include <utility>

namespace penstock {

std::optional<error>
workspace_core::fault_of_resume(const start_request& request) const {
  if (!request.resume)
    return std::nullopt;
  // Until something is registered; a start that prepares gives way to it.
  if (interrupted_ && interrupted_->stream == *request.resume)
    return std::nullopt;
  return error{errc::invalid_request,
               "stream " + to_string(*request.resume)
                 + " cannot be resumed: it was not interrupted, was resumed "
                   "before, or the conversation has gone on"};
}

// What was kept is in one transaction with the open record: a second crash
// finds it under the one id or the other, whole.
void workspace_core::write_kept(std::vector<store_record>& records) const {
  const auto& s = live();
  stream_log log{s.identity, event::stream_start{}};
  const auto kept = take_over(s.kept->of, log);
  for (const auto& span : kept.spans)
    records.push_back(record::attempt_began{
      {s.id(), 0}, span.step, span.from, s.model, span.made_by});
  stream_log::place from{};
  record_growth(log, from, log.size(), records);
  for (const auto part : kept.unknown) // They may have run; that stays so.
    records.push_back(record::tool_started{
      s.id(), part, std::get<tool_call_content>(log.content_of(part)).id});
}

// What was kept begins the log, so that whoever listens has the whole message.
void workspace_core::take_over_kept() {
  auto& s = live();
  auto kept = take_over(s.kept->of, *s.log);
  s.kept->entries = s.log->size();
  s.spans = std::move(kept.spans);
  s.step = kept.step;
  s.step_from = kept.step_from;
  s.kept->calls = std::move(kept.open_calls);
  s.kept->unknown = {kept.unknown.begin(), kept.unknown.end()};
  s.kept->step_done = kept.step_done;
  s.kept->row = history_.take(s.history_sequence);
  std::vector<store_record> written; // With the open record.
  write_growth(written);
}

// Calls that were made are run, a text that was cut is continued.
void workspace_core::continue_kept() {
  auto& s = live();
  if (!s.kept->calls.empty()) {
    machine_.must(input::calls_made);
    s.step_finish = finish{finish_reason::tool_calls, {}};
    publish();
    flush();
    return begin_calls(std::exchange(s.kept->calls, {}));
  }
  flush();
  if (s.step == 0 || s.kept->step_done)
    return begin_step();
  request_attempt(std::chrono::milliseconds{0});
}

} // namespace penstock
