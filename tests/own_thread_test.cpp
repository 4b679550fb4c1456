// Goal: an actor that is woken on a thread of ours runs there, within bounds,
// and what it is told elsewhere is neither lost nor run at the same time.
// Method: a real actor system with two threads; an actor that notes where it
// runs. What it leaves out is run by the scheduler, so all waits have an end.
#define BOOST_TEST_MODULE own_thread
#include <boost/test/unit_test.hpp>

#include "messages/type_ids.hpp"

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
