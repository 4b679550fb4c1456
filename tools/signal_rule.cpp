#include "tools/signal_rule.hpp"

#include <csignal>
#include <utility>

namespace penstock::cli {

void signal_rule::begin_turn() {
  in_turn_ = true;
  registered_ = softened_ = aborted_ = false;
}

void signal_rule::end_turn() {
  in_turn_ = false;
}

signal_rule::act signal_rule::on(int signal) {
  const bool ctrl_c = signal == SIGINT;
  if (!in_turn_ || aborted_) {
    leaving_ = true;
    return act::exit;
  }
  if (ctrl_c && soft_first_ && registered_ && !std::exchange(softened_, true))
    return act::soften;
  aborted_ = true;
  if (ctrl_c && talks_)
    return act::stop_turn;
  leaving_ = true;
  return act::leave;
}

} // namespace penstock::cli
