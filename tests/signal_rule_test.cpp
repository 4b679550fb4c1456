// Goal: a signal ends what a person would expect it to end, and a second one
// ends all.
// Method: the rule, driven through a program's life; every answer is checked.
#define BOOST_TEST_MODULE signal_rule
#include <boost/test/unit_test.hpp>

#include "tools/signal_rule.hpp"

#include <csignal>

using penstock::cli::signal_rule;
using act = penstock::cli::signal_rule::act;

namespace {

signal_rule streaming(bool soft_first) {
  signal_rule rule{soft_first};
  rule.begin_turn();
  rule.register_stream();
  return rule;
}

} // namespace

BOOST_AUTO_TEST_CASE(without_a_stream_a_signal_ends_the_program) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    for (const bool soft_first : {false, true}) {
      signal_rule rule{soft_first};
      BOOST_TEST((rule.on(signal) == act::exit));
      BOOST_TEST(rule.leaving());
    }
}

BOOST_AUTO_TEST_CASE(ctrl_c_aborts_and_a_second_one_waits_for_nothing) {
  auto rule = streaming(false);
  BOOST_TEST((rule.on(SIGINT) == act::leave));
  BOOST_TEST(rule.leaving());
  BOOST_TEST((rule.on(SIGINT) == act::exit));
}

BOOST_AUTO_TEST_CASE(a_soft_interrupt_is_followed_by_a_hard_one) {
  auto rule = streaming(true);
  BOOST_TEST((rule.on(SIGINT) == act::soften));
  BOOST_TEST(!rule.leaving());
  BOOST_TEST((rule.on(SIGINT) == act::leave));
  BOOST_TEST((rule.on(SIGINT) == act::exit));
}

BOOST_AUTO_TEST_CASE(before_its_stream_is_registered_a_soft_interrupt_is_hard) {
  signal_rule rule{true};
  rule.begin_turn();
  BOOST_TEST((rule.on(SIGINT) == act::leave));
  BOOST_TEST(rule.leaving());
  BOOST_TEST((rule.on(SIGINT) == act::exit));
}

BOOST_AUTO_TEST_CASE(who_ends_the_program_is_never_soft) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    auto rule = streaming(true);
    BOOST_TEST((rule.on(signal) == act::leave));
    auto talking = streaming(true);
    talking.begin_conversation();
    BOOST_TEST((talking.on(signal) == act::leave));
    BOOST_TEST(talking.leaving());
  }
}

BOOST_AUTO_TEST_CASE(in_a_conversation_ctrl_c_ends_the_turn) {
  signal_rule rule{false};
  rule.begin_conversation();
  for (int turn = 0; turn < 2; ++turn) {
    rule.begin_turn();
    rule.register_stream();
    BOOST_TEST((rule.on(SIGINT) == act::stop_turn));
    BOOST_TEST(!rule.leaving());
    rule.end_turn();
  }
  rule.begin_turn();
  BOOST_TEST((rule.on(SIGINT) == act::stop_turn));
  BOOST_TEST((rule.on(SIGINT) == act::exit), "a second one is impatient");
  signal_rule idle{false};
  idle.begin_conversation();
  idle.begin_turn();
  idle.end_turn();
  BOOST_TEST((idle.on(SIGINT) == act::exit), "at the prompt");
}

BOOST_AUTO_TEST_CASE(each_turn_softens_anew) {
  signal_rule rule{true};
  rule.begin_conversation();
  for (int turn = 0; turn < 2; ++turn) {
    rule.begin_turn();
    rule.register_stream();
    BOOST_TEST((rule.on(SIGINT) == act::soften));
    BOOST_TEST((rule.on(SIGINT) == act::stop_turn));
    rule.end_turn();
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_turn_does_not_call_off_the_leaving) {
  auto rule = streaming(false);
  rule.on(SIGTERM);
  rule.end_turn();
  BOOST_TEST(rule.leaving());
  BOOST_TEST((rule.on(SIGINT) == act::exit));
}
