// The HTTP client for real networks: libcurl's multi interface on epoll.
#pragma once

#include "providers/http_client.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace penstock {

/// Does its own work on a client's thread: what listeners have set in motion.
///
/// Threads: the client's, all three. `turn` must not block.
class loop_companion {
public:
  virtual ~loop_companion() = default;
  virtual void begin() = 0; ///< The first.
  /// After calls to listeners, at least once for each read of a socket, never
  /// inside of a call. The client's members may be called.
  virtual void turn() = 0;
  virtual void end() = 0; ///< The last; no listener is called any more.
};

/// TLS verification is no option: it is on, and no environment variable
/// changes what is trusted, which proxy is used or what is verified.
struct curl_options {
  /// PEM file with the certificates to trust, instead of the system's.
  std::string ca_file{};

  std::string user_agent = "penstock";

  /// "http://host:port"; empty: none, whatever the environment says.
  std::string proxy{};

  /// Offer HTTP/2 on TLS connections (ALPN). It saves handshakes and memory
  /// (22 instead of 65 KiB a stream) and costs CPU (1.5 times a token).
  bool http2 = true;

  /// HTTP/2: rather wait for a connection that is being made than open
  /// another. Fewer connections for a burst of starts; each start waits.
  bool wait_for_multiplexing = false;

  /// Keep idle connections for later transfers. Off: no handshake is saved,
  /// but mass completions do not search the pool (230 ms at 5 000 transfers).
  bool reuse_connections = true;

  /// Connections to one host:port at a time per multi handle; the transfers
  /// above it wait, and the wait counts against their connect timeout. 0: no
  /// bound.
  std::size_t host_connections_max = 0;

  /// Transfers on one multi handle; above, another is opened. libcurl
  /// searches its connections one by one at every start and end.
  std::size_t transfers_per_multi_max = 1'000;

  /// Receive buffer of a transfer, bytes, 1 024 to 1 048 576; the most that
  /// one `on_body` brings. It is most of a transfer's memory.
  std::size_t buffer_bytes = 16u << 10;

  /// All header lines of one answer together, bytes.
  std::size_t head_bytes_max = 256u << 10;

  std::shared_ptr<loop_companion> companion{}; ///< May be null.
};

/// A client with one thread ("penstock-http") for all its transfers.
///
/// HTTP/1.1 and HTTP/2; http and https only; no redirects, no cookies, no
/// content decoding, no `Expect`. Cancelling closes an HTTP/1.1 connection and
/// resets an HTTP/2 stream, in every phase, a name lookup included.
///
/// Paused, a transfer takes at most `buffer_bytes` more from its socket.
///
/// When it is destroyed, what still runs ends with `on_end(aborted)`, and its
/// connections are closed. Not on its own thread, that is, not in a listener.
///
/// Threads: as http_client.
/// Errors:  here `invalid_request` for options that cannot work (`ca_file`
///          without a certificate, a buffer of no sensible size), `internal`
///          when the system has no thread or descriptor to give. `on_end`
///          gets, beyond what http_client says, `invalid_request` for a
///          request that check_request refuses and `protocol` for a head that
///          exceeds head_bytes_max. Messages name the host, never a path, a
///          query or a header's value.
/// Cost:    about 70 µs to start a transfer, 17 KiB while it runs (62–70 with
///          TLS), 0.13 µs a token at full speed.
expected<std::unique_ptr<http_client>>
make_curl_http_client(curl_options options = {});

} // namespace penstock
