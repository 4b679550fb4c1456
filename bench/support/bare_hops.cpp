#include "bench/support/bare_hops.hpp"

#include "bench/support/rival.hpp"
#include "messages/actor_messages.hpp"
#include "messages/caf_compat.hpp"
#include "runtime/caf_interop.hpp"

#include <vector>

namespace penstock::bench {

namespace {

using taker = caf_compat::protocol<body_received>;
using way = caf_compat::short_way<taker::handle, body_seen, body_received>;

class counter {
public:
  using shell = caf_compat::shell<taker, counter>;
  using called = body_seen;
  counter(shell&, tally* results) : results_(results) {}
  void on(const body_seen& m) { results_->bytes(m.bytes.size()); }
  void on(const body_received& m) { on(body_seen{m.bytes}); }

private:
  tally* results_;
};

class forwarder {
public:
  using shell = caf_compat::shell<taker, forwarder>;
  using called = body_seen;
  forwarder(shell&, taker::handle to) : to_(std::move(to)) {}
  void on(const body_seen& m) { to_.tell(body_seen{m}); }
  void on(const body_received& m) { on(body_seen{m.bytes}); }

private:
  way to_;
};

caf::actor_system_config configured() {
  caf::actor_system_config config;
  add_penstock_messages(config);
  caf_compat::configure(config, 2);
  return config;
}

} // namespace

struct bare_hops::world {
  explicit world(std::size_t streams, tally& results) {
    for (std::size_t i = 0; i < streams; ++i) {
      second.emplace_back(caf_compat::spawn<taker, counter>(system, &results));
      first.emplace_back(
        caf_compat::spawn<taker, forwarder>(system, second[i].handle()));
    }
  }
  ~world() {
    for (const auto* const all : {&first, &second})
      for (const auto& actor : *all)
        caf_compat::post_exit(actor.handle());
  }

  caf::actor_system_config config = configured();
  caf::actor_system system{config};
  caf_compat::own_thread thread{system};
  std::vector<way> first, second; // by stream
};

bare_hops::bare_hops(std::size_t streams, tally& results)
  : world_(std::make_unique<world>(streams, results)) {}

bare_hops::~bare_hops() = default;

void bare_hops::send(std::size_t index, std::string_view bytes) {
  world_->first[index].tell({bytes});
}

void bare_hops::turn() {
  world_->thread.turn();
}

} // namespace penstock::bench
