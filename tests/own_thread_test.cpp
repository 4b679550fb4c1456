// Goal: an actor that is woken on a thread of ours runs there, within bounds,
// and what it is told elsewhere is neither lost nor run at the same time.
// What actors on CAF's scheduler wake goes on where it was woken.
// Method: a real actor system with two threads; an actor that notes where it
// runs. What it leaves out is run by the scheduler, so all waits have an end.
#define BOOST_TEST_MODULE own_thread
#include <boost/test/unit_test.hpp>

#include "messages/type_ids.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

using namespace penstock;
using namespace std::chrono_literals;

namespace {

using listener_protocol = caf_compat::protocol<credit_returned>;
using listener_actor = listener_protocol::handle;

/// What the actors have handled, in order: the number of each, and the thread.
class diary {
public:
  void note(std::uint64_t number) {
    const std::lock_guard lock{mutex_};
    entries_.push_back({number, std::this_thread::get_id()});
    changed_.notify_all();
  }
  struct entry {
    std::uint64_t number;
    std::thread::id where;
  };
  std::vector<entry> wait_for(std::size_t count) {
    BOOST_REQUIRE(comes_to(count));
    const std::lock_guard lock{mutex_};
    return entries_;
  }
  /// For actors, which must not use the framework's macros.
  bool comes_to(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 30s,
                             [&] { return entries_.size() >= count; });
  }
  std::size_t size() {
    const std::lock_guard lock{mutex_};
    return entries_.size();
  }
  std::size_t here() {
    const std::lock_guard lock{mutex_};
    std::size_t count = 0;
    for (const auto& e : entries_)
      count += e.where == std::this_thread::get_id();
    return count;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<entry> entries_;
};

/// Notes what it is told and tells another actor, if it has one.
struct listener {
  using shell = caf_compat::shell<listener_protocol, listener>;
  listener(shell&, diary* notes, listener_actor after)
    : notes_(notes), next_(std::move(after)) {}
  void on(const credit_returned& m) {
    ++handled_; // Not atomic: never in two places at once.
    notes_->note(static_cast<std::uint64_t>(m.id));
    if (next_)
      caf_compat::post_here(next_, m);
  }
  diary* notes_;
  listener_actor next_;
  std::uint64_t handled_ = 0;
};

/// Tells others, by the plain way, and then waits until enough was noted.
struct speaker {
  using shell = caf_compat::shell<listener_protocol, speaker>;
  speaker(shell&, diary* notes, std::vector<listener_actor> others,
          std::size_t patience)
    : notes_(notes), others_(std::move(others)), patience_(patience) {}
  void on(const credit_returned& m) {
    notes_->note(static_cast<std::uint64_t>(m.id));
    for (const auto& other : others_)
      caf_compat::post(other, m);
    (void)notes_->comes_to(patience_);
  }
  diary* notes_;
  std::vector<listener_actor> others_;
  std::size_t patience_;
};

credit_returned numbered(std::uint64_t number) {
  return {"", subscription_id{number}};
}

/// Wakes another one, and then has always more to do until that has run.
struct restless {
  static constexpr std::size_t rounds_max = 2'000'000;
  using shell = caf_compat::shell<listener_protocol, restless>;
  restless(shell& self, diary* notes, listener_actor other,
           std::atomic<std::size_t>* rounds)
    : self_(self), notes_(notes), other_(std::move(other)), rounds_(rounds) {}
  void on(const credit_returned& m) {
    if (*rounds_ == 0)
      caf_compat::post(other_, m);
    if (++*rounds_ < rounds_max && notes_->size() == 0)
      caf_compat::post(self_.self(), m);
  }
  shell& self_;
  diary* notes_;
  listener_actor other_;
  std::atomic<std::size_t>* rounds_;
};

struct fixture {
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  diary notes;

  fixture() {
    caf_compat::add_messages<caf::id_block::penstock>(config);
    caf_compat::configure(config, 2);
    system = std::make_unique<caf::actor_system>(config);
  }

  listener_actor spawn(listener_actor after = {}) {
    return caf_compat::spawn<listener_protocol, listener>(*system, &notes,
                                                          std::move(after));
  }

  listener_actor spawn_speaker(std::vector<listener_actor> others,
                               std::size_t patience = 0) {
    return caf_compat::spawn<listener_protocol, speaker>(
      *system, &notes, std::move(others), patience);
  }

  /// Tells `one` until it has slept and was woken here. @returns how often.
  std::size_t wake_here(const listener_actor& one,
                        caf_compat::own_thread& own) {
    for (std::size_t told = 1; told < 10'000; ++told) {
      caf_compat::post_here(one, numbered(told));
      own.turn();
      notes.wait_for(told);
      if (notes.here() > 0)
        return told;
    }
    BOOST_FAIL("it never ran here");
    return 0;
  }

  void end(std::initializer_list<listener_actor> all) {
    for (const auto& one : all)
      caf_compat::post_exit(one);
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(an_actor_that_sleeps_runs_where_it_is_woken, fixture) {
  const auto one = spawn();
  {
    caf_compat::own_thread own{*system};
    auto told = wake_here(one, own);
    // From here on it sleeps after each turn, so it runs nowhere else.
    const auto before = notes.here();
    for (int i = 0; i < 100; ++i) {
      caf_compat::post_here(one, numbered(++told));
      BOOST_TEST(notes.here() == before + static_cast<std::size_t>(i),
                 "not before its turn");
      own.turn();
      BOOST_TEST(notes.here() == before + static_cast<std::size_t>(i) + 1);
    }
  }
  end({one});
}

BOOST_FIXTURE_TEST_CASE(whom_it_wakes_runs_in_the_same_turn, fixture) {
  const auto last = spawn();
  const auto first = spawn(last);
  {
    caf_compat::own_thread own{*system};
    for (int tries = 0;; ++tries) {
      BOOST_REQUIRE(tries < 10'000);
      const auto before = notes.here();
      caf_compat::post_here(first, numbered(1));
      own.turn();
      notes.wait_for(2 * static_cast<std::size_t>(tries + 1));
      if (notes.here() == before + 2)
        break;
    }
  }
  end({first, last});
}

BOOST_FIXTURE_TEST_CASE(post_wakes_the_scheduler_as_ever, fixture) {
  const auto one = spawn();
  {
    caf_compat::own_thread own{*system};
    const auto told = wake_here(one, own);
    const auto before = notes.here();
    caf_compat::post(one, numbered(7));
    notes.wait_for(told + 1);
    own.turn();
    BOOST_TEST(notes.here() == before);
  }
  end({one});
}

BOOST_FIXTURE_TEST_CASE(a_turn_is_bounded_and_the_scheduler_does_the_rest,
                        fixture) {
  constexpr std::uint64_t many =
    10 * caf_compat::own_thread::actor_messages_max;
  const auto one = spawn();
  {
    caf_compat::own_thread own{*system};
    const auto told = wake_here(one, own);
    const auto before = notes.here();
    for (std::uint64_t i = 0; i < many; ++i)
      caf_compat::post_here(one, numbered(1'000'000 + i));
    own.turn();
    BOOST_TEST(notes.here() - before
               <= caf_compat::own_thread::actor_messages_max);
    const auto all = notes.wait_for(told + many);
    for (std::uint64_t i = 0; i < many; ++i)
      BOOST_REQUIRE_EQUAL(all[told + i].number, 1'000'000 + i);
  }
  end({one});
}

BOOST_FIXTURE_TEST_CASE(what_had_no_turn_is_given_to_the_scheduler, fixture) {
  const auto one = spawn();
  std::size_t told = 0;
  {
    caf_compat::own_thread own{*system};
    told = wake_here(one, own);
    caf_compat::post_here(one, numbered(1));
  }
  notes.wait_for(told + 1);
  caf_compat::post_here(one, numbered(2)); // As `post`: the thread is none now.
  notes.wait_for(told + 2);
  end({one});
}

#if !PENSTOCK_CAF_1
// Nobody can see whether an actor sleeps yet; those that were made long ago do.
BOOST_FIXTURE_TEST_CASE(a_command_goes_from_actor_to_actor_on_one_worker,
                        fixture) {
  constexpr std::size_t rounds = 200;
  std::vector<std::vector<listener_actor>> rows;
  for (std::size_t i = 0; i < rounds; ++i) {
    const auto last = spawn_speaker({}), second = spawn_speaker({last});
    rows.push_back({spawn_speaker({second}), second, last});
  }
  std::size_t together = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    caf_compat::post(rows[i].front(), numbered(i));
    const auto all = notes.wait_for(3 * i + 3);
    together += all[3 * i].where == all[3 * i + 1].where
                && all[3 * i].where == all[3 * i + 2].where;
  }
  BOOST_TEST(together > rounds * 9 / 10);
  for (const auto& row : rows)
    end({row[0], row[1], row[2]});
}

BOOST_FIXTURE_TEST_CASE(of_two_that_are_woken_one_does_not_wait, fixture) {
  const auto quick = spawn_speaker({});
  // Waits for the other one on the worker where both were woken.
  const auto patient = spawn_speaker({}, 3);
  const auto first = spawn_speaker({quick, patient});
  caf_compat::post(first, numbered(1));
  const auto all = notes.wait_for(3);
  BOOST_TEST(all.size() == 3u);
  end({first, quick, patient});
}

BOOST_FIXTURE_TEST_CASE(an_actor_that_never_rests_keeps_nobody_waiting,
                        fixture) {
  const auto other = spawn_speaker({});
  std::atomic<std::size_t> rounds{0};
  const auto busy = caf_compat::spawn<listener_protocol, restless>(
    *system, &notes, other, &rounds);
  caf_compat::post(busy, numbered(0));
  notes.wait_for(1);
  BOOST_TEST(rounds < restless::rounds_max);
  end({busy, other});
}
#endif

BOOST_FIXTURE_TEST_CASE(two_sides_that_tell_one_actor_lose_nothing, fixture) {
  constexpr std::uint64_t each = 20'000;
  const auto one = spawn();
  std::thread other{[&] {
    for (std::uint64_t i = 0; i < each; ++i)
      caf_compat::post(one, numbered(each + i));
    caf_compat::forget_system();
  }};
  {
    caf_compat::own_thread own{*system};
    for (std::uint64_t i = 0; i < each; ++i) {
      caf_compat::post_here(one, numbered(i));
      own.turn();
    }
  }
  const auto all = notes.wait_for(2 * each);
  other.join();
  std::uint64_t ours = 0, theirs = each;
  for (const auto& e : all)
    BOOST_REQUIRE_EQUAL(e.number, e.number < each ? ours++ : theirs++);
  end({one});
}
