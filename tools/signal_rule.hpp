// What a signal means to `penstock chat` now. Pure.
#pragma once

namespace penstock::cli {

/// SIGINT is a person's Ctrl-C; each other signal ends the program.
///
/// Threads: one at a time.
/// Source:  SPEC §4, §12; docs/decisions/0060.
class signal_rule {
public:
  enum class act : unsigned char {
    exit,      ///< At once: nothing is there that must end first.
    soften,    ///< Stop the stream at its next boundary.
    stop_turn, ///< Abort the stream; the conversation goes on.
    leave,     ///< Abort the stream, then exit.
  };

  /// @param soft_first the first Ctrl-C of a turn softens.
  explicit signal_rule(bool soft_first) : soft_first_(soft_first) {}

  /// From now on Ctrl-C ends a turn, not the program.
  void begin_conversation() { talks_ = true; }
  /// A stream is being started.
  void begin_turn();
  /// It is registered: before, there is nothing that a soft stop could reach.
  void register_stream() { registered_ = true; }
  /// No stream is there any more.
  void end_turn();

  act on(int signal);
  /// Whether the program ends because of a signal.
  bool leaving() const noexcept { return leaving_; }

private:
  const bool soft_first_;
  bool talks_ = false, leaving_ = false;
  bool in_turn_ = false, registered_ = false; // of the turn
  bool softened_ = false, aborted_ = false;   // the turn
};

} // namespace penstock::cli
