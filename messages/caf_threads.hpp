// Where actors run: on CAF's scheduler, or on a thread of ours. With
// caf_compat.hpp the only one that asks which CAF this is.
#pragma once

#include <caf/all.hpp>

#include <cstddef>
#include <deque>

// Not CAF_VERSION: 1.1.0 defines that as 0100, an octal literal.
#if CAF_MAJOR_VERSION >= 1
#define PENSTOCK_CAF_1 1
#else
#define PENSTOCK_CAF_1 0
#endif

namespace penstock::caf_compat {

#if PENSTOCK_CAF_1
using execution_base = caf::scheduler;
#else
using execution_base = caf::execution_unit;
#endif

/// Lets the actors that the calling thread wakes with `post_here` run on that
/// thread, in turns that it grants, instead of on CAF's scheduler. That saves
/// the wake-up of another thread, which costs more than a small message.
///
/// An actor is not bound to it: it runs where it was woken, here or there, and
/// never in two places at once.
///
/// Threads: all members on the one thread that made it, but for the
///          constructor's system, which is everyone's.
/// Limits:  a turn handles at most `turn_actors_max` actors with at most
///          `actor_messages_max` messages each; what is left goes to the
///          scheduler, so that the thread comes back to its own work.
class own_thread final : private execution_base {
public:
  static constexpr std::size_t turn_actors_max = 256;
  static constexpr std::size_t actor_messages_max = 64;

  explicit own_thread(caf::actor_system& system);
  ~own_thread() override;
  own_thread(const own_thread&) = delete;
  own_thread& operator=(const own_thread&) = delete;

  /// Runs the actors that were woken, and those that they wake.
  void turn();

  /// The calling thread's, or null.
  static execution_base* of_this_thread() noexcept { return current_; }

private:
  void give_away(caf::resumable* actor);

#if PENSTOCK_CAF_1
  void schedule(caf::resumable* actor) override {
    give_away(actor);
  }
  void delay(caf::resumable* actor) override {
    woken_.push_back(actor);
  }
  void start() override {}
  void stop() override {}
#else
  void exec_later(caf::resumable* actor) override {
    woken_.push_back(actor);
  }
#endif

  static inline thread_local execution_base* current_ = nullptr;

  caf::actor_system& scheduled_;
  std::deque<caf::resumable*> woken_; ///< Each holds a reference.
};

#if PENSTOCK_CAF_1
inline own_thread::own_thread(caf::actor_system& system) : scheduled_(system) {
  current_ = this;
}
#else
inline own_thread::own_thread(caf::actor_system& system)
  : execution_base(&system), scheduled_(system) {
  current_ = this;
}
#endif

inline own_thread::~own_thread() {
  current_ = nullptr;
  for (auto* const actor : woken_)
    give_away(actor);
}

inline void own_thread::give_away(caf::resumable* actor) {
#if PENSTOCK_CAF_1
  scheduled_.scheduler().schedule(actor);
#else
  scheduled_.scheduler().enqueue(actor);
#endif
}

inline void own_thread::turn() {
  for (std::size_t i = 0; !woken_.empty(); ++i) {
    auto* const actor = woken_.front();
    woken_.pop_front();
    if (i >= turn_actors_max) {
      give_away(actor);
      continue;
    }
    if (actor->resume(this, actor_messages_max) == caf::resumable::resume_later)
      give_away(actor);
    else
      caf::intrusive_ptr_release(actor);
  }
}

} // namespace penstock::caf_compat
