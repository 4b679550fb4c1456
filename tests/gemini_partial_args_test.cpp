// Goal: arguments in pieces become the object that they are pieces of, and the
// text that is shown on the way is its text. Method: random objects, told in
// the order of their text, with strings cut anywhere; then in any order.
#define BOOST_TEST_MODULE gemini_partial_args
#include <boost/test/unit_test.hpp>

#include "providers/gemini_partial_args.hpp"

#include <algorithm>
#include <rapidcheck.h>
#include <rapidcheck/boost_test.h>
#include <string>
#include <vector>

using namespace penstock;
using gemini::partial_args;

namespace {

int pick(int from, int to) {
  return *rc::gen::inRange(from, to);
}

ordered_json any_value(int depth) {
  const auto kind = pick(0, depth == 0 ? 4 : 6);
  if (kind == 0)
    return nullptr;
  if (kind == 1)
    return pick(0, 2) == 1;
  if (kind == 2)
    return pick(-1'000, 1'000);
  if (kind == 3)
    return *rc::gen::element<std::string>("", "a\"\\\n", "\xF0\x9F\x98\x80é",
                                          "plain text");
  auto value = kind == 4 ? ordered_json::array() : ordered_json::object();
  for (int i = pick(1, 4); i-- > 0;)
    if (kind == 4)
      value.push_back(any_value(depth - 1));
    else
      value["m" + std::to_string(i)] = any_value(depth - 1);
  return value;
}

json piece(const std::string& path, const char* kind, json value,
           bool goes_on = false) {
  json one{{"jsonPath", path}, {kind, std::move(value)}};
  if (goes_on)
    one["willContinue"] = true;
  return one;
}

// The pieces of `value` in the order of its text.
void cut(const ordered_json& value, const std::string& path,
         std::vector<json>& out) {
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items())
      cut(inner, path + "." + name, out);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      cut(value[i], path + "[" + std::to_string(i) + "]", out);
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto at =
      static_cast<std::size_t>(pick(0, static_cast<int>(text.size()) + 1));
    if (pick(0, 2) == 0)
      return out.push_back(piece(path, "stringValue", text));
    out.push_back(piece(path, "stringValue", text.substr(0, at), true));
    out.push_back(piece(path, "stringValue", text.substr(at)));
  } else if (value.is_boolean()) {
    out.push_back(piece(path, "boolValue", value.get<bool>()));
  } else if (value.is_number()) {
    out.push_back(piece(path, "numberValue", value.get<int>()));
  } else {
    out.push_back(piece(path, "nullValue", "NULL_VALUE"));
  }
}

ordered_json any_object() {
  auto whole = ordered_json::object();
  for (int i = pick(0, 4); i-- > 0;)
    whole["k" + std::to_string(i)] = any_value(2);
  return whole;
}

} // namespace

RC_BOOST_PROP(what_is_told_in_order_is_the_text_of_the_object, ()) {
  const auto whole = any_object();
  std::vector<json> pieces;
  cut(whole, "$", pieces);
  partial_args args;
  std::string shown;
  for (const auto& one : pieces)
    args.take(one, shown);
  RC_ASSERT(!args.pending());
  const auto text = args.finish(shown);
  RC_ASSERT(text == to_text(whole));
  RC_ASSERT(shown == text);
}

RC_BOOST_PROP(in_any_order_the_object_is_the_same, ()) {
  const auto whole = any_object();
  std::vector<std::vector<json>> values(1);
  std::vector<json> pieces;
  cut(whole, "$", pieces);
  for (auto& one : pieces) {
    values.back().push_back(one);
    if (!one.contains("willContinue"))
      values.emplace_back();
  }
  for (auto i = values.size(); i-- > 1;)
    std::swap(
      values[i],
      values[static_cast<std::size_t>(pick(0, static_cast<int>(i) + 1))]);
  partial_args args;
  std::string shown;
  for (const auto& value : values)
    for (const auto& one : value)
      args.take(one, shown);
  RC_ASSERT(args.failure().code == errc::none);
  const auto got = parse_json(args.finish(shown));
  RC_ASSERT(got.has_value());
  RC_ASSERT(*got == *parse_json(to_text(whole)));
}

BOOST_AUTO_TEST_CASE(what_is_no_path_or_no_value_is_skipped) {
  partial_args args;
  std::string shown;
  for (const char* path : {"", "$", "$.", "$[", "$[x]", "$['a", "$.a[1", "$]"})
    args.take(piece(path, "numberValue", 1), shown);
  args.take(piece("$.a", "tensorValue", 1), shown);
  args.take(json(7), shown);
  BOOST_TEST(args.finish(shown) == "{}");
  BOOST_TEST(shown == "{}");
}

BOOST_AUTO_TEST_CASE(a_string_that_was_over_may_still_go_on) {
  partial_args args;
  std::string shown;
  args.take(piece("$.a", "stringValue", "x"), shown);
  args.take(piece("$.b", "stringValue", "y", true), shown);
  BOOST_TEST(args.pending());
  args.take(piece("$.a", "stringValue", "z"), shown);
  BOOST_TEST(!args.pending());
  BOOST_TEST(args.finish(shown) == R"({"a":"xz","b":"y"})");
  BOOST_TEST(shown == R"({"a":"x","b":"y")");
}

BOOST_AUTO_TEST_CASE(members_that_come_whole_join_the_others) {
  partial_args args;
  std::string shown;
  args.put("a", *parse_json(R"({"b":[1]})"), shown);
  args.take(piece("$.c", "boolValue", true), shown);
  BOOST_TEST(args.finish(shown) == R"({"a":{"b":[1]},"c":true})");
  BOOST_TEST(shown == R"({"a":{"b":[1]},"c":true})");
}
