// How events leave a workspace.
#pragma once

#include "messages/stream.hpp"

#include <atomic>
#include <cstdint>

namespace penstock {

/// Takes events of one workspace. A sink has credit or it has none; with
/// credit it gets one batch, which uses the credit up (SPEC §3).
///
/// Threads: `deliver` is called by one thread at a time, but not always by the
///          same, often the sockets' own. It must not block, must not throw.
class event_sink {
public:
  virtual ~event_sink() = default;

  /// The next events in order, never empty.
  virtual void deliver(event_batch batch) = 0;
  /// All who are told something at this moment have been: what `deliver` put
  /// off, to wake a thread once and not for each of them, is due.
  virtual void round_over() {}
  /// Nothing will come any more: unsubscribed, or the runtime has shut down.
  virtual void closed() {}

  /// Asks for the next batch. @returns whether the workspace has something
  /// waiting and must be told (`return_credit`); else it will see by itself.
  [[nodiscard]] bool return_credit() noexcept {
    return state_.exchange(has_credit) == wanted;
  }

  /// For the workspace: takes the credit, or leaves word that it wants some.
  [[nodiscard]] bool take_credit() noexcept {
    auto seen = state_.load();
    for (;;) {
      const auto next = seen == has_credit ? no_credit : wanted;
      if (state_.compare_exchange_weak(seen, next))
        return next == no_credit;
    }
  }

private:
  enum : std::uint8_t { no_credit, has_credit, wanted };
  std::atomic<std::uint8_t> state_{has_credit};
};

/// Names a subscription within its runtime. 0 is none.
enum class subscription_id : std::uint64_t {};

} // namespace penstock
