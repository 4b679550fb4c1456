#include "tests/support/stream_world.hpp"

#include "messages/check.hpp"
#include "tests/support/test_model.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace penstock::testing {

namespace {

/// Where DIRECTORY stands: it keeps nobody and brings nobody back.
struct directory_probe {
  using shell = caf_compat::shell<directory_protocol, directory_probe>;
  explicit directory_probe(shell&) {}
  template <class Message>
  void on(const Message&) {}
};

class crashing_decoder final : public response_decoder {
public:
  crashing_decoder(std::unique_ptr<response_decoder> real,
                   std::shared_ptr<tripwire_clock> time)
    : real_(std::move(real)), time_(std::move(time)) {}

  // PROVIDER looks at the time once it has decoded what came.
  void push(std::string_view bytes, part_batch& out) override {
    real_->push(bytes, out);
    if (bytes.find(crash_marker) != bytes.npos)
      time_->trip();
  }
  void end(part_batch& out) override { real_->end(out); }
  bool finished() const noexcept override { return real_->finished(); }

private:
  const std::unique_ptr<response_decoder> real_;
  const std::shared_ptr<tripwire_clock> time_;
};

} // namespace

steady_time tripwire_clock::now() const {
  if (std::exchange(tripped_, false))
    throw std::runtime_error{"the clock was tripped"};
  return real_->now();
}

// ---- crashing_codec --------------------------------------------------------

crashing_codec::crashing_codec(std::string_view api,
                               std::shared_ptr<tripwire_clock> time)
  : real_(*find_codec(api)), time_(std::move(time)) {}

expected<encoded_request> crashing_codec::encode(const endpoint& at,
                                                 std::string_view model,
                                                 const prompt& what) const {
  if (std::find(crash_at_start.begin(), crash_at_start.end(), model)
      != crash_at_start.end())
    throw std::runtime_error{"no PROVIDER of this model starts"};
  return real_.encode(at, model, what);
}

std::unique_ptr<response_decoder>
crashing_codec::make_decoder(std::string_view provider) const {
  return std::make_unique<crashing_decoder>(real_.make_decoder(provider),
                                            time_);
}

// ---- accounting_store ------------------------------------------------------

void accounting_store::write(const std::string& workspace_id,
                             std::vector<store_record> records,
                             std::function<void(error)> done) {
  for (const auto& r : records)
    if (const auto* m = std::get_if<record::attempt_used>(&r))
      used.push_back(*m);
  under_.write(workspace_id, std::move(records), std::move(done));
}

// ---- stream_world ----------------------------------------------------------

stream_world::stream_world()
  : time(std::make_shared<virtual_clock>([this] { come_to_rest(); })),
    tripwire(std::make_shared<tripwire_clock>(time)),
    http(std::make_shared<scripted_http_client>(*time, http_script{})),
    tools(std::make_shared<manual_tool_runner>(*time)),
    store(std::make_shared<accounting_store>()), chat("openai-chat", tripwire),
    claude("anthropic-messages", tripwire) {
  directory_ = caf_compat::spawn<directory_protocol, directory_probe>(system);
  run();
}

stream_world::~stream_world() {
  while (!workspaces_.empty())
    close(workspaces_.begin()->first);
  end_supervisor();
  caf_compat::post_exit(directory_);
  run();
}

void stream_world::come_to_rest() {
  if (is_held)
    return;
  do
    run();
  while (tools->run_all() > 0);
}

void stream_world::play(http_script script) {
  http->change_script([&](http_script& s) { s = std::move(script); });
}

expected<resolved_model> stream_world::resolve(const std::string& name) {
  if (const auto it = unresolved.find(name); it != unresolved.end())
    return fail(it->second);
  auto model = test_model(name);
  model.codec = name.starts_with("claude") ? &claude : &chat;
  model.at.api = model.codec->api();
  model.at.key = secret{"sk-planted-0123456789-" + model.at.provider};
  return model;
}

const supervisor_actor& stream_world::supervisor() {
  if (!supervisor_) {
    auto env = std::make_shared<attempt_environment>();
    env->resolve = [this](const std::string& name) { return resolve(name); };
    env->http = http;
    env->time = tripwire;
    env->seed = 1;
    env->endpoints = endpoints;
    supervisor_ = caf_compat::spawn<supervisor_protocol, supervisor_state>(
      system, std::shared_ptr<const attempt_environment>{std::move(env)});
    run();
  }
  return *supervisor_;
}

void stream_world::end_supervisor(bool then) {
  if (!supervisor_)
    return;
  caf_compat::post_exit(*supervisor_);
  supervisor_.reset();
  advance(); // the transfers of its attempts end, and then its attempts
  if (!then)
    return;
  for (auto& [id, w] : workspaces_)
    caf_compat::post(w.actor, supervisor_replaced{supervisor()});
  advance();
}

std::shared_ptr<const workspace_environment> stream_world::environment() {
  auto env = std::make_shared<workspace_environment>();
  env->store = store;
  env->clock = time;
  env->tool_runner = tools;
  env->random = [this] { return ++last_random_; };
  env->stops = stops;
  *env->settings.streams = options;
  env->settings.workspaces = workspaces;
  env->settings.tools = [this] {
    return std::make_shared<const tool_set>(registered);
  };
  return env;
}

watched_workspace& stream_world::open(const std::string& id) {
  auto& w = workspaces_[id];
  PENSTOCK_CHECK(w.id.empty());
  w.id = id;
  w.actor = caf_compat::spawn<workspace_protocol, workspace_state>(
    system, id, environment(), directory_, supervisor(),
    std::vector<parked_subscriber>{});
  caf_compat::post(w.actor,
                   subscribe{id, subscription_id{1}, w.sink, std::nullopt});
  run();
  return w;
}

void stream_world::close(const std::string& id) {
  const auto gone = workspaces_.extract(id);
  caf_compat::post_exit(gone.mapped().actor);
  run();
}

start_request stream_world::ask(const watched_workspace& w,
                                std::string model) const {
  start_request request;
  request.workspace_id = w.id;
  request.model = std::move(model);
  request.messages.push_back(user_text("hi"));
  request.options = options;
  return request;
}

void stream_world::start(watched_workspace& w, start_request request) {
  const auto at = w.started.size();
  w.started.push_back(fail(errc::none, "not answered yet"));
  caf_compat::post(
    w.actor,
    start_stream{w.id, std::make_shared<start_request>(std::move(request)),
                 reply<stream_id>{[&w, at](expected<stream_id> id) {
                   w.started[at] = std::move(id);
                 }}});
  advance();
}

std::vector<endpoint_view> stream_world::health() {
  std::vector<endpoint_view> seen;
  caf_compat::post(supervisor(),
                   view_health{reply<std::vector<endpoint_view>>{
                     [&](auto views) { seen = std::move(*views); }}});
  run();
  return seen;
}

} // namespace penstock::testing
