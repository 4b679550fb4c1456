// penstock's front door: workspaces that stream answers of language models.
//
//   auto opened = penstock::runtime::open();
//   if (!opened) …                        // opened.error().message
//   auto& rt = **opened;
//   auto events = rt.subscribe("demo");   // penstock::subscription
//   auto id = rt.start({.workspace_id = "demo",
//                       .messages = {user_text("Hello")},
//                       .model = "openai:gpt-5-mini"});
//   if (!id) …                            // and no event will come
//   while (!over)
//     for (auto& e : events->wait(100ms)) …
//   auto outcome = rt.wait("demo");       // how it ended, all text, usage
#pragma once

#include "messages/record.hpp"
#include "messages/request.hpp"
#include "runtime/options.hpp"
#include "runtime/subscription.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// What a runtime has counted since it was opened.
struct runtime_counts {
  /// Attempts and tools that ignored their cancellation for `kill_deadline_ms`
  /// and were left to themselves.
  std::uint64_t workers_detached = 0;
  /// Of the runtime's own tool runner; all 0 if the host brought one, and after
  /// the shutdown.
  tool_thread_counts tool_threads{};
};

/// Owns the actors, their threads, the HTTP client and the clock. Several
/// runtimes in one process do not see each other.
///
/// Commands to one workspace from one thread arrive in the order of the calls:
/// who subscribes and then starts sees the stream from its first event. Two
/// workspaces never wait for each other.
///
/// Threads:  every member from any thread. Those that return an `expected`
///           block the calling thread until the workspace has answered; those
///           that take a function return at once, and the function is called
///           on a callback thread (subscription.hpp), also when the command is
///           refused. Do not block in `log` or `has_queued_messages`.
/// Errors:   what is wrong with a command's arguments is `invalid_request`;
///           `aborted` by and after `shutdown`; `internal` if an actor crashed
///           before it could answer. No member throws, but for std::bad_alloc.
/// Lifetime: the destructor is `shutdown` with the configured deadline. It may
///           run inside of a callback.
/// Source:   SPEC §2 to §6.
class runtime {
public:
  /// Calls back with the answer of a command.
  template <class T>
  using answer = std::function<void(expected<T>)>;

  /// Errors: `invalid_request` for options that cannot work (a negative
  ///         time, a scratch root that cannot be made, a tool without a
  ///         handler, a policy's pattern), `storage` for a store that cannot be
  ///         opened (held by another process, of a newer version, a bad path),
  ///         `internal` when the system has no thread to give.
  static expected<std::unique_ptr<runtime>> open(runtime_options options = {});
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  // ---- streams -------------------------------------------------------------

  /// Starts a stream; one that is active in the workspace is replaced. Answers
  /// when the stream is registered, not when it ends.
  ///
  /// What can be judged without the workspace is judged at once, before
  /// anything starts: messages, ids, JSON, headers, tools, whether the model
  /// can be called, and what its API cannot express.
  ///
  /// Errors: `invalid_request` (an id that was used, a stale sequence number;
  ///         "messages must not be empty"), `model_not_found` (no such
  ///         provider), `authentication` (no key; its variable is named),
  ///         `superseded` by a newer start, `aborted` by a stop, `storage`.
  expected<stream_id> start(start_request request);
  /// The same without waiting: `registered` is called on a callback thread.
  void start(start_request request, answer<stream_id> registered);

  /// Stops a stream, hard or soft, and answers when its last event is out. What
  /// does not run (any more) is no error: see `stop_outcome`.
  expected<stop_result> stop(stop_request what);
  /// The same without waiting.
  void stop(stop_request what, answer<stop_result> done);

  /// Waits for the end of a stream: the named one, be it over for long, else
  /// the active or the last one of the workspace. At most for `limit`, if there
  /// is one.
  /// Errors: `timeout` after `limit` (the stream goes on), `invalid_request`
  ///         if there is no such stream; `superseded` or `aborted` if it was
  ///         overtaken before it began. A stream that failed is an outcome.
  expected<stream_outcome>
  wait(const std::string& workspace_id,
       std::optional<stream_id> stream = std::nullopt,
       std::optional<milliseconds> limit = std::nullopt);
  /// The same without waiting.
  void wait(const std::string& workspace_id, std::optional<stream_id> stream,
            answer<stream_outcome> ended);

  /// Listens to a workspace: with no position, to a snapshot of the active
  /// stream and then to what comes; with one, to all that lies after it.
  expected<subscription>
  subscribe(const std::string& workspace_id,
            std::optional<position> after = std::nullopt);
  /// The same, with functions that are called; `calls` has `on_events`.
  expected<subscription>
  subscribe(const std::string& workspace_id, subscription_callbacks calls,
            std::optional<position> after = std::nullopt);

  // ---- workspaces ----------------------------------------------------------

  /// A message for the end of the next step or of the stream.
  /// @returns the length of the queue.
  expected<std::size_t> enqueue(const std::string& workspace_id,
                                queued_message what);

  /// Removes messages from the history or replaces one; a stream that runs is
  /// stopped first.
  /// @returns the sequence numbers that are gone.
  expected<std::vector<std::uint64_t>> edit_history(history_edit what);

  /// For the active stream, from its next step on. @returns whether one runs.
  expected<bool> set_thinking(const std::string& workspace_id,
                              thinking_level level);

  /// State, history, queue and usage, as of now.
  expected<workspace_view> view(const std::string& workspace_id);

  /// Streams that the store found without an end, that nothing has followed
  /// since in their workspace: `start_request::resume` goes on with one.
  /// Errors: `storage`.
  expected<std::vector<interrupted_stream>> interrupted();

  /// What each attempt has used, oldest first. @param workspace_id empty: all.
  /// Errors: `storage`.
  expected<std::vector<usage_row>> usage(const std::string& workspace_id = {});

  // ---- the runtime itself --------------------------------------------------

  /// What is known of the endpoints that were used. Holds no key.
  expected<std::vector<endpoint_view>> health();
  /// What happened since it was opened.
  runtime_counts counts() const;

  /// For the names in `start_request::tools`. Streams that run keep what they
  /// have. Errors: `invalid_request`: a name that is taken, a bad schema, …
  expected<void> register_tool(std::shared_ptr<const tool> what);
  /// @returns whether there was one.
  bool unregister_tool(std::string_view name);

  /// Whether "provider:model" could be called now. Errors as `start`.
  expected<void> check_model(std::string_view model) const;
  /// Providers that a model's name may begin with, sorted.
  std::vector<std::string> provider_names() const;

  /// Stops all streams with reason `shutdown`, waits until everything has been
  /// written and every thread has ended, and closes all subscriptions. Callers
  /// that wait are answered. The second call does nothing. From inside of a
  /// callback or a tool's handler it does not wait for that one.
  /// @param deadline absent: `shutdown_deadline_ms`.
  /// @returns how many workspaces were in memory.
  /// Errors: `timeout`: something did not end in time (the log hook is told
  ///         what) and is left to itself; this returns nevertheless, about a
  ///         second after the deadline at the latest. `aborted`, at once, from
  ///         inside of a callback or handler for which the shutdown of another
  ///         thread waits.
  expected<std::size_t>
  shutdown(std::optional<milliseconds> deadline = std::nullopt);

private:
  friend struct runtime_access;
  class engine;
  explicit runtime(std::unique_ptr<engine> made);
  std::unique_ptr<engine> engine_;
};

} // namespace penstock
