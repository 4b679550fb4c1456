// What a command prints, written by a thread of its own, so that a reader who
// does not read holds up nobody but the output.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace penstock::cli {

/// Writes to several descriptors in the order of the calls, at once.
///
/// Threads: every member from any thread.
/// Limits:  `bytes_max` wait to be written; above, `write` blocks, until the
///          reader goes on, `hurry`, or a failure.
/// Errors:  the first failure of the watched descriptor (EPIPE: its reader has
///          gone, also if nothing is being written) drops all output to come
///          and calls `on_failure`, once, on the writing thread. The failure
///          of another drops what is for that one, and is no failure: notes
///          that nobody reads do not end an answer that somebody reads.
class output_queue {
public:
  using failure_hook = std::function<void(int error_number)>;

  /// @param watched the descriptor that counts, standard output; the caller
  ///        keeps all of them open.
  /// Errors: throws std::system_error if there is no thread or descriptor.
  /// @param on_failure not called after the destructor; must not destroy it.
  explicit output_queue(int watched, failure_hook on_failure,
                        std::size_t bytes_max = std::size_t{1} << 20);
  /// Leaves what is unwritten; call `flush` first. Does not wait for a
  /// descriptor that blocks.
  ~output_queue();
  output_queue(const output_queue&) = delete;
  output_queue& operator=(const output_queue&) = delete;

  void write(int descriptor, std::string bytes);

  /// From now on nothing waits for the reader: `write` never blocks, and
  /// `flush` returns after `limit` at the latest.
  void hurry(std::chrono::milliseconds limit);

  /// Waits until all is written, but for what nobody reads. @returns whether
  /// it is.
  bool flush();

  /// errno of the watched descriptor's failure, or 0.
  int failure() const;

private:
  struct state;
  std::shared_ptr<state> state_; // shared with the thread
};

} // namespace penstock::cli
