// What a loopback server saw: evidence that does not come from the client.
#pragma once

#include "messages/clock.hpp"
#include "providers/http_client.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace penstock::loopback {

enum class closer : std::uint8_t { nobody, server, peer };

struct connection_entry {
  steady_time opened{};
  steady_time closed{}; ///< When the server saw it; unset while it is open.
  closer closed_by = closer::nobody;
  bool was_reset = false; ///< Closed by a RST, whoever sent it.
};

/// One request and how far its answer got.
struct answer_entry {
  std::size_t connection = 0; ///< Index in `server_log::connections`.
  http_request request;       ///< Its URL is absolute, its names lower case.
  steady_time received{};
  std::uint64_t bytes_sent = 0; ///< Taken by the kernel: head and framing too.
  bool complete = false;        ///< All that the script says was sent.
  /// When the server saw the peer close before `complete`.
  std::optional<steady_time> cut_by_peer;
};

/// In the order of events; entries are never removed.
struct server_log {
  std::vector<connection_entry> connections;
  std::vector<answer_entry> answers;

  std::size_t open_connections() const noexcept;
};

/// Written by the server's thread, read by any.
class shared_log {
public:
  using condition = std::function<bool(const server_log&)>;

  /// @param change gets the log; returns what this returns.
  template <class Change>
  auto change(Change change) {
    const std::lock_guard lock{mutex_};
    changed_.notify_all(); // Nobody looks before the lock is free.
    return change(log_);
  }
  server_log copy() const;
  bool wait_until(const condition& holds,
                  std::chrono::milliseconds limit) const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  server_log log_;
};

} // namespace penstock::loopback
