// Goal: a cost is what the table says, and a cost that nobody can know is never
// a number. Method: a small table, usages worked out by hand; then the built-in
// one against its own rules.
#define BOOST_TEST_MODULE price_table
#include <boost/test/unit_test.hpp>

#include "runtime/price_table.hpp"

#include <cstdint>
#include <limits>
#include <string>

using namespace penstock;

namespace {

constexpr auto close_enough = 1e-12;

token_usage used(std::uint64_t input, std::uint64_t cache_read,
                 std::uint64_t cache_write, std::uint64_t output) {
  token_usage u;
  u.known = token_usage::quality::exact;
  u.input_total = input;
  u.cache_read = cache_read;
  u.cache_write = cache_write;
  u.output_total = output;
  return u;
}

price_table table() {
  auto made = price_table::parse(R"({
    "date": "2026-01-02", "currency": "EUR", "per_tokens": 1000,
    "sources": ["a page"],
    "models": {
      "p:all": {"input": 2, "cache_read": 0.5, "cache_write": 3, "output": 10},
      "p:plain": {"input": 2, "output": 10}}})");
  BOOST_REQUIRE(made.has_value());
  return std::move(*made);
}

} // namespace

BOOST_AUTO_TEST_CASE(every_kind_of_token_has_its_price) {
  const auto prices = table();
  BOOST_TEST(prices.date() == "2026-01-02");
  BOOST_TEST(prices.currency() == "EUR");
  // 1000 plain, 2000 read, 3000 written: they are in the total of the input.
  const auto cost = prices.cost("p:all", used(6000, 2000, 3000, 500));
  BOOST_REQUIRE(cost.has_value());
  BOOST_TEST(*cost == 2 + 1 + 9 + 5,
             boost::test_tools::tolerance(close_enough));
}

BOOST_AUTO_TEST_CASE(absurd_counts_neither_wrap_nor_pay) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  auto sum = used(most - 1, 1, most, 5);
  sum += used(3, 1, 1, most);
  BOOST_TEST(sum.input_total == most);
  BOOST_TEST(sum.cache_read == 2u);
  BOOST_TEST(sum.cache_write == most);
  BOOST_TEST(sum.output_total == most);
  // All of the input is from the cache, and more: none of it is plain.
  const auto cost = table().cost("p:all", used(1000, most, most, 0));
  BOOST_REQUIRE(cost.has_value());
  const auto cached = static_cast<double>(most) * 3.5 / 1000;
  BOOST_TEST(*cost == cached, boost::test_tools::tolerance(close_enough));
}

BOOST_AUTO_TEST_CASE(a_cache_without_a_price_costs_as_input) {
  const auto cost = table().cost("p:plain", used(3000, 1000, 1000, 0));
  BOOST_REQUIRE(cost.has_value());
  BOOST_TEST(*cost == 6.0, boost::test_tools::tolerance(close_enough));
}

BOOST_AUTO_TEST_CASE(what_nobody_knows_has_no_cost) {
  const auto prices = table();
  BOOST_TEST(!prices.cost("p:other", used(1, 0, 0, 1)));
  BOOST_TEST(!prices.cost("q:all", used(1, 0, 0, 1)));
  BOOST_TEST(!prices.cost("p:all", token_usage{}));
  auto partial = used(1000, 0, 0, 0);
  partial.known = token_usage::quality::partial;
  BOOST_TEST(prices.cost("p:all", partial).has_value());
}

BOOST_AUTO_TEST_CASE(a_dated_name_has_the_price_of_the_name) {
  const auto prices = table();
  for (const std::string name : {"p:all", "p:all-20251001", "p:all-2025-10-01"})
    BOOST_TEST(prices.cost(name, used(1000, 0, 0, 0)).has_value(), name);
  for (const std::string name :
       {"p:all-2025", "p:all20251001", "p:all-mini-20251001", "-20251001"})
    BOOST_TEST(!prices.cost(name, used(1000, 0, 0, 0)).has_value(), name);
}

BOOST_AUTO_TEST_CASE(a_table_with_a_mistake_is_named_and_refused) {
  for (const std::string text :
       {"", "[]", "{", R"({"date": "d", "currency": "c", "per_tokens": 1})",
        R"({"date": "d", "currency": "c", "per_tokens": 0, "models": {}})",
        R"({"date": "d", "currency": "c", "per_tokens": 1,
            "models": {"p:m": {"input": 1}}})",
        R"({"date": "d", "currency": "c", "per_tokens": 1,
            "models": {"p:m": {"input": -1, "output": 1}}})",
        R"({"date": "d", "currency": "c", "per_tokens": 1,
            "models": {"p:m": {"input": 1, "output": 1, "inptu": 1}}})"}) {
    const auto made = price_table::parse(text);
    BOOST_TEST_CONTEXT(text) {
      BOOST_REQUIRE(!made.has_value());
      BOOST_TEST((made.error().code == errc::invalid_request));
      BOOST_TEST(made.error().message != "");
    }
  }
  for (const char* path : {"/no/such/prices.json", "/tmp"}) {
    const auto gone = price_table::load(path);
    BOOST_REQUIRE(!gone.has_value());
    BOOST_TEST((gone.error().code == errc::invalid_request));
    BOOST_TEST(
      gone.error().message.starts_with(path + std::string{": cannot be"}));
  }
}

BOOST_AUTO_TEST_CASE(the_built_in_table_is_dated_and_knows_what_it_does_not) {
  const auto& prices = price_table::built_in();
  BOOST_TEST(prices.date().size() == 10u);
  BOOST_TEST(prices.currency() == "USD");
  BOOST_TEST(!prices.cost("openai:no-such-model", used(1, 0, 0, 1)));
  const auto cost =
    prices.cost("anthropic:claude-sonnet-4-5", used(1'000'000, 0, 0, 0));
  BOOST_REQUIRE(cost.has_value());
  BOOST_TEST(*cost == 3.0, boost::test_tools::tolerance(close_enough));
}
