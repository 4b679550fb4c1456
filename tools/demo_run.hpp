// Plays the conversations of the demo: a runtime, a loopback server, and users
// who stop, replace and come back.
#pragma once

#include "tools/demo_evidence.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace penstock::cli {

/// One conversation, as the live table shows it.
struct demo_row {
  std::string workspace, title, state, model;
  std::size_t words = 0;
  double words_per_second = 0; ///< Over the last second, about.
};

struct demo_frame {
  std::vector<demo_row> rows;
  std::chrono::milliseconds elapsed{0};
  std::size_t over = 0; ///< Conversations that are.
  /// What one of them says just now.
  std::string voice, words_now;
};

struct demo_stage {
  double speed = 1;
  /// Gets a frame about every 100 ms. May be null.
  std::function<void(const demo_frame&)> show;
  /// Asked as often; true ends everything. May be null.
  std::function<bool()> interrupted;
};

/// Blocks until the last conversation is over and the runtime has shut down.
/// Errors: what `runtime::open` or the server's start say.
expected<demo_evidence> run_demo(const demo_stage& stage);

} // namespace penstock::cli
