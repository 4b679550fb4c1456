// Goal: a packed row is the row, to the byte, and much smaller.
// Method: one part of every kind, each member with a value of its own; blocks
// of every length around those where its length takes another byte.
#define BOOST_TEST_MODULE packed_row
#include <boost/test/unit_test.hpp>

#include "actors/packed_row.hpp"

#include <set>
#include <string>
#include <variant>

using namespace penstock;

namespace {

history_row full_row() {
  const std::string large(300, 'x'); // Its length takes two bytes.
  file_content by_bytes{"image/png", std::string{"\0\xFF", 2}, "", "a.png",
                        "g"};
  file_content by_url{"application/pdf", "", "https://u", "b.pdf", ""};
  message user{role::user, {text_content{"hi", "sig", "phase", "[1]"}}, ""};
  message assistant{
    role::assistant,
    {reasoning_content{large, "proof", "opaque", "item"}, refusal_content{"no"},
     by_bytes, tool_call_content{"c1", "look", "{}", "custom", "s", "i", true}},
    "api@provider/model"};
  message tool{
    role::tool,
    {tool_result_content{"c1", "look", "null", true, true, {by_bytes, by_url}}},
    ""};
  return {1ull << 40,
          "msg_1",
          {user, assistant, tool},
          history_row::outcome::interrupted};
}

} // namespace

BOOST_AUTO_TEST_CASE(every_member_of_every_part_comes_back) {
  const auto row = full_row();
  std::set<std::size_t> kinds;
  for (const auto& m : row.messages)
    for (const auto& p : m.parts)
      kinds.insert(p.index());
  BOOST_TEST(kinds.size() == std::variant_size_v<content>); // None is left out.
  const packed_row packed{row};
  BOOST_TEST(packed.sequence() == row.sequence);
  BOOST_TEST((packed.unpack() == row));
}

BOOST_AUTO_TEST_CASE(an_empty_row_comes_back) {
  BOOST_TEST((packed_row{history_row{}}.unpack() == history_row{}));
}

BOOST_AUTO_TEST_CASE(a_copy_is_as_good) {
  packed_row one{full_row()};
  const auto other = one;
  one = packed_row{history_row{}};
  BOOST_TEST((other.unpack() == full_row()));
}

BOOST_AUTO_TEST_CASE(a_block_is_its_bytes_whatever_their_number) {
  static_assert(sizeof(packed_row) == sizeof(void*));
  BOOST_TEST(packed_block{}.bytes().empty());
  BOOST_TEST(packed_block{}.empty());
  BOOST_TEST(packed_block{""}.empty());
  for (const std::size_t around : {0x4u, 0x80u, 0x4000u, 0x20'0000u})
    for (auto n = around - 3; n < around + 3; ++n) {
      std::string bytes(n, '\0');
      for (std::size_t i = 0; i < n; ++i)
        bytes[i] = static_cast<char>(i * 7 + n);
      const packed_block block{bytes};
      BOOST_REQUIRE(block.bytes() == bytes);
      const auto copy = block;
      BOOST_REQUIRE(copy.bytes() == bytes);
      BOOST_REQUIRE(copy.bytes().data() != block.bytes().data());
    }
}
