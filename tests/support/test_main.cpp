// The main() of every test program. BOOST_TEST_MODULE would make one in each
// test, but the precompiled header has included Boost.Test before that line.
#include <boost/test/tree/traverse.hpp>
#include <boost/test/tree/visitor.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/support/skipping.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace ut = boost::unit_test;

/// What stands directly in a suite.
struct children_of : ut::test_tree_visitor {
  explicit children_of(const ut::test_suite& suite) : parent{suite.p_id} {
    ut::traverse_test_tree(suite, *this, true);
  }
  bool visit(const ut::test_unit& unit) override {
    if (unit.p_parent_id == parent)
      ids.push_back(unit.p_id);
    return unit.p_id == parent;
  }
  ut::test_unit_id parent;
  std::vector<ut::test_unit_id> ids;
};

/// A program that is called by the name of one of its suites (files that are
/// compiled as one, see cmake/test_programs.cmake) runs that file as if alone.
bool be_what_the_name_says() {
  auto& all = ut::framework::master_test_suite();
  const auto name = std::filesystem::path{all.argv[0]}.filename().string();
  all.p_name.value = name;
  const auto meant = all.get(name);
  if (meant == ut::INV_TEST_UNIT_ID)
    return true;
  auto& file = ut::framework::get<ut::test_suite>(meant);
  const auto mine = children_of{file}.ids;
  for (const auto id : children_of{all}.ids)
    all.remove(id);
  for (const auto id : mine) {
    auto& unit = ut::framework::get(id, ut::TUT_ANY);
    file.remove(id);
    all.add(&unit);
  }
  return true;
}

} // namespace

int main(int argc, char* argv[]) {
  constexpr int skipped = 77;
  const int result = ut::unit_test_main(&be_what_the_name_says, argc, argv);
  return result == 0 && penstock::testing::skipped_some ? skipped : result;
}
