// Where actors run: on CAF's scheduler, or on a thread of ours. With
// caf_compat.hpp the only one that asks which CAF this is.
#pragma once

#include <caf/all.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <typeinfo>
#include <utility>

// Not CAF_VERSION: 1.1.0 defines that as 0100, an octal literal.
#if CAF_MAJOR_VERSION >= 1
#define PENSTOCK_CAF_1 1
#else
#define PENSTOCK_CAF_1 0
#endif

// Debian's libcaf is not instrumented, so ThreadSanitizer cannot see what
// orders two messages: the shell below says it.
#if defined(__SANITIZE_THREAD__)
#define PENSTOCK_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PENSTOCK_TSAN 1
#endif
#endif
#ifndef PENSTOCK_TSAN
#define PENSTOCK_TSAN 0
#endif
#if PENSTOCK_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if !PENSTOCK_CAF_1
#include <caf/policy/work_sharing.hpp>
#include <caf/scheduler/worker.hpp>
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
/// Limits:  a turn handles at most `turn_messages_max` messages of at most
///          `turn_actors_max` actors; what is left goes to the scheduler, so
///          that the thread comes back to its own work.
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

#if !PENSTOCK_CAF_1

/// Lets the actor that an actor on CAF's scheduler has woken last run next, on
/// the same worker, instead of waking another one: a command that passes from
/// actor to actor wakes one thread and not one for each.
///
/// Of several that one message wakes, the last stays and the others go to the
/// scheduler. A chain is bounded, so that no worker is kept from the queue.
class worker_chain final : private caf::execution_unit {
public:
  static constexpr std::size_t actors_max = 64;
  static constexpr std::size_t messages_max = 32;

  explicit worker_chain(caf::execution_unit& worker)
    : execution_unit(worker), worker_(worker) {
    current_ = this;
  }
  ~worker_chain() override { current_ = nullptr; }
  worker_chain(const worker_chain&) = delete;
  worker_chain& operator=(const worker_chain&) = delete;

  /// Null outside of a worker's turn.
  static caf::execution_unit* of_this_thread() noexcept { return current_; }
  static bool begins_at(const caf::execution_unit* unit) noexcept {
    using worker = caf::scheduler::worker<caf::policy::work_sharing>;
    return !current_ && unit && typeid(*unit) == typeid(worker);
  }

  /// @param resume of an actor: takes a unit and a number of messages.
  template <class Resume>
  caf::resumable::resume_result run(const Resume& resume, std::size_t most) {
    caf::execution_unit* const here = this;
    auto result = caf::resumable::resume_later;
    for (std::size_t done = 0; done < most; done += messages_max) {
      result = resume(here, std::min(most - done, messages_max));
      if (result != caf::resumable::resume_later)
        break;
      give_away(); // It has more to do, and nobody waits for it.
    }
    for (std::size_t i = 0; next_ && i < actors_max; ++i) {
      auto* const actor = std::exchange(next_, nullptr);
      if (actor->resume(here, messages_max) == caf::resumable::resume_later)
        worker_.exec_later(actor);
      else
        caf::intrusive_ptr_release(actor);
    }
    give_away();
    return result;
  }

private:
  void exec_later(caf::resumable* actor) override {
    give_away();
    next_ = actor;
  }
  void give_away() {
    if (auto* const actor = std::exchange(next_, nullptr))
      worker_.exec_later(actor);
  }

  static inline thread_local worker_chain* current_ = nullptr;

  caf::execution_unit& worker_;
  caf::resumable* next_ = nullptr; ///< Holds a reference.
};

#endif

} // namespace penstock::caf_compat
