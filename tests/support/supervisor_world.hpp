// The rules of SUPERVISOR in a world of cardboard: what goes out is written
// down, and nothing comes in unless the test says so.
#pragma once

#include "actors/supervisor_core.hpp"
#include "tests/support/test_model.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::testing {

/// A story is words, and what comes of it another: "run report exit" makes
/// "1.1 runs a:one, 1.1 complete".
///
///   run run+500  the first attempt of stream 1, at once or after 500 ms
///   hedge        its attempt 2, of the next model, races with it
///   answered     by its endpoint
///   report, empty, cut, fail, busy, stopped
///                PROVIDER's last word: a whole answer, nothing at all, an
///                error behind output, one without, one that asks for 5 s of
///                patience, or that we have stopped it
///   exit         PROVIDER leaves
///   later        what SUPERVISOR told itself meanwhile
///   cancel forget drop
///                of WORKSPACE; its link is cancelled before the attempt runs
///   tick500      500 ms go by
///
/// "@3" behind a word is stream 3, "@h" the hedge of stream 1.
struct supervisor_world final : supervisor_ports {
  std::vector<std::string> models{"a:one", "b:two"};
  stream_options options;
  endpoint_options endpoints;
  std::set<std::string> unresolved; ///< By "provider:model".
  steady_time time{std::chrono::hours{1}};
  attempt_counts counts{};
  std::optional<supervisor_core> core;

  std::map<std::uint64_t, std::string> workspaces; ///< By stream, or "w".
  std::vector<attempt_settled> settled;
  std::vector<provider_order> spawned;
  std::deque<attempt_ended> later;
  std::string told; ///< Since `play` was called last.

  supervisor_world() {
    endpoints.cold_start_hold_ms = milliseconds{0};
    core.emplace(*this, &counts);
  }

  ~supervisor_world() override { core.reset(); }

  /// @returns what came of it.
  std::string play(const std::string& story) {
    told.clear();
    std::istringstream words{story};
    for (std::string word; words >> word;)
      take(word);
    return told;
  }

  std::string workspace_of(std::uint64_t stream) const {
    const auto own = workspaces.find(stream);
    return own == workspaces.end() ? "w" : own->second;
  }

  void run(attempt_id id, const std::string& model, milliseconds delay = {},
           std::uint32_t hedges = 0, bool dropped = false) {
    auto plan = std::make_shared<stream_plan>();
    plan->workspace_id = workspace_of(static_cast<std::uint64_t>(id.stream));
    plan->models = models;
    plan->options = std::make_shared<stream_options>(options);
    run_attempt m;
    m.attempt = id;
    m.plan = std::move(plan);
    m.model = model;
    m.prompt = std::make_shared<const prompt>();
    m.link = std::make_shared<attempt_link>(1'024);
    if (dropped)
      m.link->cancel();
    m.delay = delay;
    m.hedges = hedges;
    core->on(m);
  }
  void cancel(attempt_id id) { core->on(cancel_attempt{id, of(id)}); }
  void report(attempt_id id, attempt_report what) {
    core->on(attempt_ended{id, of(id), std::move(what)});
  }
  void exit(attempt_id id, const std::string& why = "") {
    core->provider_exited(id, of(id), why);
  }

  void tick(milliseconds by) {
    const auto until = time + by;
    for (;;) {
      const auto next = std::min_element(
        armed_.begin(), armed_.end(), [](const auto& x, const auto& y) {
          return x.second.first < y.second.first;
        });
      if (next == armed_.end() || next->second.first > until)
        break;
      time = std::max(time, next->second.first);
      const auto due = next->second.second;
      armed_.erase(next);
      core->on(due);
    }
    time = until;
  }
  std::size_t armed() const { return armed_.size(); }

  std::vector<endpoint_view> health() {
    std::vector<endpoint_view> seen;
    core->on(view_health{
      reply<std::vector<endpoint_view>>{[&](auto v) { seen = *v; }}});
    return seen;
  }

  static attempt_report ending(std::string_view how) {
    attempt_report r;
    r.stopped = how == "stopped";
    r.any_part = how == "report" || how == "cut";
    if (how == "report" || how == "empty")
      r.finished = finish{finish_reason::stop, "stop"};
    if (how == "cut" || how == "fail")
      r.failure = error{errc::server_error, "down", 500, {}, {}};
    if (how == "busy")
      r.failure =
        error{errc::overloaded, "busy", 529, std::chrono::seconds{5}, {}};
    return r;
  }

private:
  std::string of(attempt_id id) const {
    return workspace_of(static_cast<std::uint64_t>(id.stream));
  }

  void take(std::string word) {
    attempt_id id{stream_id{1}, 1};
    if (const auto at = word.find('@'); at != std::string::npos) {
      if (word.substr(at) == "@h")
        id.number = 2;
      else
        id.stream = stream_id{std::stoull(word.substr(at + 1))};
      word.resize(at);
    }
    if (word.starts_with("run"))
      run(id, models.front(),
          milliseconds{word == "run" ? 0 : std::stoi(word.substr(4))});
    else if (word == "drop")
      run(id, models.front(), {}, 0, true);
    else if (word == "hedge")
      run({id.stream, 2}, models.at(1), {}, 1);
    else if (word == "answered")
      core->on(attempt_answered{id, of(id)});
    else if (word == "exit")
      exit(id);
    else if (word == "later")
      tell_what_was_put_off();
    else if (word == "cancel")
      cancel(id);
    else if (word == "forget")
      core->on(forget_stream{id.stream, of(id)});
    else if (word.starts_with("tick"))
      tick(milliseconds{std::stoi(word.substr(4))});
    else
      report(id, ending(word));
  }
  void tell_what_was_put_off() {
    for (; !later.empty(); later.pop_front())
      core->on(later.front());
  }

  void write(attempt_id id, const std::string& what) {
    told += (told.empty() ? "" : ", ")
            + std::to_string(static_cast<std::uint64_t>(id.stream)) + "."
            + std::to_string(id.number) + " " + what;
  }

  // ---- the ports -----------------------------------------------------------

  steady_time now() const override { return time; }
  double dice() override { return 0.5; }
  expected<resolved_model> resolve(const std::string& name) const override {
    if (unresolved.contains(name))
      return fail(errc::authentication, "no key");
    return test_model(name);
  }
  const endpoint_options& options_of(const std::string&) const override {
    return endpoints;
  }
  void tell(const workspace_actor&, attempt_started m) override {
    write(m.attempt, "runs " + m.model);
  }
  void tell(const workspace_actor&, attempt_settled m) override {
    constexpr const char* names[] = {"complete", "cut_calls", "retry",
                                     "defeat",   "cancelled", "yielded"};
    const auto& v = m.verdict;
    std::string text = names[static_cast<std::size_t>(v.what)];
    if (v.what == attempt_verdict::kind::retry)
      text += " " + v.next_model
              + (v.delay.count() > 0 ? "+" + std::to_string(v.delay.count())
                                     : std::string{});
    if (v.why.code != errc::none)
      text += " (" + std::string{to_string(v.why.code)} + ")";
    write(m.attempt, text);
    settled.push_back(std::move(m));
  }
  provider_actor spawn(provider_order order) override {
    spawned.push_back(std::move(order));
    return {};
  }
  // Its link was cancelled before: that tells whose it is.
  void abandon(const provider_actor&) override {
    told += told.empty() ? "abandon" : ", abandon";
  }
  void tell_later(attempt_ended m) override { later.push_back(std::move(m)); }
  deadline_id arm(steady_time when, deadline_due what) override {
    const deadline_id id{++last_deadline_};
    armed_.emplace(id, std::pair{when, what});
    return id;
  }
  void disarm(deadline_id id) override { armed_.erase(id); }

  std::map<deadline_id, std::pair<steady_time, deadline_due>> armed_;
  std::uint64_t last_deadline_ = 0;
};

} // namespace penstock::testing
