// Goal: a boxed value behaves as an optional one, and an empty box takes a
// pointer's room. Method: every way to fill, copy, move and empty one.
#define BOOST_TEST_MODULE boxed
#include <boost/test/unit_test.hpp>

#include "messages/boxed.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace penstock;

namespace {

using box = boxed<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(an_empty_one_takes_a_pointer) {
  static_assert(sizeof(boxed<std::vector<std::string>>) == sizeof(void*));
  BOOST_TEST(!box{}.has_value());
  BOOST_TEST(!box{std::nullopt});
  BOOST_TEST(!box{std::optional<std::string>{}});
}

BOOST_AUTO_TEST_CASE(a_copy_is_of_the_value_and_not_of_the_pointer) {
  box one{std::string{"one"}};
  auto other = one;
  *other = "other";
  BOOST_TEST(*one == "one");
  other = one;
  BOOST_TEST(*other == "one");
  BOOST_TEST(&*other != &*one);
  other = box{};
  BOOST_TEST(!other);
  BOOST_TEST(one->size() == 3u);
}

BOOST_AUTO_TEST_CASE(it_is_filled_and_emptied_in_every_way) {
  box one;
  BOOST_TEST(one.emplace(2u, 'x') == "xx");
  one.reset();
  BOOST_TEST(!one);
  one = std::string{"a value"};
  BOOST_TEST(*one == "a value");
  one = std::optional{std::string{"an optional"}};
  BOOST_TEST(*one == "an optional");
  one = std::nullopt;
  BOOST_TEST(!one);
}

BOOST_AUTO_TEST_CASE(what_is_taken_out_is_moved) {
  box one{std::string(1'000, 'x')};
  const auto* const bytes = one->data();
  const std::string out = *std::exchange(one, std::nullopt);
  BOOST_TEST(out.data() == bytes);
  BOOST_TEST(!one);
  box other{std::string(1'000, 'y')};
  const auto* const at = &*other;
  const box moved = std::move(other);
  BOOST_TEST(&*moved == at);
}
