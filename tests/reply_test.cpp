// Goal: a command is answered exactly once, even if everybody forgets it.
// Method: each way to answer or not to, then many threads at the same time.
#define BOOST_TEST_MODULE reply
#include <boost/test/unit_test.hpp>

#include "messages/reply.hpp"

#include <atomic>
#include <barrier>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace penstock;

namespace {

struct answers {
  std::vector<expected<int>> all;

  reply<int> make() {
    return reply<int>{[this](expected<int> a) { all.push_back(std::move(a)); }};
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(the_first_answer_counts) {
  answers got;
  {
    const auto to = got.make();
    to(1);
    to(2);
    to(fail(errc::tool, "late"));
  }
  BOOST_TEST_REQUIRE(got.all.size() == 1u);
  BOOST_TEST(got.all[0].value() == 1);
}

BOOST_AUTO_TEST_CASE(an_error_is_an_answer) {
  answers got;
  got.make()(fail(errc::storage, "full"));
  BOOST_TEST_REQUIRE(got.all.size() == 1u);
  BOOST_TEST((got.all[0].error().code == errc::storage));
  BOOST_TEST(got.all[0].error().message == "full");
}

BOOST_AUTO_TEST_CASE(the_last_copy_answers_if_nobody_did) {
  answers got;
  std::optional first{got.make()};
  auto second = std::make_unique<reply<int>>(*first);
  first.reset();
  BOOST_TEST(got.all.empty());
  second.reset();
  BOOST_TEST_REQUIRE(got.all.size() == 1u);
  BOOST_TEST((got.all[0].error().code == errc::internal));
  BOOST_TEST(!got.all[0].error().message.empty());
}

BOOST_AUTO_TEST_CASE(copies_share_one_answer) {
  answers got;
  {
    const auto one = got.make();
    const auto other = one;
    other(7);
    one(8);
  }
  BOOST_TEST_REQUIRE(got.all.size() == 1u);
  BOOST_TEST(got.all[0].value() == 7);
}

BOOST_AUTO_TEST_CASE(a_reply_that_is_replaced_or_moved_is_not_lost) {
  answers got, other;
  auto to = got.make();
  auto moved = std::move(to);
  BOOST_TEST(got.all.empty());
  moved = other.make();
  BOOST_TEST(got.all.size() == 1u);
  BOOST_TEST(other.all.empty());
  moved(3);
  BOOST_TEST(other.all.size() == 1u);
}

BOOST_AUTO_TEST_CASE(nobody_to_tell_is_no_fault) {
  const reply<int> nowhere;
  nowhere(1);
  const reply<int> empty{reply<int>::function{}};
  empty(1);
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_value) {
  int answered = 0;
  reply<void>{[&](const expected<void>& a) {
    BOOST_TEST(a.has_value());
    ++answered;
  }}(expected<void>{});
  BOOST_TEST(answered == 1);
}

BOOST_AUTO_TEST_CASE(answering_from_inside_the_answer_is_ignored) {
  int answered = 0;
  std::optional<reply<int>> to;
  to.emplace([&](const expected<int>&) {
    ++answered;
    (*to)(2);
  });
  (*to)(1);
  to.reset();
  BOOST_TEST(answered == 1);
}

BOOST_AUTO_TEST_CASE(threads_that_answer_at_once_answer_once) {
  constexpr int rounds = 20'000;
  std::atomic<int> answered{0};
  std::vector<reply<int>> mine(1), theirs(1);
  std::barrier step{2};
  const auto play = [&](std::vector<reply<int>>& own, bool makes) {
    for (int round = 0; round < rounds; ++round) {
      if (makes)
        mine[0] = theirs[0] =
          reply<int>{[&](const expected<int>&) { ++answered; }};
      step.arrive_and_wait();
      // Every other round one of them only lets go.
      if (makes || round % 2 == 0)
        own[0](round);
      own[0] = {};
      step.arrive_and_wait();
    }
  };
  std::thread other{[&] { play(theirs, false); }};
  play(mine, true);
  other.join();
  BOOST_TEST(answered == rounds);
}

BOOST_AUTO_TEST_CASE(threads_that_let_go_at_once_answer_once) {
  constexpr int rounds = 20'000;
  std::atomic<int> answered{0}, internal{0};
  reply<int> mine, theirs;
  std::barrier step{2};
  const auto let_go = [&](reply<int>& own) {
    step.arrive_and_wait();
    own = {};
    step.arrive_and_wait();
  };
  std::thread other{[&] {
    for (int round = 0; round < rounds; ++round)
      let_go(theirs);
  }};
  for (int round = 0; round < rounds; ++round) {
    mine = theirs = reply<int>{[&](const expected<int>& a) {
      ++answered;
      internal += !a && a.error().code == errc::internal;
    }};
    let_go(mine);
  }
  other.join();
  BOOST_TEST(answered == rounds);
  BOOST_TEST(internal == rounds);
}
