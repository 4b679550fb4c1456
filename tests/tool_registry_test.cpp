// Goal: a snapshot never changes, and the registry is the same for all threads.
// Method: add, remove, and look at what was taken before; then threads that
// fight over one name.
#define BOOST_TEST_MODULE tool_registry
#include <boost/test/unit_test.hpp>

#include "messages/limits.hpp"
#include "runtime/tool_registry.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace penstock;

namespace {

std::shared_ptr<tool> made(std::string name) {
  auto one = std::make_shared<tool>();
  one->definition.name = std::move(name);
  one->definition.input_schema_json = "{}";
  one->handler = [](const tool_invocation&) { return tool_outcome{}; };
  return one;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_snapshot_keeps_the_tools_of_its_time) {
  tool_registry tools;
  const auto before = tools.snapshot();
  BOOST_TEST_REQUIRE(before != nullptr);
  BOOST_TEST(tools.add(made("look")).has_value());
  const auto with = tools.snapshot();
  BOOST_TEST(tools.remove("look"));
  BOOST_TEST(!tools.remove("look"));
  BOOST_TEST(before->empty());
  BOOST_TEST(with->count("look") == 1u);
  BOOST_TEST(with->at("look").tool->handler(tool_invocation{}).output_json
             == "null");
  BOOST_TEST(tools.snapshot()->empty());
}

BOOST_AUTO_TEST_CASE(what_is_refused_changes_nothing) {
  tool_registry tools;
  BOOST_TEST(tools.add(made("look")).has_value());
  const auto first = tools.snapshot();
  const auto again = tools.add(made("look"));
  BOOST_TEST_REQUIRE(!again.has_value());
  BOOST_TEST((again.error().code == errc::invalid_request));
  BOOST_TEST(again.error().message.find("\"look\"") != std::string::npos);
  BOOST_TEST(!tools.add(made("no name")).has_value());
  BOOST_TEST(!tools.add(nullptr).has_value());
  auto mute = made("mute");
  mute->handler = nullptr;
  BOOST_TEST(!tools.add(mute).has_value());
  BOOST_TEST((tools.snapshot() == first));
}

BOOST_AUTO_TEST_CASE(a_tool_may_use_the_registry_when_it_goes) {
  tool_registry tools;
  struct last_word {
    explicit last_word(tool_registry& r) : to(r) {}
    tool_registry& to;
    ~last_word() { to.snapshot(); }
  };
  auto one = made("look");
  one->handler = [end = std::make_shared<last_word>(tools)](
                   const tool_invocation&) { return tool_outcome{}; };
  BOOST_TEST(tools.add(std::move(one)).has_value());
  BOOST_TEST(tools.remove("look")); // With the lock held this would hang.
}

BOOST_AUTO_TEST_CASE(one_of_many_threads_gets_a_name) {
  tool_registry tools;
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> added{0}, removed{0}, seen_twice{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        added += tools.add(made("look")).has_value() ? 1 : 0;
        seen_twice += tools.snapshot()->size() > 1u ? 1 : 0;
      });
    threads.clear();
    BOOST_TEST(added == 1);
    BOOST_TEST(seen_twice == 0);
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] { removed += tools.remove("look") ? 1 : 0; });
    threads.clear();
    BOOST_TEST(removed == 1);
  }
}

BOOST_AUTO_TEST_CASE(the_number_of_tools_is_bounded) {
  tool_registry tools;
  const auto name = [](std::size_t i) { return "t" + std::to_string(i); };
  // A copy for each one added: quadratic, but no more than this.
  for (std::size_t i = 0; i < limits::tools_max; ++i)
    BOOST_TEST_REQUIRE(tools.add(made(name(i))).has_value());
  BOOST_TEST(!tools.add(made("one_more")).has_value());
  BOOST_TEST(tools.remove(name(0)));
  BOOST_TEST(tools.add(made("one_more")).has_value());
}
