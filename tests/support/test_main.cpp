// The main() of every test program. BOOST_TEST_MODULE would make one in each
// test, but the precompiled header has included Boost.Test before that line.
#include <boost/test/unit_test.hpp>

#include "tests/support/skipping.hpp"

#include <filesystem>

namespace {

bool name_the_module() {
  auto& suite = boost::unit_test::framework::master_test_suite();
  suite.p_name.value = std::filesystem::path{suite.argv[0]}.filename().string();
  return true;
}

} // namespace

int main(int argc, char* argv[]) {
  constexpr int skipped = 77;
  const int result =
    boost::unit_test::unit_test_main(&name_the_module, argc, argv);
  return result == 0 && penstock::testing::skipped_some ? skipped : result;
}
