// A case that cannot run here must not make its program pass.
#pragma once

#include <boost/test/execution_monitor.hpp>
#include <iostream>
#include <string_view>

namespace penstock::testing {

/// Whether a case of this program has called `tell_skipped`: `main` then ends
/// with 77, which ctest shows as skipped, unless another case has failed.
inline bool skipped_some = false;

/// Say it, and return from the case.
inline void tell_skipped(std::string_view why) {
  skipped_some = true;
  std::cerr << "SKIPPED: " << why << std::endl;
}

/// Say it, and end the case from within a function of it. The other cases run.
[[noreturn]] inline void skip_case(std::string_view why) {
  tell_skipped(why);
  throw boost::execution_aborted{};
}

} // namespace penstock::testing
