// A host that is a CAF program: the runtime's actors live in its own system,
// and its actor speaks with a workspace by messages.
#include "examples/offline.hpp"
#include "runtime/caf_interop.hpp"

using namespace penstock;

namespace {

constexpr auto workspace = "reading";
/// Ids of the runtime's own subscriptions count from 1.
constexpr auto subscription_of_host = subscription_id{1ull << 63};

/// Hands a stream's words to the host's actor, one batch at a time: the next
/// comes when the actor has returned the credit.
class words_to_actor final : public event_sink {
public:
  explicit words_to_actor(caf::actor to) : to_(std::move(to)) {}

  void deliver(event_batch batch) override {
    std::string words;
    bool over = false;
    for (const auto& e : batch) {
      if (const auto* delta = std::get_if<event::text_delta>(e.body.get()))
        words += delta->text;
      over = over || terminal(*e.body);
    }
    caf_compat::post(to_, std::move(words));
    if (over)
      caf_compat::post(to_, true);
  }

private:
  caf::actor to_;
};

/// Asks, prints what comes, and ends with the stream.
caf::behavior reader(caf::event_based_actor* self, directory_actor directory) {
  auto sink = std::make_shared<words_to_actor>(caf::actor{self});
  subscribe listening;
  listening.workspace_id = workspace;
  listening.id = subscription_of_host;
  listening.sink = sink;
  caf_compat::post(directory, std::move(listening));

  start_request request;
  request.workspace_id = workspace;
  request.messages = {penstock::user_text("Read to me.")};
  request.model = "demo:reader";
  start_stream start;
  start.workspace_id = workspace;
  start.request = std::make_shared<const start_request>(std::move(request));
  start.registered =
    reply<stream_id>{[me = caf::actor{self}](expected<stream_id> answer) {
      if (!answer)
        caf_compat::post(me, false);
    }};
  caf_compat::post(directory, std::move(start));

  return {
    [=](const std::string& words) {
      std::cout << words << std::flush;
      if (sink->return_credit())
        caf_compat::post(directory,
                         credit_returned{workspace, subscription_of_host});
    },
    [=](bool ended_well) {
      std::cout << (ended_well ? "" : "not started") << std::endl;
      caf_compat::post(directory, unsubscribe{workspace, subscription_of_host});
      self->quit();
    },
  };
}

} // namespace

int main() {
  caf::actor_system_config config;
  add_penstock_messages(config);
  caf_compat::configure(config, 2);
  caf::actor_system system{config};

  http_script script{offline::says("Call me Ishmael. Some years ago")};
  const auto runtime = offline::value_or_exit(
    open_runtime(system, offline::options(std::move(script))));
  {
    caf::scoped_actor self{system};
    const auto reading =
      system.spawn(reader, directory_of(*runtime, workspace));
    self->wait_for(reading);
  }
  (void)offline::value_or_exit(runtime->shutdown()); // The system goes on.
  std::cout << "shut down" << std::endl;
  return 0;
}
