// Goal: a lazy map is a map, and takes a pointer's room as long as it is empty.
// Method: every member, on an empty one and on one that was filled.
#define BOOST_TEST_MODULE lazy_map
#include <boost/test/unit_test.hpp>

#include "messages/lazy_map.hpp"

#include <string>

using namespace penstock;

namespace {

using words = lazy_map<int, std::string>;

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
