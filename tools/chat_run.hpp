// One call of `penstock chat`, from the first signal mask to the exit code.
#pragma once

#include "runtime/runtime.hpp"
#include "tools/chat_options.hpp"
#include "tools/interrupts.hpp"
#include "tools/output_queue.hpp"
#include "tools/signal_rule.hpp"
#include "tools/terminal_output.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace penstock::cli {

/// Ctrl-C and a reader that left go straight to the runtime, on threads of
/// their own: what the thread of `run` does, or blocks in, does not matter.
class chat_run {
public:
  /// Takes the process's signals: make it before any thread.
  explicit chat_run(chat_options options);

  /// @returns the exit code; what was wrong stands on standard error.
  int run();

private:
  void on_signal(int signal);
  void on_output_failure();

  int complain(const error& why);
  bool open_store(configuration& config);
  int with_runtime(configuration config);
  int go_on();
  int converse();
  int answer(const std::string& prompt);
  void forget_unanswered();
  int start(start_request request);
  int tell_until_end(stream_id id);
  void tell(const stream_event& event);
  int finish(int code);
  bool prompt_from_input(std::string& prompt);

  const chat_options options_;
  const bool on_terminal_; // standard output

  std::mutex mutex_;
  signal_rule rule_;                    // guarded by mutex_, as all below it
  std::stop_source stop_;               // of the turn
  std::string turn_of_;                 // the turn's workspace
  std::optional<stream_id> registered_; // the turn's stream
  runtime* asked_ = nullptr;
  bool talks_ = false; // a conversation on a terminal; changes once

  interrupts interrupts_;
  const std::shared_ptr<output_queue> output_; // shared with the log hook
  terminal_view view_;
  std::vector<std::string> tools_;
  std::vector<interrupted_stream> interrupted_; // found in the store

  subscription events_;
  std::unique_ptr<runtime> runtime_; // goes first
};

} // namespace penstock::cli
