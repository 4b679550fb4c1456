#include "tools/demo_claims.hpp"

#include "messages/check.hpp"
#include "tools/demo_claims_of_cases.hpp"

#include <algorithm>
#include <map>

namespace penstock::cli {

namespace {

using std::chrono::nanoseconds;
using cases = std::vector<demo_case>;

// ---- claims about all conversations -----------------------------------------

demo_claim claim_one_terminal(const cases& all) {
  struct count {
    std::size_t starts = 0, ends = 0;
    bool after_end = false;
  };
  std::size_t streams = 0, expected_streams = 0;
  bool sound = true;
  for (const auto& c : all) {
    expected_streams += c.script->replacement ? 2 : 1;
    std::map<stream_id, count> counts;
    for (const auto& e : c.seen->events) {
      if (std::holds_alternative<event::caught_up>(*e.what.body))
        continue; // Belongs to the subscription.
      auto& n = counts[e.what.of->stream];
      n.after_end = n.after_end || n.ends > 0;
      n.starts += std::holds_alternative<event::stream_start>(*e.what.body);
      n.ends += terminal(*e.what.body);
    }
    for (const auto& [id, n] : counts)
      if (id != stream_id{}) {
        ++streams;
        sound = sound && n.starts == 1 && n.ends == 1 && !n.after_end;
      }
  }
  return {"one_terminal_event_each",
          std::to_string(streams)
            + " streams, each with exactly one terminal event, and nothing "
              "after it",
          sound && streams == expected_streams};
}

bool ended_as_scripted(const demo_case& c) {
  const auto* last = c.terminal_event();
  if (!last || c.seen->not_started)
    return false;
  const auto& body = *last->what.body;
  if (const auto* failed = std::get_if<event::stream_error>(&body))
    return c.script->end == demo_end::failed
           && failed->why.code == c.script->why;
  if (const auto* end = std::get_if<event::stream_end>(&body))
    return c.script->end == demo_end::completed
           && end->model == c.script->answered_by;
  return c.script->end == demo_end::aborted;
}

demo_claim claim_outcomes(const cases& all) {
  std::string strays;
  for (const auto& c : all)
    if (!ended_as_scripted(c))
      strays += ' ' + c.script->workspace;
  return {"outcomes_as_scripted",
          std::to_string(all.size())
            + " conversations ended as their scripts demand"
            + (strays.empty() ? "" : ", but for:" + strays),
          strays.empty() && !all.empty()};
}

demo_claim claim_texts(const cases& all) {
  std::size_t texts = 0, bytes = 0;
  bool sound = true;
  for (const auto& c : all) {
    sound = sound && c.reader.gapless();
    if (c.script->end != demo_end::completed)
      continue;
    ++texts;
    bytes += c.reader.text().size() + c.reader.reasoning().size();
    sound = sound && c.reader.text() == c.script->text
            && c.reader.reasoning() == c.script->reasoning;
  }
  return {"texts_byte_for_byte",
          std::to_string(texts) + " complete answers, " + std::to_string(bytes)
            + " bytes, are the scripts' byte for byte, without gap or repeat",
          sound && texts > 0};
}

demo_claim claim_requests(const demo_evidence& evidence, const cases& all) {
  std::size_t expected_requests = 0;
  bool sound = true;
  for (const auto& c : all) {
    expected_requests += c.script->requests;
    sound = sound && c.requests.size() == c.script->requests;
  }
  const auto got = evidence.log.answers.size();
  return {"no_request_too_many",
          "the server got " + std::to_string(got)
            + " requests; the scripts "
              "need "
            + std::to_string(expected_requests),
          sound && got == expected_requests};
}

demo_claim claim_usage(const cases& all) {
  std::size_t checked = 0, tokens = 0;
  bool sound = true;
  for (const auto& c : all) {
    if (c.script->end != demo_end::completed || c.script->requests != 1)
      continue;
    const auto* usage = c.usage();
    const auto said =
      count_words(c.script->text) + count_words(c.script->reasoning);
    ++checked;
    tokens += said;
    sound = sound && usage && usage->known == token_usage::quality::exact
            && usage->output_total == said;
  }
  return {"usage_is_exact",
          std::to_string(checked) + " undisturbed answers report exactly the "
            + std::to_string(tokens) + " tokens that were sent",
          sound && checked > 0};
}

// ---- claims about how they ran together -------------------------------------

demo_claim claim_together(const cases& all) {
  std::multimap<steady_time, int> steps;
  for (const auto& c : all) {
    const auto starts = c.all<event::stream_start>();
    const auto* last = c.terminal_event();
    if (starts.empty() || !last)
      continue;
    steps.emplace(starts.front().first, 1);
    steps.emplace(last->at, -1);
  }
  int now = 0, most = 0;
  for (const auto& [at, change] : steps)
    most = std::max(most, now += change);
  return {"many_at_once",
          std::to_string(most) + " streams ran at the same time (at least "
            + std::to_string(demo_streams_at_once_min) + ")",
          most >= static_cast<int>(demo_streams_at_once_min)};
}

/// How long the script of the last answer takes, and how long it took.
std::optional<nanoseconds> lateness(const demo_case& c) {
  const auto* last = c.terminal_event();
  if (!last || c.requests.empty())
    return std::nullopt;
  const auto& request = *c.requests.back().answer;
  const auto answer = c.script->answers(request.request, c.requests.size() - 1);
  auto scripted = answer.head_delay + answer.end_delay;
  for (const auto& piece : answer.body)
    scripted += piece.delay * piece.times;
  return last->at - request.received - scripted;
}

demo_claim claim_nobody_waits(const demo_evidence& evidence, const cases& all) {
  nanoseconds latest_end{0}, latest_begin{0};
  std::size_t measured = 0;
  bool sound = true;
  for (const auto& c : all) {
    if (c.requests.empty()) {
      sound = false;
      continue;
    }
    latest_begin = std::max<nanoseconds>(
      latest_begin, c.requests.front().answer->received - evidence.started);
    if (c.script->end != demo_end::completed)
      continue;
    const auto late = lateness(c);
    sound = sound && late;
    latest_end = std::max(latest_end, late.value_or(nanoseconds{0}));
    ++measured;
  }
  return {"nobody_waits_for_another",
          "two workspaces never wait for each other: all first requests were "
          "there after "
            + in_words(latest_begin) + ", and no answer ended more than "
            + in_words(latest_end) + " after its last byte was due (limits "
            + in_words(demo_delay_limit) + "), though one hung",
          sound && measured > 0 && latest_begin <= demo_delay_limit
            && latest_end <= demo_delay_limit};
}

demo_claim claim_key_unseen(const demo_evidence& evidence, const cases& all) {
  bool sent = !evidence.log.answers.empty();
  for (const auto& answer : evidence.log.answers) {
    bool found = false;
    for (const auto& [name, value] : answer.request.headers)
      found = found || value.find(demo_key) != value.npos;
    sent = sent && found;
  }
  bool shown = false;
  for (const auto& c : all) {
    shown = shown || c.reader.text().find(demo_key) != std::string::npos;
    for (const auto& [at, failed] : c.all<event::stream_error>())
      shown = shown || failed->why.message.find(demo_key) != std::string::npos;
  }
  return {"key_is_not_shown",
          "the key went out with every request and is in no event, though a "
          "provider quoted it",
          sent && !shown};
}

demo_claim claim_closed(const demo_evidence& evidence) {
  const auto open = evidence.log.open_connections();
  const auto opened = evidence.log.connections.size();
  return {"nothing_left_open",
          "after the shutdown " + std::to_string(open) + " of "
            + std::to_string(opened) + " connections are open"
            + (evidence.shutdown_failed
                 ? "; " + evidence.shutdown_failed->message
                 : std::string{}),
          open == 0 && opened > 0 && !evidence.shutdown_failed};
}

void add_claims_of_cases(const cases& all, std::vector<demo_claim>& to) {
  const auto named = [&](std::string_view workspace) -> const demo_case& {
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& c) {
      return c.script->workspace == workspace;
    });
    PENSTOCK_CHECK(found != all.end());
    return *found;
  };
  to.push_back(claim_cut(named("cut"), "reset_is_continued"));
  to.push_back(claim_cut(named("severed"), "close_is_continued"));
  to.push_back(claim_refused(named("refused")));
  to.push_back(claim_rate_limited(named("limited")));
  to.push_back(claim_overloaded(named("crowded")));
  to.push_back(claim_empty(named("speechless")));
  to.push_back(claim_aborted(named("aborted")));
  to.push_back(claim_soft_stop(named("patient")));
  to.push_back(claim_replaced(named("replaced")));
  to.push_back(claim_reconnected(named("commuter")));
  to.push_back(claim_tools(named("sailor"), "tool_result_goes_back"));
  to.push_back(claim_tools(named("pilot"), "two_tool_results_go_back"));
  to.push_back(claim_locked_out(named("lockedout")));
  to.push_back(claim_stalled(named("stalled")));
}

} // namespace

std::vector<demo_claim> check_demo(const demo_evidence& evidence) {
  const auto all = cases_of(evidence);
  std::vector<demo_claim> claims;
  claims.push_back(claim_together(all));
  claims.push_back(claim_nobody_waits(evidence, all));
  claims.push_back(claim_one_terminal(all));
  claims.push_back(claim_outcomes(all));
  claims.push_back(claim_texts(all));
  add_claims_of_cases(all, claims);
  claims.push_back(claim_requests(evidence, all));
  claims.push_back(claim_usage(all));
  claims.push_back(claim_key_unseen(evidence, all));
  claims.push_back(claim_closed(evidence));
  return claims;
}

} // namespace penstock::cli
