// A case that cannot run here must not make its program pass.
#pragma once

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

} // namespace penstock::testing
