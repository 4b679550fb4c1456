// The only file that asks which CAF this is: 0.17.6 (Debian) or 1.x.
//
// Two decisions keep it thin (docs/decisions/): every message is one-way, so a
// reply is a message of its own; and no message leaves the process, so none is
// serialized.
#pragma once

#include <caf/all.hpp>

#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
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

namespace penstock::caf_compat {

/// Why an actor ended: empty after a normal end.
using exit_text = std::string;

// ---- actors on a thread of ours
// ----------------------------------------------

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

#if PENSTOCK_CAF_1

template <class... Messages>
struct signatures_of {
  using signatures = caf::type_list<caf::result<void>(Messages)...>;
};

template <class... Messages>
using typed_handle = caf::typed_actor<signatures_of<Messages...>>;

template <class Handle, class Message>
void post(const Handle& to, Message message) {
  caf::anon_mail(std::move(message)).send(to);
}

template <class Handle, class Message>
void post_here(const Handle& to, Message message) {
  caf::actor_cast<caf::abstract_actor*>(to)->enqueue(
    caf::make_mailbox_element(nullptr, caf::make_message_id(),
                              std::move(message)),
    own_thread::of_this_thread());
}

inline exit_text describe(const caf::error& why) {
  return why && why != caf::exit_reason::normal ? to_string(why) : "";
}

#else

template <class... Messages>
using typed_handle = caf::typed_actor<caf::reacts_to<Messages>...>;

/// Sends without a sender; from any thread, actors included.
template <class Handle, class Message>
void post(const Handle& to, Message message) {
  caf::anon_send(to, std::move(message));
}

/// The same, and on an `own_thread` the actor runs there, if it slept. For the
/// few messages that a token causes.
template <class Handle, class Message>
void post_here(const Handle& to, Message message) {
  caf::actor_cast<caf::abstract_actor*>(to)->eq_impl(
    caf::make_message_id(), nullptr, own_thread::of_this_thread(),
    std::move(message));
}

inline exit_text describe(const caf::error& why) {
  if (!why || why == caf::exit_reason::normal)
    return "";
  return "actor error " + std::to_string(why.code());
}

#endif

/// Ends an actor from outside, as an `exit` message: what lies in its mailbox
/// before is still handled.
template <class Handle>
void post_exit(const Handle& to) {
  caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
}

/// Tells TSan that what was done before a message was sent is seen by now.
inline void came_through_mailbox([[maybe_unused]] void* actor) {
#if PENSTOCK_TSAN && !PENSTOCK_CAF_1
  __tsan_acquire(actor);
#endif
}

/// The messages an actor accepts. Its state class has one `on(const M&)` per
/// message; a missing one is a compile error.
template <class... Messages>
struct protocol {
  using handle = typed_handle<Messages...>;

  template <class State>
  static typename handle::behavior_type behavior(State* state, void* actor) {
    return {[state, actor](const Messages& message) {
      came_through_mailbox(actor);
      state->on(message);
    }...};
  }
};

/// The actor around a state: what every actor of ours has beside its messages.
///
/// An exception that leaves a handler ends the actor with an error; whoever
/// watches it hears of it.
template <class Protocol, class State>
class shell final : public Protocol::handle::base {
public:
  using super = typename Protocol::handle::base;
  using handle = typename Protocol::handle;
  using behavior_type = typename handle::behavior_type;

  template <class... Args>
  explicit shell(caf::actor_config& config, Args&&... args) : super(config) {
    this->set_exception_handler([](std::exception_ptr&) -> caf::error {
      return caf::make_error(caf::sec::runtime_error);
    });
#if !PENSTOCK_CAF_1
    this->set_default_handler(caf::drop); // print nothing
    this->set_down_handler([this](caf::down_msg& down) {
      came_through_mailbox(this);
      if (auto node = watched_.extract(down.source); !node.empty())
        node.mapped()(describe(down.reason));
    });
#endif
    make_ = [this, ... args = std::forward<Args>(args)]() mutable {
      state_ = std::make_unique<State>(*this, std::move(args)...);
    };
#if PENSTOCK_TSAN && !PENSTOCK_CAF_1
    __tsan_release(this);
#endif
  }

#if PENSTOCK_TSAN && !PENSTOCK_CAF_1
  ~shell() override {
    __tsan_acquire(this);
  }
#endif

  handle self() {
    return handle{this};
  }

  /// Calls `then` on this actor once `other` has ended.
  template <class Other>
  void watch(const Other& other, std::function<void(const exit_text&)> then) {
#if PENSTOCK_CAF_1
    this->monitor(other, [then = std::move(then)](const caf::error& why) {
      then(describe(why));
    });
#else
    watched_.emplace(other.address(), std::move(then));
    super::monitor(other);
#endif
  }

  /// Ends this actor after the current message.
  void end() {
    this->quit();
  }

  /// Spawns another actor.
  template <class P, class S, class... Args>
  typename P::handle spawn_shell(Args&&... args) {
    return this->system().template spawn<shell<P, S>>(
      std::forward<Args>(args)...);
  }

protected:
  behavior_type make_behavior() override {
    make_();
    make_ = nullptr;
    return Protocol::behavior(state_.get(), this);
  }

  void on_exit() override {
    state_.reset();
  }

#if PENSTOCK_TSAN && !PENSTOCK_CAF_1
public:
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    __tsan_release(this);
    super::enqueue(std::move(what), unit);
  }
  caf::resumable::resume_result resume(caf::execution_unit* unit,
                                       size_t most) override {
    for (size_t i = 0;; ++i) {
      __tsan_acquire(this);
      const auto result = super::resume(unit, 1); // one message a round
      __tsan_release(this);
      if (result != caf::resumable::resume_later || i + 1 >= most)
        return result;
    }
  }
#endif

private:
  std::function<void()> make_;
  std::unique_ptr<State> state_; // from make_behavior to on_exit
#if !PENSTOCK_CAF_1
  std::map<caf::actor_addr, std::function<void(const exit_text&)>> watched_;
#endif
};

/// Spawns an actor. `State` is constructed in the actor from (shell&, args...)
/// and destroyed when the actor ends.
template <class Protocol, class State, class... Args>
typename Protocol::handle spawn(caf::actor_system& system, Args&&... args) {
  return system.spawn<shell<Protocol, State>>(std::forward<Args>(args)...);
}

/// Tells CAF of the types of a block before an actor system is made with
/// `config`; for a host's own system too.
template <class Block>
void add_messages(caf::actor_system_config& config) {
#if PENSTOCK_CAF_1
  (void)config;
  static const bool done = [] {
    caf::core::init_global_meta_objects();
    caf::init_global_meta_objects<Block>();
    return true;
  }();
  (void)done;
#else
  config.add_message_types<Block>();
#endif
}

/// Settings that both versions spell differently. Policy "sharing" on both:
/// stealing burns a fifth of a core at a trickle of messages (measured).
inline void configure(caf::actor_system_config& config, std::size_t threads) {
#if PENSTOCK_CAF_1
  config.set("caf.scheduler.policy", "sharing");
  config.set("caf.scheduler.max-threads", threads);
#else
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", threads);
#endif
}

/// For a thread that made a system or spawned in it, and that will not be the
/// one to destroy it: CAF 0.17 keeps a reference in a thread-local variable,
/// and the system's destructor waits for the last one, for ever.
inline void forget_system() {
#if !PENSTOCK_CAF_1
  caf::logger::set_current_actor_system(nullptr);
#endif
}

} // namespace penstock::caf_compat
