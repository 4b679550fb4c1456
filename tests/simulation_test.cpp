// Goal: whatever comes in whatever order, a workspace does what SPEC §2 to §5
// say, and each cell of the machine's table is reached.
// Method: random lives, held against a model (support/contract_model.hpp) after
// every step. PENSTOCK_SIMULATIONS: how many (20 000); PENSTOCK_SEED: the first
// seed (1). A failure prints its seed: PENSTOCK_SEED=<it>
// PENSTOCK_SIMULATIONS=1 repeats it. A million lives also claim 1 000 uses of
// every cell, and print the table of uses.
#define BOOST_TEST_MODULE simulation
#include <boost/test/unit_test.hpp>

#include "tests/support/contract_simulation.hpp"

#include <cstdlib>
#include <iomanip>
#include <iostream>

using namespace penstock;
using namespace penstock::testing;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

void print(const transition_counts& counts) {
  std::cout << std::setw(13) << "";
  for (std::size_t p = 0; p < phase_count; ++p)
    std::cout << std::setw(14) << to_string(static_cast<phase>(p));
  for (std::size_t in = 0; in < input_count; ++in) {
    std::cout << '\n'
              << std::setw(15) << std::left << to_string(static_cast<input>(in))
              << std::right;
    for (std::size_t p = 0; p < phase_count; ++p) {
      const auto& c = table::transition[p][in];
      if (c.means == cell::kind::never)
        std::cout << std::setw(14) << "never";
      else
        std::cout << std::setw(14) << counts[p][in];
    }
  }
  std::cout << std::endl;
}

/// For a check that fails inside of the rules.
std::uint64_t seed_now = 0;

void tell_seed(const char* what) {
  std::cerr << "PENSTOCK_SEED=" << seed_now << ": " << what << std::endl;
}

} // namespace

BOOST_AUTO_TEST_CASE(random_lives_keep_the_contract) {
  const auto lives = number_from("PENSTOCK_SIMULATIONS", 20'000);
  const auto first = number_from("PENSTOCK_SEED", 1);
  transition_counts counts{};
  set_fatal_hook(tell_seed);
  for (auto seed = first; seed < first + lives; ++seed) {
    seed_now = seed;
    contract_simulation life{seed, counts};
    const auto wrong = life.run();
    BOOST_REQUIRE_MESSAGE(wrong.empty(),
                          "PENSTOCK_SEED=" << seed << ": " << wrong);
  }
  const std::uint64_t least = lives >= 1'000'000 ? 1'000
                              : lives >= 4'000   ? 1
                                                 : 0;
  if (lives >= 100'000)
    print(counts);
  for (std::size_t p = 0; p < phase_count; ++p)
    for (std::size_t in = 0; in < input_count; ++in)
      if (table::transition[p][in].means != cell::kind::never)
        BOOST_TEST(counts[p][in] >= least,
                   to_string(static_cast<phase>(p))
                     << " × " << to_string(static_cast<input>(in)) << ": "
                     << counts[p][in] << " uses");
}
