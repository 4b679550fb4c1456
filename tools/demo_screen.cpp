#include "tools/demo_screen.hpp"

#include "tools/demo_table.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace penstock::cli {

namespace {

volatile std::sig_atomic_t interrupts = 0;
struct sigaction before_interrupt, before_terminate;

void note_interrupt(int) {
  interrupts = 1;
}

/// All of it in one piece, so that no half table is seen.
void put(std::string_view text) {
  while (!text.empty()) {
    const auto wrote = write(STDOUT_FILENO, text.data(), text.size());
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

struct extent {
  std::size_t columns = 0, rows = 0;
};

extent terminal_extent() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0
      || size.ws_row == 0)
    return {80, 24};
  return {size.ws_col, size.ws_row};
}

bool is_set(const char* name) {
  const auto* const value = std::getenv(name);
  return value && *value;
}

} // namespace

demo_screen::demo_screen(bool plain) {
  const auto* const kind = std::getenv("TERM");
  const bool terminal =
    isatty(STDOUT_FILENO) && kind && *kind && std::string_view{kind} != "dumb";
  live_ = terminal && !plain;
  colored_ = terminal && !is_set("NO_COLOR");
}

demo_screen::~demo_screen() {
  leave();
}

void demo_screen::leave() {
  if (drawn_)
    put("\x1b[?25h");
  drawn_ = false;
  lines_ = 0;
}

void demo_screen::show(const demo_frame& frame) {
  if (live_)
    draw(frame);
  else
    say(frame);
}

void demo_screen::draw(const demo_frame& frame) {
  const auto [columns, rows] = terminal_extent();
  auto lines = live_table(frame, colored_);
  // What has scrolled away cannot be redrawn: the head and the sum stay.
  if (lines.size() + 1 > rows) {
    const auto keep = rows > 3 ? rows - 3 : 1;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(keep),
                lines.end() - 1);
  }
  std::string out = "\x1b[?25l";
  if (lines_ > 0)
    out += "\x1b[" + std::to_string(lines_) + 'A';
  out += '\r';
  for (const auto& line : lines)
    out += fit(line, columns - 1) + "\x1b[0m\x1b[K\n";
  out += "\x1b[J";
  lines_ = lines.size();
  drawn_ = true;
  put(out);
}

// Few lines: one at the start, and one whenever a conversation is over.
void demo_screen::say(const demo_frame& frame) {
  if (said_ == frame.over)
    return;
  said_ = frame.over;
  std::size_t words = 0;
  for (const auto& row : frame.rows)
    words += row.words;
  char line[96];
  std::snprintf(line, sizeof line, "%6.2f s  %zu of %zu over, %zu tokens\n",
                static_cast<double>(frame.elapsed.count()) / 1'000, frame.over,
                frame.rows.size(), words);
  put(line);
}

interrupt_watch::interrupt_watch() {
  interrupts = 0;
  struct sigaction noted {};
  noted.sa_handler = note_interrupt;
  sigemptyset(&noted.sa_mask);
  sigaction(SIGINT, &noted, &before_interrupt);
  sigaction(SIGTERM, &noted, &before_terminate);
}

interrupt_watch::~interrupt_watch() {
  sigaction(SIGINT, &before_interrupt, nullptr);
  sigaction(SIGTERM, &before_terminate, nullptr);
}

bool interrupt_watch::seen() noexcept {
  return interrupts != 0;
}

} // namespace penstock::cli
