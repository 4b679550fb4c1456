#include "runtime/runtime.hpp"

#include "actors/scratch_dir.hpp"
#include "messages/type_ids.hpp"
#include "runtime/caf_interop.hpp"
#include "runtime/engine.hpp"
#include "runtime/message_check.hpp"
#include "runtime/option_check.hpp"
#include "runtime/start_check.hpp"
#include "runtime/subscription_parts.hpp"

#include <algorithm>
#include <future>
#include <utility>

namespace penstock {

namespace {

error gone() {
  return {errc::aborted, "the runtime has been shut down"};
}

/// What the caller is told. A command that nobody answered was dropped by the
/// shutdown, if there was one. Not under the port's lock.
template <class T>
expected<T> told(expected<T> answer, command_port& port) {
  if (!answer && answer.error() == unanswered() && port.closed())
    return fail(gone());
  return answer;
}

/// A reply that calls the host on one of its callback threads.
template <class T>
reply<T> call_back(const std::shared_ptr<callback_threads>& threads,
                   const std::shared_ptr<command_port>& port,
                   runtime::answer<T> then) {
  return reply<T>{[threads, port, then = std::move(then)](expected<T> answer) {
    threads->post_or_call([then, port, answer = std::move(answer)]() mutable {
      then(told(std::move(answer), *port));
    });
  }};
}

/// Posts a command that has a reply and blocks until it is answered.
template <class T, class Post>
expected<T> ask(command_port& port, const Post& post,
                std::optional<milliseconds> limit = std::nullopt) {
  auto promise = std::make_shared<std::promise<expected<T>>>();
  auto answer = promise->get_future();
  post(reply<T>{[promise = std::move(promise)](expected<T> value) {
    promise->set_value(std::move(value));
  }});
  if (limit
      && answer.wait_for(std::clamp<milliseconds>(*limit, milliseconds{0},
                                                  std::chrono::hours{24 * 365}))
           != std::future_status::ready)
    return fail(errc::timeout, "there was no answer within "
                                 + std::to_string(limit->count()) + " ms");
  return told(answer.get(), port);
}

/// The same of a question to the store, which may hang.
template <class T, class Post>
expected<T> ask_store(command_port& port, const runtime_options& options,
                      const Post& post) {
  const auto limit = options.workspaces.store_deadline_ms;
  auto found = ask<T>(port, post, limit);
  if (!found && found.error().code == errc::timeout)
    return fail(no_answer_of_store(limit));
  return found;
}

/// The runtime is there and the id is one.
expected<void> ready(command_port& port, const std::string& workspace_id) {
  if (port.closed())
    return fail(gone());
  return check_workspace_id(workspace_id);
}

} // namespace

runtime::runtime(std::unique_ptr<engine> made) : engine_(std::move(made)) {}
runtime::~runtime() = default;

expected<std::unique_ptr<runtime>> runtime::open(runtime_options options) {
  auto made = engine::make(std::move(options), nullptr);
  if (!made)
    return fail(made.error());
  return std::unique_ptr<runtime>{new runtime{std::move(*made)}};
}

// ---- streams ---------------------------------------------------------------

namespace {

/// Looks at the directory here, where it is nobody's actor that waits for a
/// disk, and before the start stops another stream for nothing.
expected<void> check_scratch(const scratch_request& wanted,
                             const std::optional<scratch_root>& root) {
  using mode = scratch_request::mode;
  if (wanted.how != mode::none && !root)
    return fail(no_scratch_root());
  if (wanted.how == mode::path)
    if (auto dir = root->adopt(wanted.path); !dir)
      return fail(dir.error());
  return {};
}

/// What `start` posts, or why it does not.
expected<start_stream>
prepare_start(start_request request, const runtime_options& options,
              const model_catalog& models, const tool_registry& tools,
              const std::optional<scratch_root>& scratch, command_port& port) {
  if (auto done = ready(port, request.workspace_id); !done)
    return fail(done.error());
  apply_defaults(request, options.starts);
  if (auto done = check_start(request, models, *tools.snapshot()); !done)
    return fail(done.error());
  if (request.options)
    bound_times(*request.options);
  if (auto done = check_scratch(request.scratch_dir, scratch); !done)
    return fail(done.error());
  if (request.stop_token.stop_requested())
    return fail(errc::aborted, "stopped before it began");
  auto id = request.workspace_id;
  return start_stream{
    std::move(id), std::make_shared<start_request>(std::move(request)), {}};
}

} // namespace

expected<stream_id> runtime::start(start_request request) {
  auto& e = *engine_;
  expected<start_stream> command = prepare_start(
    std::move(request), *e.options(), *e.models, *e.tools, e.scratch, *e.port);
  if (!command)
    return fail(command.error());
  return ask<stream_id>(*e.port, [&](reply<stream_id> registered) {
    command->registered = std::move(registered);
    e.port->post(std::move(*command));
  });
}

void runtime::start(start_request request, answer<stream_id> registered) {
  auto& e = *engine_;
  auto then = call_back<stream_id>(e.callbacks, e.port, std::move(registered));
  expected<start_stream> command = prepare_start(
    std::move(request), *e.options(), *e.models, *e.tools, e.scratch, *e.port);
  if (!command)
    return then(fail(command.error()));
  command->registered = std::move(then);
  e.port->post(std::move(*command));
}

namespace {

// A hard stop leaves its mark first: it overtakes what lies in mailboxes.
expected<stop_stream> prepare_stop(stop_request what, command_port& port,
                                   stop_board& stops) {
  auto id = what.workspace_id;
  if (auto done = ready(port, id); !done)
    return fail(done.error());
  if (!what.soft)
    stops.mark(id, what.stream);
  return stop_stream{
    std::move(id), std::move(what), event::stream_abort::reason::user, {}};
}

expected<await_stream> prepare_wait(const std::string& workspace_id,
                                    std::optional<stream_id> stream,
                                    command_port& port) {
  if (auto done = ready(port, workspace_id); !done)
    return fail(done.error());
  return await_stream{workspace_id, stream, {}};
}

} // namespace

expected<stop_result> runtime::stop(stop_request what) {
  auto& port = *engine_->port;
  expected<stop_stream> command =
    prepare_stop(std::move(what), port, *engine_->stops);
  if (!command)
    return fail(command.error());
  return ask<stop_result>(port, [&](reply<stop_result> done) {
    command->done = std::move(done);
    port.post(std::move(*command));
  });
}

void runtime::stop(stop_request what, answer<stop_result> done) {
  auto then =
    call_back<stop_result>(engine_->callbacks, engine_->port, std::move(done));
  auto& port = *engine_->port;
  expected<stop_stream> command =
    prepare_stop(std::move(what), port, *engine_->stops);
  if (!command)
    return then(fail(command.error()));
  command->done = std::move(then);
  port.post(std::move(*command));
}

expected<stream_outcome> runtime::wait(const std::string& workspace_id,
                                       std::optional<stream_id> stream,
                                       std::optional<milliseconds> limit) {
  auto& port = *engine_->port;
  expected<await_stream> command = prepare_wait(workspace_id, stream, port);
  if (!command)
    return fail(command.error());
  return ask<stream_outcome>(
    port,
    [&](reply<stream_outcome> ended) {
      command->ended = std::move(ended);
      port.post(std::move(*command));
    },
    limit);
}

void runtime::wait(const std::string& workspace_id,
                   std::optional<stream_id> stream,
                   answer<stream_outcome> ended) {
  auto then = call_back<stream_outcome>(engine_->callbacks, engine_->port,
                                        std::move(ended));
  auto& port = *engine_->port;
  expected<await_stream> command = prepare_wait(workspace_id, stream, port);
  if (!command)
    return then(fail(command.error()));
  command->ended = std::move(then);
  port.post(std::move(*command));
}

expected<subscription> runtime::subscribe(const std::string& workspace_id,
                                          std::optional<position> after) {
  return subscribe(workspace_id, subscription_callbacks{}, after);
}

expected<subscription> runtime::subscribe(const std::string& workspace_id,
                                          subscription_callbacks calls,
                                          std::optional<position> after) {
  auto& e = *engine_;
  if (auto done = ready(*e.port, workspace_id); !done)
    return fail(done.error());
  const subscription_id id{e.next_subscription++};
  auto feed = std::make_shared<event_feed>(
    std::move(calls), e.callbacks, [port = e.port, workspace_id, id] {
      port->post(credit_returned{workspace_id, id});
    });
  e.port->post(penstock::subscribe{workspace_id, id, feed->make_sink(), after});
  return subscription{std::make_unique<subscription::parts>(
    subscription::parts{workspace_id, id, std::move(feed), e.port})};
}

// ---- workspaces ------------------------------------------------------------

expected<std::size_t> runtime::enqueue(const std::string& workspace_id,
                                       queued_message what) {
  auto& port = *engine_->port;
  if (auto done = ready(port, workspace_id); !done)
    return fail(done.error());
  if (what.text.empty())
    return fail(errc::invalid_request, "an empty message cannot be queued");
  return ask<std::size_t>(port, [&](reply<std::size_t> queued) {
    port.post(
      enqueue_message{workspace_id, std::move(what), std::move(queued)});
  });
}

expected<std::vector<std::uint64_t>> runtime::edit_history(history_edit what) {
  auto& port = *engine_->port;
  if (auto done = ready(port, what.workspace_id); !done)
    return fail(done.error());
  if (what.replacement)
    if (auto done = check_message(*what.replacement, "replacement"); !done)
      return fail(done.error());
  const auto id = what.workspace_id;
  return ask<std::vector<std::uint64_t>>(port, [&](auto removed) {
    port.post(penstock::edit_history{id, std::move(what), std::move(removed)});
  });
}

expected<bool> runtime::set_thinking(const std::string& workspace_id,
                                     thinking_level level) {
  auto& port = *engine_->port;
  if (auto done = ready(port, workspace_id); !done)
    return fail(done.error());
  return ask<bool>(port, [&](reply<bool> running) {
    port.post(penstock::set_thinking{workspace_id, level, std::move(running)});
  });
}

expected<workspace_view> runtime::view(const std::string& workspace_id) {
  auto& port = *engine_->port;
  if (auto done = ready(port, workspace_id); !done)
    return fail(done.error());
  return ask<workspace_view>(port, [&](reply<workspace_view> view) {
    port.post(view_workspace{workspace_id, std::move(view)});
  });
}

expected<std::vector<interrupted_stream>> runtime::interrupted() {
  const auto store = engine_->store.lock();
  if (!store)
    return fail(gone());
  return ask_store<std::vector<interrupted_stream>>(
    *engine_->port, *engine_->options(),
    [&](auto found) { store->load_interrupted({}, std::move(found)); });
}

expected<std::vector<usage_row>>
runtime::usage(const std::string& workspace_id) {
  const auto store = engine_->store.lock();
  if (!store)
    return fail(gone());
  return ask_store<std::vector<usage_row>>(
    *engine_->port, *engine_->options(),
    [&](auto found) { store->load_usage(workspace_id, std::move(found)); });
}

// ---- the runtime itself ----------------------------------------------------

expected<std::vector<endpoint_view>> runtime::health() {
  const auto root = engine_->root_handle();
  if (!root)
    return fail(gone());
  return ask<std::vector<endpoint_view>>(*engine_->port, [&](auto view) {
    caf_compat::post(root, view_health{std::move(view)});
  });
}

runtime_counts runtime::counts() const {
  return {engine_->workers_detached->load(), engine_->count_tool_threads()};
}

expected<void> runtime::register_tool(std::shared_ptr<const tool> what) {
  return engine_->tools->add(std::move(what));
}

bool runtime::unregister_tool(std::string_view name) {
  return engine_->tools->remove(name);
}

expected<void> runtime::check_model(std::string_view model) const {
  if (auto found = engine_->models->resolve(model); !found)
    return fail(found.error());
  return {};
}

std::vector<std::string> runtime::provider_names() const {
  return engine_->models->provider_names();
}

expected<std::size_t> runtime::shutdown(std::optional<milliseconds> deadline) {
  return engine_->shutdown(deadline);
}

// ---- inside a CAF program --------------------------------------------------

struct runtime_access {
  static expected<std::unique_ptr<runtime>> open(caf::actor_system& host,
                                                 runtime_options options) {
    auto made = runtime::engine::make(std::move(options), &host);
    if (!made)
      return fail(made.error());
    return std::unique_ptr<runtime>{new runtime{std::move(*made)}};
  }
  static directory_actor directory_of(runtime& of, const std::string& id) {
    return of.engine_->port->shard_of(id);
  }
};

void add_penstock_messages(caf::actor_system_config& config) {
  caf_compat::add_messages<caf::id_block::penstock>(config);
}

expected<std::unique_ptr<runtime>> open_runtime(caf::actor_system& host,
                                                runtime_options options) {
  return runtime_access::open(host, std::move(options));
}

directory_actor directory_of(runtime& of, const std::string& workspace_id) {
  return runtime_access::directory_of(of, workspace_id);
}

} // namespace penstock
