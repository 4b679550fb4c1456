// Goal: adjacent deltas of one part become one, and nothing else merges.
// Method: examples for each kind, and random deltas against plain strings.
#define BOOST_TEST_MODULE part_batch
#include <boost/test/unit_test.hpp>

#include "messages/part.hpp"

#include <map>
#include <random>
#include <string>
#include <utility>
#include <variant>

using namespace penstock;

namespace {

/// Kind and key of a delta, and its bytes.
struct delta {
  std::size_t kind;
  part_key key;
  std::string bytes;
};

delta delta_of(const stream_part& p) {
  delta found{p.index(), 0, ""};
  std::visit(
    [&](const auto& d) {
      if constexpr (requires {
                      d.key;
                      d.bytes;
                    }) {
        found.key = d.key;
        found.bytes = d.bytes;
      }
    },
    p);
  return found;
}

using add_delta = void (part_batch::*)(part_key, std::string_view);
constexpr add_delta kinds[] = {&part_batch::text, &part_batch::reasoning,
                               &part_batch::refusal, &part_batch::tool_input};

} // namespace

BOOST_AUTO_TEST_CASE(each_kind_makes_its_own_part) {
  part_batch batch;
  batch.text(1, "a");
  batch.reasoning(2, "b");
  batch.refusal(3, "c");
  batch.tool_input(4, "d");
  BOOST_TEST_REQUIRE(batch.size() == 4u);
  BOOST_TEST(std::get<part::text>(batch.parts()[0]).bytes == "a");
  BOOST_TEST(std::get<part::reasoning>(batch.parts()[1]).bytes == "b");
  BOOST_TEST(std::get<part::refusal>(batch.parts()[2]).bytes == "c");
  BOOST_TEST(std::get<part::tool_input>(batch.parts()[3]).bytes == "d");
  for (part_key i = 0; i < 4; ++i)
    BOOST_TEST(delta_of(batch.parts()[i]).key == i + 1);
}

BOOST_AUTO_TEST_CASE(adjacent_deltas_of_one_part_merge) {
  for (const auto add : kinds) {
    part_batch batch;
    (batch.*add)(1, "a");
    (batch.*add)(1, std::string_view{"\0b", 2});
    BOOST_TEST_REQUIRE(batch.size() == 1u);
    BOOST_TEST((delta_of(batch.parts()[0]).bytes == std::string{"a\0b", 3}));
  }
}

BOOST_AUTO_TEST_CASE(deltas_of_two_parts_keep_their_order) {
  for (const auto add : kinds) {
    part_batch batch;
    (batch.*add)(1, "a");
    (batch.*add)(2, "b");
    (batch.*add)(1, "c");
    BOOST_TEST_REQUIRE(batch.size() == 3u);
    BOOST_TEST(delta_of(batch.parts()[2]).bytes == "c");
  }
}

BOOST_AUTO_TEST_CASE(kinds_with_the_same_key_do_not_merge) {
  for (const auto one : kinds)
    for (const auto other : kinds) {
      part_batch batch;
      (batch.*one)(1, "a");
      (batch.*other)(1, "b");
      BOOST_TEST(batch.size() == (one == other ? 1u : 2u));
    }
}

BOOST_AUTO_TEST_CASE(anything_between_two_deltas_keeps_them_apart) {
  part_batch batch;
  batch.text(1, "a");
  batch.add(part::text_end{1});
  batch.text(1, "b");
  BOOST_TEST(batch.size() == 3u);
}

BOOST_AUTO_TEST_CASE(an_empty_delta_is_nothing) {
  part_batch batch;
  for (const auto add : kinds)
    (batch.*add)(1, "");
  BOOST_TEST(batch.empty());
  batch.text(1, "a");
  batch.reasoning(1, "");
  batch.text(1, "b");
  BOOST_TEST(batch.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_delta_merges_with_one_that_was_added_whole) {
  part_batch batch;
  batch.add(part::text{1, "a"});
  batch.text(1, "b");
  BOOST_TEST_REQUIRE(batch.size() == 1u);
  BOOST_TEST(delta_of(batch.parts()[0]).bytes == "ab");
}

BOOST_AUTO_TEST_CASE(what_is_taken_is_gone) {
  part_batch batch;
  batch.text(1, "a");
  const auto taken = batch.take();
  BOOST_TEST(taken.size() == 1u);
  BOOST_TEST(batch.empty());
  batch.text(1, "b");
  BOOST_TEST(delta_of(batch.parts()[0]).bytes == "b");
  batch.clear();
  BOOST_TEST(batch.empty());
  BOOST_TEST(batch.size() == 0u);
}

BOOST_AUTO_TEST_CASE(merging_loses_no_byte_and_leaves_no_neighbours) {
  std::mt19937 random{11};
  for (int round = 0; round < 500; ++round) {
    part_batch batch;
    std::map<std::pair<std::size_t, part_key>, std::string> sent, got;
    for (int i = 0; i < 40; ++i) {
      const auto kind = random() % 4;
      const auto key = static_cast<part_key>(random() % 3);
      const std::string bytes(random() % 3,
                              static_cast<char>('a' + random() % 26));
      (batch.*kinds[kind])(key, bytes);
      part_batch alone;
      (alone.*kinds[kind])(key, "x");
      if (!bytes.empty())
        sent[{alone.parts()[0].index(), key}] += bytes;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto now = delta_of(batch.parts()[i]);
      got[{now.kind, now.key}] += now.bytes;
      BOOST_TEST(!now.bytes.empty());
      if (i > 0) {
        const auto before = delta_of(batch.parts()[i - 1]);
        BOOST_TEST((before.kind != now.kind || before.key != now.key));
      }
    }
    BOOST_TEST((sent == got));
  }
}
