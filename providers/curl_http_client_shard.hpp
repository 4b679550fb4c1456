// The parts of curl_http_client's loop that know libcurl's multi interface.
#pragma once

#include "messages/clock.hpp"
#include "messages/footprint.hpp"
#include "providers/curl_http_client.hpp"
#include "providers/curl_http_client_transfer.hpp"

#include <cstddef>
#include <cstdint>
#include <curl/curl.h>
#include <memory>
#include <optional>
#include <vector>

namespace penstock {

class curl_shard;

/// Which sockets are watched, and for which shard. One epoll set for all.
///
/// Threads: the client's thread only.
class curl_sockets {
public:
  /// @param epoll stays the caller's.
  explicit curl_sockets(int epoll) : epoll_(epoll) {}

  /// @param what CURL_POLL_IN, _OUT, _INOUT or _REMOVE.
  void watch(curl_socket_t socket, int what, curl_shard* owner);

  struct watched {
    curl_shard* owner = nullptr; ///< Null: no longer. An event can be older.
    footprint way;               ///< Of what comes from the socket.
  };
  /// Null for one that never was watched. Stays where it is.
  watched* find(curl_socket_t socket) const;

private:
  int epoll_;
  std::vector<std::unique_ptr<watched>> all_; ///< By descriptor.
};

/// One multi handle with the transfers on it.
///
/// Threads: the client's thread only.
class curl_shard {
public:
  /// Null if libcurl has no memory. @param sockets outlives it.
  static std::unique_ptr<curl_shard> make(curl_sockets& sockets,
                                          const curl_options& options);

  bool add(curl_transfer& transfer);
  /// Takes a transfer out, in any phase: an HTTP/1.1 connection with an answer
  /// under way is closed, an HTTP/2 stream is reset.
  void remove(curl_transfer& transfer);
  std::size_t running() const noexcept { return running_; }

  /// When libcurl wants `run_timers`. Empty: not until something happens.
  std::optional<steady_time> due() const noexcept { return due_; }
  void run_timers();
  /// @param events of epoll.
  void run_socket(curl_socket_t socket, std::uint32_t events);

  /// A transfer that libcurl is through with, null if there is none.
  curl_transfer* next_ended(CURLcode& result);

private:
  struct multi_free {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  explicit curl_shard(curl_sockets& sockets) : sockets_(sockets) {}
  bool set_up(const curl_options& options);

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self,
                       void*) noexcept;
  /// libcurl may tell of the end of a socket after it has closed it. This is
  /// before. @param sockets the `curl_sockets`.
  static int on_close(void* sockets, curl_socket_t socket) noexcept;
  static int on_timer(CURLM*, long timeout_ms, void* self) noexcept;

  curl_sockets& sockets_;
  std::size_t running_ = 0;
  std::optional<steady_time> due_;
  std::unique_ptr<CURLM, multi_free> multi_; ///< Last: calls back as it goes.
};

} // namespace penstock
