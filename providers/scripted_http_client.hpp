// An HTTP client without a network: plays scripted or recorded answers, with
// cuts, delays and faults, on an injected clock.
#pragma once

#include "messages/clock.hpp"
#include "providers/http_client.hpp"
#include "providers/http_script.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace penstock {

/// What happened to one transfer.
struct transfer_record {
  transfer_id id{};
  http_request request;
  steady_time started{};
  bool connected = false;
  bool answered = false;      ///< `on_response` was called.
  std::size_t body_bytes = 0; ///< Given to the listener.
  std::size_t pauses = 0;     ///< `on_body` returned false so often.
  std::size_t resumes = 0;    ///< Those that had an effect.
  std::optional<error> ended; ///< What `on_end` got.
  steady_time ended_at{};
};

/// Deterministic on a virtual clock: the same script and the same calls give
/// the same listener calls in the same order. On a real clock it is an HTTP
/// client like any other (provider `scripted`, demos, benchmarks).
///
/// Listener calls come from deadlines of the clock, also those for requests
/// that are refused and for cancelled transfers. The delays of a script run
/// on while the transfer is paused, as a server's would: what fell due comes
/// at once after `resume`.
///
/// Threads: as http_client; listeners are called on the clock's thread.
/// Limits:  bodies live in memory. Records are kept for ever unless
///          `keep_records(false)`.
/// Errors:  as http_client. The end `reset` is `network`.
class scripted_http_client final : public http_client {
public:
  /// @param time outlives the client.
  scripted_http_client(clock& time, http_script script);
  /// Ends what still runs with `on_end(aborted)`, on this thread; no listener
  /// is called afterwards. Not from inside a listener.
  ~scripted_http_client() override;

  transfer_id start(http_request request,
                    std::shared_ptr<http_listener> listener) override;
  void cancel(transfer_id id) override;
  void resume(transfer_id id) override;

  /// Changes the script for requests to come.
  void change_script(const std::function<void(http_script&)>& change);

  /// All transfers so far, in the order of their start.
  std::vector<transfer_record> records() const;
  std::size_t running() const;
  void keep_records(bool keep);

private:
  class player;
  std::shared_ptr<player> player_; ///< Shared with armed deadlines, weakly.
};

} // namespace penstock
