#include "tools/demo_claims_of_cases.hpp"

#include <cstdio>

namespace penstock::cli {

namespace {

using loopback::closer;
using std::chrono::nanoseconds;

std::string many(std::size_t n, const char* what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

bool completed(const demo_case& c) {
  const auto* last = c.terminal_event();
  return last && std::holds_alternative<event::stream_end>(*last->what.body);
}

/// One retry that the user was told of, with this class.
bool told_of_retry(const demo_case& c, errc why) {
  const auto retries = c.all<event::attempt_retry>();
  return retries.size() == 1 && retries[0].second->error_class == why;
}

/// The time between two requests; absent unless there are exactly two.
std::optional<nanoseconds> between_requests(const demo_case& c) {
  if (c.requests.size() != 2)
    return std::nullopt;
  return c.requests[1].answer->received - c.requests[0].answer->received;
}

/// From the user's action until the server saw the first request's connection
/// close; absent if it was not the client that closed it in mid-answer.
std::optional<nanoseconds> closed_after_action(const demo_case& c) {
  if (c.requests.empty() || !c.seen->acted
      || !c.requests[0].answer->cut_by_peer)
    return std::nullopt;
  return *c.requests[0].answer->cut_by_peer - *c.seen->acted;
}

bool within_close_limit(const std::optional<nanoseconds>& time) {
  return time && *time >= nanoseconds{0} && *time <= demo_close_limit;
}

std::string closed_text(const std::optional<nanoseconds>& time) {
  return time ? in_words(*time) + " after it (limit "
                  + in_words(demo_close_limit) + ")"
              : "never";
}

const event::stream_abort* abort_by_user(const demo_case& c) {
  const auto* last = c.terminal_event();
  const auto* abort =
    last ? std::get_if<event::stream_abort>(last->what.body.get()) : nullptr;
  return abort && abort->why == event::stream_abort::reason::user ? abort
                                                                  : nullptr;
}

const event::stream_error* failure(const demo_case& c) {
  const auto* last = c.terminal_event();
  return last ? std::get_if<event::stream_error>(last->what.body.get())
              : nullptr;
}

std::size_t occurrences(const std::string& text, std::string_view of) {
  std::size_t count = 0;
  for (auto at = text.find(of); at != text.npos; at = text.find(of, at + 1))
    ++count;
  return count;
}

/// What the user had read when the retry was announced.
std::string text_before_retry(const demo_case& c) {
  demo_reader reader;
  for (const auto& e : c.seen->events) {
    if (std::holds_alternative<event::attempt_retry>(*e.what.body))
      break;
    reader.take(e.what);
  }
  return reader.text();
}

} // namespace

std::string in_words(nanoseconds time) {
  const auto ms = std::chrono::duration<double, std::milli>(time).count();
  char text[32];
  if (ms < 1'000)
    std::snprintf(text, sizeof text, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
  else
    std::snprintf(text, sizeof text, "%.2f s", ms / 1'000);
  return text;
}

demo_claim claim_cut(const demo_case& c, std::string name) {
  const auto partial = text_before_retry(c);
  const bool cut = c.requests.size() == 2
                   && c.requests[0].connection->closed_by == closer::server
                   && !c.requests[0].answer->complete;
  const bool carried = cut && !partial.empty()
                       && partial_in(c.requests[1].answer->request) == partial;
  return {std::move(name),
          c.script->workspace + ": cut by the server after "
            + many(partial.size(), "byte")
            + "; a second request carried them, and the text in the end is "
              "the script's, byte for byte",
          carried && completed(c) && c.reader.gapless()
            && c.reader.text() == c.script->text};
}

demo_claim claim_refused(const demo_case& c) {
  const auto ends = c.all<event::stream_end>();
  const bool asked_once_each =
    c.requests.size() == 2
    && wire_model_of(c.requests[0].answer->request) == "prim"
    && wire_model_of(c.requests[1].answer->request) == "calm";
  return {"fallback_answers",
          c.script->workspace + ": " + c.script->request.model
            + " got exactly one request and declined; " + c.script->answered_by
            + " answered",
          asked_once_each && ends.size() == 1
            && ends[0].second->model == c.script->answered_by
            && ends[0].second->refused_models
                 == std::vector{c.script->request.model}
            && c.reader.text() == c.script->text};
}

demo_claim claim_rate_limited(const demo_case& c) {
  const auto waited = between_requests(c);
  return {"rate_limit_is_respected",
          c.script->workspace + ": told to wait " + in_words(c.script->delay)
            + ", asked again after "
            + (waited ? in_words(*waited) : std::string{"?"}),
          waited && *waited >= c.script->delay && completed(c)
            && told_of_retry(c, errc::rate_limit)};
}

demo_claim claim_overloaded(const demo_case& c) {
  const auto waited = between_requests(c);
  return {"overload_is_retried",
          c.script->workspace + ": HTTP 529, asked again after "
            + (waited ? in_words(*waited) : std::string{"?"}) + ", answered",
          waited && completed(c) && told_of_retry(c, errc::overloaded)};
}

demo_claim claim_empty(const demo_case& c) {
  return {"empty_answer_is_retried_silently",
          c.script->workspace
            + ": an empty answer, asked again; the user noticed nothing",
          c.requests.size() == 2 && c.requests[0].answer->complete
            && completed(c) && c.all<event::attempt_retry>().empty()
            && c.all<event::retract>().empty()};
}

demo_claim claim_aborted(const demo_case& c) {
  const auto time = closed_after_action(c);
  return {"abort_closes_the_socket",
          c.script->workspace + ": stopped; the server saw its socket close "
            + closed_text(time),
          within_close_limit(time) && c.requests.size() == 1 && abort_by_user(c)
            && !c.reader.text().empty()
            && c.script->text.rfind(c.reader.text(), 0) == 0};
}

demo_claim claim_soft_stop(const demo_case& c) {
  const bool closed =
    c.requests.size() == 1 && c.requests[0].answer->cut_by_peer;
  return {"soft_stop_ends_at_a_boundary",
          c.script->workspace
            + ": stopped softly while it thought; the thought is complete ("
            + many(c.reader.reasoning().size(), "byte")
            + "), no answer was begun, the socket was closed",
          closed && abort_by_user(c)
            && c.reader.reasoning() == c.script->reasoning
            && c.reader.text().empty()};
}

demo_claim claim_replaced(const demo_case& c) {
  const auto time = closed_after_action(c);
  // stream_start, …, stream_abort(replaced), stream_start, …, stream_end
  std::string order;
  for (const auto& e : c.seen->events) {
    const auto* abort = std::get_if<event::stream_abort>(e.what.body.get());
    if (std::holds_alternative<event::stream_start>(*e.what.body))
      order += 's';
    else if (abort)
      order += abort->why == event::stream_abort::reason::replaced ? 'r' : 'a';
    else if (terminal(*e.what.body))
      order += 't';
  }
  const bool closed_first =
    c.requests.size() == 2 && c.requests[0].answer->cut_by_peer
    && *c.requests[0].answer->cut_by_peer <= c.requests[1].answer->received;
  return {"newer_start_replaces",
          c.script->workspace + ": a newer question; the old socket was closed "
            + closed_text(time)
            + " and before the new request, the old stream ended before the "
              "new one began",
          within_close_limit(time) && closed_first && order == "srst"
            && c.reader.text() == c.script->text};
}

demo_claim claim_reconnected(const demo_case& c) {
  std::size_t missed = 0;
  bool sound = c.seen->left_after && c.seen->came_back
               && *c.seen->left_after < c.seen->events.size();
  if (sound) {
    demo_reader reader;
    for (std::size_t i = 0; i < *c.seen->left_after; ++i)
      reader.take(c.seen->events[i].what);
    sound = reader.streams_ended() == 0 && !reader.text().empty();
    const auto before = reader.text().size();
    // All that was missed comes in the first delta after the return.
    for (const auto& [at, delta] : c.all<event::text_delta>())
      if (at >= *c.seen->came_back) {
        sound = sound && delta->offset == before;
        missed = delta->text.size();
        break;
      }
  }
  return {"reconnect_by_position",
          c.script->workspace + ": away for "
            + (c.seen->came_back && c.seen->acted
                 ? in_words(*c.seen->came_back - *c.seen->acted)
                 : std::string{"?"})
            + "; its position brought " + many(missed, "missed byte")
            + ", none twice, and the text is the script's; the model was asked "
              "once",
          sound && missed > 0 && c.reader.gapless() && c.requests.size() == 1
            && completed(c) && c.reader.text() == c.script->text};
}

demo_claim claim_tools(const demo_case& c, std::string name) {
  const auto results = c.all<event::tool_result>();
  bool sound =
    completed(c) && c.requests.size() == 2
    && results.size() == c.script->tool_calls
    && c.all<event::tool_execution_start>().size() == c.script->tool_calls;
  for (const auto& [at, result] : results)
    sound = sound && !result->is_error;
  if (sound)
    sound = occurrences(c.requests[0].answer->request.body, "14:07") == 0
            && occurrences(c.requests[1].answer->request.body, "14:07")
                 == c.script->tool_calls;
  return {std::move(name),
          c.script->workspace + ": " + many(c.script->tool_calls, "tool call")
            + " ran, and the next request told the model what came of it",
          sound};
}

demo_claim claim_locked_out(const demo_case& c) {
  const auto* why = failure(c);
  const auto message = why ? why->why.message : std::string{"?"};
  return {"bad_key_fails_at_once",
          c.script->workspace + ": one request, then: \"" + message + "\"",
          why && why->why.code == errc::authentication && !why->retryable
            && why->why.provider_status == 401 && !message.empty()
            && c.requests.size() == 1};
}

demo_claim claim_stalled(const demo_case& c) {
  const auto* why = failure(c);
  const auto deltas = c.all<event::text_delta>();
  const auto& requests = c.requests;
  std::optional<nanoseconds> silence;
  // The last byte came after the request, and its words after the last byte.
  bool sound = why && why->why.code == errc::timeout && !deltas.empty()
               && requests.size() == 1 && requests[0].answer->cut_by_peer;
  if (sound) {
    const auto closed = *requests[0].answer->cut_by_peer;
    silence = closed - deltas.back().first;
    sound =
      closed - requests[0].answer->received >= c.script->delay
      && *silence > nanoseconds{0}
      && *silence <= c.script->delay + demo_delay_limit
      && why->why.message.find("liveness_timeout_ms") != std::string::npos;
  }
  return {"silence_is_ended_by_a_clock",
          c.script->workspace + ": silent; its socket was closed after "
            + (silence ? in_words(*silence) : std::string{"?"})
            + " by liveness_timeout_ms (" + in_words(c.script->delay)
            + "), its words are kept",
          sound};
}

} // namespace penstock::cli
