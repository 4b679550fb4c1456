// The answer to a command, for callers outside of the actors.
#pragma once

#include "messages/errc.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace penstock {

/// What a command answers that nobody has answered: its actor crashed. Where a
/// shutdown may have dropped it, whoever asked tells the two apart.
inline error unanswered() {
  return {errc::internal,
          "an actor of the runtime crashed before it could answer; the log "
          "hook was told which"};
}

/// Travels in a command and is answered exactly once. A command that is
/// dropped is answered `unanswered()` by itself when its last copy goes, so no
/// caller waits for ever.
///
/// Threads: any. The function runs on the thread that answers, must not block
///          and must not throw.
template <class T>
class reply {
public:
  using function = std::function<void(expected<T>)>;

  /// Answers go nowhere.
  reply() = default;
  explicit reply(function then)
    : state_(std::make_shared<state>(std::move(then))) {}

  /// Whether somebody waits for the answer.
  explicit operator bool() const noexcept { return state_ != nullptr; }

  void operator()(expected<T> answer) const {
    if (state_)
      state_->answer(std::move(answer));
  }

private:
  struct state {
    explicit state(function f) : then(std::move(f)) {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { answer(fail(unanswered())); }
    void answer(expected<T> value) {
      if (!answered.exchange(true) && then)
        then(std::move(value));
    }
    function then;
    std::atomic<bool> answered{false};
  };
  std::shared_ptr<state> state_;
};

} // namespace penstock
