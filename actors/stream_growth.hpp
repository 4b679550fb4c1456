// What a store is told of a stream while it runs. Pure.
#pragma once

#include "actors/stream_log.hpp"
#include "messages/record.hpp"

#include <cstdint>
#include <vector>

namespace penstock {

/// A part without the bytes that are appended to it.
content shape_of(const content& what);

/// Appends records of what lies after `from` in the log, and moves `from` to
/// its end. The bytes of a part are written once, whatever the number of calls.
///
/// Results of the host's tools are written by whoever waits for them
/// (`tool_ended`) and left out here, but for those below `taken_over`: parts
/// that came with a resumed stream.
void record_growth(const stream_log& log, stream_log::place& from,
                   std::uint32_t taken_over,
                   std::vector<store_record>& records);

/// The parts that an interrupted stream left, as the beginning of `log`: text
/// that was cut may go on, complete calls keep their results, and a call that
/// was cut off is left out.
struct kept_log {
  std::vector<attempt_span> spans; ///< In the numbers of `log`.
  /// Complete calls of the last step without a result, in order.
  std::vector<std::uint32_t> open_calls;
  std::vector<std::uint32_t> unknown; ///< Those of them that may have run.
  std::uint32_t step = 0;      ///< Of the last attempt; 0: there was none.
  std::uint32_t step_from = 0; ///< First entry of that step.
  bool step_done = false;      ///< It made calls; all have results.
};
kept_log take_over(const interrupted_stream& kept, stream_log& log);

} // namespace penstock
