// Goal: one WORKSPACE per id, never two at once, whatever crosses a
// passivation or a shutdown, and no cost for those out of memory.
// Method: the real DIRECTORY with stand-in workspaces that write down what they
// get and that the test moves by hand; no threads.
#define BOOST_TEST_MODULE directory
#include <boost/test/unit_test.hpp>

#include "actors/directory.hpp"
#include "tests/support/actor_fixture.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace penstock;

namespace {

/// A subscriber that remembers whether it was closed.
struct recorded_sink : event_sink {
  void deliver(event_batch) override {}
  void closed() override { ++closed_count; }
  int closed_count = 0;
};

struct world;

/// Does nothing by itself.
class stand_in {
public:
  using shell = caf_compat::shell<workspace_protocol, stand_in>;
  stand_in(shell& self, world& w, workspace_birth birth);
  ~stand_in();

  template <class Command>
  void on(const Command& m);

  shell& self;
  world& all;
  workspace_birth born;
  std::uint64_t received = 0;
};

/// Where the stand-ins write down what happens.
struct world {
  std::map<std::string, stand_in*> present;
  std::vector<std::string> log;
  std::vector<std::string> crashes;
  bool overlap = false;

  void note(std::string what) { log.push_back(std::move(what)); }
};

stand_in::stand_in(shell& s, world& w, workspace_birth birth)
  : self(s), all(w), born(std::move(birth)) {
  all.overlap = all.overlap || all.present.contains(born.id);
  all.present[born.id] = this;
  all.note(born.id + " opened with " + std::to_string(born.parked.size()));
}

stand_in::~stand_in() {
  all.present.erase(born.id);
  all.note(born.id + " ended");
}

template <class Command>
void stand_in::on(const Command& m) {
  if constexpr (std::is_same_v<Command, retire>) {
    caf_compat::post(born.home, workspace_retired{born.id, born.parked});
    self.end();
  } else if constexpr (std::is_same_v<Command, stop_everything>) {
    self.end();
  } else if constexpr (std::is_same_v<Command, supervisor_replaced>) {
    all.note(born.id + " has another supervisor");
  } else if constexpr (requires { m.workspace_id; }) {
    ++received;
    if constexpr (std::is_same_v<Command, enqueue_message>) {
      if (m.message.text == "crash")
        throw std::runtime_error("as the test asks");
      all.note(born.id + " " + m.message.text);
      m.queued(received);
    } else if constexpr (std::is_same_v<Command, subscribe>) {
      born.parked.push_back({m.id, m.sink, 7});
    } else if constexpr (std::is_same_v<Command, credit_returned>) {
      all.note(born.id + " credit");
    }
  }
}

struct fixture : testing::actor_fixture {
  world w;
  directory_actor subject = caf_compat::spawn<directory_protocol, directory>(
    system, open_workspace{[this](workspace_birth birth) {
      return caf_compat::spawn<workspace_protocol, stand_in>(
        system, std::ref(w), std::move(birth));
    }},
    supervisor_actor{},
    workspace_crashed{[this](const std::string& id, const std::string&) {
      w.crashes.push_back(id);
    }});
  std::vector<std::string> answers;

  ~fixture() {
    caf_compat::post_exit(subject);
    run();
    BOOST_TEST(!w.overlap);
    BOOST_TEST(w.present.empty());
  }

  template <class Message>
  void post(Message message) {
    caf_compat::post(subject, std::move(message));
  }
  template <class Message>
  void deliver(Message message) {
    post(std::move(message));
    run();
  }
  /// A command that can be recognised and that answers.
  enqueue_message say(const std::string& id, const std::string& text) {
    return {id,
            {text, queue_mode::turn_end},
            reply<std::size_t>{[this, text](expected<std::size_t> answer) {
              const bool refused =
                !answer && answer.error().code == errc::aborted;
              answers.push_back(text
                                + (answer    ? " ok"
                                   : refused ? " refused"
                                             : " dropped"));
            }}};
  }
  /// The workspace offers to leave, with what it has seen so far.
  void offer(const std::string& id) {
    post(passivation_offered{id, w.present.at(id)->received});
  }
  void passivate(const std::string& id) {
    offer(id);
    run();
    BOOST_REQUIRE(!w.present.contains(id));
    w.log.clear();
  }
  std::size_t stop() {
    std::size_t ended = 1'000;
    deliver(stop_everything{reply<std::size_t>{
      [&ended](expected<std::size_t> n) { ended = n.value_or(999); }}});
    return ended;
  }
};

} // namespace

#define CHECK_LOG(...)                                                         \
  BOOST_TEST(w.log == (std::vector<std::string>{__VA_ARGS__}),                 \
             boost::test_tools::per_element())

BOOST_FIXTURE_TEST_CASE(the_first_command_opens_and_the_rest_follow_in_order,
                        fixture) {
  post(say("a", "one"));
  post(say("b", "one"));
  post(say("a", "two"));
  run();
  BOOST_TEST(w.present.size() == 2u);
  std::erase_if(w.log, [](const auto& line) { return line[0] == 'b'; });
  CHECK_LOG("a opened with 0", "a one", "a two");
}

BOOST_FIXTURE_TEST_CASE(each_kind_of_command_arrives_and_counts, fixture) {
  const auto sink = std::make_shared<recorded_sink>();
  deliver(start_stream{"a", std::make_shared<start_request>(), {}});
  deliver(stop_stream{"a", {}, {}, {}});
  deliver(await_stream{"a", {}, {}});
  deliver(subscribe{"a", subscription_id{1}, sink, {}});
  deliver(unsubscribe{"a", subscription_id{2}});
  deliver(credit_returned{"a", subscription_id{1}});
  deliver(say("a", "x"));
  deliver(edit_history{"a", {}, {}});
  deliver(set_thinking{"a", {}, {}});
  deliver(view_workspace{"a", {}});
  BOOST_TEST(w.present.at("a")->received == 10u);
  passivate("a"); // its count is the directory's
}

BOOST_FIXTURE_TEST_CASE(an_offer_that_crossed_a_command_is_refused, fixture) {
  deliver(say("a", "one"));
  post(say("a", "two"));
  offer("a"); // has seen "one" only
  run();
  BOOST_TEST(w.present.contains("a"));
  CHECK_LOG("a opened with 0", "a one", "a two");
  offer("a");
  run();
  BOOST_TEST(!w.present.contains("a"));
}

BOOST_FIXTURE_TEST_CASE(what_comes_while_it_retires_goes_to_the_next_one,
                        fixture) {
  deliver(say("a", "one"));
  w.log.clear();
  offer("a");
  post(say("a", "two"));
  post(say("a", "three"));
  run();
  CHECK_LOG("a ended", "a opened with 0", "a two", "a three");
  BOOST_TEST(answers
               == (std::vector<std::string>{"one ok", "two ok", "three ok"}),
             boost::test_tools::per_element());
  // The new one is counted anew.
  BOOST_TEST(w.present.at("a")->received == 2u);
  passivate("a");
}

BOOST_FIXTURE_TEST_CASE(subscribers_are_parked_and_handed_on, fixture) {
  const auto sink = std::make_shared<recorded_sink>();
  deliver(subscribe{"a", subscription_id{1}, sink, {}});
  deliver(subscribe{"a", subscription_id{2}, sink, {}});
  passivate("a");
  deliver(say("a", "back"));
  CHECK_LOG("a opened with 2", "a back");
  BOOST_TEST(w.present.at("a")->born.parked.at(1).seq == 7u);
  BOOST_TEST(sink->closed_count == 0);
}

BOOST_FIXTURE_TEST_CASE(unsubscribing_a_parked_one_revives_nobody, fixture) {
  const auto one = std::make_shared<recorded_sink>();
  const auto two = std::make_shared<recorded_sink>();
  deliver(subscribe{"a", subscription_id{1}, one, {}});
  deliver(subscribe{"a", subscription_id{2}, two, {}});
  passivate("a");
  deliver(unsubscribe{"a", subscription_id{1}});
  deliver(unsubscribe{"a", subscription_id{1}});
  deliver(unsubscribe{"never seen", subscription_id{1}});
  BOOST_TEST(w.present.empty());
  BOOST_TEST(one->closed_count == 1);
  BOOST_TEST(one.use_count() == 1);
  deliver(say("a", "back"));
  CHECK_LOG("a opened with 1", "a back");
}

BOOST_FIXTURE_TEST_CASE(credit_revives_only_for_a_parked_subscriber, fixture) {
  const auto sink = std::make_shared<recorded_sink>();
  deliver(subscribe{"a", subscription_id{1}, sink, {}});
  passivate("a");
  deliver(credit_returned{"a", subscription_id{2}});
  deliver(credit_returned{"b", subscription_id{1}});
  BOOST_TEST(w.log.empty());
  deliver(credit_returned{"a", subscription_id{1}});
  CHECK_LOG("a opened with 1", "a credit");
}

BOOST_FIXTURE_TEST_CASE(a_crash_is_told_and_the_next_command_starts_over,
                        fixture) {
  auto sink = std::make_shared<recorded_sink>();
  deliver(subscribe{"a", subscription_id{1}, sink, {}});
  post(say("a", "crash"));
  post(say("a", "behind it"));
  run();
  BOOST_TEST(w.crashes == std::vector<std::string>{"a"},
             boost::test_tools::per_element());
  std::sort(answers.begin(), answers.end());
  BOOST_TEST(
    answers == (std::vector<std::string>{"behind it dropped", "crash dropped"}),
    boost::test_tools::per_element());
  BOOST_TEST(sink.use_count() == 1); // it went with the crash
  w.log.clear();
  deliver(say("a", "again"));
  CHECK_LOG("a opened with 0", "a again");
}

BOOST_FIXTURE_TEST_CASE(a_crash_leaves_the_others_as_they_were, fixture) {
  for (const auto* id : {"a", "b", "c"})
    deliver(say(id, "one"));
  passivate("c");
  deliver(say("c", "two")); // One that came after an end.
  w.log.clear();
  deliver(say("b", "crash"));
  BOOST_TEST(w.crashes == std::vector<std::string>{"b"},
             boost::test_tools::per_element());
  CHECK_LOG("b ended");
  w.log.clear();
  for (const auto* id : {"a", "b", "c"})
    deliver(say(id, "again"));
  CHECK_LOG("a again", "b opened with 0", "b again", "c again");
  passivate("a"); // Its count is the directory's.
}

BOOST_FIXTURE_TEST_CASE(a_crash_at_the_shutdown_is_told_and_counts_as_an_end,
                        fixture) {
  for (const auto* id : {"a", "b", "c"})
    deliver(say(id, "one"));
  const auto a = w.present.at("a")->self.self();
  const auto b = w.present.at("b")->self.self();
  offer("b"); // It retires while the shutdown comes.
  caf_compat::post(a, say("a", "crash"));
  caf_compat::post(b, say("b", "crash"));
  BOOST_TEST(stop() == 3u);
  std::sort(w.crashes.begin(), w.crashes.end());
  const std::vector<std::string> both{"a", "b"};
  BOOST_TEST(w.crashes == both, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_crash_while_retiring_lets_the_waiting_go_on,
                        fixture) {
  deliver(say("a", "one"));
  w.log.clear();
  // It crashes on something that the directory did not count.
  const auto actor = w.present.at("a")->self.self();
  offer("a");
  caf_compat::post(actor, say("a", "crash"));
  post(say("a", "two"));
  run();
  CHECK_LOG("a ended", "a opened with 0", "a two");
}

BOOST_FIXTURE_TEST_CASE(shutdown_waits_for_all_and_refuses_what_follows,
                        fixture) {
  const auto sink = std::make_shared<recorded_sink>();
  deliver(subscribe{"parked", subscription_id{1}, sink, {}});
  passivate("parked");
  deliver(say("a", "one"));
  deliver(say("b", "one"));
  offer("b"); // retires while the shutdown comes
  post(say("b", "held"));
  BOOST_TEST(stop() == 2u);
  BOOST_TEST(w.present.empty());
  BOOST_TEST(sink->closed_count == 1);
  BOOST_TEST(answers.back() == "held refused");
  BOOST_TEST(w.present.empty());
}

BOOST_FIXTURE_TEST_CASE(shutdown_of_an_empty_shard_is_answered_at_once,
                        fixture) {
  BOOST_TEST(stop() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_new_supervisor_is_told_to_all_that_live, fixture) {
  deliver(say("a", "one"));
  deliver(say("b", "one"));
  passivate("b");
  deliver(supervisor_replaced{});
  CHECK_LOG("a has another supervisor");
}

// Random commands, offers and crashes: every command is answered once, in the
// order of its workspace, and two actors of one id are never there at once (the
// fixture checks that).
BOOST_FIXTURE_TEST_CASE(nothing_is_lost_in_any_order, fixture) {
  std::minstd_rand random{7}; // Fixed: a failure repeats as it is.
  std::size_t sent = 0;
  for (int round = 0; round < 5'000; ++round) {
    const auto id = std::string(1, static_cast<char>('a' + random() % 3));
    switch (random() % 8) {
    case 0:
      if (w.present.contains(id))
        offer(id);
      break;
    case 1:
      run();
      break;
    case 2:
      if (random() % 20 == 0) {
        post(say(id, "crash"));
        ++sent;
      }
      break;
    default:
      post(say(id, std::to_string(sent++)));
      break;
    }
  }
  run();
  BOOST_TEST(answers.size() == sent);
  std::map<std::string, std::size_t> last;
  for (const auto& line : w.log)
    if (const auto space = line.find(' ');
        std::isdigit(static_cast<unsigned char>(line[space + 1]))) {
      const auto number = std::stoul(line.substr(space + 1)) + 1;
      BOOST_TEST(number > last[line.substr(0, space)]);
      last[line.substr(0, space)] = number;
    }
}
