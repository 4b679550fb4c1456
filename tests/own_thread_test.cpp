// Goal: an actor that is woken on a thread of ours runs there, within bounds,
// or is called there without a message; what it is told elsewhere is neither
// lost nor run at the same time.
// Method: a real actor system with two threads; an actor that notes where it
// runs. What it leaves out is run by the scheduler, so all waits have an end.
#define BOOST_TEST_MODULE own_thread
#include <boost/test/unit_test.hpp>

#include "messages/type_ids.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
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
    std::unique_lock lock{mutex_};
    const bool came =
      changed_.wait_for(lock, 30s, [&] { return entries_.size() >= count; });
    BOOST_REQUIRE(came);
    return entries_;
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

credit_returned numbered(std::uint64_t number) {
  return {"", subscription_id{number}};
}

/// Notes what it is told and its own end (0); then does what the test says.
struct callee {
  using shell = caf_compat::shell<listener_protocol, callee>;
  using called = credit_returned;
  using deed = std::function<void(shell&, std::uint64_t)>;

  callee(shell& self, diary* notes, deed what)
    : self_(self), notes_(notes), deed_(std::move(what)) {}
  ~callee() { notes_->note(0); }
  void on(const credit_returned& m) {
    ++handled_; // Not atomic: never in two places at once.
    notes_->note(static_cast<std::uint64_t>(m.id));
    if (deed_)
      deed_(self_, static_cast<std::uint64_t>(m.id));
  }
  shell& self_;
  diary* notes_;
  deed deed_;
  std::uint64_t handled_ = 0;
};
using way = caf_compat::short_way<listener_actor, credit_returned>;

/// Notes 1 000 when the one it watches has ended.
struct watcher {
  using shell = caf_compat::shell<listener_protocol, watcher>;
  watcher(shell& self, diary* notes, listener_actor of) {
    self.watch(of, [notes](const caf_compat::exit_text& why) {
      notes->note(why.empty() ? 999 : 1'000);
    });
  }
  void on(const credit_returned&) {}
};

struct fixture {
  diary notes; // Outlives the actors.
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;

  fixture() {
    caf_compat::add_messages<caf::id_block::penstock>(config);
    caf_compat::configure(config, 2);
    system = std::make_unique<caf::actor_system>(config);
  }

  listener_actor spawn(listener_actor after = {}) {
    return caf_compat::spawn<listener_protocol, listener>(*system, &notes,
                                                          std::move(after));
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

  listener_actor spawn_callee(callee::deed what = {}) {
    return caf_compat::spawn<listener_protocol, callee>(*system, &notes,
                                                        std::move(what));
  }

  /// Tells `one`, numbers from 1, until it was called here. @returns how often.
  std::uint64_t call_here(const way& one, caf_compat::own_thread& own) {
    for (std::uint64_t told = 1; told < 10'000; ++told) {
      one.tell(numbered(told));
      own.turn(); // It may have fallen asleep before it got a message.
      notes.wait_for(told);
      if (notes.here() > 0)
        return told;
    }
    BOOST_FAIL("it was never called here");
    return 0;
  }

  /// A thread posts to `one` while this one tells it, by turns of its own.
  void two_sides(const listener_actor& one,
                 const std::function<void(std::uint64_t)>& tell) {
    constexpr std::uint64_t each = 20'000;
    std::thread other{[&] {
      for (std::uint64_t i = 0; i < each; ++i)
        caf_compat::post(one, numbered(each + i));
      caf_compat::forget_system();
    }};
    {
      caf_compat::own_thread own{*system};
      for (std::uint64_t i = 0; i < each; ++i) {
        tell(i);
        own.turn();
      }
    }
    const auto all = notes.wait_for(2 * each);
    other.join();
    std::uint64_t ours = 0, theirs = each;
    for (const auto& e : all)
      BOOST_REQUIRE_EQUAL(e.number, e.number < each ? ours++ : theirs++);
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
    const way to_one{one}; // Of one that takes no calls: posts.
    for (int i = 0; i < 100; ++i) {
      if (i % 2 == 0)
        caf_compat::post_here(one, numbered(++told));
      else
        to_one.tell(numbered(++told));
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

BOOST_FIXTURE_TEST_CASE(two_sides_that_tell_one_actor_lose_nothing, fixture) {
  const auto one = spawn();
  two_sides(one,
            [&](std::uint64_t i) { caf_compat::post_here(one, numbered(i)); });
  end({one});
}

BOOST_FIXTURE_TEST_CASE(an_actor_that_sleeps_is_called, fixture) {
  const auto one = spawn_callee();
  {
    caf_compat::own_thread own{*system};
    const way to_one{one};
    auto told = call_here(to_one, own);
    const auto before = notes.here();
    for (std::size_t i = 1; i <= 100; ++i) {
      to_one.tell(numbered(++told));
      BOOST_TEST(notes.here() == before + i, "within tell");
    }
  }
  end({one});
}

BOOST_FIXTURE_TEST_CASE(elsewhere_a_call_is_a_message, fixture) {
  const auto one = spawn_callee();
  const way to_one{one};
  for (std::uint64_t i = 1; i <= 100; ++i) {
    to_one.tell(numbered(i));
    notes.wait_for(i);
  }
  BOOST_TEST(notes.here() == 0u);
  end({one});
}

BOOST_FIXTURE_TEST_CASE(whom_a_called_one_calls_is_called_too, fixture) {
  const auto last = spawn_callee();
  const way to_last{last};
  const auto first = spawn_callee(
    [&](callee::shell&, std::uint64_t) { to_last.tell(numbered(77)); });
  {
    caf_compat::own_thread own{*system};
    const way to_first{first};
    for (std::size_t told = 1;; ++told) {
      BOOST_REQUIRE(told < 10'000u);
      const auto before = notes.here();
      to_first.tell(numbered(1));
      if (notes.here() == before + 2)
        break;
      own.turn();
      notes.wait_for(2 * told);
    }
  }
  end({first, last});
}

BOOST_FIXTURE_TEST_CASE(what_comes_during_a_call_is_done_by_the_scheduler,
                        fixture) {
  const auto one = spawn_callee([](callee::shell& self, std::uint64_t number) {
    if (number < 500'000)
      caf_compat::post(self.self(), numbered(number + 500'000));
  });
  {
    caf_compat::own_thread own{*system};
    const way to_one{one};
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
      to_one.tell(numbered(i));
      own.turn();
      const auto all = notes.wait_for(2 * i);
      BOOST_REQUIRE_EQUAL(all[2 * i - 2].number, i);
      BOOST_REQUIRE_EQUAL(all[2 * i - 1].number, i + 500'000);
    }
    BOOST_TEST(notes.here() > 0u);
  }
  end({one});
}

BOOST_FIXTURE_TEST_CASE(a_call_that_throws_ends_the_actor, fixture) {
  const auto one = spawn_callee([](callee::shell&, std::uint64_t number) {
    if (number == 500'000)
      throw std::runtime_error("as the test wants it");
  });
  {
    caf_compat::own_thread own{*system};
    const way to_one{one};
    const auto told = call_here(to_one, own);
    const auto watches =
      caf_compat::spawn<listener_protocol, watcher>(*system, &notes, one);
    caf_compat::post(watches, numbered(1)); // It has begun to watch by then,
    to_one.tell(numbered(500'000));         // or hears of it afterwards.
    BOOST_TEST(notes.wait_for(told + 2)[told].number == 500'000u);
    own.turn();
    const auto all = notes.wait_for(told + 3);
    BOOST_TEST(all[told + 1].number + all[told + 2].number == 1'000u,
               "its state is gone, with an error");
    to_one.tell(numbered(3)); // Dropped.
    own.turn();
    BOOST_TEST(notes.wait_for(told + 3).size() == told + 3);
    end({watches});
  }
}

BOOST_FIXTURE_TEST_CASE(a_call_may_end_the_actor, fixture) {
  const auto one = spawn_callee([](callee::shell& self, std::uint64_t number) {
    if (number == 500'000)
      self.end();
  });
  {
    caf_compat::own_thread own{*system};
    const way to_one{one};
    const auto told = call_here(to_one, own);
    to_one.tell(numbered(500'000));
    BOOST_TEST(notes.wait_for(told + 2)[told + 1].number == 0u);
  }
}

BOOST_FIXTURE_TEST_CASE(calls_and_messages_of_two_sides_lose_nothing, fixture) {
  const auto one = spawn_callee();
  const way to_one{one};
  two_sides(one, [&](std::uint64_t i) { to_one.tell(numbered(i)); });
  end({one});
}
