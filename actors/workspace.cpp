#include "actors/workspace.hpp"

#include <utility>

namespace penstock {

using caf_compat::post;

namespace {

/// A step's request goes when its observer has seen it, or after this: who
/// only looks on does not hold it up.
constexpr auto observer_patience = std::chrono::seconds{1};

/// Tells the workspace what a running tool reports.
class report_to_workspace final : public tool_report {
public:
  report_to_workspace(workspace_actor to, call_id call)
    : to_(std::move(to)), call_(call) {}

  void call_started(nested_call call) override {
    post(to_, tool_reported{call_, std::move(call)});
  }
  void call_finished(std::string tool_call_id, tool_outcome outcome) override {
    post(to_, tool_reported{
                call_, std::pair{std::move(tool_call_id), std::move(outcome)}});
  }
  void used(std::string model, token_usage usage) override {
    post(to_, tool_reported{call_, model_usage{std::move(model), usage}});
  }

private:
  const workspace_actor to_;
  const call_id call_;
};

} // namespace

workspace_state::workspace_state(
  shell& self, std::string workspace_id,
  std::shared_ptr<const workspace_environment> environment,
  directory_actor directory, supervisor_actor supervisor,
  std::vector<parked_subscriber> parked)
  : self_(self), environment_(std::move(environment)),
    directory_(std::move(directory)), supervisor_(std::move(supervisor)),
    core_(std::move(workspace_id), environment_->settings, *this,
          std::move(parked)) {
  environment_->store->load(core_.id(), [me = self_.self()](auto snapshot) {
    post(me, history_loaded{std::move(snapshot)});
  });
}

void workspace_state::on(const supervisor_replaced& m) {
  supervisor_ = m.by;
  core_.on(m);
}

void workspace_state::on(const parts_received& m) {
  using at = footprint::place;
  self_.note_calls(at::workspace_actor, at::workspace_mailbox);
  footprint::note(at::workspace_ports, this, &core_);
  core_.on(m);
}

// ---- time and chance -------------------------------------------------------

steady_time workspace_state::now() const {
  return environment_->clock->now();
}
wall_time workspace_state::wall_now() const {
  return environment_->clock->wall_now();
}
std::uint64_t workspace_state::random() {
  return environment_->random();
}

deadline_id workspace_state::arm(std::chrono::milliseconds delay,
                                 deadline_due what) {
  return environment_->clock->arm(
    environment_->clock->now() + delay,
    [me = self_.self(), what] { post(me, what); });
}

void workspace_state::disarm(deadline_id id) {
  if (id != deadline_id{})
    environment_->clock->cancel(id);
}

// ---- attempts --------------------------------------------------------------

void workspace_state::run(run_attempt m) {
  m.report_to = self_.self();
  post(supervisor_, std::move(m));
}
void workspace_state::cancel(attempt_id attempt) {
  post(supervisor_, cancel_attempt{attempt, core_.id()});
}
void workspace_state::forget(stream_id stream) {
  post(supervisor_, forget_stream{stream, core_.id()});
}

// ---- store -----------------------------------------------------------------

void workspace_state::write(std::vector<store_record> records,
                            std::uint64_t token) {
  environment_->store->write(core_.id(), std::move(records),
                             [me = self_.self(), token](error why) {
                               post(me, records_durable{token, std::move(why)});
                             });
}

void workspace_state::load_stream(subscription_id subscriber,
                                  stream_id stream) {
  environment_->store->load_stream(
    core_.id(), stream, [me = self_.self(), subscriber](auto found) {
      post(me, closed_stream_loaded{subscriber, std::move(found)});
    });
}

// ---- threads that may block ------------------------------------------------

void workspace_state::run_tool(call_id call, tool_run what) {
  what.invocation.report =
    std::make_shared<report_to_workspace>(self_.self(), call);
  environment_->tool_runner->run_tool(
    std::move(what), [me = self_.self(), call](tool_outcome outcome) {
      post(me, tool_finished{call, std::move(outcome)});
    });
}

void workspace_state::prepare(stream_id stream, std::uint64_t generation,
                              std::function<void(step_plan&)> hook,
                              step_plan plan) {
  auto shared = std::make_shared<step_plan>(std::move(plan));
  environment_->tool_runner->run_blocking(
    {"prepare_step",
     [hook = std::move(hook), shared](std::stop_token) { hook(*shared); },
     std::chrono::minutes{5},
     {}},
    [me = self_.self(), stream, generation, shared](error why) {
      if (why.code == errc::none)
        post(me, step_prepared{
                   stream, generation,
                   std::make_shared<const prompt>(std::move(shared->prompt))});
      else
        post(me, step_prepared{stream, generation, fail(std::move(why))});
    });
}

void workspace_state::observe(stream_id stream, std::uint64_t generation,
                              std::function<void()> call,
                              std::shared_ptr<const prompt> what) {
  auto& time = environment_->clock;
  const auto go_on = [me = self_.self(),
                      m = step_prepared{stream, generation, std::move(what)},
                      gone = std::make_shared<std::atomic<bool>>(false)] {
    if (!gone->exchange(true))
      post(me, m);
  };
  const auto limit = time->arm(time->now() + observer_patience, go_on);
  environment_->tool_runner->run_blocking(
    {"on_step",
     [call = std::move(call)](std::stop_token) { call(); },
     std::chrono::minutes{5},
     {}},
    [go_on, time, limit](const error&) {
      time->cancel(limit);
      go_on();
    });
}

void workspace_state::make_scratch(stream_id stream, scratch_request what) {
  const auto me = self_.self();
  if (!environment_->scratch)
    return post(me, scratch_ready{stream, fail(no_scratch_root())});
  auto made = std::make_shared<scratch_handover>();
  environment_->tool_runner->run_blocking(
    {"scratch_dir",
     [made, what = std::move(what),
      root = *environment_->scratch](std::stop_token) {
       made->deliver(what.how == scratch_request::mode::create
                       ? root.create()
                       : root.adopt(what.path));
     },
     std::chrono::seconds{30},
     {}},
    [me, stream, made](error why) {
      post(me, scratch_ready{stream, made->collect(std::move(why))});
    });
}

void workspace_state::remove_scratch(std::shared_ptr<scratch_dir> dir) {
  environment_->tool_runner->run_blocking(
    {"scratch_dir",
     [dir = std::move(dir)](std::stop_token) { (void)dir->remove(); },
     std::chrono::minutes{1},
     {},
     blocking_call::kind::upkeep},
    [](const error&) {});
}

std::shared_ptr<void> workspace_state::link(std::stop_token token,
                                            stream_id stream) {
  const auto stop = [me = self_.self(), id = core_.id(), stream,
                     stops = environment_->stops] {
    if (stops)
      stops->mark(id, stream);
    post(me, stop_requested{stream});
  };
  return std::make_shared<std::stop_callback<decltype(stop)>>(std::move(token),
                                                              stop);
}

std::shared_ptr<const stop_mark>
workspace_state::stop_mark_of(stream_id stream) {
  return environment_->stops ? environment_->stops->enter(core_.id(), stream)
                             : nullptr;
}

// ---- leaving ---------------------------------------------------------------

void workspace_state::offer_passivation(std::uint64_t received) {
  post(directory_, passivation_offered{core_.id(), received});
}

void workspace_state::retire(std::vector<parked_subscriber> parked) {
  post(directory_, workspace_retired{core_.id(), std::move(parked)});
  self_.end();
}

void workspace_state::worker_detached() {
  if (environment_->workers_detached)
    ++*environment_->workers_detached;
}

} // namespace penstock
