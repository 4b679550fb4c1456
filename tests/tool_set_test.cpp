// Goal: a stream gets exactly the tools that it names, each fit to be called.
// Method: one defect at a time, by value and by name.
#define BOOST_TEST_MODULE tool_set
#include <boost/test/unit_test.hpp>

#include "actors/tool_set.hpp"
#include "messages/limits.hpp"

#include <string>
#include <vector>

using namespace penstock;

namespace {

std::shared_ptr<tool> made(std::string name) {
  auto one = std::make_shared<tool>();
  one->definition.name = std::move(name);
  one->definition.input_schema_json = R"({"type":"object"})";
  one->handler = [](const tool_invocation&) { return tool_outcome{}; };
  return one;
}

struct fixture {
  tool_set registered;

  fixture() {
    for (const auto* name : {"look", "write"})
      registered.emplace(name, *check_tool(made(name)));
  }

  std::string refusal(const std::vector<tool_ref>& wanted) const {
    const auto tools = resolve_tools(registered, wanted);
    BOOST_TEST_REQUIRE(!tools.has_value());
    BOOST_TEST((tools.error().code == errc::invalid_request));
    return tools.error().message;
  }
};

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_tool_that_cannot_be_called_is_refused) {
  const auto good = check_tool(made("look"));
  BOOST_TEST_REQUIRE(good.has_value());
  BOOST_TEST(good->input.check("{}").has_value());
  BOOST_TEST(!good->input.check("1").has_value());

  std::vector<std::shared_ptr<tool>> bad;
  bad.push_back(made("look"));
  bad.back()->handler = nullptr;
  bad.push_back(made("look"));
  bad.back()->timeout_ms = {};
  bad.push_back(made("look"));
  bad.back()->timeout_ms = std::chrono::milliseconds{-1};
  bad.push_back(made("look"));
  bad.back()->definition.input_schema_json = "[]";
  for (const auto& one : bad) {
    const auto result = check_tool(one);
    BOOST_TEST_REQUIRE(!result.has_value());
    BOOST_TEST((result.error().code == errc::invalid_request));
    BOOST_TEST(has(result.error().message, "\"look\""));
  }
  BOOST_TEST(!check_tool(made("look at")).has_value());
  BOOST_TEST(!check_tool(nullptr).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_stream_has_what_it_names_and_no_more, fixture) {
  BOOST_TEST(resolve_tools(registered, {})->empty());
  const std::vector<tool_ref> wanted{"look", made("own")};
  const auto tools = resolve_tools(registered, wanted);
  BOOST_TEST_REQUIRE(tools.has_value());
  BOOST_TEST(tools->size() == 2u);
  BOOST_TEST(tools->count("look") == 1u);
  BOOST_TEST((tools->at("look").tool == registered.at("look").tool));
  BOOST_TEST((tools->at("own").tool == std::get<1>(wanted[1])));
}

BOOST_FIXTURE_TEST_CASE(a_name_that_leads_nowhere_or_to_two_is_refused,
                        fixture) {
  BOOST_TEST(has(refusal({"look", "none"}), "\"none\""));
  BOOST_TEST(has(refusal({"look", "look"}), "\"look\""));
  BOOST_TEST(has(refusal({"look", made("look")}), "\"look\""));
  BOOST_TEST(has(refusal({made("own"), made("own")}), "\"own\""));
  refusal({std::shared_ptr<const tool>{}});
  refusal({std::string{"look\0", 5}});
  refusal(std::vector<tool_ref>(limits::tools_max + 1, "look"));
}
