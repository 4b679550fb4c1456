// Goal: the SUPERVISOR is replaced when it crashes, not for ever, and at
// shutdown nobody is told to go before those who need it are gone.
// Method: the real ROOT over stand-ins that write down what they get.
#define BOOST_TEST_MODULE root
#include <boost/test/unit_test.hpp>

#include "actors/root.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/virtual_clock.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

struct shard_stand_in {
  using shell = caf_compat::shell<directory_protocol, shard_stand_in>;
  shard_stand_in(shell& s, lines& l, bool& hold)
    : self(s), log(l), held(hold) {}
  ~shard_stand_in() { log.push_back("shard ended"); }

  template <class Message>
  void on(const Message& m) {
    if constexpr (std::is_same_v<Message, supervisor_replaced>)
      log.push_back("shard told");
    else if constexpr (std::is_same_v<Message, stop_everything>) {
      log.push_back("shard stops");
      m.ended(3);
      if (!held)
        self.end();
    } else if constexpr (std::is_same_v<Message, view_workspace>)
      throw std::runtime_error("as the test asks");
  }

  shell& self;
  lines& log;
  bool& held;
};

struct supervisor_stand_in {
  using shell = caf_compat::shell<supervisor_protocol, supervisor_stand_in>;
  supervisor_stand_in(shell&, lines& l) : log(l) {}
  ~supervisor_stand_in() { log.push_back("supervisor ended"); }

  template <class Message>
  void on(const Message& m) {
    if constexpr (std::is_same_v<Message, view_health>)
      m.view(std::vector<endpoint_view>(1));
    else
      throw std::runtime_error("as the test asks");
  }
  lines& log;
};

struct fixture : testing::actor_fixture {
  lines log, reports;
  bool hold = false;
  std::vector<supervisor_actor> supervisors;
  std::vector<directory_actor> shards;
  std::shared_ptr<testing::virtual_clock> time =
    std::make_shared<testing::virtual_clock>();
  root_actor subject;
  std::size_t ended = 0;

  fixture() {
    for (int i = 0; i < 2; ++i)
      shards.push_back(caf_compat::spawn<directory_protocol, shard_stand_in>(
        system, std::ref(log), std::ref(hold)));
    subject = caf_compat::spawn<root_protocol, root>(
      system,
      root_parts{time, shards, spawn_supervisor(),
                 [this] { return spawn_supervisor(); },
                 [this](const std::string& line) { reports.push_back(line); }});
    run();
  }
  ~fixture() {
    caf_compat::post_exit(subject);
    run();
  }

  supervisor_actor spawn_supervisor() {
    supervisors.push_back(
      caf_compat::spawn<supervisor_protocol, supervisor_stand_in>(
        system, std::ref(log)));
    return supervisors.back();
  }
  void crash_supervisor() {
    caf_compat::post(supervisors.back(), forget_stream{});
    run();
  }
  void stop() {
    caf_compat::post(subject, stop_everything{reply<std::size_t>{
                                [this](expected<std::size_t> n) {
                                  log.push_back("answered");
                                  ended = n.value_or(999);
                                }}});
    run();
  }
};

} // namespace

#define CHECK_LOG(...)                                                         \
  BOOST_TEST(log == (lines{__VA_ARGS__}), boost::test_tools::per_element())

BOOST_FIXTURE_TEST_CASE(a_crashed_supervisor_is_replaced_and_all_are_told,
                        fixture) {
  crash_supervisor();
  CHECK_LOG("supervisor ended", "shard told", "shard told");
  BOOST_TEST(supervisors.size() == 2u);
  BOOST_TEST(reports.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(health_is_asked_of_the_present_one, fixture) {
  crash_supervisor();
  std::size_t seen = 0;
  caf_compat::post(subject,
                   view_health{reply<std::vector<endpoint_view>>{
                     [&](auto view) { seen = view ? view->size() : 999; }}});
  run();
  BOOST_TEST(seen == 1u);
}

BOOST_FIXTURE_TEST_CASE(one_that_keeps_crashing_ends_the_runtime, fixture) {
  for (std::size_t i = 0; i < root::crashes_max; ++i)
    crash_supervisor();
  BOOST_TEST(supervisors.size() == root::crashes_max + 1);
  log.clear();
  crash_supervisor();
  CHECK_LOG("supervisor ended", "shard stops", "shard ended", "shard stops",
            "shard ended");
  BOOST_TEST(reports.back().find("shuts down") != std::string::npos);
  stop(); // it has gone; the command answers itself
  BOOST_TEST(ended == 999u);
}

BOOST_FIXTURE_TEST_CASE(rare_crashes_are_forgiven, fixture) {
  for (std::size_t i = 0; i < 3 * root::crashes_max; ++i) {
    crash_supervisor();
    time->advance(root::crash_window / root::crashes_max + 1s);
  }
  BOOST_TEST(supervisors.size() == 3 * root::crashes_max + 1);
}

BOOST_FIXTURE_TEST_CASE(shutdown_ends_shards_then_the_supervisor, fixture) {
  stop();
  CHECK_LOG("shard stops", "shard ended", "shard stops", "shard ended",
            "supervisor ended", "answered");
  BOOST_TEST(ended == 6u);
  BOOST_TEST(reports.empty());
}

BOOST_FIXTURE_TEST_CASE(the_supervisor_stays_while_a_shard_does, fixture) {
  hold = true;
  stop();
  CHECK_LOG("shard stops", "shard stops");
  crash_supervisor(); // and is still replaced
  BOOST_TEST(supervisors.size() == 2u);
  log.clear();
  for (const auto& shard : shards)
    caf_compat::post_exit(shard);
  run();
  CHECK_LOG("shard ended", "shard ended", "supervisor ended", "answered");
}

BOOST_FIXTURE_TEST_CASE(a_crashed_shard_does_not_hold_up_the_end, fixture) {
  caf_compat::post(shards[0], view_workspace{});
  run();
  BOOST_TEST(reports.size() == 1u);
  stop();
  BOOST_TEST(ended == 3u);
}
