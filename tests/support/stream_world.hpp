// Whole streams without a thread: WORKSPACEs, a SUPERVISOR and its PROVIDERs on
// virtual time, the scripted network, a store and tools that run at once.
#pragma once

#include "actors/supervisor.hpp"
#include "actors/workspace.hpp"
#include "providers/scripted_answers.hpp"
#include "providers/scripted_http_client.hpp"
#include "runtime/in_memory_store.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/collecting_sink.hpp"
#include "tests/support/manual_tool_runner.hpp"
#include "tests/support/virtual_clock.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::testing {

/// A body that holds this crashes the PROVIDER that reads it: an exception
/// leaves its handler. To everybody else it is a comment.
inline constexpr std::string_view crash_marker = ": crash\n\n";

/// The time of SUPERVISOR and PROVIDERs, which throws when it was tripped.
class tripwire_clock final : public clock {
public:
  explicit tripwire_clock(std::shared_ptr<clock> real)
    : real_(std::move(real)) {}
  /// The next who asks for the time gets an exception.
  void trip() noexcept {
    tripped_ = true;
    ++trips_;
  }
  std::size_t trips() const noexcept { return trips_; }

  steady_time now() const override;
  wall_time wall_now() const override { return real_->wall_now(); }
  deadline_id arm(steady_time when, std::function<void()> fire) override {
    return real_->arm(when, std::move(fire));
  }
  void cancel(deadline_id id) override { real_->cancel(id); }

private:
  const std::shared_ptr<clock> real_;
  mutable bool tripped_ = false;
  std::size_t trips_ = 0;
};

/// A real codec whose decoders heed `crash_marker`.
class crashing_codec final : public api_codec {
public:
  crashing_codec(std::string_view api, std::shared_ptr<tripwire_clock> time);
  /// Models (on the wire) whose PROVIDER crashes before it sends anything.
  std::vector<std::string> crash_at_start;

  std::string_view api() const noexcept override { return real_.api(); }
  bool has_prefill(const endpoint& at,
                   std::string_view model) const noexcept override {
    return real_.has_prefill(at, model);
  }
  expected<encoded_request> encode(const endpoint& at, std::string_view model,
                                   const prompt& what) const override;
  std::unique_ptr<response_decoder>
  make_decoder(std::string_view provider) const override;

private:
  const api_codec& real_;
  const std::shared_ptr<tripwire_clock> time_;
};

/// Passes on, and keeps what attempts have used.
class accounting_store final : public store {
public:
  std::vector<record::attempt_used> used; ///< In order.

  void write(const std::string& workspace_id, std::vector<store_record> records,
             std::function<void(error)> done) override;
  void load(const std::string& workspace_id,
            std::function<void(expected<workspace_snapshot>)> done) override {
    under_.load(workspace_id, std::move(done));
  }
  void load_stream(
    const std::string& workspace_id, stream_id stream,
    std::function<void(expected<std::optional<closed_stream>>)> done) override {
    under_.load_stream(workspace_id, stream, std::move(done));
  }
  void list_workspaces(
    std::function<void(expected<std::vector<std::string>>)> done) override {
    under_.list_workspaces(std::move(done));
  }
  void load_interrupted(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<interrupted_stream>>)> done)
    override {
    under_.load_interrupted(workspace_id, std::move(done));
  }
  void load_usage(
    const std::string& workspace_id,
    std::function<void(expected<std::vector<usage_row>>)> done) override {
    under_.load_usage(workspace_id, std::move(done));
  }

private:
  in_memory_store under_;
};

/// One workspace that is looked at from outside.
struct watched_workspace {
  std::string id;
  workspace_actor actor;
  std::shared_ptr<collecting_sink> sink = std::make_shared<collecting_sink>();
  std::vector<expected<stream_id>> started; ///< Answers, in order.

  /// The body of the one terminal event of its kind. Null: it was none.
  template <class Event>
  const Event* end() const {
    return sink->events.empty()
             ? nullptr
             : std::get_if<Event>(sink->events.back().body.get());
  }
};

/// "chat:x" is the model x of an OpenAI-like server, "claude:x" one of
/// Anthropic's; "chat2:x" and so on are servers of their own.
struct stream_world : actor_fixture {
  std::shared_ptr<virtual_clock> time;
  std::shared_ptr<tripwire_clock> tripwire;
  std::shared_ptr<scripted_http_client> http;
  std::shared_ptr<manual_tool_runner> tools;
  std::shared_ptr<accounting_store> store;
  std::shared_ptr<stop_board> stops = std::make_shared<stop_board>();
  crashing_codec chat, claude;
  std::map<std::string, error> unresolved; ///< By "provider:model".
  stream_options options;
  workspace_options workspaces;
  endpoint_options endpoints;
  tool_set registered;
  /// Nobody reads its mailbox meanwhile, whatever time does.
  bool is_held = false;

  stream_world();
  ~stream_world();

  void play(http_script script);
  /// Time moves, and everybody comes to rest before it does.
  void advance(std::chrono::milliseconds by = {}) { time->advance(by); }

  watched_workspace& open(const std::string& id);
  void close(const std::string& id);
  start_request ask(const watched_workspace& w, std::string model) const;
  void start(watched_workspace& w, start_request request);

  /// What workspaces share.
  std::shared_ptr<const workspace_environment> environment();
  const supervisor_actor& supervisor();
  /// Ends the present one; a fresh one takes over if `then`.
  void end_supervisor(bool then = false);
  std::vector<endpoint_view> health();
  std::vector<transfer_record> transfers() const { return http->records(); }

private:
  void come_to_rest();
  expected<resolved_model> resolve(const std::string& name);

  std::uint64_t last_random_ = 0; ///< One after the other, for all.
  std::optional<supervisor_actor> supervisor_;
  directory_actor directory_;
  std::map<std::string, watched_workspace> workspaces_;
};

} // namespace penstock::testing
