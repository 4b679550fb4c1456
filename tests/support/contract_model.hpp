// What SPEC §2 to §5 ask of one workspace, written down a second time: a small
// model that is told what the real rules are told, and says what they owe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace penstock::testing {

/// Knows none of the types of the runtime's rules: ids are numbers, answers are
/// words. Callers have numbers; whoever is not to be answered has 0.
class contract_model {
public:
  struct start_story {
    std::size_t caller = 0;
    std::optional<std::uint64_t> named;
    bool with_history = false, scratch = false, hook = false;
    std::string text;
    std::stop_token token;
  };
  struct stop_story {
    std::size_t caller = 0;
    std::optional<std::uint64_t> named;
    bool soft = false, abandon = false;
  };
  /// A part as the network sends it. Keys count within one attempt.
  struct wire_part {
    enum class kind { text, text_end, call, open_call, provider_result } what{};
    std::uint32_t key = 0;
    std::string bytes; ///< Of a text, or the id of a call.
    bool read_only = false, known = true;
  };
  enum class verdict { complete, paused, cut_calls, retry, refusal, defeat };

  bool retract_partial = false;
  std::uint32_t steps_max = 4;

  // Commands.
  void start(start_story s);
  void stop(stop_story s);
  /// A hard stop of the stream that runs has been asked for, and is on its way.
  void stop_comes();
  void await(std::size_t caller, std::optional<std::uint64_t> named);
  void enqueue(std::size_t caller, std::string text, bool tool_end);
  void edit(std::size_t caller, std::uint64_t from);
  void shutdown();

  // What the world answers. Empty `why`: it went well.
  /// The store has said what became of the stream that was asked for first.
  void looked_up();
  void left(); ///< It has retired.
  /// Numbers that only a start which never began had are given again.
  void revived() {
    loaded_ = false;
    last_sequence_ = stored_sequence_;
  }
  void loaded(std::string why);
  /// Of the names that were asked about first.
  void names_looked_up(std::string why);
  void opened(std::uint64_t stream, std::uint64_t sequence, std::string why);
  void closed(std::uint64_t stream, std::string why);
  void scratch(std::uint64_t stream, bool made);
  void prepared(std::uint64_t stream, bool latest, bool well);
  void flushed(std::uint64_t stream, bool well);
  void edit_written(bool well);
  void enqueue_written(bool well);
  /// Whether this is the enqueued message whose record is due next.
  bool enqueued_last(const std::string& text) const;
  void parts(std::uint32_t attempt, const std::vector<wire_part>& what,
             bool finish_seen);
  void settled(std::uint32_t attempt, verdict what);
  void begun(std::uint32_t attempt);
  void supervisor_lost();
  void call_started(const std::string& id, bool well);
  void handler_returned(const std::string& id);
  void call_recorded(const std::string& id, bool well);
  void kill_due();
  void soft_stop_due();
  void deadline_due();

  /// The id that the rules have given to the present stream.
  void learn(std::optional<std::uint64_t> active);

  // What is owed.
  std::string phase = "idle";
  std::map<std::size_t, std::string> answers; ///< By caller.
  /// "start ID", "end ID completed", "end 0 startup", … in order.
  std::vector<std::string> timeline;
  std::uint64_t attempts_asked = 0; ///< Of all streams.
  std::uint64_t scratch_removed = 0;
  std::uint64_t output_tokens = 0; ///< Of ended streams.
  struct row {
    std::uint64_t sequence;
    std::string how, text;
    bool operator==(const row&) const = default;
  };
  std::vector<row> history;
  std::vector<std::pair<std::string, bool>> queue; ///< text, tool_end
  std::vector<std::string> transcript() const;     ///< Of the last stream.
  /// Ids of the provider's own calls in it.
  std::vector<std::string> provider_calls() const;
  bool left() const { return left_; }
  bool broken() const { return broken_; }
  bool rests() const {
    return phase == "idle" && loaded_ && !editing_ && !scratch_pending_;
  }

private:
  struct part {
    enum class kind { text, call, provider } what{};
    std::uint32_t key = 0;
    std::string bytes, id;
    bool open = true, complete = false, answered = false, withdrawn = false;
  };
  struct call {
    std::string id;
    bool read_only, known;
    enum class state { waits, starts, runs, is_recorded, over } now{};
  };
  struct ending {
    std::string how; ///< "completed", "aborted REASON", "failed CLASS"
  };
  struct stopper {
    std::size_t caller;
    bool gets_queue;
  };
  struct stream {
    start_story from;
    std::uint64_t id = 0; ///< 0: not known yet.
    std::vector<std::uint64_t> host_sequences;
    std::uint64_t sequence = 0;
    bool open_durable = false, scratch_wanted = false, has_scratch = false;
    std::size_t from_queue = 0;
    std::vector<part> parts;
    std::size_t attempt_from = 0, step_from = 0;
    std::uint32_t step = 0;
    std::uint32_t attempts = 0, current = 0; ///< 0: none counts.
    bool attempt_runs = false, waits_for_hook = false;
    std::vector<call> calls;
    std::set<std::string> handlers;
    bool finish_seen = false, has_call = false, at_boundary = false;
    bool soft = false, makes_way = false, abandoned = false;
    std::optional<ending> end;
    bool stop_comes = false;
    std::vector<std::pair<std::uint32_t, verdict>> overtaken;
    std::vector<stopper> stoppers;
    std::uint64_t used = 0;
    std::vector<std::pair<std::string, bool>> returned;

    bool at_natural_end() const { return finish_seen && !has_call; }
  };

  bool deferred(std::function<void()> command);
  void answer(std::size_t caller, std::string what);
  void prepare(start_story s, std::size_t from_queue);
  void register_if_ready();
  void undo(const std::string& why);
  void admit(start_story s, std::size_t older);
  void refuse(const start_story& s, const std::string& why);
  bool drop_starts(std::optional<std::uint64_t> named);
  bool asks() const;
  bool waits(std::uint64_t named) const;
  void fail_awaiting(std::uint64_t id, const std::string& why);
  void resume(bool queue_is_due);
  void leave_if_settled();
  std::string returned_queue(const stop_story& s);
  void ask_model(bool again);
  void end_by(std::string how);
  void check_workers();
  void finalize();
  void step_over(bool paused, bool at_boundary);
  void settle_step();
  void pump();
  void lose_attempt();
  void withdraw_from(std::size_t index);
  bool queue_ends_step() const;
  bool call_made() const;
  bool mine(std::uint64_t id) const { return live_ && live_->id == id; }
  bool running() const {
    return phase == "streaming" || phase == "tool_running"
           || phase == "retry_wait";
  }
  call* find_call(const std::string& id);

  bool loaded_ = false, broken_ = false, leaving_ = false, left_ = false;
  std::vector<std::function<void()>> waiting_;
  std::optional<stream> live_;
  std::optional<start_story> next_;
  /// Newer ones whose names are being looked up; empty: overtaken.
  std::deque<std::optional<start_story>> asked_;
  std::optional<start_story> last_start_;
  std::vector<std::pair<std::size_t, std::optional<std::uint64_t>>> awaiting_;
  std::vector<part> last_parts_;
  std::optional<std::pair<std::uint64_t, std::string>> last_outcome_,
    stored_outcome_;
  std::map<std::uint64_t, std::string> outcomes_, stored_outcomes_;
  std::deque<std::pair<std::size_t, std::uint64_t>> looked_up_;
  std::deque<std::pair<std::size_t, std::uint64_t>> edits_;
  bool editing_ = false, queue_is_due_ = false;
  struct enqueued {
    std::size_t caller, length;
    std::string text;
    bool tool_end;
  };
  std::deque<enqueued> enqueuing_;
  std::size_t scratch_pending_ = 0;
  std::uint64_t last_sequence_ = 0, stored_sequence_ = 0;
};

} // namespace penstock::testing
