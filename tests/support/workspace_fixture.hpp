// One workspace's rules in a world of cardboard: time moves when told to, the
// store answers when told to, attempts say what the test says.
#pragma once

#include "actors/workspace_core.hpp"
#include "tests/support/collecting_sink.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::testing {

/// Records what a workspace wants, and keeps its deadlines.
class cardboard_world final : public workspace_ports {
public:
  steady_time time{};
  std::uint64_t next_random = 1;
  std::vector<run_attempt> attempts;
  std::vector<attempt_id> cancelled;
  std::vector<stream_id> forgotten;
  struct pending_write {
    std::vector<store_record> records;
    std::uint64_t token;
  };
  std::deque<pending_write> writes;  ///< Not yet answered.
  std::vector<store_record> durable; ///< Answered, in order.
  std::vector<std::pair<subscription_id, stream_id>> loads;
  std::multimap<steady_time, std::pair<deadline_id, deadline_due>> deadlines;
  std::vector<deadline_due> disarmed; ///< They may have been on their way.
  std::vector<std::pair<call_id, tool_run>> tools;
  struct preparation {
    stream_id stream;
    std::uint64_t generation;
    std::function<void(step_plan&)> hook;
    step_plan plan;
  };
  std::vector<preparation> preparations;
  std::deque<step_prepared> observed; ///< Not yet answered.
  std::vector<std::pair<stream_id, scratch_request>> scratch_wanted;
  std::vector<std::shared_ptr<scratch_dir>> scratch_removed;
  std::vector<std::uint64_t> offers;
  std::optional<std::vector<parked_subscriber>> retired;
  std::size_t detached = 0;
  std::shared_ptr<stop_mark> mark; ///< Of the newest stream that was begun.

private:
  steady_time now() const override { return time; }
  wall_time wall_now() const override { return {}; }
  std::uint64_t random() override { return next_random++; }
  void run(run_attempt m) override { attempts.push_back(std::move(m)); }
  void cancel(attempt_id id) override { cancelled.push_back(id); }
  void forget(stream_id id) override { forgotten.push_back(id); }
  void write(std::vector<store_record> records, std::uint64_t token) override {
    writes.push_back({std::move(records), token});
  }
  void load_stream(subscription_id s, stream_id id) override {
    loads.emplace_back(s, id);
  }
  deadline_id arm(std::chrono::milliseconds delay, deadline_due what) override;
  void disarm(deadline_id id) override;
  void run_tool(call_id call, tool_run what) override {
    tools.emplace_back(call, std::move(what));
  }
  void prepare(stream_id stream, std::uint64_t generation,
               std::function<void(step_plan&)> hook, step_plan plan) override {
    preparations.push_back(
      {stream, generation, std::move(hook), std::move(plan)});
  }
  void observe(stream_id stream, std::uint64_t generation,
               std::function<void()> call,
               std::shared_ptr<const prompt> what) override {
    call();
    observed.push_back({stream, generation, std::move(what)});
  }
  void make_scratch(stream_id stream, scratch_request what) override {
    scratch_wanted.emplace_back(stream, std::move(what));
  }
  void remove_scratch(std::shared_ptr<scratch_dir> dir) override {
    scratch_removed.push_back(std::move(dir));
  }
  std::shared_ptr<void> link(std::stop_token, stream_id) override {
    return std::make_shared<int>(0);
  }
  std::shared_ptr<const stop_mark> stop_mark_of(stream_id) override {
    return mark = std::make_shared<stop_mark>();
  }
  void offer_passivation(std::uint64_t received) override {
    offers.push_back(received);
  }
  void retire(std::vector<parked_subscriber> parked) override {
    retired = std::move(parked);
  }
  void worker_detached() override { ++detached; }

  std::uint64_t next_deadline_ = 1;
};

/// Verbs, so that a test reads as a story.
struct workspace_fixture {
  cardboard_world world;
  transition_counts counts{};
  tool_set registered;
  workspace_settings settings = make_settings();
  std::shared_ptr<collecting_sink> sink = std::make_shared<collecting_sink>();
  std::vector<expected<stream_id>> started; ///< Answers to starts, in order.
  std::vector<expected<stop_result>> stopped;
  std::vector<expected<stream_outcome>> ended;
  bool store_answers = true; ///< Writes are durable as soon as they are made.
  std::uint32_t next_index = 0;
  /// Last: what it drops unanswered is answered into the members above.
  std::optional<workspace_core> core;

  explicit workspace_fixture(bool open_it = true);

  void open(); ///< Makes the core; the history is there; `sink` subscribes.
  workspace_settings make_settings();

  start_request ask(std::string text = "hi") const;
  void start(start_request request);
  /// A start that runs: registered, its first attempt started.
  void begin(start_request request);
  void begin() { begin(ask()); }
  void stop(std::optional<stream_id> stream = {}, bool soft = false,
            bool abandon = false);
  void await(std::optional<stream_id> stream = {});
  std::shared_ptr<collecting_sink> subscribe(std::uint64_t id,
                                             std::optional<position> after = {},
                                             bool holds_credit = false);

  /// The present attempt.
  const run_attempt& attempt() const { return world.attempts.back(); }
  void attempt_starts();
  void parts(std::vector<stream_part> parts, bool finish_seen = false);
  void text(part_key key, std::string bytes) {
    parts({part::text{key, std::move(bytes)}});
  }
  void call(part_key key, std::string id, std::string name, std::string input);
  /// The attempt ends; the supervisor judges so.
  void settle(attempt_verdict verdict);
  void finishes(finish_reason reason = finish_reason::stop);
  void retries(errc why, std::string next_model = "test:one");
  void is_defeated(errc why);
  void is_cancelled();

  void tool_answers(std::string output_json, bool is_error = false);
  void answer_writes(error why = {}); ///< All there are, and what follows.
  /// As `answer_writes`, if `store_answers`. Observers have seen their steps.
  void settle_store();
  void advance(std::chrono::milliseconds by);

  /// No violation so far, and as many terminals as starts.
  std::string trouble() const;

  token_usage usage{token_usage::quality::exact, 10, 0, 0, 5, 0};
};

} // namespace penstock::testing
