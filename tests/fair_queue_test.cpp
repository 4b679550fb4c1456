// Goal: lines take turns, nobody is lost, nobody overtakes in a line.
// Method: examples, and random operations against a plain model.
#define BOOST_TEST_MODULE fair_queue
#include <boost/test/unit_test.hpp>

#include "actors/fair_queue.hpp"

#include <algorithm>
#include <random>
#include <vector>

using penstock::fair_queue;

namespace {
std::vector<int> all(fair_queue<int>& q) {
  std::vector<int> served;
  while (!q.empty()) {
    served.push_back(q.front());
    BOOST_TEST(q.pop() == served.back());
  }
  return served;
}
} // namespace

#define CHECK_SERVED(q, ...)                                                   \
  BOOST_TEST(all(q) == (std::vector<int>{__VA_ARGS__}),                        \
             boost::test_tools::per_element())

BOOST_AUTO_TEST_CASE(one_line_is_first_come_first_served) {
  fair_queue<int> q;
  for (int i : {3, 1, 2})
    q.push("a", i);
  CHECK_SERVED(q, 3, 1, 2);
}

BOOST_AUTO_TEST_CASE(a_long_line_does_not_hold_up_a_short_one) {
  fair_queue<int> q;
  for (int i : {1, 2, 3, 4})
    q.push("greedy", i);
  q.push("modest", 10);
  q.push("late", 20);
  CHECK_SERVED(q, 1, 10, 20, 2, 3, 4);
}

BOOST_AUTO_TEST_CASE(who_was_served_goes_behind_those_who_wait) {
  fair_queue<int> q;
  q.push("a", 1);
  q.push("b", 2);
  BOOST_TEST(q.pop() == 1);
  q.push("a", 3);
  CHECK_SERVED(q, 2, 3);
}

BOOST_AUTO_TEST_CASE(removal_keeps_the_turns_of_the_others) {
  fair_queue<int> q;
  for (int i : {1, 2})
    q.push("a", i);
  q.push("b", 3);
  q.push("c", 4);
  BOOST_TEST(q.remove("b", 3));
  BOOST_TEST(!q.remove("b", 3));
  BOOST_TEST(!q.remove("nobody", 1));
  BOOST_TEST(q.remove("a", 1));
  BOOST_TEST(q.size() == 2u);
  CHECK_SERVED(q, 2, 4);
}

BOOST_AUTO_TEST_CASE(random_operations_lose_nobody_and_starve_nobody) {
  std::mt19937 random{7};
  for (int round = 0; round < 200; ++round) {
    fair_queue<int> q;
    std::vector<std::pair<std::string, int>> waiting;
    int next = 0;
    for (int i = 0; i < 200; ++i) {
      const auto dice = random() % 4;
      if (dice < 2) {
        const std::string line(1, static_cast<char>('a' + random() % 5));
        waiting.emplace_back(line, next);
        q.push(line, next++);
      } else if (!waiting.empty() && dice == 2) {
        const auto gone = waiting.begin() + random() % waiting.size();
        BOOST_REQUIRE(q.remove(gone->first, gone->second));
        waiting.erase(gone);
      } else if (!waiting.empty()) {
        const auto served = q.pop();
        const auto who =
          std::find_if(waiting.begin(), waiting.end(),
                       [&](auto& w) { return w.second == served; });
        BOOST_REQUIRE(who != waiting.end());
        for (auto before = waiting.begin(); before != who; ++before)
          BOOST_REQUIRE(before->first != who->first);
        waiting.erase(who);
      }
      BOOST_REQUIRE(q.size() == waiting.size());
      BOOST_REQUIRE(q.empty() == waiting.empty());
    }
  }
}
