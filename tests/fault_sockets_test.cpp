// Goal: what the fault matrix shows on virtual time also holds with sockets,
// libcurl, threads and real clocks.
// Method: the cells of fault_matrix_test that fall back on another provider's
// model, under every policy, each with a server on loopback and a runtime of
// its own, held against the same table (support/fault_cells) and the server's
// log. PENSTOCK_FAULT_CELL=<text> runs only cells whose name holds it.
#define BOOST_TEST_MODULE fault_sockets
#include <boost/test/unit_test.hpp>

#include "runtime/runtime.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/support/fault_cells.hpp"
#include "tools/loopback/loopback_server.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

using namespace penstock;
using namespace penstock::testing;
using namespace std::chrono_literals;

namespace {

// Nobody waits so long unless something hangs.
constexpr auto patience = 120s;

/// What comes of one cell. Not a Boost check: cells run on several threads.
class cell_run {
public:
  explicit cell_run(const fault_cell& c) : cell_(c), want_(outcome_of(c)) {}

  /// @returns what is wrong; empty: nothing.
  std::vector<std::string> play();

private:
  void open();
  void hear(const event_batch& batch);
  void check_end();
  void check_server();
  template <class Have, class Want>
  void same(const char* what, const Have& have, const Want& want) {
    if (!(have == want))
      wrong_.push_back(std::string{what} + " differs from the table");
  }

  const fault_cell& cell_;
  const fault_outcome want_;
  std::atomic<std::size_t> tool_runs_ = 0;
  std::unique_ptr<loopback::loopback_server> server_;
  std::mutex mutex_; // guards what follows
  transcript heard_;
  std::vector<stream_event> ends_;
  std::vector<errc> retries_;
  std::vector<std::string> wrong_;
  subscription listens_;
  std::unique_ptr<runtime> runtime_; // goes first
};

void cell_run::open() {
  loopback::server_options serve;
  serve.script = script_of(cell_);
  server_ = loopback::loopback_server::start(std::move(serve)).value();
  runtime_options how;
  for (const auto& [name, api] :
       {std::pair{"chat", "openai-chat"}, {"claude", "anthropic-messages"}}) {
    how.providers[name].api = api;
    how.providers[name].base_url = server_->url("/v1");
  }
  auto& streams = how.streams;
  streams.on_partial = cell_.policy;
  streams.restarts.backoff_base_ms = 1ms;
  // Elsewhere silence is a machine that is busy.
  if (cell_.what.what == fault_kind::stall)
    streams.clocks.first_byte_timeout_ms = streams.clocks.liveness_timeout_ms =
      500ms;
  auto look = std::make_shared<tool>();
  look->definition = {"look", "Looks", R"({"type":"object"})"};
  look->handler = [this](const tool_invocation&) {
    ++tool_runs_;
    return tool_outcome{R"({"ok":true})", false, {}};
  };
  how.tools.push_back(std::move(look));
  runtime_ = runtime::open(std::move(how)).value();
}

void cell_run::hear(const event_batch& batch) {
  const std::lock_guard lock{mutex_};
  for (const auto& e : batch) {
    if (auto why = heard_.take(e); !why.empty())
      wrong_.push_back(why);
    if (const auto* retry = std::get_if<event::attempt_retry>(e.body.get()))
      retries_.push_back(retry->error_class);
    if (terminal(*e.body))
      ends_.push_back(e);
  }
}

std::vector<std::string> cell_run::play() {
  open();
  subscription_callbacks calls;
  calls.on_events = [this](const event_batch& batch) { hear(batch); };
  listens_ = runtime_->subscribe("w", std::move(calls)).value();
  start_request request;
  request.workspace_id = "w";
  request.model = cell_.first_model();
  request.messages = {user_text("hi")};
  request.tools = {"look"};
  request.fallback.push_back({cell_.fallback_model()});
  if (!runtime_->start(std::move(request)))
    return {"the start was refused"};
  if (!runtime_->wait("w", {}, patience))
    return {"the stream did not end"};
  if (!runtime_->shutdown(patience))
    return {"the runtime did not end"};
  const std::lock_guard lock{mutex_};
  same("the number of terminal events", ends_.size(), 1u);
  if (ends_.size() == 1)
    check_end();
  same("the list of retries", retries_, want_.retries);
  same("the number of tool calls that ran", tool_runs_.load(), want_.tool_runs);
  check_server();
  return wrong_;
}

void cell_run::check_end() {
  const auto check = [&](const auto& end) {
    same("the text", said(end.parts, false), want_.text);
    same("the reasoning", said(end.parts, true), want_.reasoning);
    same("what was heard", heard_.parts(), texts_of(end.parts));
    same("the usage", tokens_of(end.usage_by_model), want_.used);
  };
  if (const auto* end = std::get_if<event::stream_end>(ends_[0].body.get())) {
    same("the outcome", errc::none, want_.failure);
    check(*end);
  } else if (const auto* e =
               std::get_if<event::stream_error>(ends_[0].body.get())) {
    same("the error's class", e->why.code, want_.failure);
    check(*e);
  } else {
    wrong_.push_back("the stream was aborted");
  }
}

// The runtime is gone: so are its connections.
void cell_run::check_server() {
  if (!server_->wait_until(
        [](const auto& log) { return log.open_connections() == 0; }, patience))
    wrong_.push_back("a connection is open");
  std::vector<std::string> asked;
  for (const auto& answer : server_->log().answers)
    for (const auto& model : {cell_.first_model(), cell_.fallback_model()})
      if (answer.request.body.find('"' + model.substr(model.find(':') + 1)
                                   + '"')
          != std::string::npos)
        asked.push_back(model);
  same("the list of requests", asked, want_.asked);
}

std::vector<fault_cell> chosen_cells() {
  const char* only = std::getenv("PENSTOCK_FAULT_CELL");
  std::vector<fault_cell> chosen;
  for (const bool claude : {false, true})
    for (std::size_t where = 0; where < fault_place_count; ++where)
      for (const auto& what : faults)
        for (const auto policy :
             {partial_policy::proceed, partial_policy::retract,
              partial_policy::stop}) {
          fault_cell cell{claude, static_cast<fault_place>(where), what,
                          fault_fallback::other_provider, policy};
          // A runtime's PROVIDERs cannot be made to crash from outside.
          if (what.what != fault_kind::crash && why_impossible(cell).empty()
              && (!only || cell.name().find(only) != std::string::npos))
            chosen.push_back(cell);
        }
  return chosen;
}

} // namespace

BOOST_AUTO_TEST_CASE(faults_of_real_sockets_end_as_those_of_virtual_time) {
  const auto cells = chosen_cells();
  std::vector<std::vector<std::string>> wrong(cells.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> players;
  for (int i = 0; i < 24; ++i)
    players.emplace_back([&] {
      for (std::size_t n = next++; n < cells.size(); n = next++)
        wrong[n] = cell_run{cells[n]}.play();
    });
  players.clear();
  for (std::size_t n = 0; n < cells.size(); ++n)
    for (const auto& why : wrong[n])
      BOOST_ERROR(cells[n].name() + ": " + why);
  std::cout << cells.size() << " cells run\n";
  BOOST_TEST(!cells.empty());
}
