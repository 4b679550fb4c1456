// Where actors run: on CAF's scheduler, or on a thread of ours. With
// caf_compat.hpp the only one that asks which CAF this is.
#pragma once

#include <caf/all.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>

// Not CAF_VERSION: 1.1.0 defines that as 0100, an octal literal.
#if CAF_MAJOR_VERSION >= 1
#define PENSTOCK_CAF_1 1
#else
#define PENSTOCK_CAF_1 0
#endif

// Debian's libcaf is not instrumented, so ThreadSanitizer cannot see what
// orders two messages: the shell in caf_compat.hpp says it.
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

/// An actor that can be told by a call, while it sleeps.
template <class Message>
class takes_calls {
public:
  virtual ~takes_calls() = default;
  /// Handles it on the calling thread, as if a message had woken the actor
  /// there. @returns false, and does nothing, if the actor does not sleep.
  [[nodiscard]] virtual bool try_call(const Message& message) = 0;
};

/// The base of a shell by which it takes calls, if its state has a `called`.
template <class Shell, class State>
class call_taker {};
#if !PENSTOCK_CAF_1
template <class Shell, class State>
requires requires {
  typename State::called;
}
class call_taker<Shell, State> : public takes_calls<typename State::called> {
  bool try_call(const typename State::called& message) final {
    return static_cast<Shell*>(this)->call(message);
  }
};
#endif

/// Whose turn it is to run an actor: a worker's of CAF, or a caller's. One has
/// it, and none waits for it.
///
/// Threads: any. What was done in one turn is seen in the next.
class actor_turn {
public:
  [[nodiscard]] bool take() noexcept { return step(is_free, is_taken); }
  /// Leaves word with whoever has it. @returns false if nobody has it now.
  [[nodiscard]] bool ask() noexcept { return step(is_taken, is_wanted); }
  /// @returns whether somebody has asked for it, and is gone.
  [[nodiscard]] bool give_back() noexcept {
    return state_.exchange(is_free) == is_wanted;
  }

private:
  enum : std::uint8_t { is_free, is_taken, is_wanted };
  bool step(std::uint8_t from, std::uint8_t to) noexcept {
    return state_.compare_exchange_strong(from, to);
  }
  std::atomic<std::uint8_t> state_{is_free};
};

/// Around the handling of a message, the begin and the end of an actor: tells
/// TSan that what was done before it was sent is seen by now, and what is done
/// in it by whoever handles the next one. That may begin before CAF has come
/// back from this one.
class mailbox_turn {
public:
#if PENSTOCK_TSAN && !PENSTOCK_CAF_1
  explicit mailbox_turn(void* actor) : actor_(actor) {
    __tsan_acquire(actor_);
  }
  ~mailbox_turn() {
    __tsan_release(actor_);
  }
  mailbox_turn(const mailbox_turn&) = delete;
  mailbox_turn& operator=(const mailbox_turn&) = delete;

private:
  void* actor_;
#else
  explicit mailbox_turn(void*) {}
#endif
};

} // namespace penstock::caf_compat
