// Two attempts of which the first to show output wins. Pure: WORKSPACE keeps
// one while a hedge runs, and asks it what a batch of parts means.
//
// Who knows what:
//   WORKSPACE   sees tokens. It arms the hedge's deadline when an attempt has
//               started, builds the second request, decides who wins, and
//               writes nothing of either into the log before that.
//   SUPERVISOR  sees no token. It knows from `run_attempt::hedges` that two
//               attempts race, and judges none of them as long as the other
//               lives: an attempt that ends without output `yields`, one that
//               ended with output waits for WORKSPACE's word. That word is the
//               `cancel_attempt` of the loser; there is no other message.
#pragma once

#include "messages/actor_messages.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

/// One of two who race. The one that was there first is the present attempt of
/// its stream; the other is the hedge.
struct racer {
  attempt_id id;
  std::string model; ///< "provider:model"
  std::shared_ptr<attempt_link> link;
  std::optional<attempt_started> started; ///< Not yet told to the stream.
  std::vector<parts_received> batches;    ///< Without output; paid for.
  token_usage used; ///< Of one who has lost: what it last told.
};

class attempt_race {
public:
  enum class turn : std::uint8_t {
    stale,     ///< Of neither.
    waits,     ///< Nothing was shown.
    present,   ///< The present attempt wins.
    hedge_wins ///< The hedge does.
  };

  attempt_race(racer present, racer hedge);

  /// Keeps `m`, whatever it means. After `present` or `hedge_wins` the race is
  /// decided: take the two and end it.
  turn take(const parts_received& m);
  /// @returns whether it was the hedge that has started.
  bool started(const attempt_started& m);

  racer& present() noexcept { return present_; }
  racer& hedge() noexcept { return hedge_; }

private:
  racer present_, hedge_;
};

/// The last cumulative figure in its batches; `before` if there is none.
token_usage last_usage(const racer& of, token_usage before = {});

/// The model that is asked after `model`; empty: none. A model that comes twice
/// in the chain counts where it comes first.
std::string next_in_chain(const std::vector<std::string>& chain,
                          const std::string& model);

} // namespace penstock
