// Goal: whatever an attempt meets and wherever, the stream ends once and as
// SPEC §6 says, with no token lost and none twice, each attempt's usage booked
// once, and requests that carry what they must and nothing else.
// Method: real WORKSPACE, SUPERVISOR and PROVIDERs on virtual time; every cell
// of {place} x {fault} x {fallback} x {policy} x {API of the first model} is
// held against a table that is written from the SPEC (support/fault_cells).
// PENSTOCK_FAULT_CELL=<text> runs only cells whose name holds it, and loudly.
#define BOOST_TEST_MODULE fault_matrix
#include <boost/test/unit_test.hpp>

#include "tests/support/fault_cells.hpp"
#include "tests/support/stream_world.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <iostream>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

bool holds(const std::string& text, std::string_view what) {
  return text.find(what) != text.npos;
}

/// What a request makes the assistant have said last, and how it asks on.
struct request_tail {
  std::string roles; ///< "u", "uat", …: user, assistant, tool.
  std::string text;  ///< Of the last assistant message; empty: it has calls.
};

std::string text_in(const json& content) {
  if (content.is_string())
    return content;
  std::string text;
  for (const auto& block : content)
    if (block.is_object() && block.value("type", "") == "text")
      text += block.value("text", "");
  return text;
}

request_tail tail_of(const http_request& request) {
  request_tail tail;
  const auto body = json::parse(request.body);
  for (const auto& m : body.at("messages")) {
    const auto role = m.at("role").get<std::string>();
    tail.roles += role[0];
    if (role == "assistant")
      tail.text = text_in(m.at("content"));
  }
  return tail;
}

struct cell_run {
  const fault_cell& cell;
  const fault_outcome want;
  stream_world& world;
  watched_workspace* w = nullptr;
  std::size_t tool_runs = 0;

  cell_run(const fault_cell& c, stream_world& in)
    : cell(c), want(outcome_of(c)), world(in) {}

  void play();
  void check() const;

private:
  void check_end() const;
  void check_transcript(const std::vector<final_part>& parts) const;
  void check_usage(const std::vector<model_usage>& usage) const;
  void check_requests() const;
  void check_request(std::size_t attempt, const http_request& request) const;
  std::vector<transfer_record> requests() const;
};

void cell_run::play() {
  auto look = std::make_shared<tool>();
  look->definition = {"look", "Looks", R"({"type":"object"})"};
  look->handler = [this](const tool_invocation&) {
    ++tool_runs;
    return tool_outcome{R"({"ok":true})", false, {}};
  };
  world.options.on_partial = cell.policy;
  world.play(script_of(cell));
  auto& crashing = (cell.claude ? world.claude : world.chat).crash_at_start;
  crashing.clear();
  if (cell.what.what == fault_kind::crash
      && cell.where == fault_place::before_headers)
    crashing.push_back(
      cell.first_model().substr(cell.first_model().find(':') + 1));
  w = &world.open(cell.name());
  auto request = world.ask(*w, cell.first_model());
  request.tools.push_back(std::shared_ptr<const tool>{look});
  if (cell.then != fault_fallback::none)
    request.fallback.push_back({cell.fallback_model()});
  world.start(*w, std::move(request));
  world.advance(1h);
}

void cell_run::check() const {
  for (const auto& wrong : w->sink->violations)
    BOOST_ERROR(wrong);
  BOOST_TEST(w->sink->heard.starts() == 1u);
  BOOST_REQUIRE_EQUAL(w->sink->heard.ends(), 1u);
  BOOST_TEST(world.http->running() == 0u);
  BOOST_TEST(tool_runs == want.tool_runs);
  check_end();
  check_requests();
  std::vector<std::string> retries, expected;
  for (const auto& retry : w->sink->all<event::attempt_retry>())
    retries.emplace_back(to_string(retry.error_class));
  for (const auto code : want.retries)
    expected.emplace_back(to_string(code));
  BOOST_TEST(retries == expected, boost::test_tools::per_element());
}

void cell_run::check_end() const {
  const auto* failed = w->end<event::stream_error>();
  const auto* completed = w->end<event::stream_end>();
  BOOST_REQUIRE((failed || completed));
  BOOST_TEST(to_string(failed ? failed->why.code : errc::none)
             == to_string(want.failure));
  auto names = failed ? failed->failed_models : completed->failed_models;
  const auto& refused =
    failed ? failed->refused_models : completed->refused_models;
  names.insert(names.end(), refused.begin(), refused.end());
  const bool refusal = cell.what.what == fault_kind::refusal;
  const bool lost = failed || want.asked.back() != want.asked.front();
  BOOST_TEST(names.size() == (lost ? 1u : 0u));
  if (lost && !names.empty()) {
    BOOST_TEST(names.front() == cell.first_model());
    BOOST_TEST(refused.size() == (refusal ? 1u : 0u));
  }
  if (completed) {
    BOOST_TEST(completed->model == want.asked.back());
    BOOST_TEST(completed->requested_model == cell.first_model());
  }
  check_transcript(failed ? failed->parts : completed->parts);
  check_usage(failed ? failed->usage_by_model : completed->usage_by_model);
}

// The terminal's parts are authoritative, and what was told adds up to them.
void cell_run::check_transcript(const std::vector<final_part>& parts) const {
  BOOST_TEST(said(parts, false) == want.text);
  BOOST_TEST(said(parts, true) == want.reasoning);
  BOOST_TEST((w->sink->heard.parts() == texts_of(parts)));
  for (const auto& p : parts)
    if (const auto* call = std::get_if<tool_call_content>(&p.content))
      BOOST_TEST(!holds(call->input_json, "-cut"));
}

void cell_run::check_usage(const std::vector<model_usage>& usage) const {
  BOOST_TEST((tokens_of(usage) == want.used));
  // Once per attempt, whatever became of it.
  std::vector<std::string> models;
  for (const auto& u : world.store->used)
    if (u.attempt.stream == w->started.front()) {
      models.push_back(u.model);
      BOOST_TEST(u.attempt.number == models.size());
    }
  BOOST_TEST(models == want.asked, boost::test_tools::per_element());
}

std::vector<transfer_record> cell_run::requests() const {
  return world.transfers();
}

void cell_run::check_requests() const {
  // An attempt whose actor never came up has sent nothing.
  std::vector<std::size_t> sent;
  for (std::size_t i = 0; i < want.asked.size(); ++i)
    if (cell.what.what != fault_kind::crash
        || cell.where != fault_place::before_headers
        || want.asked[i] != cell.first_model())
      sent.push_back(i);
  const auto made = requests();
  BOOST_REQUIRE_EQUAL(made.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i)
    BOOST_TEST_CONTEXT("attempt " << sent[i] + 1)
  check_request(sent[i], made[i].request);
}

void cell_run::check_request(std::size_t attempt,
                             const http_request& request) const {
  const auto& model = want.asked[attempt];
  const bool claude = model.starts_with("claude");
  const auto wire = model.substr(model.find(':') + 1);
  BOOST_TEST(holds(request.body, '"' + wire + '"'));
  const auto tail = tail_of(request);
  const auto& kept = want.sent_on[attempt];
  std::string roles = "u";
  if (want.after_tool[attempt])
    roles += claude ? "au" : "at";
  if (!kept.empty()) // as a prefill, where the model takes one
    roles += wire == "claude-haiku-4-5" ? "a" : "au";
  BOOST_TEST(tail.roles == roles);
  BOOST_TEST(tail.text == kept);
  BOOST_TEST(!holds(request.body, "-cut"), "a call that was cut is sent on");
  if (cell.where == fault_place::mid_reasoning)
    BOOST_TEST(!holds(request.body, "r0"), "cut reasoning is sent on");
  if (model != cell.first_model())
    BOOST_TEST(!holds(request.body, "sig-"), "a foreign signature is sent on");
  else if (cell.claude && cell.where == fault_place::after_whole_call
           && want.after_tool[attempt])
    BOOST_TEST(holds(request.body, "sig-p0"), "a signature is lost");
}

template <class F>
void each_cell(F visit) {
  for (const bool claude : {false, true})
    for (std::size_t where = 0; where < fault_place_count; ++where)
      for (const auto& what : faults)
        for (const auto then :
             {fault_fallback::none, fault_fallback::same_provider,
              fault_fallback::other_provider})
          for (const auto policy :
               {partial_policy::proceed, partial_policy::retract,
                partial_policy::stop})
            visit(fault_cell{claude, static_cast<fault_place>(where), what,
                             then, policy});
}

} // namespace

BOOST_AUTO_TEST_CASE(every_fault_at_every_place_ends_as_the_contract_says) {
  const char* only = std::getenv("PENSTOCK_FAULT_CELL");
  std::size_t cells = 0, run = 0;
  std::map<std::string, std::size_t> impossible;
  each_cell([&](const fault_cell& cell) {
    ++cells;
    if (const auto why = why_impossible(cell); !why.empty()) {
      ++impossible[std::string{why}];
      return;
    }
    if (only && !holds(cell.name(), only))
      return;
    ++run;
    BOOST_TEST_CONTEXT(cell.name()) {
      stream_world world;
      cell_run one{cell, world};
      one.play();
      if (only)
        for (const auto& name : one.w->sink->names())
          std::cout << cell.name() << ": " << name << '\n';
      one.check();
    }
  });
  std::cout << run << " of " << cells << " cells run; impossible:\n";
  std::size_t left_out = 0;
  for (const auto& [why, count] : impossible) {
    std::cout << "  " << count << ": " << why << '\n';
    left_out += count;
  }
  if (!only)
    BOOST_TEST(run + left_out == cells);
}
