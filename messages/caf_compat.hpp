// What differs between the versions of CAF: 0.17.6 (Debian) and 1.x.
//
// Two decisions keep it thin (docs/decisions/): every message is one-way, so a
// reply is a message of its own; and no message leaves the process, so none is
// serialized.
#pragma once

#include "messages/boxed.hpp"
#include "messages/caf_threads.hpp"
#include "messages/footprint.hpp"
#include "messages/lazy_map.hpp"

#include <caf/all.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace penstock::caf_compat {

/// Why an actor ended: empty after a normal end.
using exit_text = std::string;

/// Unique id of an actor within its system.
using actor_number = caf::actor_id;

/// Sends without a sender; from any thread, actors included.
template <class Handle, class Message>
void post(const Handle& to, Message message);

/// The same, and on an `own_thread` the actor runs there, if it slept. For the
/// few messages that a token causes.
template <class Handle, class Message>
void post_here(const Handle& to, Message message);

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

template <class Handle, class Message>
void post(const Handle& to, Message message) {
  caf::anon_send(to, std::move(message));
}

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

/// The way of what a token causes, to one actor. On an `own_thread` an actor
/// that sleeps handles it within `tell`: nothing is allocated, queued or looked
/// up. One that runs gets a message, behind all that it was told before, as
/// with `post_here`. With CAF 1.x it is always a message.
///
/// @tparam Called what the actor's state names as its `called`, and handles.
/// @tparam Posted the message that says the same; made of a `Called`.
template <class Handle, class Called, class Posted = Called>
class short_way {
public:
  explicit short_way(Handle to)
    : to_(std::move(to)), callee_(dynamic_cast<takes_calls<Called>*>(
                            caf::actor_cast<caf::abstract_actor*>(to_))) {}

  /// @param what is moved from if the actor did not sleep.
  void tell(Called&& what) const {
    if (!callee_ || !own_thread::of_this_thread() || !callee_->try_call(what))
      post_here(to_, Posted(std::move(what)));
  }
  const Handle& handle() const noexcept { return to_; }

private:
  Handle to_;
  takes_calls<Called>* callee_; ///< `to_`, or null: it takes no calls.
};

/// Ends an actor from outside, as an `exit` message: what lies in its mailbox
/// before is still handled.
template <class Handle>
void post_exit(const Handle& to) {
  caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
}

/// The messages an actor accepts. Its state class has one `on(const M&)` per
/// message; a missing one is a compile error.
template <class... Messages>
struct protocol {
  using handle = typed_handle<Messages...>;

#if PENSTOCK_CAF_1
  template <class Actor>
  static typename handle::behavior_type behavior(Actor* actor) {
    return {[actor](const Messages& message) { actor->take(message); }...};
  }
#else
  /// One for all actors of a kind, which saves 60 bytes a message and actor,
  /// and misses of the cache: the actor is the one that this thread runs.
  template <class Actor>
  static typename handle::behavior_type behavior(Actor*) {
    static const auto& all = *new typename handle::behavior_type{
      [](const Messages& message) { Actor::running_->take(message); }...};
    return all;
  }
#endif
};

/// A state that can be told which of the actors that it watches has ended.
template <class State>
concept hears_of_ends = requires(State& state, actor_number number,
                                 const exit_text& why) {
  state.on_end(number, why);
};

/// The actor around a state: what every actor of ours has beside its messages.
///
/// An exception that leaves a handler ends the actor with an error; whoever
/// watches it hears of it.
template <class Protocol, class State>
class shell final : public Protocol::handle::base,
                    public call_taker<shell<Protocol, State>, State> {
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
      const mailbox_turn turn{this};
      if (auto node = watched_.extract(down.source); !node.empty())
        node.mapped()(describe(down.reason));
      else
        tell_end(down.source.id(), down.reason);
    });
#endif
    make_.emplace([this, ... args = std::forward<Args>(args)]() mutable {
      state_ = std::make_unique<State>(*this, std::move(args)...);
    });
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
    watched_[other.address()] = std::move(then);
    super::monitor(other);
#endif
  }

  /// The same for one of many: `State::on_end` is told its number. Takes no
  /// room here.
  template <class Other>
  void watch(const Other& other) {
    static_assert(hears_of_ends<State>);
#if PENSTOCK_CAF_1
    this->monitor(other, [this, number = other.id()](const caf::error& why) {
      tell_end(number, why);
    });
#else
    super::monitor(other);
#endif
  }

  /// Notes what a call of this actor looks at.
  void note_calls(footprint::place actor, footprint::place mailbox) {
    footprint::note(actor, &turn_, &make_);
    footprint::note(mailbox, reinterpret_cast<const char&>(this->mailbox()));
  }

  /// Ends this actor after the current message.
  void end() {
    this->quit();
    ended_ = true;
  }

  /// Spawns another actor.
  template <class P, class S, class... Args>
  typename P::handle spawn_shell(Args&&... args) {
    return this->system().template spawn<shell<P, S>>(
      std::forward<Args>(args)...);
  }

protected:
  behavior_type make_behavior() override {
    const mailbox_turn turn{this};
    (*make_)();
    make_.reset();
    return Protocol::behavior(this);
  }

  void on_exit() override {
    const mailbox_turn turn{this};
    state_.reset();
  }

#if !PENSTOCK_CAF_1
public:
  // A worker that finds the actor in a call leaves it, with its reference, to
  // who calls; one that comes before CAF is back from the last run, to that.
  caf::resumable::resume_result resume(caf::execution_unit* unit,
                                       size_t most) override {
    while (!turn_.take()) {
      caf::intrusive_ptr_add_ref(this->ctrl());
      if (turn_.ask())
        return caf::resumable::awaiting_message;
      caf::intrusive_ptr_release(this->ctrl());
    }
    running_ = this;
    const auto result = handle_messages(unit, most);
    if (result == caf::resumable::done || !turn_.give_back())
      return result;
    caf::intrusive_ptr_release(this->ctrl());
    return caf::resumable::resume_later;
  }

#if PENSTOCK_TSAN
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* unit) override {
    __tsan_release(this);
    super::enqueue(std::move(what), unit);
  }
#endif
#endif

private:
  friend Protocol;

  template <class Message>
  void take(const Message& message) {
    const mailbox_turn turn{this};
    state_->on(message);
  }

  void tell_end(actor_number number, const caf::error& why) {
    if constexpr (hears_of_ends<State>)
      state_->on_end(number, describe(why));
  }

#if !PENSTOCK_CAF_1
  friend call_taker<shell, State>;

  caf::resumable::resume_result handle_messages(caf::execution_unit* unit,
                                                size_t most) {
#if !PENSTOCK_TSAN
    return super::resume(unit, most);
#else
    for (size_t i = 0;; ++i) {
      __tsan_acquire(this);
      const auto result = super::resume(unit, 1); // one message a round
      __tsan_release(this);
      if (result != caf::resumable::resume_later || i + 1 >= most)
        return result;
    }
#endif
  }

  // What CAF's `resume` does for one message. An actor sleeps if it is nobody's
  // turn and its mailbox waits.
  template <class Message>
  bool call(const Message& message) {
    if (!turn_.take())
      return false;
    const bool sleeps = this->mailbox().blocked();
    if (sleeps) {
      try {
        take(message);
      } catch (...) {
        this->quit(caf::make_error(caf::sec::runtime_error));
        ended_ = true;
      }
      if (ended_) {
        this->context(own_thread::of_this_thread());
        this->finalize();
      }
    }
    if (turn_.give_back()) // With the reference of whoever came for it.
      this->home_system().scheduler().enqueue(this);
    return sleeps;
  }

  static inline thread_local shell* running_ = nullptr;
#endif

  actor_turn turn_;
  bool ended_ = false;
  std::unique_ptr<State> state_;      // from make_behavior to on_exit
  boxed<std::function<void()>> make_; // until then
#if !PENSTOCK_CAF_1
  lazy_map<caf::actor_addr, std::function<void(const exit_text&)>> watched_;
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
