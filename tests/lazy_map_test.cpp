// Goal: a lazy map is a map and a lazy vector a vector, and each takes a
// pointer's room as long as it is empty.
// Method: every member, on an empty one and on one that was filled.
#define BOOST_TEST_MODULE lazy_map
#include <boost/test/unit_test.hpp>

#include "messages/lazy_map.hpp"
#include "messages/lazy_vector.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace penstock;

namespace {

using words = lazy_map<int, std::string>;
using queue_of_words = lazy_vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(an_empty_one_finds_nothing) {
  static_assert(sizeof(words) == sizeof(void*));
  words map;
  BOOST_TEST(map.empty());
  BOOST_TEST(!map.contains(1));
  BOOST_TEST(!map.find(1));
  BOOST_TEST(map.extract(1).empty());
  BOOST_TEST(map.take().empty());
  map.erase(1);
}

BOOST_AUTO_TEST_CASE(what_was_put_in_is_found_and_taken_out) {
  words map;
  map[1] = "one";
  map[2] = "two";
  BOOST_TEST(!map.empty());
  BOOST_TEST(map.contains(2));
  BOOST_REQUIRE(map.find(1));
  *map.find(1) += "!";
  BOOST_TEST(map.extract(1).mapped() == "one!");
  BOOST_TEST(!map.contains(1));
  map.erase(2);
  BOOST_TEST(map.empty());
}

BOOST_AUTO_TEST_CASE(taking_all_leaves_none) {
  words map;
  map[2] = "two";
  map[1] = "one";
  std::string in_order;
  for (const auto& [key, value] : map.take())
    in_order += value;
  BOOST_TEST(in_order == "onetwo");
  BOOST_TEST(map.empty());
}

BOOST_AUTO_TEST_CASE(an_empty_vector_has_nothing_to_give) {
  static_assert(sizeof(queue_of_words) == sizeof(void*));
  queue_of_words all;
  BOOST_TEST(all.empty());
  BOOST_TEST(all.take().empty());
  all.erase_if([](const std::string&) { return true; });
  BOOST_TEST(all.empty());
}

BOOST_AUTO_TEST_CASE(a_vector_gives_its_first_until_there_is_none) {
  lazy_vector<std::unique_ptr<int>> all; // What cannot be copied, too.
  all.push_back(std::make_unique<int>(1));
  all.push_back(std::make_unique<int>(2));
  BOOST_TEST(*all.take_first() == 1);
  BOOST_TEST(!all.empty());
  BOOST_TEST(*all.take_first() == 2);
  BOOST_TEST(all.empty());
}

BOOST_AUTO_TEST_CASE(a_vector_keeps_those_that_are_not_dropped_in_order) {
  queue_of_words all;
  for (const auto* word : {"one", "two", "three", "two"})
    all.push_back(word);
  all.erase_if([](const std::string& word) { return word == "two"; });
  BOOST_TEST(!all.empty());
  const std::vector<std::string> left{"one", "three"};
  BOOST_TEST(all.take() == left, boost::test_tools::per_element());
  BOOST_TEST(all.empty());
  all.push_back("four");
  all.erase_if([](const std::string&) { return true; });
  BOOST_TEST(all.empty());
}
