// The terminal of `penstock demo`: a table redrawn in place, or plain lines
// where there is no terminal.
#pragma once

#include "tools/demo_run.hpp"

#include <cstddef>
#include <optional>

namespace penstock::cli {

/// Writes to standard output. Whatever happens, the destructor leaves a
/// visible cursor below the table.
///
/// Threads: one owner.
class demo_screen {
public:
  /// @param plain no table even on a terminal.
  explicit demo_screen(bool plain);
  ~demo_screen();
  demo_screen(const demo_screen&) = delete;
  demo_screen& operator=(const demo_screen&) = delete;

  void show(const demo_frame& frame);
  /// Ends the table; what is printed follows below it.
  void leave();
  bool colored() const noexcept { return colored_; }

private:
  void draw(const demo_frame& frame);
  void say(const demo_frame& frame);

  bool live_ = false, colored_ = false, drawn_ = false;
  std::size_t lines_ = 0; ///< Of the table that stands on the screen.
  /// Conversations that were reported as over; none was yet.
  std::optional<std::size_t> said_;
};

/// While it lives, Ctrl-C and SIGTERM are only noted. One at a time.
class interrupt_watch {
public:
  interrupt_watch();
  ~interrupt_watch();
  interrupt_watch(const interrupt_watch&) = delete;
  interrupt_watch& operator=(const interrupt_watch&) = delete;

  static bool seen() noexcept;
};

} // namespace penstock::cli
