// What is kept of a stream while it runs.
#include "actors/workspace_core.hpp"

#include "actors/stream_growth.hpp"

#include <utility>

namespace penstock {

// At once, then at most once in an interval, and never two at a time: a slow
// disk slows this down and nothing else. But the result of a tool that the
// provider ran is told when it is durable, so it is written at once.
void workspace_core::flush() {
  auto& s = live();
  if (!settings_.keeps_growth) { // Then nothing of it becomes durable.
    if (s.log->release(stream_log::everything))
      publish();
    return;
  }
  const bool urgent = s.log->held_from() != stream_log::everything;
  if (s.flush_under_way || (s.flush_armed && !urgent))
    return;
  const auto interval = s.plan->options->partial_flush_interval_ms;
  if (s.flushed_at && ports_.now() - *s.flushed_at < interval && !urgent) {
    s.flush_armed = true;
    ports_.arm(std::chrono::duration_cast<std::chrono::milliseconds>(
                 *s.flushed_at + interval - ports_.now()),
               {deadline_kind::flush, 0, s.id()});
    return;
  }
  std::vector<store_record> records;
  write_growth(records);
  if (records.empty())
    return;
  s.flushed_at = ports_.now();
  s.flush_under_way = true;
  write(std::move(records), [this, id = s.id()](const error& why) {
    if (!mine(id) || !live().log)
      return;
    live().flush_under_way = false;
    if (why.code != errc::none && !live().ending)
      return fail_stream(why);
    auto at = live().flushed;
    if (!live().ending && live().log->pending(at))
      flush();
  });
}

// What was appended to the log since it was last written. What was held of it
// is told when the next write, which takes it along, is durable.
void workspace_core::write_growth(std::vector<store_record>& records) {
  if (!settings_.keeps_growth)
    return;
  auto& s = live();
  record_growth(*s.log, s.flushed, s.kept ? s.kept->entries : 0, records);
  grown_ = {s.id(), s.log->size()};
}

} // namespace penstock
