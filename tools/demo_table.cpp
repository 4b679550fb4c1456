#include "tools/demo_table.hpp"

#include "tools/demo_case.hpp"
#include "tools/demo_claims_of_cases.hpp"

#include <algorithm>
#include <cstdio>

namespace penstock::cli {

namespace {

constexpr auto plain_end = "\x1b[0m";

const char* color_of(std::string_view state) {
  if (state == "done")
    return "\x1b[32m"; // green
  if (state == "failed")
    return "\x1b[31m"; // red
  if (state == "stopped")
    return "\x1b[35m"; // magenta
  if (state == "waiting" || state == "away")
    return "\x1b[33m";                                 // yellow
  return state == "starting" ? "\x1b[2m" : "\x1b[36m"; // faint, cyan
}

std::string painted(std::string text, const char* color, bool colored) {
  return colored ? color + text + plain_end : text;
}

/// `text` in exactly `width` columns.
std::string padded(std::string_view text, std::size_t width) {
  auto cell = std::string{text.substr(0, width)};
  cell.resize(width, ' ');
  return cell;
}
std::string right(const std::string& text, std::size_t width) {
  return text.size() >= width ? text
                              : std::string(width - text.size(), ' ') + text;
}

std::string in_seconds(std::chrono::nanoseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s",
                std::chrono::duration<double>(time).count());
  return text;
}

std::string live_line(const demo_row& row, bool colored) {
  const auto rate =
    row.words_per_second > 0
      ? std::to_string(static_cast<int>(row.words_per_second + 0.5))
      : "";
  return ' ' + padded(row.workspace, 11) + padded(row.title, 29)
         + painted(padded(row.state, 9), color_of(row.state), colored)
         + padded(row.model, 16) + right(std::to_string(row.words), 5)
         + right(rate, 7);
}

/// The end of a text on one line, from the start of a word.
std::string tail_of(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes)
    return text;
  const auto space = text.find(' ', text.size() - bytes);
  return space == text.npos ? "" : text.substr(space + 1);
}

/// Outcome, with its reason.
std::string outcome_of(const demo_case& c) {
  const auto* last = c.terminal_event();
  if (c.seen->not_started)
    return "not started: " + std::string{to_string(c.seen->not_started->code)};
  if (!last)
    return "did not end";
  if (const auto* stop =
        std::get_if<event::stream_abort>(last->what.body.get()))
    return "aborted: " + std::string{to_string(stop->why)};
  if (const auto* failed =
        std::get_if<event::stream_error>(last->what.body.get()))
    return "failed: " + std::string{to_string(failed->why.code)};
  const auto retries = c.all<event::attempt_retry>().size();
  return retries == 0 ? "completed"
                      : "completed, " + std::to_string(retries) + " retry";
}

const char* outcome_color(const demo_case& c) {
  const auto* last = c.terminal_event();
  if (!last || std::holds_alternative<event::stream_error>(*last->what.body))
    return color_of("failed");
  return color_of(std::holds_alternative<event::stream_end>(*last->what.body)
                    ? "done"
                    : "stopped");
}

std::string result_line(const demo_case& c, bool colored) {
  const auto starts = c.all<event::stream_start>();
  const auto* last = c.terminal_event();
  std::string time = "-";
  if (!starts.empty() && last)
    time = in_seconds(last->at - starts.front().first);
  return ' ' + padded(c.script->workspace, 11)
         + painted(padded(outcome_of(c), 29), outcome_color(c), colored)
         + padded(c.reader.model(), 16)
         + right(std::to_string(c.requests.size()), 8)
         + right(std::to_string(c.reader.words()), 7) + right(time, 7) + '\n';
}

} // namespace

std::vector<std::string> live_table(const demo_frame& frame, bool colored) {
  std::vector<std::string> lines;
  lines.push_back(" penstock demo: " + std::to_string(frame.rows.size())
                  + " conversations at once, over real HTTP on 127.0.0.1");
  const auto head = ' ' + padded("workspace", 11) + padded("what happens", 29)
                    + padded("state", 9) + padded("model", 16) + " tokens"
                    + "   t/s";
  lines.push_back(painted(head.substr(0, demo_columns), "\x1b[2m", colored));
  std::size_t words = 0;
  double rate = 0;
  for (const auto& row : frame.rows) {
    lines.push_back(live_line(row, colored));
    words += row.words;
    rate += row.words_per_second;
  }
  auto voice = frame.voice.empty()
                 ? std::string{}
                 : ' ' + frame.voice + ": " + tail_of(frame.words_now, 62);
  lines.push_back(painted(fit(voice, demo_columns), "\x1b[2m", colored));
  lines.push_back(' '
                  + padded(std::to_string(frame.over) + " of "
                             + std::to_string(frame.rows.size()) + " over",
                           40)
                  + padded(in_seconds(frame.elapsed), 25)
                  + right(std::to_string(words), 5)
                  + right(std::to_string(static_cast<int>(rate + 0.5)), 7));
  return lines;
}

std::string result_table(const demo_evidence& evidence, bool colored) {
  const auto all = cases_of(evidence);
  auto text = painted(' ' + padded("workspace", 11) + padded("outcome", 29)
                        + padded("answered by", 16) + "requests tokens   time",
                      "\x1b[2m", colored)
              + '\n';
  std::size_t words = 0;
  for (const auto& c : all) {
    text += result_line(c, colored);
    words += c.reader.words();
  }
  const std::chrono::duration<double> time = evidence.ended - evidence.started;
  char sum[160];
  std::snprintf(sum, sizeof sum,
                " %zu conversations, %zu requests, %zu tokens in %.2f s: "
                "%.0f tokens/s\n",
                all.size(), evidence.log.answers.size(), words, time.count(),
                time.count() > 0 ? static_cast<double>(words) / time.count()
                                 : 0);
  return text + sum;
}

std::string claim_list(const std::vector<demo_claim>& claims, bool colored) {
  constexpr std::size_t indent = 8;
  std::string list;
  std::size_t held = 0;
  for (const auto& claim : claims) {
    held += claim.holds ? 1 : 0;
    list += painted(padded(claim.holds ? " ok" : " FAILED", indent),
                    color_of(claim.holds ? "done" : "failed"), colored);
    std::size_t column = indent;
    for (std::size_t at = 0; at < claim.text.size();) {
      const auto end = std::min(claim.text.find(' ', at), claim.text.size());
      if (column > indent && column + (end - at) + 1 > demo_columns) {
        list += '\n' + std::string(indent, ' ');
        column = indent;
      } else if (column > indent) {
        list += ' ';
        ++column;
      }
      list += claim.text.substr(at, end - at);
      column += end - at;
      at = end + 1;
    }
    list += '\n';
  }
  const bool all = held == claims.size();
  return list
         + painted(' ' + std::to_string(held) + " of "
                     + std::to_string(claims.size()) + " claims hold",
                   color_of(all ? "done" : "failed"), colored)
         + '\n';
}

std::string fit(std::string_view line, std::size_t columns) {
  std::string cut;
  std::size_t used = 0;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i + 1;
    if (line[i] == '\x1b') { // Up to its letter: no column.
      end = std::min(line.find('m', i), line.size() - 1) + 1;
    } else {
      const auto lead = static_cast<unsigned char>(line[i]);
      while (end < line.size()
             && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80)
        ++end;
      // U+2E80 and above begin with these bytes, but for "—" and its like.
      const bool wide = lead >= 0xF0 || (lead >= 0xE3 && lead < 0xF0)
                        || (lead == 0xE2 && i + 1 < line.size()
                            && static_cast<unsigned char>(line[i + 1]) >= 0xBA);
      used += wide ? 2 : 1;
      if (used > columns)
        return cut;
    }
    cut += line.substr(i, end - i);
    i = end;
  }
  return cut;
}

} // namespace penstock::cli
