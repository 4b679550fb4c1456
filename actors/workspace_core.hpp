// The rules of one workspace. No CAF, no clock, no I/O: messages come in
// through `on`, and what is to be done goes out through the ports.
#pragma once

#include "actors/conversation.hpp"
#include "actors/live_stream.hpp"
#include "actors/packed_end.hpp"
#include "actors/stream_machine.hpp"
#include "actors/subscriber_set.hpp"
#include "actors/tool_set.hpp"
#include "actors/workspace_ports.hpp"
#include "messages/lazy_map.hpp"
#include "messages/lazy_vector.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// What a workspace needs to know beside its messages.
struct workspace_settings {
  /// For starts that bring none of their own. Never null.
  std::shared_ptr<stream_options> streams = std::make_shared<stream_options>();
  workspace_options workspaces;
  registered_tools tools;              ///< Never null.
  std::vector<tool_rule> tool_policy;  ///< Before a start's own rules.
  bool keeps_growth = true;            ///< `store::keeps_growth`.
  transition_counts* counts = nullptr; ///< For tests.
};

/// One conversation.
///
/// The life of a stream, by phase (stream_machine.hpp):
///   preparing     open record and scratch directory are under way. A newer
///                 start, a stop or an edit undoes it without a trace.
///   streaming     `stream_start` is out; attempts fill the log.
///   tool_running  the step's calls run; each start and each result is durable
///                 before it is told.
///   stopping      `ending` is decided; attempt and handlers must exit, or are
///                 detached by the kill deadline.
///   finalizing    the terminal record is under way. Then the terminal event,
///                 the answers to whoever stops or waits, and what waits next:
///                 a start, or the queue.
///
/// Threads:   one owner.
/// Invariant: live_ is set unless the phase is idle; its log is set unless the
///            phase is preparing; `ending` is set in stopping and finalizing.
class workspace_core {
public:
  /// @param settings of the runtime: outlives this.
  workspace_core(std::string workspace_id, const workspace_settings& settings,
                 workspace_ports& ports, std::vector<parked_subscriber> parked);
  /// Of one that crashed, or was dropped at a shutdown: lets go of the workers
  /// of its stream, whom nobody would stop any more.
  ~workspace_core();
  workspace_core(const workspace_core&) = delete;
  workspace_core& operator=(const workspace_core&) = delete;

  void on(const start_stream&);
  void on(const stop_stream&);
  void on(const stop_requested&);
  void on(const await_stream&);
  void on(const subscribe&);
  void on(const unsubscribe&);
  void on(const credit_returned&);
  void on(const enqueue_message&);
  void on(const edit_history&);
  void on(const set_thinking&);
  void on(const view_workspace&);
  void on(const stop_everything&);
  void on(const retire&);
  void on(const history_loaded&);
  void on(const records_durable&);
  void on(const closed_stream_loaded&);
  void on(const scratch_ready&);
  void on(const step_prepared&);
  void on(const attempt_started&);
  void on(const attempt_settled&);
  void on(const parts_received&);
  void on(const tool_reported&);
  void on(const tool_finished&);
  void on(const supervisor_replaced&);
  void on(const deadline_due&);

  /// A command came through DIRECTORY, whatever becomes of it.
  void command_received() noexcept { ++received_; }

  const std::string& id() const noexcept { return id_; }
  phase now() const noexcept { return machine_.now(); }
  /// The stream that a stop without a name means; none when idle.
  std::optional<stream_id> active() const;

private:
  using on_durable = std::function<void(const error&)>;
  /// Set in the ids that we give ourselves; a runtime counts its own up from 1.
  static constexpr std::uint64_t own_subscription = 1ull << 63;

  // workspace_commands.cpp
  void request_stop(const stop_stream& m);
  void fail_awaiting(stream_id id, const error& why);
  void answer_from_store(const await_stream& m,
                         const closed_stream_loaded& found);
  void soft_stop(const stop_stream& m);
  void resume_after_idle(bool queue_is_due = false);
  void start_queued();
  void change_queue(std::vector<queued_message> queue);
  void tell_queue();
  record::queue_replaced stored_queue() const;
  std::vector<queued_message> take_queue(const stop_stream& m);
  void cut_history();

  // workspace_registration.cpp
  void answer_start(const start_stream& m);
  void look_up_ids(const start_stream& m);
  void admit(const start_stream& m, std::uint64_t token);
  void make_way();
  void refuse_start(const start_stream& m, const error& why);
  bool drop_starts(std::optional<stream_id> named, const error& why);
  expected<live_stream> accept(const start_stream& m);
  void prepare(live_stream stream);
  void refuse(const error& why);
  void stop_preparing(const error& why);
  void opened_if_ready();

  // workspace_stream.cpp
  void begin_step();
  void request_attempt(std::chrono::milliseconds delay);
  void request_prompt(const std::string& model);
  void prompt_ready(expected<std::shared_ptr<const prompt>> what);
  void send_attempt(std::shared_ptr<const prompt> what);
  void take_batch(const parts_received& m);
  void close_attempt(const attempt_verdict& v);
  void step_answered(const attempt_verdict& v, bool at_boundary);
  void step_failed(const attempt_verdict& v, bool at_boundary);
  void retry(const attempt_verdict& v);
  void withdraw_after(const attempt_verdict& v);
  void stop_at_boundary();
  void note_footprint() const;

  // workspace_flush.cpp
  void flush();
  void write_growth(std::vector<store_record>& records);

  // workspace_resume.cpp
  std::optional<error> fault_of_resume(const start_request& request) const;
  void write_kept(std::vector<store_record>& records) const;
  void take_over_kept();
  void continue_kept();

  // workspace_hedge.cpp
  void arm_hedge();
  bool may_hedge() const;
  void hedge_due(std::uint64_t attempt);
  void send_hedge(std::shared_ptr<const prompt> what);
  void race_parts(const parts_received& m);
  void drop_hedge();
  void succeed(racer hedge);
  void replay(const racer& of);
  void yield_to_hedge(const attempt_verdict& v);
  bool settle_rival(const attempt_settled& m);
  void give_up(racer loser);
  void leave_race();
  void workers_left();

  // workspace_tools.cpp
  void begin_calls();
  void begin_calls(const std::vector<std::uint32_t>& parts);
  void pump_calls();
  void start_call(std::uint32_t part);
  void run_handler(std::uint32_t part);
  void record_result(std::uint32_t part, tool_outcome outcome);
  void settle_step();
  bool queue_ends_step() const;

  // workspace_ending.cpp
  void stop_workers(stream_ending how);
  void fail_stream(error why);
  void check_workers();
  void finalize();
  void close_stream(const error& why,
                    std::shared_ptr<const event_body> terminal);
  void overrule_terminal(const live_stream& gone);
  event_body terminal_body() const;
  void cancel_workers();
  void detach_workers();
  std::size_t write_off_attempts();
  void book_attempt(attempt_id id, const std::string& model,
                    const token_usage& used);

  // workspace_core.cpp
  bool must_wait(std::function<void()> command);
  void write(std::vector<store_record> records, on_durable then,
             std::function<void()> late = {});
  deadline_id look_up(subscription_id whom, stream_id stream);
  error no_answer() const;
  void publish();
  void touch();
  void leave_memory();
  bool mine(stream_id id) const { return live_ && live_->id() == id; }
  const live_stream& live() const;
  live_stream& live();

  const std::string id_;
  const workspace_settings& settings_;
  workspace_ports& ports_;
  stream_machine machine_;
  boxed<live_stream> live_;
  subscriber_set subscribers_;
  conversation history_;
  std::vector<queued_message> queue_;
  token_usage usage_;
  boxed<interrupted_stream> interrupted_; ///< Nothing has followed it.

  bool loaded_ = false;  ///< The history is here; commands wait until then.
  bool editing_ = false; ///< An edit is being written; starts wait.
  bool queue_is_due_ = false; ///< The last stream ended; edits come first.
  std::uint32_t scratch_pending_ = 0; ///< Directories that are being made.
  boxed<error> broken_;               ///< The history could not be loaded.
  deadline_id load_deadline_{};
  lazy_vector<std::function<void()>> waiting_; ///< Commands until it is here.

  boxed<start_stream> next_; ///< The newest start that is to follow.
  /// Newer ones, until the store has said that their ids are new.
  lazy_map<std::uint64_t, start_stream> asked_;
  struct predecessor {
    std::shared_ptr<const start_request> request;
    std::vector<message> generated; ///< What the stream added to it.
  };
  /// The last stream, until the queue has been looked at.
  boxed<predecessor> last_;
  packed_end last_closed_;
  lazy_vector<await_stream> awaiting_;
  /// Who waits for the store to say how a stream ended.
  template <class Command>
  struct inquiry {
    Command command;
    deadline_id deadline{};
  };
  lazy_map<subscription_id, inquiry<await_stream>> looked_up_;
  lazy_map<subscription_id, inquiry<subscribe>> placing_;
  lazy_vector<edit_history> edits_; ///< In order.

  struct growth {
    stream_id stream{};
    std::uint32_t before = 0; ///< Entries of its log below this one.
  };
  growth grown_; ///< In the records of the next write.
  struct pending_write {
    growth grown{};
    on_durable then;
    std::function<void()> late;
    deadline_id deadline{};
  };
  lazy_map<std::uint64_t, pending_write> writes_;
  /// Their deadline has passed, and the store has not said what became of them.
  lazy_map<std::uint64_t, std::function<void()>> late_;
  std::uint64_t next_token_ = 0;

  std::uint64_t received_ = 0; ///< Commands, for the passivation.
  deadline_id quiet_deadline_{};
  std::uint64_t quiet_generation_ = 0;
  lazy_vector<reply<std::size_t>> shutdown_;
};

} // namespace penstock
